"""What a service's file of meters gives: charges before grants and prices, and usage keys."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties
from frugal.errors import FrugalError


class UsageError(FrugalError):
    """A usage file that cannot be used; one message, exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=2)


@dataclass(frozen=True, slots=True)
class Assumed:
    """A month's figure of a small site for one resource: an assumption, not a measurement.

    `why` is printed with the report. `follows`: left out of a usage file, it follows from other
    figures and the resource's own limits instead.
    """

    value: Decimal
    why: str
    follows: bool = False


def assume(value: str, why: str, *, follows: bool = False) -> Assumed:
    """Return a default from its digits."""
    return Assumed(Decimal(value), why, follows)


@dataclass(slots=True)
class Use:
    """The figures of one resource. `assumed`: the keys that fell back to the small site's."""

    given: Mapping[str, Decimal]
    profile: Mapping[str, Assumed]
    assumed: list[str] = field(default_factory=list[str])

    def has(self, key: str) -> bool:
        """Whether the owner gave this figure."""
        return key in self.given

    def figure(self, key: str) -> Decimal:
        """The owner's figure, else the small site's."""
        value = self.given.get(key)
        if value is not None:
            return value
        self.assumed.append(key)
        return self.profile[key].value


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


class TypeMeter(NamedTuple):
    """A resource type's reader, and its usage keys with their defaults."""

    read: Reader
    usage: Mapping[str, Assumed]


METERS: Final[dict[str, TypeMeter]] = {}
"""By type without the provider. What is neither here nor in `free.FREE` is unpriced."""


def meter(*types: str, **usage: Assumed) -> Callable[[Reader], Reader]:
    """Register a function as the reader of types such as `app:ContainerApp`; `usage`: its keys."""

    def register(read: Reader) -> Reader:
        METERS.update(dict.fromkeys(types, TypeMeter(read, usage)))
        return read

    return register


def fixed(meter: str, region: str, quantity: Decimal) -> Charge:
    """The same whether anybody visits or not."""
    return Charge(meter, region, quantity, quantity, quantity)


def by_use(meter: str, region: str, quantity: Decimal) -> Charge:
    """Nothing when nobody visits, and without a declared limit."""
    return Charge(meter, region, ZERO, quantity, quantity, grows=True)


def region(properties: Properties) -> str:
    """Where it is, as the price list names it: `East US` is `eastus`."""
    return properties.text("location").replace(" ", "").lower()
