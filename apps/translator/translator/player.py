"""Playing rounds: hop after hop, each committed as soon as it is there.

Any process may play any round while it holds its lease. When a lease expires without renewal,
another process takes the round over, under a lock of its row, from the last stored hop.
"""

import asyncio
import contextlib
import logging
import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from translator import limits, readiness, rounds
from translator.database import AWAY, Database
from translator.drift import drift
from translator.tables import Hop, Round
from translator.translation import Translation
from translator.translation.interpreter import Interpreter

_AT_ONCE: Final = 8
"""Rounds that a process plays at a time; others are queued."""
LOOK_SECONDS: Final = 3.0
"""Between two searches for abandoned rounds, which also renew leases; shorter than a lease."""
_LAST_HOP_SECONDS: Final = 9.0
"""For a hop in progress at shutdown; a translation may take eight."""
_MOST_TRIES: Final = 5
_TIDY_EVERY: Final = 1200
"""Searches; about an hour."""

_EXPIRED: Final = Round.lease < func.now()

_log: Final = logging.getLogger("translator.player")


@dataclass(frozen=True)
class _Step:
    """The next hop."""

    n: int
    source: str
    target: str
    text: str
    message: str
    seed: int
    simulated: bool


class Player:
    """Plays this process's share of the rounds."""

    def __init__(self, database: Database, interpreter: Interpreter) -> None:
        self.id = uuid.uuid4()
        self._database = database
        self._interpreter = interpreter
        self._may_take = or_(_EXPIRED, Round.runner == self.id)
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: dict[int, asyncio.Task[bool]] = {}
        self._bells: dict[int, asyncio.Event] = {}
        self._stopping = asyncio.Event()

    def play(self, round_id: int) -> None:
        """Start or continue a round in the background."""
        if self._stopping.is_set() or round_id in self._tasks:
            return
        task = asyncio.create_task(self._play(round_id))
        self._tasks[round_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(round_id, None))

    async def watch(self) -> None:
        """Take over abandoned rounds, until `stop`."""
        looks = 0
        while not self._stopping.is_set():
            try:
                if looks == 0:
                    await readiness.check(self._database, wait=LOOK_SECONDS)
                await self._take_over()
                if looks % _TIDY_EVERY == 0:
                    async with self._database.writing() as session:
                        await limits.tidy(session)
                looks += 1
            except (readiness.NotReadyError, *AWAY) as error:
                _log.debug("not now: %s", error)
            except Exception:
                _log.exception("looking for rounds failed")
            await self._pause(LOOK_SECONDS)

    async def wait(self, round_id: int, seconds: float) -> None:
        """Return when this process has news of a round, or after so many seconds."""
        bell = self._bells.setdefault(round_id, asyncio.Event())
        try:
            await asyncio.wait_for(bell.wait(), seconds)
        except TimeoutError:
            if self._bells.get(round_id) is bell:
                del self._bells[round_id]

    @property
    def stopping(self) -> bool:
        """True once `stop` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Start no more hops, and end every `wait`."""
        self._stopping.set()
        for round_id in list(self._bells):
            self._ring(round_id)

    async def close(self) -> None:
        """After `stop`: finish the hops in progress, and release the rounds to other processes."""
        if tasks := list(self._tasks.values()):
            _, late = await asyncio.wait(tasks, timeout=_LAST_HOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            async with self._database.writing() as session:
                await session.execute(
                    update(Round)
                    .where(Round.status == "running", Round.runner == self.id)
                    .values(lease=func.now(), runner=None)
                )
        except Exception as error:  # their leases end anyway
            _log.warning("the rounds could not be released: %s", " ".join(str(error).split()))

    def _ring(self, round_id: int) -> None:
        if bell := self._bells.pop(round_id, None):
            bell.set()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _take_over(self) -> None:
        """Renew the leases of this process's rounds, and play abandoned ones until none is left.

        A round that failed here waits for the next call, so that a database that is away for a
        few seconds does not use up its tries.
        """
        more = await self._search(self._may_take)
        while more and await self._ended_well():
            more = await self._search(_EXPIRED)

    async def _search(self, may_take: ColumnElement[bool]) -> bool:
        """Fill the free slots; return True if that was not enough for all abandoned rounds."""
        mine = list(self._tasks)
        free = max(_AT_ONCE - len(mine), 0)
        async with self._database.writing() as session:
            if mine:
                await session.execute(
                    update(Round)
                    .where(Round.id.in_(mine), Round.status == "running", Round.runner == self.id)
                    .values(lease=func.now() + rounds.LEASE)
                )
            found = await session.scalars(
                select(Round.id)
                .where(Round.status == "running", may_take, Round.id.not_in(mine))
                .order_by(Round.lease)
                .limit(free)
            )
            taken = found.all()
        for round_id in taken:
            self.play(round_id)
        return 0 < free == len(taken)

    async def _ended_well(self) -> bool:
        """Wait until a slot may be free; return False if a round failed, or at shutdown."""
        done, _ = await asyncio.wait(
            list(self._tasks.values()), timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        return not self.stopping and all(task.result() for task in done)

    async def _play(self, round_id: int) -> bool:
        """Play a round as far as possible; return False if it failed on this attempt."""
        async with self._slots:
            try:
                made: tuple[_Step, Translation] | None = None
                while not self.stopping:
                    step = await self._advance(round_id, made)
                    self._ring(round_id)
                    if step is None:
                        return True
                    made = (step, await self._hop(round_id, step))
                if made:
                    await self._advance(round_id, made)
                    self._ring(round_id)
            except AWAY as error:
                _log.warning("round %d waits: %s", round_id, " ".join(str(error).split()))
            except Exception:
                _log.exception("round %d failed on this attempt", round_id)
            else:
                return True
            return False

    async def _hop(self, round_id: int, step: _Step) -> Translation:
        async def say(notice: str | None) -> None:
            async with self._database.writing() as session:
                await session.execute(
                    update(Round).where(Round.id == round_id).values(notice=notice)
                )
            self._ring(round_id)

        return await self._interpreter.translate(
            step.text,
            step.source,
            step.target,
            message=step.message,
            seed=step.seed,
            simulated=step.simulated,
            say=say,
        )

    async def _advance(self, round_id: int, made: tuple[_Step, Translation] | None) -> _Step | None:
        """Store the hop that was made, if any, and return the next one: None at the end.

        This happens under a lock of the round's row, and only if no other process holds it.
        """
        async with self._database.writing() as session:
            row = await session.scalar(
                select(Round)
                .where(
                    and_(
                        Round.id == round_id,
                        Round.status == "running",
                        # A hop is stored only if no other process has taken the round meanwhile.
                        Round.runner == self.id if made else self._may_take,
                    )
                )
                .with_for_update(skip_locked=made is None)
            )
            if row is None:
                return None
            if made is None:
                row.tries += 1
                if row.tries > _MOST_TRIES:
                    _log.error("round %d failed for good", round_id)
                    row.status, row.runner = "failed", None
                    return None
            else:
                step, translation = made
                row.tries = 0
                session.add(
                    Hop(
                        round_id=round_id,
                        n=step.n,
                        source=step.source,
                        target=step.target,
                        text=translation.text,
                        provider=translation.provider,
                    )
                )
            row.runner, row.lease = self.id, func.now() + rounds.LEASE
            return await self._next(session, row, made)

    async def _next(
        self, session: AsyncSession, row: Round, made: tuple[_Step, Translation] | None
    ) -> _Step | None:
        if made is None:
            last = await session.scalar(
                select(Hop).where(Hop.round_id == row.id).order_by(Hop.n.desc()).limit(1)
            )
            n, text, provider = (last.n, last.text, last.provider) if last else (0, row.message, "")
        else:
            step, translation = made
            n, text, provider = step.n, translation.text, translation.provider
        way = rounds.way(row.languages)
        if n == len(way) - 1:
            row.status, row.runner = "done", None
            row.ending, row.drift = text, drift(row.message, text)
            return None
        return _Step(
            n=n + 1,
            source=way[n],
            target=way[n + 1],
            text=text,
            message=row.message,
            seed=row.seed,
            simulated=provider == "offline",
        )
