"""What a resource type's file gives: the charges of one resource, before grants and prices."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties
from frugal.cost.usage import Use


class Charge(NamedTuple):
    """What one meter of one resource counts in a month, in its base unit.

    The base unit is what its price counts one of: seconds, requests (not millions of them).
    `grows`: by use, without a declared limit, so that `high` is what is expected.
    """

    meter: str
    region: str
    low: Decimal
    expected: Decimal
    high: Decimal
    grows: bool = False


class Free(NamedTuple):
    """A resource that costs nothing, and why."""

    reason: str


Reader = Callable[[Properties, Use, Month], Iterable[Charge] | Free]
"""Raises Unpriced where a property is hidden or has a value without a price."""


def fixed(meter: str, region: str, quantity: Decimal) -> Charge:
    """The same whether anybody visits or not."""
    return Charge(meter, region, quantity, quantity, quantity)


def by_use(meter: str, region: str, quantity: Decimal) -> Charge:
    """Nothing when nobody visits, and without a declared limit."""
    return Charge(meter, region, ZERO, quantity, quantity, grows=True)


def region(properties: Properties) -> str:
    """Where it is, as the price list names it: `East US` is `eastus`."""
    return properties.text("location").replace(" ", "").lower()
