"""Length of a month."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal

from frugal.errors import FrugalError

HOURS = 730
"""Hours of a month by convention: a year's hours over twelve, as Azure's own calculator has it."""

DAYS = 30


@dataclass(frozen=True, slots=True)
class Month:
    """A billed month: its length, and its first day, for dates of offers and prices."""

    hours: Decimal
    days: Decimal
    start: dt.date
    name: str

    @property
    def seconds(self) -> Decimal:
        """2,628,000 by convention."""
        return self.hours * 3600


def usual(today: dt.date) -> Month:
    """A month by convention (730 hours, 30 days), now."""
    return Month(Decimal(HOURS), Decimal(DAYS), today, f"{HOURS} hours, {DAYS} days")


def calendar_month(text: str) -> Month:
    """`2026-08`: that month's own hours and days. Raises FrugalError (2)."""
    found = re.fullmatch(r"(20\d\d)-(0[1-9]|1[0-2])", text, re.ASCII)
    if not found:
        message = f"--month {text!r} is not allowed; allowed: a year and a month, such as 2026-08."
        raise FrugalError(message, code=2)
    year, month = int(found[1]), int(found[2])
    days = calendar.monthrange(year, month)[1]
    name = f"{text}: {days * 24} hours, {days} days"
    return Month(Decimal(days * 24), Decimal(days), dt.date(year, month, 1), name)
