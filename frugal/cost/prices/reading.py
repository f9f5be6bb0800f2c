"""Select the price in force of a meter in a region from the API's rows, or give the reason.

Beside the wanted row, recorded responses have: Windows and dev/test products, reservations (priced
for the whole term), other units, rows of several dates, also in the future, free first tiers, and
product names with non-breaking spaces.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from frugal.cost.money import plain
from frugal.cost.prices.retail import Item
from frugal.cost.prices.sheet import CURRENCY, EGRESS, Meter, Tier

Tiers = tuple[Tier, ...]


class DoubtError(Exception):
    """The rows give no single price; the message has the reason."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The tiers in force, and the first future day for which the API lists others."""

    tiers: Tiers
    later: dt.date | None


def read(meter: Meter, region: str, items: Iterable[Item], today: dt.date) -> Reading:
    """Find the price in force among `items`. Raises DoubtError."""
    mine = [item for item in items if _is_of(meter, region, item)]
    rows = [_row(meter, item) for item in mine if _product(item) in meter.products]
    found = {
        tiers
        for meter_id in {row.meter_id for row in rows}
        if (tiers := _in_force(meter, [row for row in rows if row.meter_id == meter_id], today))
    }
    if len(found) > 1:
        said = " or ".join(sorted(described(tiers) for tiers in found))
        raise DoubtError(f"the API has rows that contradict each other: {said}")
    if not found:
        products = ", ".join(sorted({_product(item) for item in mine} - {*meter.products}))
        raise DoubtError(
            f"the API lists it under other products only: {products}"
            if products
            else "the API has no row for it"
        )
    later = min((row.start for row in rows if row.start > today), default=None)
    return Reading(found.pop(), later)


def described(tiers: Tiers) -> str:
    """Format tiers in one line: `0.0825`, or `0.0825, from 10000: 0.065002`."""
    first, *rest = tiers
    more = (f"from {plain(tier.start)}: {plain(tier.price)}" for tier in rest)
    return ", ".join([plain(first.price), *more])


def _is_of(meter: Meter, region: str, item: Item) -> bool:
    """True for a pay-as-you-go row with the meter's names, of any product."""
    wanted = {
        "type": "Consumption",
        "currencyCode": CURRENCY,
        "armRegionName": region,
        "serviceName": meter.service,
        "skuName": meter.sku,
        "meterName": meter.name,
    }
    return all(item.get(name) == value for name, value in wanted.items())


def _product(item: Item) -> str:
    """The product's name with plain single spaces; str.split knows the non-breaking ones."""
    name = item.get("productName")
    return " ".join(name.split()) if isinstance(name, str) else ""


@dataclass(frozen=True, slots=True)
class _Row:
    meter_id: str
    start: dt.date
    end: dt.date
    tier: Tier


def _row(meter: Meter, item: Item) -> _Row:
    unit, meter_id = item.get("unitOfMeasure"), item.get("meterId")
    units, price = item.get("tierMinimumUnits"), item.get("retailPrice")
    start = _day(item.get("effectiveStartDate"))
    end = _day(item.get("effectiveEndDate") or dt.date.max.isoformat())
    if unit != meter.unit:
        raise DoubtError(f"the API's unit is {unit}, not {meter.unit}")
    if not (
        isinstance(meter_id, str)
        and isinstance(units, Decimal)
        and isinstance(price, Decimal)
        and start
        and end
        and units >= 0
        and price >= 0
    ):
        raise DoubtError("the API has a row for it that cannot be read")
    return _Row(meter_id, start, end, Tier(units, price))


def _day(text: object) -> dt.date | None:
    try:
        return dt.datetime.fromisoformat(text).date() if isinstance(text, str) else None
    except ValueError:
        return None


def _in_force(meter: Meter, rows: Sequence[_Row], today: dt.date) -> Tiers:
    """The tiers of one of the API's meters, from the newest date in force."""
    past = [row for row in rows if row.start <= today < row.end]
    newest = max((row.start for row in past), default=None)
    tiers = sorted({(row.tier.start, row.tier.price) for row in past if row.start == newest})
    starts = [start for start, _ in tiers]
    if tiers and (starts[0] != 0 or len(set(starts)) != len(starts)):
        raise DoubtError("the API's tiers contradict each other or do not start from 0")
    # The sheet's tiers leave out the free first tier (reason in `sheet`).
    paid = next((start for start, price in tiers if price), None)
    first = Decimal(0) if paid is None or meter.id == EGRESS else paid
    return tuple(
        Tier(Decimal(plain(start - first)), Decimal(plain(price)))
        for start, price in tiers
        if start >= first
    )
