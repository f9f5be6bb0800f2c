"""Rows of the Retail Prices API as prices, and prices as the text of a service's file.

Beside the rows that are wanted, answers have reservations (priced for the whole term), dev/test
rates, rows of several days in force, also future ones, and product names of earlier months.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from frugal.cost.money import ZERO, plain
from frugal.cost.prices.table import CURRENCY, GLOBAL, Meter, Price, Regions, Source, Tier

Item = Mapping[str, object]
"""A row by the API's field names; numbers are Decimals."""

Listing = dict[Meter, dict[str, list[Price]]]
"""Prices of a service by meter, with its ARM SKU, and region."""

# Product names by which the API had, or has in some regions, what is listed under another name
# (readings of 2026-07-26 to 2026-10-04).
_RENAMED: Final = {
    "Az DB for PostgreSQL Flexible Server Storage": (
        "Azure Database for PostgreSQL Flex Server Storage"
    ),
}
# Promised as free, listed with a price as well; nothing is billed by it.
_EXCLUDED: Final = "Extd Spprt Free Tier"

_NAMES: Final = ("serviceName", "productName", "skuName", "meterName", "unitOfMeasure")


class Answer(NamedTuple):
    """Prices that rows give, and the meters and regions with a row that cannot be read."""

    prices: Listing
    unreadable: set[tuple[Meter, str]]


def read(items: Iterable[Item], day: dt.date, source: Source) -> Answer:
    """Take the pay-as-you-go rows in force on the day of reading, and future ones.

    Of earlier days in force the newest counts. Raises ValueError for a row without names.
    """
    # Tiers by meter and region, then by first day in force and the API's id of the meter.
    rows: dict[tuple[Meter, str], dict[tuple[dt.date, str], set[Tier]]] = {}
    unreadable: set[tuple[Meter, str]] = set()
    for item in items:
        if (item.get("type"), item.get("currencyCode")) != ("Consumption", CURRENCY):
            continue
        key = _names(item)
        if _EXCLUDED in key[0].name:
            continue
        tier, start = _tier(item), _date(item.get("effectiveStartDate"))
        end = _date(item.get("effectiveEndDate") or _NEVER)
        if not (tier and start and end):
            unreadable.add(key)
        elif end > day:
            dated = rows.setdefault(key, {})
            dated.setdefault((start, str(item.get("meterId"))), set()).add(tier)
    prices: Listing = {}
    for (meter, region), dated in rows.items():
        if min(min(tiers).start for tiers in dated.values()):
            unreadable.add((meter, region))  # without a price of the first unit
        if (meter, region) not in unreadable:
            since = max((start for start, _id in dated if start <= day), default=day)
            found = {
                Price(tiers, start, day, source)
                for (start, _id), rows_of_one in dated.items()
                if start >= since
                for tiers in _tiers(rows_of_one)
            }
            prices.setdefault(meter, {})[region] = sorted(found, key=_order)
    return Answer(prices, unreadable)


def text(service: str, prices: Listing) -> str:
    """The content of a service's file."""
    listed = [price for regions in prices.values() for of in regions.values() for price in of]
    counts = Counter((price.as_of, price.where.key) for price in listed)
    days = [reading for reading, _count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]
    lines = [service, *(f"{day} {key}" for day, key in days)]
    product = ""
    for meter, regions in sorted(prices.items()):
        if meter.product != product:
            product = meter.product
            lines += ["", product]
        arm_sku = [meter.arm_sku] if meter.arm_sku else []
        lines.append("\t".join(("", meter.sku, meter.name, meter.unit, *arm_sku)))
        for price, names in shared(regions):
            own = [] if price.as_of == days[0][0] else [price.as_of.isoformat()]
            tiers, since = described(price.tiers), price.since.isoformat()
            lines.append("\t".join(("", "", tiers, since, ",".join(names), *own)))
    return "\n".join(lines) + "\n"


def shared(regions: Regions) -> list[tuple[Price, list[str]]]:
    """Each price of a meter with the regions that have it."""
    found: dict[Price, list[str]] = {}
    for region in sorted(regions):
        for price in regions[region]:
            found.setdefault(price, []).append(region)
    return sorted(found.items(), key=lambda one: _order(one[0]))


def described(tiers: Sequence[Tier]) -> str:
    """Tiers in one line: `0.0825`, or `0.0825 10000:0.065002`."""
    first, *rest = tiers
    return " ".join([plain(first.price), *(f"{plain(t.start)}:{plain(t.price)}" for t in rest)])


def _order(price: Price) -> tuple[dt.date, tuple[Tier, ...], dt.date]:
    return price.since, price.tiers, price.as_of


def _names(item: Item) -> tuple[Meter, str]:
    fields = [item.get(name) for name in (*_NAMES, "armSkuName", "armRegionName")]
    # Some names have non-breaking or several spaces.
    names = [" ".join(field.split()) for field in fields if isinstance(field, str)]
    if len(names) != len(fields):
        raise ValueError(f"a row without names: {dict(item)}")
    service, product, sku, name, unit, arm_sku, region = names
    meter = Meter(service, _RENAMED.get(product, product), sku, name, unit, arm_sku)
    return meter, region or GLOBAL


def _tier(item: Item) -> Tier | None:
    units, price = item.get("tierMinimumUnits"), item.get("retailPrice")
    if isinstance(units, Decimal) and isinstance(price, Decimal) and units >= 0 and price >= 0:
        # In plain digits: 2.4E-5 is 0.000024.
        return Tier(Decimal(plain(units)), Decimal(plain(price)))
    return None


def _tiers(rows: Iterable[Tier]) -> list[tuple[Tier, ...]]:
    """The rows of one meter id as one price, or as several that contradict each other."""
    tiers = sorted(rows)
    if len({tier.start for tier in tiers}) < len(tiers):
        return [(Tier(ZERO, tier.price),) for tier in tiers]
    return [tuple(tiers)]


def _date(value: object) -> dt.date | None:
    try:
        return dt.datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None


_NEVER: Final = dt.date.max.isoformat()
