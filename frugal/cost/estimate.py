"""An estimate: what a plan costs before and after, line by line."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from frugal.cost.money import Amount, Amounts, Range, difference, total

Change = Literal["added", "removed", "changed", "same"]


@dataclass(frozen=True, slots=True)
class Bracket:
    """Part of a quantity that falls into one tier; in the meter's unit, price for one of it."""

    start: Annotated[Amount, Field(serialization_alias="from")]
    quantity: Amount
    unit_price: Amount


@dataclass(frozen=True, slots=True)
class Line:
    """What one meter of one resource costs a month.

    `quantity`: expected, in `unit`, after what is free; `unit_price`: None where several tiers
    apply or none was needed; `before`: the same line in the plan's past, zero where it was not
    there; `grows`: no declared limit holds it, so `high` is what is expected.
    """

    resource: str
    name: str
    type: str
    meter: str
    unit: str
    quantity: Amount
    unit_price: Amount | None
    tiers: tuple[Bracket, ...]
    monthly: Amounts
    before: Amounts
    change: Change
    reason: str
    source: str
    grows: bool


@dataclass(frozen=True, slots=True)
class Remark:
    """A resource that has no line, and why: free, unpriced, or of another provider."""

    resource: str
    name: str
    type: str
    reason: str


@dataclass(frozen=True, slots=True)
class Alert:
    """A notification of the plan's own budget that the estimate sets off."""

    budget: str
    percent: Amount
    amount: Amount
    kind: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """A figure of use that the owner did not give."""

    name: str
    key: str
    value: Amount
    why: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """The whole bill. Amounts in `currency` a month; `month`: what a month is taken to be."""

    currency: str
    prices_as_of: dt.date
    month: str
    lines: Sequence[Line]
    unpriced: Sequence[Remark]
    free: Sequence[Remark]
    other: Sequence[Remark]
    notes: Sequence[str]
    assumptions: Annotated[Sequence[Assumption], Field(serialization_alias="defaults")]
    alerts: Sequence[Alert]

    @property
    def monthly(self) -> Range:
        """What it will cost."""
        return total(line.monthly for line in self.lines)

    @property
    def before(self) -> Range:
        """What it cost until now."""
        return total(line.before for line in self.lines)

    @property
    def delta(self) -> Range:
        """After minus before."""
        return difference(self.monthly, self.before)
