"""Meters that priced types name and that the table has no row for."""

import datetime as dt
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import NamedTuple, cast

from frugal.cost.meters import METERS
from frugal.cost.prices.table import GLOBAL, Meter, Table


class Gap(NamedTuple):
    """A meter without a single price, in every region or in some; `types`: those of its files."""

    meter: Meter
    types: list[str]
    why: str


def missing(table: Table, day: dt.date) -> list[Gap]:
    """Gaps on a day, in order of the meters."""
    types: dict[Meter, list[str]] = {}
    for kind, of in sorted(METERS.items()):
        for meter in declared(sys.modules[of.read.__module__]):
            types.setdefault(meter, []).append(kind)
    listed = table.meters()
    regions = {where for meter in listed for where in table.prices(meter) if _is_region(where)}
    return [
        Gap(meter, types[meter], why)
        for meter in sorted(types)
        for why in _reasons(table, meter, listed, regions, day)
    ]


def declared(module: ModuleType) -> set[Meter]:
    """Meters that a module has as constants, by themselves, in tuples or in tables."""
    return {one for value in vars(module).values() for one in _meters(value)}


def _meters(value: object) -> Iterator[Meter]:
    if isinstance(value, Meter):
        yield value
    elif isinstance(value, tuple | list | Mapping):
        entries = cast("Mapping[object, object] | Sequence[object]", value)
        for one in entries.values() if isinstance(entries, Mapping) else entries:
            yield from _meters(one)


def _is_region(name: str) -> bool:
    return name != GLOBAL and "Zone" not in name


def _reasons(
    table: Table, meter: Meter, listed: Iterable[Meter], regions: set[str], day: dt.date
) -> Iterator[str]:
    prices = table.prices(meter)
    if not prices:
        units = {other.unit for other in listed if other[:4] == meter[:4]}
        products = {
            other.product
            for other in listed
            if (other.service, other[2:5]) == (meter.service, meter[2:5])
        }
        if units:
            yield f"listed per {', '.join(sorted(units))} only"
        elif products:
            yield f"listed under {', '.join(sorted(products))} only"
        else:
            yield "not listed"
    doubtful = sorted(where for where in prices if not table.find(meter, where, day))
    if doubtful:
        yield f"rows contradict each other in {', '.join(doubtful)}"
    if any(map(_is_region, prices)) and (without := sorted(regions - prices.keys())):
        yield f"no row in {', '.join(without)}"
