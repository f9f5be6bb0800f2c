"""Event streams: all followers of a round in this process share one query."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Generator
from typing import Final

from translator import rounds
from translator.database import Database, seen
from translator.limits import LimitError
from translator.player import Player
from translator.rounds import Round

LOOK_SECONDS: Final = 1.0
"""Interval of queries for hops made by other replicas."""
MOST_OF_AN_ADDRESS: Final = 500
"""Open streams in this process from one address, which several people may share."""
_RETRY_SECONDS: Final = 10


class Streams:
    """Counts streams by address, and reads rounds for them."""

    def __init__(self, database: Database, player: Player) -> None:
        self._database = database
        self._player = player
        self._open: Counter[str] = Counter()
        self._looks: dict[int, asyncio.Task[Round | None]] = {}

    @contextlib.contextmanager
    def one_more(self, address: str) -> Generator[None]:
        """Count a stream of an address while it is open; raises limits.LimitError."""
        if self._open[address] >= MOST_OF_AN_ADDRESS:
            raise LimitError(
                f"At most {MOST_OF_AN_ADDRESS} streams can be open from one network address.",
                _RETRY_SECONDS,
            )
        self._open[address] += 1
        try:
            yield
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    async def look(self, now: Round) -> Round | None:
        """Return the round after a change or after `LOOK_SECONDS`; None once it is deleted.

        Concurrent calls for one round share one query, and need none for the next hop if this
        process makes it. Raises one of `database.AWAY`.
        """
        look = self._looks.get(now.id)
        if look is None:
            look = self._looks[now.id] = asyncio.create_task(self._look(now))
            look.add_done_callback(seen)
        return await asyncio.shield(look)

    async def _look(self, now: Round) -> Round | None:
        try:
            hop = await self._player.wait(now.id, LOOK_SECONDS)
            if hop is not None and hop.n == len(now.hops) + 1:
                return now.model_copy(update={"hops": [*now.hops, hop]})
            async with self._database.reading() as session:
                return await rounds.find(session, now.id)
        finally:
            # Not in a callback, which runs later: awaiting a task that is done suspends nobody, so
            # a follower that came in between would get the same answer for ever, and never let
            # the callback run.
            del self._looks[now.id]
