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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby, pairwise, takewhile
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
        return {row[0]: Source(*row) for _line, row in _csv(self.folder / SOURCES)}

    @functools.cached_property
    def supplement(self) -> Mapping[Meter, Regions]:
        """Prices that the files of services lack."""
        return _supplement(self.folder / SUPPLEMENT, self.sources)

    @functools.cached_property
    def as_of(self) -> dt.date:
        """Newest day of reading."""
        days = {day for path in self._paths() for day in _readings(path)}
        lists = (prices for regions in self.supplement.values() for prices in regions.values())
        return max(days | {price.as_of for prices in lists for price in prices})

    def files(self) -> Iterator["ServiceFile"]:
        """Open the files of all services, in order of their names."""
        for path in self._paths():
            yield ServiceFile(path, self.sources)

    def _paths(self) -> list[Path]:
        return sorted((self.folder / AZURE).glob("*.txt"))

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
            self._found[key] = prices[0] if len(prices) == 1 else None
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
    """The newest prices in force on a day; before all of them, the first that was when read.

    Several only if they contradict each other.
    """
    past = [price for price in prices if price.since <= max(day, price.as_of)]
    first = min((price.since for price in past), default=day)
    since = max((price.since for price in past if price.since <= day), default=first)
    return sorted({price.tiers: price for price in past if price.since == since}.values())


def file_name(service: str) -> str:
    """Name of a service's file: `key-vault.txt`."""
    return "-".join(re.findall(r"[a-z0-9]+", service.lower())) + ".txt"


def _readings(path: Path) -> Iterator[dt.date]:
    """The days of reading of a service's file, without reading its prices."""
    with path.open(encoding="utf-8") as lines:
        next(lines)
        yield from (_date(line.partition(" ")[0]) for line in takewhile(str.strip, lines))


class ServiceFile:
    """The rows of one of Azure's services; lines are parsed as they are asked for."""

    def __init__(self, path: Path, sources: Mapping[str, Source]) -> None:
        self.path = path
        head, *products = _text(path).removesuffix("\n").split("\n\n")
        self.service, *readings = head.split("\n")
        self.readings: dict[dt.date, Source] = {}
        for line in readings:
            day, _, key = line.partition(" ")
            try:
                self.readings[_date(day)] = _source(key, sources)
            except ValueError as error:
                raise self._wrong(line, str(error)) from None
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
        tiers, since, regions, *read = fields
        try:
            as_of = _date(read[0]) if read else next(iter(self.readings))
            if as_of not in self.readings:
                raise ValueError(f"{as_of} is no day of reading of this file")  # noqa: TRY301
            price = Price(_parsed(tiers), _date(since), as_of, self.readings[as_of])
        except ValueError as error:
            raise self._wrong(line, str(error)) from None
        return price, regions.split(",")

    def _wrong(self, line: str, why: str) -> FrugalError:
        number = _text(self.path).split("\n").index(line) + 1
        return FrugalError(f"{self.path}, line {number}: {why}.", code=2)


@functools.cache
def _parsed(text: str) -> tuple[Tier, ...]:
    """Parse `0 5:2.3`. Raises ValueError."""
    first, *others = (part.rpartition(":") for part in text.split(" "))
    return _tiers([(first[0] or "0", first[2]), *((start, price) for start, _, price in others)])


def _tiers(rows: Iterable[tuple[str, str]]) -> tuple[Tier, ...]:
    """Tiers from their starts and prices. Raises ValueError."""
    tiers = tuple(Tier(_number(start), _number(price)) for start, price in rows)
    if tiers[0].start or any(one.start <= before.start for before, one in pairwise(tiers)):
        raise ValueError(
            f"tiers must begin at 0 and rise: {', '.join(str(t.start) for t in tiers)}"
        )
    return tiers


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a plain decimal such as 0, 5 or 0.0825")
    return Decimal(text)


def _source(key: str, sources: Mapping[str, Source]) -> Source:
    """Find a source. Raises ValueError."""
    if key not in sources:
        raise ValueError(f"no source {key!r} is in {SOURCES}")
    return sources[key]


def _date(text: str) -> dt.date:
    """Parse 2026-10-02. Raises ValueError."""
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        date = None
    if date is None or date.isoformat() != text:
        raise ValueError(f"{text!r} is not a date such as 2026-10-02")
    return date


def _csv(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and values of each row, after validating the columns."""
    columns = COLUMNS[file.name]
    try:
        reader = csv.reader(_text(file).splitlines(keepends=True), strict=True)
        if tuple(next(reader, ())) != columns:
            raise FrugalError(f"{file}, line 1: the columns must be {','.join(columns)}.", code=2)
        for values in reader:
            if len(values) != len(columns):
                why = f"{len(values)} fields; there must be {len(columns)}"
                raise FrugalError(f"{file}, line {reader.line_num}: {why}.", code=2)
            yield reader.line_num, values
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
    """Group adjacent rows, each a tier, to prices."""
    found: dict[Meter, dict[str, list[Price]]] = {}
    # All but `from` and `price`.
    for key, rows in groupby(_csv(file), lambda row: (*row[1][:6], *row[1][8:])):
        *names, region, since, as_of, source = key
        meter = Meter(*names)
        numbers, tiers = zip(*((line, (row[6], row[7])) for line, row in rows), strict=True)
        try:
            _per(meter.unit)
            where = _source(source, sources)
            price = Price(_tiers(tiers), _date(since), _date(as_of), where)
        except ValueError as error:
            raise FrugalError(f"{file}, line {numbers[0]}: {error}.", code=2) from None
        found.setdefault(meter, {}).setdefault(region, []).append(price)
    return found
