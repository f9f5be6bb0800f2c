"""Base of the readers: charges before grants and prices, grants, usage keys and their defaults."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.prices.table import Meter
from frugal.cost.properties import Properties, Unpriced
from frugal.errors import FrugalError

_T = TypeVar("_T")


class UsageError(FrugalError):
    """A usage file that cannot be used; one message, exit code 2."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=2)


@dataclass(frozen=True, slots=True)
class Assumed:
    """A month's figure of a small site for one resource: an assumption, not a measurement.

    `why` is printed with the report. `follows`: if a usage file leaves it out, it is derived from
    other figures and the resource's limits; so it is with a resource that has the property
    `unless`.
    """

    value: Decimal
    why: str
    follows: bool = False
    unless: str = ""


def assume(value: str, why: str, *, follows: bool = False, unless: str = "") -> Assumed:
    """Return a default from its digits."""
    return Assumed(Decimal(value), why, follows, unless)


@dataclass(slots=True)
class Use:
    """The figures of one resource. `assumed`: the keys that fell back to the small site's.

    `notes`: what a reader took for granted beyond them, each for a sentence of the report;
    `beside`: the properties of all resources of its side of the plan, by type without the provider.
    """

    given: Mapping[str, Decimal]
    profile: Mapping[str, Assumed]
    assumed: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])
    beside: Mapping[str, Sequence[Properties]] = field(
        default_factory=dict[str, Sequence[Properties]]
    )

    def has(self, key: str) -> bool:
        """Return True where the owner gave this figure."""
        return key in self.given

    def figure(self, key: str) -> Decimal:
        """The owner's figure, or the small site's."""
        value = self.given.get(key)
        if value is not None:
            return value
        self.assumed.append(key)
        return self.profile[key].value


class Charge(NamedTuple):
    """A month's quantity of one meter of one resource, in its base unit.

    The base unit is a single one: seconds, requests (not millions of requests). `grows`: with use,
    without a declared limit, so `high` equals the expected quantity.
    """

    meter: Meter
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


class Grant(NamedTuple):
    """A free amount a month, in the base unit of its meters, shared by a whole subscription.

    `elsewhere`: key of `used_elsewhere` in a usage file, for what other stacks use of it;
    `in_high`: True if it counts in the worst case too, where other stacks may have used it up;
    `all_but_one`: instead of an amount, all but the largest quantity of a resource is free.

    Without a grant a meter's tiers count the quantity of one resource. With one they count the sum
    of all resources, from the end of the granted amount, so a free first tier is not applied again.
    """

    meters: tuple[Meter, ...]
    amount: Decimal
    what: str
    elsewhere: str = ""
    in_high: bool = True
    all_but_one: bool = False


GRANTS: Final[list[Grant]] = []
"""Grants of every subscription."""


def grant(
    amount: int, *meters: Meter, what: str, elsewhere: str = "", in_high: bool = True
) -> None:
    """Register a grant."""
    GRANTS.append(Grant(meters, Decimal(amount), what, elsewhere, in_high))


def billed_once(meter: Meter, *, what: str) -> None:
    """Register a fee that a subscription pays for one resource, however many it has."""
    GRANTS.append(Grant((meter,), ZERO, what, all_but_one=True))


class TypeMeter(NamedTuple):
    """A resource type's reader, and its usage keys with their defaults."""

    read: Reader
    usage: Mapping[str, Assumed]


METERS: Final[dict[str, TypeMeter]] = {}
"""Readers by type without the provider. Types neither here nor in `free.FREE` are unpriced."""


def meter(*types: str, **usage: Assumed) -> Callable[[Reader], Reader]:
    """Register a function as the reader of types such as `app:ContainerApp`; `usage`: its keys."""

    def register(read: Reader) -> Reader:
        METERS.update(dict.fromkeys(types, TypeMeter(read, usage)))
        return read

    return register


def fixed(meter: Meter, region: str, quantity: Decimal) -> Charge:
    """Range of a fixed quantity, independent of use."""
    return Charge(meter, region, quantity, quantity, quantity)


def by_use(meter: Meter, region: str, quantity: Decimal) -> Charge:
    """Range of a quantity that depends on use, without a declared limit."""
    return Charge(meter, region, ZERO, quantity, quantity, grows=True)


def region(properties: Properties) -> str:
    """Return the location as the price table names it: `East US` is `eastus`.

    Without one it is that of the resource group, with which the provider fills it in
    (pulumi-azure-native, change 501).
    """
    place = properties.text("location", "")
    if not place:
        group = properties.referred("resourceGroupName", "resources:ResourceGroup")
        place = (group or properties).text("location")
    return place.replace(" ", "").lower()


def one_of(
    properties: Properties, path: str, values: Mapping[str, _T], default: str | None = None
) -> _T:
    """Return the entry that a text names, in any letter case; raise Unpriced if there is none."""
    name = properties.text(path, default)
    if name.lower() not in values:
        raise Unpriced(f"{path} {name!r} has no price here; priced: {', '.join(values)}")
    return values[name.lower()]
