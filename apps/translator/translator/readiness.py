"""Check of the tables' version against the one that the code needs."""

from typing import Final

from translator.database import Database

REVISION: Final = "0003"
"""The migration that this code needs; later ones work too."""


class NotReadyError(Exception):
    """The database answers, but its tables are missing or too old."""


async def check(database: Database, *, wait: float) -> None:
    """Check the tables. Raises NotReadyError, or one of `database.AWAY` after `wait` seconds."""
    version = await database.version(wait=wait)
    if version is None or version < REVISION:
        found = "missing" if version is None else f"at version {version}"
        raise NotReadyError(
            f"The tables are {found}, and this version of the site needs version {REVISION}."
            " Run `python -m translator.migrate`."
        )
