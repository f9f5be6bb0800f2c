"""Playing rounds: hop after hop, each stored while the next one is being translated.

Any process may play any round while it holds its lease. When a lease expires without renewal,
another process takes the round over, under a lock of its row, from the last stored hop.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Executable,
    Interval,
    LargeBinary,
    SmallInteger,
    Text,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from translator import limits, readiness, rounds
from translator.database import AWAY, Database, seen
from translator.drift import drift
from translator.tables import Hop, Round, Translated
from translator.translation import Translation
from translator.translation.interpreter import Interpreter, digest

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
class _Round:
    """The part of a round that stays the same while it is played."""

    id: int
    message: str
    seed: int
    way: Sequence[str]


@dataclass(frozen=True)
class _Step:
    """The next hop."""

    round: _Round
    n: int
    source: str
    target: str
    text: str
    simulated: bool

    def hop(self, made: Translation) -> rounds.Hop:
        """The hop once it is made."""
        return rounds.Hop(
            n=self.n,
            source=self.source,
            target=self.target,
            text=made.text,
            provider=made.provider,
        )


class Player:
    """Plays this process's share of the rounds."""

    def __init__(self, database: Database, interpreter: Interpreter) -> None:
        self.id = uuid.uuid4()
        self._database = database
        self._interpreter = interpreter
        self._may_take = or_(_EXPIRED, Round.runner == self.id)
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: dict[int, asyncio.Task[bool]] = {}
        self._bells: dict[int, asyncio.Future[rounds.Hop | None]] = {}
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

    async def wait(self, round_id: int, seconds: float) -> rounds.Hop | None:
        """Return when this process has news of a round, or after so many seconds.

        Returns the hop that was stored, None for anything else.
        """
        bell = self._bells.get(round_id)
        if bell is None:
            bell = self._bells[round_id] = asyncio.get_running_loop().create_future()
        try:
            return await asyncio.wait_for(asyncio.shield(bell), seconds)
        except TimeoutError:
            if self._bells.get(round_id) is bell:
                del self._bells[round_id]
            return None

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

    def _ring(self, round_id: int, hop: rounds.Hop | None = None) -> None:
        if bell := self._bells.pop(round_id, None):
            bell.set_result(hop)

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
            stored: asyncio.Task[bool] | None = None
            try:
                step = None if self.stopping else await self._take(round_id)
                self._ring(round_id)
                while step is not None and not self.stopping:
                    made = await self._hop(step)
                    if stored is not None and not await stored:
                        break
                    following = _after(step.round, step.n, made.text, made.provider)
                    stored = asyncio.create_task(self._store(step, made, last=following is None))
                    stored.add_done_callback(seen)
                    step = following
                if stored is not None:
                    await stored
            except AWAY as error:
                _log.warning("round %d waits: %s", round_id, " ".join(str(error).split()))
            except Exception:
                _log.exception("round %d failed on this attempt", round_id)
            else:
                return True
            finally:
                # Also if the next hop has failed.
                if stored is not None:
                    await asyncio.wait([stored])
            return False

    async def _hop(self, step: _Step) -> Translation:
        async def say(notice: str | None) -> None:
            # Another process may have taken the round: then the hop is not the round's.
            mine = update(Round).where(Round.id == step.round.id, Round.runner == self.id)
            await self._database.execute(mine.values(notice=notice))
            self._ring(step.round.id)

        return await self._interpreter.translate(
            step.text,
            step.source,
            step.target,
            message=step.round.message,
            seed=step.round.seed,
            simulated=step.simulated,
            say=say,
        )

    async def _take(self, round_id: int) -> _Step | None:
        """Take a round and return its next hop; None if another process has it, or at its end."""
        free = (
            select(Round.id)
            .where(Round.id == round_id, Round.status == "running", self._may_take)
            .with_for_update(skip_locked=True)
            .correlate(None)
            .scalar_subquery()
        )
        simulated = exists().where(Hop.round_id == Round.id, Hop.provider == "offline")
        found = await self._database.execute(
            update(Round)
            .where(Round.id == free)
            .values(
                tries=Round.tries + 1,
                runner=self.id,
                lease=func.now() + rounds.LEASE,
                # What was said of a hop that is not stored may be wrong of the next attempt.
                notice=case((simulated, Round.notice)),
            )
            .returning(Round.message, Round.seed, Round.languages, Round.tries)
        )
        row = found.first()
        if row is None:
            return None
        if row.tries > _MOST_TRIES:
            _log.error("round %d failed for good", round_id)
            failed = update(Round).where(Round.id == round_id, Round.runner == self.id)
            await self._database.execute(failed.values(status="failed", runner=None))
            return None
        playing = _Round(round_id, row.message, row.seed, rounds.way(row.languages))
        last = await self._database.execute(
            select(Hop.n, Hop.text, Hop.provider)
            .where(Hop.round_id == round_id)
            .order_by(Hop.n.desc())
            .limit(1)
        )
        hop = last.first()
        if hop is None:
            return _after(playing, 0, playing.message, "")
        return _after(playing, hop.n, hop.text, hop.provider)

    async def _store(self, step: _Step, made: Translation, *, last: bool) -> bool:
        """Store the hop that was made; False if another process has taken the round meanwhile.

        Nothing is stored then. It is one statement, and so the hop is there as soon as it is
        carried out.
        """
        playing = step.round
        if last:
            how = drift(playing.message, made.text)
            statement, more = _STORE_LAST, {"end": made.text, "difference": how}
        else:
            statement, more = _STORE, {"lease_length": rounds.LEASE}
        result = await self._database.execute(
            statement,
            playing=playing.id,
            me=self.id,
            number=step.n,
            from_language=step.source,
            to_language=step.target,
            digest=digest(step.text),
            translation=made.text,
            by=made.provider,
            **more,
        )
        is_stored = result.first() is not None
        self._ring(playing.id, step.hop(made) if is_stored and not last else None)
        return is_stored


