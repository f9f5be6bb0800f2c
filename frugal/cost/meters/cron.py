"""Cron schedules in a year of 365 days: runs of a job, hours of a scale rule.

Expressions have five fields: minute, hour, day of the month, month, day of the week. The year is
2026, whatever the day of the estimate, so that a bill does not change with its date. A time zone
moves a schedule, but changes neither its runs nor its hours.
"""

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from cronsim import CronSim, CronSimError

from frugal.cost.properties import Unpriced

HOURS_A_YEAR = Decimal(8760)
_FIRST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_FIELDS = 5
_MINUTES = 8760 * 60


class Rule(NamedTuple):
    """A scale rule of KEDA's type `cron`."""

    start: str
    end: str
    replicas: int


@functools.lru_cache(maxsize=256)
def runs(expression: str) -> int:
    """Runs of a schedule in a year. Raises Unpriced for another syntax."""
    return sum(1 for _minute in _minutes(expression))


@functools.lru_cache(maxsize=256)
def hours(rules: tuple[Rule, ...]) -> Mapping[int, Decimal]:
    """Hours of a year by the replicas that rules ask for; where several do, the most count.

    Raises Unpriced for another syntax.
    """
    year = bytearray(_MINUTES)
    ranked = sorted(set(rules), key=lambda rule: rule.replicas)
    for rank, rule in enumerate(ranked, 1):
        for begin, end in _spans(rule):
            year[begin:end] = bytes([rank]) * (end - begin)
    found: dict[int, Decimal] = {}
    for rank, rule in enumerate(ranked, 1):
        share = Decimal(year.count(rank)) / 60
        found[rule.replicas] = found.get(rule.replicas, Decimal(0)) + share
    return found


def _spans(rule: Rule) -> Iterator[tuple[int, int]]:
    """Minutes from and to which a rule is active: while its next event is an end.

    So KEDA has it (pkg/scalers/cron_scaler.go of github.com/kedacore/keda), also for an end that
    follows another end.
    """
    ends = set(_minutes(rule.end))
    events = sorted({*_minutes(rule.start), *ends})
    if not ends:
        return
    # The year is a circle: what begins in its last days ends in its first.
    previous = events[-1] - _MINUTES
    for event in events:
        if event in ends:
            yield max(previous, 0), event
            if previous < 0:
                yield _MINUTES + previous, _MINUTES
        previous = event


def _minutes(expression: str) -> Iterator[int]:
    """Minutes of the year at which a schedule matches."""
    try:
        if len(expression.split()) != _FIELDS:
            raise CronSimError("not five fields")  # noqa: TRY301 - six of them have seconds
        schedule = CronSim(expression, _FIRST)
    except CronSimError as error:
        raise Unpriced(f"{expression!r} is not a cron expression of five fields: {error}") from None
    times = [hour * 60 + minute for hour in schedule.hours for minute in schedule.minutes]
    for day in range(365):
        date = _FIRST.date() + dt.timedelta(day)
        if date.month in schedule.months and schedule.match_day(date):
            yield from (day * 1440 + time for time in times)
