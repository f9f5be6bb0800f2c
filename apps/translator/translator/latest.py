"""The latest rounds for the first page, which does not wait for the database."""

import asyncio
from collections.abc import Sequence
from typing import Final

from sqlalchemy import exc

from translator import rounds
from translator.database import Database, seen
from translator.rounds import Round

_NUMBER: Final = 3
_WAIT_SECONDS: Final = 0.2


class Latest:
    """Latest listed rounds; concurrent callers share one query, which a timeout does not end."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reading: asyncio.Task[Sequence[Round]] | None = None

    async def get(self) -> Sequence[Round]:
        """Return them; none if the database does not answer at once or at all."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(seen)
        try:
            return await asyncio.wait_for(asyncio.shield(self._reading), _WAIT_SECONDS)
        except (TimeoutError, exc.SQLAlchemyError):
            return ()

    async def _read(self) -> Sequence[Round]:
        async with self._database.reading() as session:
            return (await rounds.listed(session, "recent", num=_NUMBER, after=None)).items
