"""The price table: Azure's list prices of each meter and region, with date and source.

`azure/` has rows of the Retail Prices API, a text file for each of Azure's services, read only if a
plan needs it. The tabs that begin a line say what it is:

- none: the service, then the days of reading with their sources; after an empty line a product;
- one: a meter: its SKU, name, unit of measure, and ARM SKU if it has one;
- two: a price: tiers, first day in force, regions; then its day of reading if not the file's first.

Tiers are the API's: `0 5:2.3` is free up to 5 units, then 2.3 USD each. Several prices of a region
are of several days in force, or rows that contradict each other.

`supplement.csv` has prices that `azure/` lacks, a row for each tier; of two readings the newer one
counts. `sources.csv` has the sources of both.
"""

import csv
import datetime as dt
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from frugal.errors import FrugalError

FOLDER: Final = Path(__file__).parent
AZURE, SUPPLEMENT, SOURCES = "azure", "supplement.csv", "sources.csv"
CURRENCY: Final = "USD"
GLOBAL: Final = "Global"
"""Region of what has one price everywhere."""

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    SUPPLEMENT: (
        *("service", "product", "sku", "name", "unit", "region"),
        *("from", "price", "since", "as_of", "source"),
    ),
    SOURCES: ("key", "title", "origin", "note"),
}
# A canonical form of each number, so that a diff shows changed prices alone.
_NUMBER: Final = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", re.ASCII)
_UNIT: Final = re.compile(r"([1-9][0-9]*)([KM]?)(?=[ /]|\Z)")
_MULTIPLES: Final = {"": 1, "K": 1_000, "M": 1_000_000}


class Meter(NamedTuple):
    """One of Azure's meters, by the names of the Retail Prices API.

    `unit`: its unitOfMeasure, as `1 Hour`; `arm_sku`: only where the other names are ambiguous.
    """

    service: str
    product: str
    sku: str
    name: str
    unit: str
    arm_sku: str = ""

    @property
    def per(self) -> Decimal:
        """Base units in one priced unit: 1 for `1/Day`, 10,000 for `10K`."""
        return _per(self.unit)


@functools.cache
def _per(unit: str) -> Decimal:
    found = _UNIT.match(unit)
    if not found:
        raise ValueError(f"{unit!r} does not begin with a count, as 1 GB/Month and 10K do")
    return Decimal(int(found[1]) * _MULTIPLES[found[2]])


class Tier(NamedTuple):
    """Price in USD of each unit from `start` priced units a month on."""

    start: Decimal
    price: Decimal


class Source(NamedTuple):
    """Source of figures. `origin`: its address, or a name by which it can be found."""

    key: str
    title: str
    origin: str
    note: str


class Price(NamedTuple):
    """Ascending tiers from 0, first day in force, day and source of reading."""

    tiers: tuple[Tier, ...]
    since: dt.date
    as_of: dt.date
    where: Source

    @property
    def source(self) -> str:
        """The source, in words."""
        return f"{self.where.title} ({self.where.origin})"


Regions = Mapping[str, list[Price]]
"""The prices of one meter by region, each list of one reading."""


class Table:
    """The prices of a folder, by default those that come with Frugal.

    What cannot be read raises FrugalError (code 2), with the file and the line.
    """

    currency: Final = CURRENCY

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or FOLDER
        self._files: dict[str, ServiceFile | None] = {}
        self._meters: dict[Meter, Regions] = {}
        self._found: dict[tuple[Meter, str, dt.date], Price | None] = {}

    @functools.cached_property
    def sources(self) -> Mapping[str, Source]:
        """Sources by key."""
        return {row["key"]: Source(**row.fields) for row in _csv(self.folder / SOURCES)}

    @functools.cached_property
    def supplement(self) -> Mapping[Meter, Regions]:
        """Prices that the files of services lack."""
        return _supplement(self.folder / SUPPLEMENT, self.sources)

    @functools.cached_property
    def as_of(self) -> dt.date:
        """Newest day of reading."""
        days = {day for file in self.files() for day in file.readings}
        lists = (prices for regions in self.supplement.values() for prices in regions.values())
        return max(days | {price.as_of for prices in lists for price in prices})

    def files(self) -> Iterator["ServiceFile"]:
        """Open the files of all services, in order of their names."""
        for path in sorted((self.folder / AZURE).glob("*.txt")):
            yield ServiceFile(path, self.sources)

    def meters(self) -> list[Meter]:
        """Meters of all rows, with their ARM SKUs; reads the files of all services."""
        listed = {meter for file in self.files() for meter in file.listing()}
        names = {meter[:5] for meter in listed}
        return sorted(listed | {meter for meter in self.supplement if meter[:5] not in names})

    def prices(self, meter: Meter) -> Regions:
        """Prices of the newest reading, by region."""
        found = self._meters.get(meter)
        if found is None:
            found = dict(self.supplement.get(meter._replace(arm_sku=""), {}))
            file = self.file(meter.service)
            for region, prices in (file.prices(meter) if file else {}).items():
                other = found.get(region)
                if not other or other[0].as_of < prices[0].as_of:
                    found[region] = prices
            self._meters[meter] = found
        return found

    def find(self, meter: Meter, region: str, day: dt.date) -> Price | None:
        """Price in force on a day; None without a row, or where rows contradict each other.

        A day before the first one in force has that one's price.
        """
        key = meter, region, day
        if key not in self._found:
            prices = self._in_force(meter, region, day)
            same = len({price.tiers for price in prices}) == 1
            self._found[key] = prices[0] if same else None
        return self._found[key]

    def reason(self, meter: Meter, region: str, day: dt.date) -> str:
        """The reason that `find` gives no price."""
        count = "more than one" if self._in_force(meter, region, day) else "no"
        return f"{count} price of {meter.name!r} ({meter.product}) is known in {region}"

    def _in_force(self, meter: Meter, region: str, day: dt.date) -> list[Price]:
        return in_force(self.prices(meter).get(region, ()), day)

    def file(self, service: str) -> "ServiceFile | None":
        """The file of a service; None without one."""
        if service not in self._files:
            path = self.folder / AZURE / file_name(service)
            self._files[service] = ServiceFile(path, self.sources) if path.exists() else None
        return self._files[service]


