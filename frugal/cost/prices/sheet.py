"""The price sheet: three CSV files beside this one, read once, with exact lookup.

- `meters.csv`: the meters, and their names in the Retail Prices API.
- `prices.csv`: one row a tier. A combination of meter and region without a row is unpriced.
- `sources.csv`: the sources of the prices.

A tier counts paid units: where the first units are free, that amount is a grant of the estimator
(its scope is a subscription or a billing account), so the API's free first tier is left out and
`from` starts at 0 with the first paid price. This holds for
 registry tasks, Log Analytics and the bandwidth of Static Web Apps. The exception is
`bandwidth.egress`: its boundaries (100 GB, 10,335 GB and so on) count the whole volume of the
account, so its rows are as the API has them, the free one included.
"""

import csv
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, cast

from frugal.errors import FrugalError

FOLDER: Final = Path(__file__).parent
METERS, PRICES, SOURCES = "meters.csv", "prices.csv", "sources.csv"
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    METERS: ("id", "unit", "service", "products", "sku", "name", "scope"),
    PRICES: ("meter", "region", "from", "price", "as_of", "source"),
    SOURCES: ("key", "title", "origin", "note"),
}
CURRENCY: Final = "USD"
EGRESS: Final = "bandwidth.egress"
"""The one meter whose tiers count the whole volume of the account, free units included."""

RETAIL_API: Final = "retail-api"
"""The source of what `frugal prices refresh` read."""

# A canonical form of each number, so that a diff shows changed prices alone.
_NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
_UNIT = re.compile(r"([1-9][0-9]*)([KM]?)(?=[ /]|\Z)")
_MULTIPLES = {"": 1, "K": 1_000, "M": 1_000_000}


@dataclass(frozen=True, slots=True)
class Meter:
    """One row of meters.csv: a priced quantity.

    `unit`: the API's unitOfMeasure; `per`: how many base units one priced unit is (1 for `1/Day`,
    10,000 for `10K`); `products`: the API's productName, today's first, then earlier ones; `sku`
    and `name`: its skuName and meterName; `scope`: whether the region is Azure's (`eastus`) or a
    billing zone (`Zone 1`).
    """

    id: str
    unit: str
    per: Decimal
    service: str
    products: tuple[str, ...]
    sku: str
    name: str
    scope: Literal["region", "zone"]


@dataclass(frozen=True, slots=True)
class Tier:
    """Price in USD of each unit from `start` priced units a month on."""

    start: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Source:
    """Source of figures. `origin`: its address, or a name by which it can be found."""

    key: str
    title: str
    origin: str
    note: str


@dataclass(frozen=True, slots=True)
class Price:
    """Price of a meter in a region: ascending tiers from 0, with date and source."""

    meter: Meter
    region: str
    tiers: tuple[Tier, ...]
    as_of: dt.date
    where: Source

    @property
    def source(self) -> str:
        """The source, in words."""
        return f"{self.where.title} ({self.where.origin})"


@dataclass(frozen=True, slots=True)
class Sheet:
    """All prices, in USD."""

    currency: str
    as_of: dt.date
    meters: Mapping[str, Meter]
    prices: Mapping[tuple[str, str], Price]
    sources: Mapping[str, Source]

    def find(self, meter_id: str, region: str) -> Price | None:
        """Return the price of a meter in a region; None where the sheet has none.

        Raises KeyError for an unknown meter, a defect of the program.
        """
        price = self.prices.get((meter_id, region))
        if price is None and meter_id not in self.meters:
            raise KeyError(meter_id)
        return price


