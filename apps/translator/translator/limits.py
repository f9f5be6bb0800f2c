"""How much a visitor, an address and all together may, counted in the database for all replicas."""

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from translator.tables import Usage

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


class LimitError(Exception):
    """Says which limit; `retry_after` seconds later there is a new one."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


async def write(
    session: AsyncSession, *, visitor: str, address: str, per_visitor: int, per_address: int
) -> None:
    """Count a round or a reaction, in the transaction that makes it; raises LimitError.

    `address` is something that stands for it: the counters live in the database for days.
    """
    for kind, key, limit in (
        ("visitor", visitor, per_visitor),
        ("address", address, per_address),
    ):
        since, left = _period(_HOUR)
        if not await _count(session, kind, key, since, amount=1, limit=limit):
            who = "you" if kind == "visitor" else "your network address"
            raise LimitError(
                f"That is more than {limit} rounds and reactions an hour from {who}.", left
            )


async def spend(session: AsyncSession, characters: int, *, budget: int) -> bool:
    """Whether so many characters are left of today's (UTC) budget; if so, they are taken off."""
    since, _ = _period(_DAY)
    return await _count(session, "characters", "", since, amount=characters, limit=budget)


async def tidy(session: AsyncSession) -> None:
    """Throw away counters of periods that are over."""
    await session.execute(delete(Usage).where(Usage.since < func.now() - 2 * _DAY))


async def _count(
    session: AsyncSession, kind: str, key: str, since: datetime, *, amount: int, limit: int
) -> bool:
    if amount > limit:
        return False
    statement = insert(Usage).values(kind=kind, key=key, since=since, used=amount)
    counted = await session.scalar(
        statement.on_conflict_do_update(
            index_elements=[Usage.kind, Usage.key, Usage.since],
            set_={"used": Usage.used + amount},
            where=Usage.used + amount <= limit,
        ).returning(Usage.used)
    )
    return counted is not None


def _period(length: timedelta) -> tuple[datetime, int]:
    """Beginning of the running hour or day, and seconds until the next one."""
    now = datetime.now(UTC)
    since = now.replace(minute=0, second=0, microsecond=0)
    if length == _DAY:
        since = since.replace(hour=0)
    return since, ceil((since + length - now).total_seconds())
