"""Refresh of the whole price sheet, written in one step after every price has been read.

The API is queried once a meter, for all regions: some fifty requests instead of some three
hundred. Product and region are matched here: products were renamed before, in one region
earlier than in another.
"""

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from frugal.atomic import atomic_write
from frugal.cost.money import plain
from frugal.cost.prices.reading import DoubtError, Tiers, read
from frugal.cost.prices.retail import Item, RetailPrices
from frugal.cost.prices.sheet import (
    COLUMNS,
    FOLDER,
    PRICES,
    RETAIL_API,
    Meter,
    Price,
    Sheet,
)
from frugal.errors import FrugalError


@dataclass(frozen=True, slots=True)
class Move:
    """A price that differs from the sheet's; `before` is None for a new one."""

    meter: Meter
    region: str
    before: Tiers | None
    after: Tiers


@dataclass(frozen=True, slots=True)
class Kept:
    """A price that could not be refreshed and is unchanged."""

    price: Price
    why: str


@dataclass(frozen=True, slots=True)
class Announced:
    """A future day from which the API lists another price."""

    meter: Meter
    region: str
    start: dt.date


@dataclass(slots=True)
class Outcome:
    """Result of a refresh; `prices`: the new content of the sheet."""

    confirmed: int = 0
    moved: list[Move] = field(default_factory=list[Move])
    kept: list[Kept] = field(default_factory=list[Kept])
    announced: list[Announced] = field(default_factory=list[Announced])
    prices: list[Price] = field(default_factory=list[Price])

    def keep(self, old: Price, why: str) -> None:
        """Retain the old price."""
        self.kept.append(Kept(old, why))
        self.prices.append(old)

    def take(self, price: Price, old: Price | None) -> None:
        """Use the price that was read, changed or not."""
        if old and old.tiers == price.tiers:
            self.confirmed += 1
        else:
            before = old.tiers if old else None
            self.moved.append(Move(price.meter, price.region, before, price.tiers))
        self.prices.append(price)


def read_anew(
    sheet: Sheet,
    api: RetailPrices,
    today: dt.date,
    progress: Callable[[Meter], object] = lambda _meter: None,
) -> Outcome:
    """Query every meter in every region of the sheet, without writing.

    Raises UnavailableError at the first request that fails: there is no partial refresh.
    """
    outcome = Outcome()
    source = sheet.sources[RETAIL_API]
    regions = sorted({(price.meter.scope, price.region) for price in sheet.prices.values()})
    for meter in sheet.meters.values():
        progress(meter)
        items = _ask(api, meter)
        for region in (region for scope, region in regions if scope == meter.scope):
            old = sheet.find(meter.id, region)
            try:
                reading = read(meter, region, items, today)
            except DoubtError as doubt:
                if old:
                    outcome.keep(old, str(doubt))
                continue
            if old and _paid(old.tiers) and not _paid(reading.tiers):
                outcome.keep(old, "the API has 0 for a price that was paid; check it by hand")
                continue
            outcome.take(Price(meter, region, reading.tiers, today, source), old)
            if reading.later:
                outcome.announced.append(Announced(meter, region, reading.later))
    return outcome


def _ask(api: RetailPrices, meter: Meter) -> list[Item]:
    return api.items(
        {
            "serviceName": meter.service,
            "skuName": meter.sku,
            "meterName": meter.name,
            "priceType": "Consumption",
        }
    )


def _paid(tiers: Tiers) -> bool:
    return any(tier.price for tier in tiers)


def write(prices: Iterable[Price], folder: Path | None = None) -> None:
    """Replace prices.csv atomically.

    Raises FrugalError where the folder cannot be written to.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS[PRICES])
    for price in sorted(prices, key=lambda price: (price.meter.id, price.region)):
        for tier in price.tiers:
            amounts = plain(tier.start), plain(tier.price)
            rows.writerow((price.meter.id, price.region, *amounts, price.as_of, price.where.key))
    target = (folder or FOLDER) / PRICES
    try:
        atomic_write(target, text.getvalue(), mode=target.stat().st_mode & 0o777)
    except OSError as error:
        raise FrugalError(f"{target} cannot be written: {error.strerror}.") from error