def in_force(prices: Sequence[Price], day: dt.date) -> list[Price]:
    """The newest prices in force on a day; before all of them, the first that was when read."""
    past = [price for price in prices if price.since <= max(day, price.as_of)]
    first = min((price.since for price in past), default=day)
    since = max((price.since for price in past if price.since <= day), default=first)
    return [price for price in past if price.since == since]


def file_name(service: str) -> str:
    """Name of a service's file: `key-vault.txt`."""
    return "-".join(re.findall(r"[a-z0-9]+", service.lower())) + ".txt"


class ServiceFile:
    """The rows of one of Azure's services; lines are parsed as they are asked for."""

    def __init__(self, path: Path, sources: Mapping[str, Source]) -> None:
        self.path = path
        head, *products = _text(path).removesuffix("\n").split("\n\n")
        self.service, *readings = head.split("\n")
        self.readings: dict[dt.date, Source] = {}
        for line in readings:
            day, _, key = line.partition(" ")
            if key not in sources:
                raise self._wrong(line, f"no source {key!r} is in {SOURCES}")
            self.readings[self._day(day, line)] = sources[key]
        self._blocks = {block.partition("\n")[0]: block for block in products}
        self._products: dict[str, dict[Meter, list[str]]] = {}

    def listing(self) -> dict[Meter, dict[str, list[Price]]]:
        """All prices by meter, with its ARM SKU, and region."""
        return {
            meter: self._regions(lines)
            for product in self._blocks
            for meter, lines in self._lines(product).items()
        }

    def prices(self, meter: Meter) -> dict[str, list[Price]]:
        """Prices of a meter by region; without an ARM SKU, of the rows of any."""
        listed = self._lines(meter.product).items()
        any_sku = [
            line
            for one, lines in listed
            if one[:5] == meter[:5] and meter.arm_sku in ("", one.arm_sku)
            for line in lines
        ]
        return self._regions(any_sku)

    def _regions(self, lines: Sequence[str]) -> dict[str, list[Price]]:
        found: dict[str, list[Price]] = {}
        for line in lines:
            price, regions = self._price(line)
            for region in regions:
                found.setdefault(region, []).append(price)
        return found

    def _lines(self, product: str) -> Mapping[Meter, list[str]]:
        """The lines with prices of each meter of a product."""
        found = self._products.get(product)
        if found is None:
            found = self._products[product] = {}
            lines: list[str] = []
            for line in self._blocks.get(product, "").split("\n")[1:]:
                if line.startswith("\t\t"):
                    lines.append(line)
                    continue
                names = line.split("\t")
                if len(names) not in (4, 5) or names[0] or not _UNIT.match(names[3]):
                    raise self._wrong(line, "a meter is a tab, SKU, name, unit and any ARM SKU")
                lines = found.setdefault(Meter(self.service, product, *names[1:]), [])
        return found

    def _price(self, line: str) -> tuple[Price, list[str]]:
        fields = line[2:].split("\t")
        if len(fields) not in (3, 4):
            raise self._wrong(line, "a price is two tabs, tiers, first day and regions")
        first = next(iter(self.readings))
        as_of = self._day(fields[3], line) if fields[3:] else first
        if as_of not in self.readings:
            raise self._wrong(line, f"{as_of} is no day of reading of this file")
        try:
            tiers = _tiers(fields[0])
        except ValueError as error:
            raise self._wrong(line, str(error)) from None
        price = Price(tiers, self._day(fields[1], line), as_of, self.readings[as_of])
        return price, fields[2].split(",")

    def _day(self, text: str, line: str) -> dt.date:
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            raise self._wrong(line, f"{text!r} is not a date such as 2026-10-02") from None

    def _wrong(self, line: str, why: str) -> FrugalError:
        number = _text(self.path).split("\n").index(line) + 1
        return FrugalError(f"{self.path}, line {number}: {why}.", code=2)


