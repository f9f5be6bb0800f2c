"""The resources of one side of a plan, classified: charges, free, unpriced, of other providers."""

import marshal
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, cast

from frugal.cost.influence import check, idle_names, readings
from frugal.cost.meters import METERS
from frugal.cost.meters.base import Assumed, Charge, Free, Meter, UsageError, Use
from frugal.cost.meters.free import FREE
from frugal.cost.money import ZERO, Range, total
from frugal.cost.month import Month
from frugal.cost.plan import Resource
from frugal.cost.properties import Properties, Unpriced, hidden

ListPrice = Callable[[Charge], Range]
"""Cost of a charge alone, without grants. Raises Unpriced where it has no price."""


class Result(NamedTuple):
    """A resource as its type's reader has it: what holds for any other of the same shape.

    `reason`: of all but a priced one; `unknown`: a hidden value was priced by a range.
    """

    kind: Literal["priced", "free", "unpriced", "other"]
    reason: str = ""
    charges: Collection[Charge] = ()
    notes: Sequence[str] = ()
    assumed: Sequence[tuple[str, Assumed]] = ()
    unknown: bool = False


Side = Mapping[str, Result]
"""By URN, in order."""


def classified(
    resources: Mapping[str, Resource],
    figures: Mapping[str, Mapping[str, Decimal]],
    month: Month,
    cost: ListPrice,
) -> Side:
    """Read every resource of a side. Raises UsageError."""
    side: dict[str, Result] = {}
    by_kind: dict[str, list[Resource]] = {}
    for one in resources.values():
        by_kind.setdefault(one.type.partition(":")[2], []).append(one)
    beside = {kind: [one.properties for one in listed] for kind, listed in by_kind.items()}
    known: dict[tuple[str, bytes], tuple[Properties, Result]] = {}
    for urn in sorted(resources):
        one = resources[urn]
        kind = one.type.partition(":")[2]
        if not one.is_azure:
            side[urn] = Result("other", "not one of azure-native's")
        elif kind in METERS:
            given = figures.get(one.name, {})
            shape = kind, _shape(kind, one.properties.content, given)
            if shape[1] and shape in known:
                properties, side[urn] = known[shape]
                one.properties.read = properties.read
                continue
            reference = one.properties.refer = _Reference(by_kind, one)
            use = Use(given, METERS[kind].usage, beside=beside)
            side[urn] = _result(one, kind, use, month, cost)
            one.properties.refer = None  # no reference cycle stays
            if not reference.used:
                known[shape] = one.properties, side[urn]
        elif kind in FREE:
            side[urn] = Result("free", FREE[kind])
        else:
            side[urn] = Result("unpriced", "no price is known for this type")
    return side


def _shape(kind: str, inputs: Mapping[str, Any], given: Mapping[str, Decimal]) -> bytes:
    """A digest of all that a price may depend on; none where there are values unlike JSON's.

    Large programs have many resources of few sizes: each is read once.
    """
    idle = idle_names(kind)
    own = [(name, value) for name, value in inputs.items() if name not in idle]
    figures = [(key, str(value)) for key, value in given.items()]
    try:
        return blake2b(marshal.dumps((own, figures), _WITHOUT_REFERENCES), digest_size=16).digest()
    except ValueError:
        return b""


_WITHOUT_REFERENCES: Final = 2
"""Version of the format in which equal values are equal bytes."""


@dataclass(slots=True)
class _Reference:
    """Finds what a resource's properties name. `used`: a price depends on another resource."""

    by_kind: Mapping[str, Sequence[Resource]]
    one: Resource
    used: bool = False

    def __call__(self, path: str, kind: str) -> Properties | None:
        """The resource of a type that a property names: by the engine's URN, its id or its name.

        A name that is not known yet, and without a URN, is that of the only resource of the type.
        """
        self.used = True
        declared = self.by_kind.get(kind, ())
        value = self.one.properties.content.get(path)
        linked = self.one.dependencies.get(path)
        text = cast("dict[str, object]", value).get("id") if isinstance(value, dict) else value
        if linked and isinstance(linked, list):
            declared = [other for other in declared if other.urn in linked]
        elif isinstance(text, str) and not hidden(text):
            name = text.rpartition("/")[2]
            declared = [other for other in declared if name in _names(other)]
        return declared[0].properties if value is not None and len(declared) == 1 else None


def _names(one: Resource) -> Iterable[object]:
    inputs = one.properties.content.items()
    return (value for key, value in inputs if key.lower().endswith("name"))


def _result(one: Resource, kind: str, use: Use, month: Month, cost: ListPrice) -> Result:
    def read(properties: Properties) -> tuple[Free | Sequence[Charge], Use]:
        own = replace(use, assumed=[], notes=[])
        found = METERS[kind].read(properties, own, month)
        return found if isinstance(found, Free) else tuple(found), own

    try:
        unknown = check(kind, one.properties)
        options = list(readings(kind, one.properties, read))
        every = [() if isinstance(found, Free) else found for (found, _use), _chosen in options]
        charges, is_range = _joined(every, cost)
    except Unpriced as reason:
        return Result("unpriced", str(reason))
    except UsageError as error:
        raise UsageError(f"resources.{one.name}: {error}") from None
    (found, own), chosen = options[0]
    notes = [f"{path} is passed over: the price does not know it" for path in unknown]
    if is_range:
        notes += [
            f"{path} is secret or not known yet: expected with {value!r}, high with the dearest"
            for path, value in chosen.items()
        ]
    free = found.reason if isinstance(found, Free) and not charges else ""
    return Result(
        "free" if free else "priced",
        free,
        charges,
        notes=[*notes, *own.notes],
        assumed=[(key, own.profile[key]) for key in own.assumed],
        unknown=is_range,
    )


def _joined(
    options: Sequence[Sequence[Charge]], cost: ListPrice
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
