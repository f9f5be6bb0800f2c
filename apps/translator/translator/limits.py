"""Limits per visitor, per address and in total, counted in the database for all replicas."""

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    bindparam,
    delete,
    exists,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

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


def spending(*, unless: CTE) -> CTE:
    """Part of a statement that takes `characters` off the `budget` of `day`, its parameters.

    It has a row if so many were left, and neither takes any nor has a row if `unless` has one.
    """
    characters, budget = bindparam("characters", type_=Integer), bindparam("budget", type_=Integer)
    day = bindparam("day", type_=Usage.since.type)
    row = select(literal("characters"), literal(""), day, characters)
    insertion = insert(Usage).from_select(
        [Usage.kind, Usage.key, Usage.since, Usage.used],
        row.where(~exists(select(unless)), characters <= budget),
    )
    return _up_to(insertion, characters, budget).cte("spent")


def today() -> datetime:
    """The day (UTC) whose budget is spent now."""
    return _period(_DAY)[0]


async def tidy(session: AsyncSession) -> None:
    """Delete counters of past periods."""
    await session.execute(delete(Usage).where(Usage.since < func.now() - 2 * _DAY))


async def _count(
    session: AsyncSession, kind: str, key: str, since: datetime, *, amount: int, limit: int
) -> bool:
    if amount > limit:
        return False
    insertion = insert(Usage).values(kind=kind, key=key, since=since, used=amount)
    return await session.scalar(_up_to(insertion, amount, limit)) is not None


def _up_to(
    insertion: Insert, amount: int | ColumnElement[int], limit: int | ColumnElement[int]
) -> ReturningInsert[int]:
    """Add to a counter that is there; no row is returned if that would be more than the limit."""
    return insertion.on_conflict_do_update(
        index_elements=[Usage.kind, Usage.key, Usage.since],
        set_={"used": Usage.used + amount},
        where=Usage.used + amount <= limit,
    ).returning(Usage.used)


def _period(length: timedelta) -> tuple[datetime, int]:
    """Start of the current hour or day, and seconds until the next one."""
    now = datetime.now(UTC)
    since = now.replace(minute=0, second=0, microsecond=0)
    if length == _DAY:
        since = since.replace(hour=0)
    return since, ceil((since + length - now).total_seconds())