@functools.cache
def _tiers(text: str) -> tuple[Tier, ...]:
    """Parse `0 5:2.3`. Raises ValueError."""
    tiers: list[Tier] = []
    for part in text.split(" "):
        start, _, price = part.rpartition(":")
        tier = Tier(_number(start if tiers else "0"), _number(price))
        if (tiers and tier.start <= tiers[-1].start) or (start and not tiers):
            raise ValueError(f"tiers must begin at 0 and rise: {text}")
        tiers.append(tier)
    return tuple(tiers)


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a plain decimal such as 0, 5 or 0.0825")
    return Decimal(text)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a CSV file; errors name the file and line."""

    file: Path
    line: int
    fields: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.fields[column]

    def wrong(self, why: str) -> FrugalError:
        """An error that names this row."""
        return FrugalError(f"{self.file}, line {self.line}: {why}", code=2)

    def number(self, column: str) -> Decimal:
        """A plain decimal. Raises FrugalError."""
        try:
            return _number(self[column])
        except ValueError as error:
            raise self.wrong(f"{column}: {error}.") from None

    def date(self, column: str) -> dt.date:
        """A date as 2026-10-02. Raises FrugalError."""
        text = self[column]
        try:
            date = dt.date.fromisoformat(text)
        except ValueError:
            date = None
        if date is None or date.isoformat() != text:
            raise self.wrong(f"{column}: {text!r} is not a date such as 2026-10-02.")
        return date


def _csv(file: Path) -> Iterator[Row]:
    """Yield the rows of a file after validating its columns."""
    columns = COLUMNS[file.name]
    try:
        reader = csv.reader(_text(file).splitlines(keepends=True), strict=True)
        if tuple(next(reader, ())) != columns:
            raise FrugalError(f"{file}, line 1: the columns must be {','.join(columns)}", code=2)
        for values in reader:
            row = Row(file, reader.line_num, dict(zip(columns, values, strict=False)))
            if len(values) != len(columns):
                raise row.wrong(f"{len(values)} fields; there must be {len(columns)}.")
            yield row
    except csv.Error as error:
        raise FrugalError(f"{file} is not CSV: {error}.", code=2) from error


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise FrugalError(f"{file} cannot be read: {error.strerror}.", code=2) from error
    except UnicodeDecodeError as error:
        raise FrugalError(f"{file} is not UTF-8: {error}.", code=2) from error


def _supplement(file: Path, sources: Mapping[str, Source]) -> Mapping[Meter, Regions]:
    """Group adjacent tiers to prices."""
    found: dict[Meter, dict[str, list[Price]]] = {}
    last: tuple[str, ...] = ()
    for row in _csv(file):
        names = [row[column] for column in COLUMNS[SUPPLEMENT][:5]]
        if not _UNIT.match(row["unit"]):
            raise row.wrong(f"unit: {row['unit']!r} does not begin with a count, as 10K does.")
        if row["source"] not in sources:
            raise row.wrong(f"no source {row['source']!r} is in {SOURCES}.")
        key = (*names, row["region"], row["since"])
        if key < last:
            raise row.wrong("rows must be in order of names, region, since and from.")
        tier = Tier(row.number("from"), row.number("price"))
        price = Price((tier,), row.date("since"), row.date("as_of"), sources[row["source"]])
        prices = found.setdefault(Meter(*names), {}).setdefault(row["region"], [])
        if key != last:
            if tier.start:
                raise row.wrong(f"the first tier must start from 0, not from {tier.start}.")
            prices.append(price)
        else:
            before = prices.pop()
            if (before.as_of, before.where) != (price.as_of, price.where):
                raise row.wrong("the tiers of a price must have one as_of and one source.")
            if tier.start <= before.tiers[-1].start:
                raise row.wrong(f"tiers must rise: {tier.start} after {before.tiers[-1].start}.")
            prices.append(price._replace(tiers=(*before.tiers, tier)))
        last = key
    return found