def _storing(**news: object) -> Executable:
    """Insert a hop, and update its round, if this process has it; returns a row then.

    A translation of Azure's is stored for other rounds in any case.
    """
    held = (
        update(Round)
        .where(
            Round.id == bindparam("playing"),
            Round.status == "running",
            Round.runner == bindparam("me"),
        )
        .values(tries=0, **news)
        .returning(Round.id)
        .cte("held")
    )
    source, target, text, provider = (
        bindparam(name, type_=Text)
        for name in ("from_language", "to_language", "translation", "by")
    )
    key = bindparam("digest", type_=LargeBinary)
    remembered = (
        insert(Translated)
        .from_select(
            ["source", "target", "digest", "provider", "text"],
            select(source, target, key, provider, text).where(provider != "offline"),
        )
        .on_conflict_do_nothing()
        .cte("remembered")
    )
    number = bindparam("number", type_=SmallInteger)
    return (
        insert(Hop)
        .from_select(
            ["round_id", "n", "source", "target", "text", "provider"],
            select(held.c.id, number, source, target, text, provider),
        )
        .add_cte(remembered)
        .returning(Hop.n)
    )


# Made once: SQLAlchemy compiles a statement once, but to find it again takes as long as to run it.
_STORE: Final = _storing(lease=func.now() + bindparam("lease_length", type_=Interval))
_STORE_LAST: Final = _storing(
    status="done",
    runner=None,
    ending=bindparam("end", type_=Text),
    drift=bindparam("difference", type_=SmallInteger),
)


def _after(playing: _Round, n: int, text: str, provider: str) -> _Step | None:
    """The hop after hop `n`, None after the last."""
    if n == len(playing.way) - 1:
        return None
    return _Step(
        round=playing,
        n=n + 1,
        source=playing.way[n],
        target=playing.way[n + 1],
        text=text,
        simulated=provider == "offline",
    )
