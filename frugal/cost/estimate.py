"""An estimate: the cost of a plan before and after, line by line."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from frugal.cost.money import Amount, Amounts, Range, difference, total

Change = Literal["added", "removed", "changed", "same"]


@dataclass(frozen=True, slots=True)
class Bracket:
    """Part of a quantity in one tier; `quantity` in the meter's unit, `price` per unit."""

    start: Annotated[Amount, Field(serialization_alias="from")]
    quantity: Amount
    unit_price: Amount


@dataclass(slots=True)
class Line:
    """Monthly cost of one meter of one resource.

    `quantity`: expected, in `unit`, after free grants; `unit_price`: None if several tiers or none
    apply; `before`: the same line before the change, zero if there was none; `grows`: without a
    declared limit, so `high` equals the expected cost.
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
    """A notification of the plan's own budget that the estimate triggers."""

    budget: str
    percent: Amount
    amount: Amount
    kind: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """A usage figure that the owner did not give."""

    name: str
    key: str
    value: Amount
    why: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """The whole bill. Amounts in `currency` a month; `month`: the assumed length of a month.

    `unknown`: a value is secret or not known before the deployment, so that its resource is priced
    by a range of values, named in `notes`.
    """

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
    unknown: bool = False

    @property
    def monthly(self) -> Range:
        """Cost after the change."""
        return total(line.monthly for line in self.lines)

    @property
    def before(self) -> Range:
        """Cost before the change."""
        return total(line.before for line in self.lines)

    @property
    def delta(self) -> Range:
        """After minus before."""
        return difference(self.monthly, self.before)