def load(folder: Path | None = None) -> Sheet:
    """Read the sheet that comes with Frugal, or the one in `folder`.

    Raises FrugalError (code 2) that names the file and line of what is wrong.
    """
    folder = folder or FOLDER
    meters = {row.unique("id"): _meter(row) for row in _rows(folder / METERS)}
    sources = {row.unique("key"): _source(row) for row in _rows(folder / SOURCES)}
    prices = _prices(folder / PRICES, meters, sources)
    if not prices:
        raise FrugalError(f"{folder / PRICES} has no prices.", code=2)
    as_of = max(price.as_of for price in prices.values())
    return Sheet(CURRENCY, as_of, meters, prices, sources)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a file; errors name the file and line."""

    file: Path
    line: int
    fields: Mapping[str, str]
    seen: set[str]

    def __getitem__(self, column: str) -> str:
        return self.fields[column]

    def wrong(self, why: str) -> FrugalError:
        return FrugalError(f"{self.file}, line {self.line}: {why}", code=2)

    def unique(self, column: str) -> str:
        value = self[column]
        if not value or value in self.seen:
            raise self.wrong(f"the {column} {value!r} is {'there twice' if value else 'empty'}.")
        self.seen.add(value)
        return value

    def number(self, column: str) -> Decimal:
        text = self[column]
        if not _NUMBER.fullmatch(text):
            raise self.wrong(
                f"{column} is {text!r}; it must be a plain decimal such as 0, 5 or 0.0825."
            )
        return Decimal(text)

    def date(self, column: str) -> dt.date:
        text = self[column]
        try:
            date = dt.date.fromisoformat(text)
        except ValueError:
            date = None
        if date is None or date.isoformat() != text:
            raise self.wrong(f"{column} is {text!r}; it must be a date such as 2026-10-02.")
        return date


def _rows(file: Path) -> Iterator[_Row]:
    """Yield the rows of a file after validating its columns."""
    columns = COLUMNS[file.name]
    seen: set[str] = set()
    try:
        with file.open(encoding="utf-8", newline="") as text:
            reader = csv.reader(text, strict=True)
            if tuple(next(reader, ())) != columns:
                raise FrugalError(
                    f"{file}, line 1: the columns must be {','.join(columns)}", code=2
                )
            for values in reader:
                row = _Row(file, reader.line_num, dict(zip(columns, values, strict=False)), seen)
                if len(values) != len(columns):
                    raise row.wrong(f"{len(values)} fields; there must be {len(columns)}.")
                yield row
    except OSError as error:
        raise FrugalError(f"{file} cannot be read: {error.strerror}.", code=2) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FrugalError(f"{file} is not CSV in UTF-8: {error}.", code=2) from error


def _meter(row: _Row) -> Meter:
    unit = _UNIT.match(row["unit"])
    if not unit:
        raise row.wrong(f"unit is {row['unit']!r}; it must start with a count: 1 GB/Month, 10K.")
    if row["scope"] not in ("region", "zone"):
        raise row.wrong(f"scope is {row['scope']!r}; it must be region or zone.")
    return Meter(
        id=row["id"],
        unit=row["unit"],
        per=Decimal(int(unit[1]) * _MULTIPLES[unit[2]]),
        service=row["service"],
        products=tuple(row["products"].split("|")),
        sku=row["sku"],
        name=row["name"],
        scope=cast("Literal['region', 'zone']", row["scope"]),
    )


def _source(row: _Row) -> Source:
    return Source(row["key"], row["title"], row["origin"], row["note"])


def _prices(
    file: Path, meters: Mapping[str, Meter], sources: Mapping[str, Source]
) -> dict[tuple[str, str], Price]:
    """Group adjacent, ascending tiers to prices."""
    prices: dict[tuple[str, str], Price] = {}
    last: tuple[str, str] = ("", "")
    for row in _rows(file):
        key = row["meter"], row["region"]
        if key[0] not in meters:
            raise row.wrong(f"there is no meter {key[0]!r} in {METERS}.")
        if row["source"] not in sources:
            raise row.wrong(f"there is no source {row['source']!r} in {SOURCES}.")
        if key < last:
            raise row.wrong("rows must be sorted by meter, region and from.")
        last = key
        tier = Tier(row.number("from"), row.number("price"))
        price = Price(meters[key[0]], key[1], (tier,), row.date("as_of"), sources[row["source"]])
        before = prices.get(key)
        if before is None:
            if tier.start != 0:
                raise row.wrong(f"the first tier must start from 0, not from {tier.start}.")
        elif (before.as_of, before.where) != (price.as_of, price.where):
            raise row.wrong("the tiers of a price must have one as_of and one source.")
        elif tier.start <= before.tiers[-1].start:
            raise row.wrong(f"tiers must rise: {tier.start} after {before.tiers[-1].start}.")
        else:
            price = replace(before, tiers=(*before.tiers, tier))
        prices[key] = price
    return prices
