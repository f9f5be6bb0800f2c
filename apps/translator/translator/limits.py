"""Limits per visitor, per address and in total, counted in the database for all replicas."""

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
    """A limit was reached; it is reset after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


async def write(
    session: AsyncSession, *, visitor: str, address: str, per_visitor: int, per_address: int
) -> None:
    """Count a round or a reaction, in the transaction that makes it; raises LimitError.

    `address` is a pseudonym, as the counters stay in the database for days.
    """
    for kind, key, limit in (
        ("visitor", visitor, per_visitor),
        ("address", address, per_address),
    ):
        since, left = _period(_HOUR)
        if not await _count(session, kind, key, since, amount=1, limit=limit):
            subject = "one visitor" if kind == "visitor" else "one network address"
            raise LimitError(
                f"At most {limit} rounds and reactions an hour are accepted from {subject}."
                " Please try again in the next hour.",
                left,
            )


async def spend(session: AsyncSession, characters: int, *, budget: int) -> bool:
    """Take characters off today's (UTC) budget; return False, taking none, if too few are left."""
    since, _ = _period(_DAY)
    return await _count(session, "characters", "", since, amount=characters, limit=budget)


async def tidy(session: AsyncSession) -> None:
    """Delete counters of past periods."""
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
    """Start of the current hour or day, and seconds until the next one."""
    now = datetime.now(UTC)
    since = now.replace(minute=0, second=0, microsecond=0)
    if length == _DAY:
        since = since.replace(hour=0)
    return since, ceil((since + length - now).total_seconds())
