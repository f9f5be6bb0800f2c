"""The resources of one side of a plan, classified: charges, free, unpriced, of other providers."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from frugal.cost.estimate import Assumption
from frugal.cost.influence import check, readings
from frugal.cost.meters import METERS
from frugal.cost.meters.base import Charge, Free, Meter, UsageError, Use
from frugal.cost.meters.free import FREE
from frugal.cost.money import ZERO, Range, total
from frugal.cost.month import Month
from frugal.cost.plan import Resource
from frugal.cost.properties import Properties, Unpriced

Cost = Callable[[Resource, Charge], Range]
"""List price of a charge of a resource, without grants. Raises Unpriced where there is none."""


@dataclass(slots=True)
class Side:
    """Reasons by URN, charges in order of URN. `unknown`: a hidden value was priced by a range."""

    charges: list[tuple[Resource, Charge]] = field(default_factory=list[tuple[Resource, Charge]])
    free: dict[str, str] = field(default_factory=dict[str, str])
    unpriced: dict[str, str] = field(default_factory=dict[str, str])
    other: dict[str, str] = field(default_factory=dict[str, str])
    assumed: list[tuple[str, Assumption]] = field(default_factory=list[tuple[str, Assumption]])
    notes: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    unknown: set[str] = field(default_factory=set[str])


def classified(
    resources: Mapping[str, Resource],
    figures: Mapping[str, Mapping[str, Decimal]],
    month: Month,
    cost: Cost,
) -> Side:
    """Read every resource of a side. Raises UsageError."""
    side = Side()
    beside: dict[str, list[Properties]] = {}
    for one in resources.values():
        beside.setdefault(one.type.partition(":")[2], []).append(one.properties)
    for urn in sorted(resources):
        one = resources[urn]
        kind = one.type.partition(":")[2]
        if not one.is_azure:
            side.other[urn] = "not one of azure-native's"
        elif kind in METERS:
            use = Use(figures.get(one.name, {}), METERS[kind].usage, beside=beside)
            _add(side, one, use, month, cost)
        elif kind in FREE:
            side.free[urn] = FREE[kind]
        else:
            side.unpriced[urn] = "no price is known for this type"
    return side


class _Reading(NamedTuple):
    found: Free | Sequence[Charge]
    use: Use

    @property
    def charges(self) -> Sequence[Charge]:
        return () if isinstance(self.found, Free) else self.found


def _add(side: Side, one: Resource, use: Use, month: Month, cost: Cost) -> None:
    kind = one.type.partition(":")[2]

    def read(properties: Properties) -> _Reading:
        own = replace(use, assumed=[], notes=[])
        found = METERS[kind].read(properties, own, month)
        return _Reading(found if isinstance(found, Free) else tuple(found), own)

    try:
        unknown = check(kind, one.properties)
        options = list(readings(kind, one.properties, read))
        charges, is_range = _joined(
            [found.charges for found, _chosen in options], partial(cost, one)
        )
    except Unpriced as reason:
        side.unpriced[one.urn] = str(reason)
        return
    except UsageError as error:
        raise UsageError(f"resources.{one.name}: {error}") from None
    (found, own), chosen = options[0]
    notes = [f"{path} is passed over: the price does not know it" for path in unknown]
    if is_range:
        side.unknown.add(one.urn)
        notes += [
            f"{path} is secret or not known yet: expected with {value!r}, high with the dearest"
            for path, value in chosen.items()
        ]
    side.notes += [(one.urn, f"{one.name}: {note}.") for note in (*notes, *own.notes)]
    if isinstance(found, Free) and not charges:
        side.free[one.urn] = found.reason
    side.charges += [(one, charge) for charge in charges]
    side.assumed += [(one.urn, _assumption(one, key, own)) for key in own.assumed]


def _joined(
    options: Sequence[Sequence[Charge]], cost: Callable[[Charge], Range]
) -> tuple[Collection[Charge], bool]:
    """One range over the options, the default first: the least low, its expected, the most high.

    Also True if the options differ.
    """
    default = options[0]
    if all(charges == default for charges in options):
        return _merged(default), False
    amounts = [total(map(cost, charges)) for charges in options]
    least = min(range(len(options)), key=lambda index: amounts[index].low)
    most = max(range(len(options)), key=lambda index: amounts[index].high)
    cases = (
        *(charge._replace(expected=ZERO, high=ZERO) for charge in options[least]),
        *(charge._replace(low=ZERO, high=ZERO) for charge in default),
        *(charge._replace(low=ZERO, expected=ZERO) for charge in options[most]),
    )
    return _merged(cases), True


def _merged(charges: Iterable[Charge]) -> Collection[Charge]:
    """The charges of one resource, those of one meter in one region in one: tiers count the sum."""
    found: dict[tuple[Meter, str], Charge] = {}
    for charge in charges:
        key = charge.meter, charge.region
        other = found.get(key)
        found[key] = charge if other is None else _sum(other, charge)
    return found.values()


def _sum(one: Charge, other: Charge) -> Charge:
    return one._replace(
        low=one.low + other.low,
        expected=one.expected + other.expected,
        high=one.high + other.high,
        grows=one.grows or other.grows,
    )


def _assumption(one: Resource, key: str, use: Use) -> Assumption:
    return Assumption(one.name, key, use.profile[key].value, use.profile[key].why)
