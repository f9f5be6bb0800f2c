"""Whether the tables are those that the code needs."""

from typing import Final

from translator.database import Database

REVISION: Final = "0002"
"""The migration that this code needs; later ones fit it too."""


class NotReadyError(Exception):
    """The database answers, but its tables are older than the code, or not there."""


async def check(database: Database, *, wait: float) -> None:
    """Raises NotReadyError, or one of `database.AWAY` after `wait` seconds."""
    version = await database.version(wait=wait)
    if version is None or version < REVISION:
        found = "not there" if version is None else f"of version {version}"
        raise NotReadyError(
            f"The tables are {found}, and this version of the site needs {REVISION}."
            " `python -m translator.migrate` makes them."
        )
