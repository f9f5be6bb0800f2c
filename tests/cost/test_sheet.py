"""The sheet of prices: the shipped one is whole, and a broken one is named with its line.

The exact figures are those of the copy that the tests use; the shipped ones may move.
"""

import shutil
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from frugal.cost.prices.refresh import write
from frugal.cost.prices.sheet import EGRESS, FOLDER, Sheet, Tier, load
from frugal.errors import FrugalError
from tests.cost import made

# Read by hand from the sources that the sheet names, and from others beside them (November 2026).
PUBLISHED = """
registry.basic               eastus         0.1666
registry.basic               westeurope     0.1666
registry.basic               japaneast      0.1666
registry.standard            westeurope     0.6666
registry.premium             eastus         1.6666
registry.storage             eastus         0.1
registry.tasks               eastus         0.0001
container-apps.vcpu-active   eastus         0.000024
container-apps.vcpu-active   eastus2        0.000024
container-apps.vcpu-active   westus2        0.000034
container-apps.vcpu-active   westeurope     0.000034
container-apps.vcpu-active   northeurope    0.000024
container-apps.vcpu-idle     eastus         0.000003
container-apps.vcpu-idle     westus2        0.000004
container-apps.vcpu-idle     westeurope     0.000004
container-apps.memory-active eastus         0.000003
container-apps.memory-active westeurope     0.000004
container-apps.memory-idle   eastus         0.000003
container-apps.memory-idle   westus2        0.000004
container-apps.requests      eastus         0.4
container-apps.requests      westeurope     0.56
app-service.f1               eastus         0
app-service.b1               eastus         0.017
app-service.b1               westus2        0.017
app-service.b1               westeurope     0.018
app-service.b1               northeurope    0.018
app-service.b2               eastus         0.034
app-service.b3               eastus         0.067
app-service.s1               eastus         0.095
app-service.s1               northeurope    0.095
app-service.s1               westus2        0.08
app-service.s3               eastus         0.38
app-service.p0v3             eastus         0.0775
app-service.p0v3             eastus2        0.0775
app-service.p1v3             eastus2        0.155
app-service.p3v3             eastus         0.62
postgres.b1ms                eastus         0.017
postgres.b1ms                westus2        0.017
postgres.b1ms                westeurope     0.0199
postgres.b2s                 eastus         0.068
postgres.b2s                 westeurope     0.0796
postgres.b2s                 northeurope    0.072
postgres.b2ms                eastus2        0.136
postgres.d2ds_v5             eastus         0.178
postgres.d2ds_v5             westeurope     0.212
postgres.d2ds_v5             northeurope    0.198
postgres.d4ds_v5             eastus         0.356
postgres.d4ds_v5             northeurope    0.396
postgres.storage             eastus         0.115
postgres.storage             westeurope     0.1369
postgres.storage             northeurope    0.1265
postgres.backup              eastus         0.095
postgres.backup              westeurope     0.103
front-door.standard-base     Zone_1         35
front-door.standard-to-origin Zone_1        0.02
front-door.premium-base      Zone_1         330
front-door.premium-to-origin Zone_1         0.02
log-analytics.ingestion      eastus         2.3
log-analytics.ingestion      eastus2        2.76
log-analytics.ingestion      northeurope    2.76
log-analytics.ingestion      westeurope     2.99
log-analytics.ingestion      japaneast      3.34
log-analytics.retention      eastus         0.1
log-analytics.retention      westeurope     0.13
key-vault.operations         eastus         0.03
key-vault.operations         westeurope     0.03
static-web-apps.standard     westeurope     9
static-web-apps.bandwidth    westeurope     0.2
translator.s1                eastus         10
translator.s1                westeurope     10
"""

TIERED = {
    ("bandwidth.egress", "eastus"): "0:0 100:0.087 10335:0.083 51295:0.07 153695:0.05 512095:0.05",
    ("front-door.standard-egress", "Zone 1"): "0:0.0825 10000:0.065002 50000:0.056001 "
    "150000:0.014083 500000:0.00693 1000000:0.005742 5000000:0.005404",
    ("front-door.standard-requests", "Zone 1"): "0:0.009 25000:0.0081 100000:0.00729 "
    "500000:0.006561",
    ("front-door.premium-requests", "Zone 1"): "0:0.015 25000:0.0141 100000:0.01329 "
    "500000:0.012561",
}


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return load(FOLDER)


def test_no_meter_is_lost(sheet: Sheet) -> None:
    assert made.sheet().meters.keys() <= sheet.meters.keys()


@pytest.mark.parametrize("line", PUBLISHED.strip().splitlines())
def test_published_prices_to_the_last_digit(line: str) -> None:
    meter, region, price = line.split()
    found = made.sheet().find(meter, region.replace("_", " "))
    assert found
    assert [(tier.start, tier.price) for tier in found.tiers] == [(Decimal(0), Decimal(price))]


@pytest.mark.parametrize(("meter", "region"), TIERED)
def test_published_tiers(meter: str, region: str) -> None:
    found = made.sheet().find(meter, region)
    assert found
    said = " ".join(f"{tier.start}:{tier.price}" for tier in found.tiers)
    assert said == TIERED[meter, region]


def test_prices_know_where_and_when_they_were_read(sheet: Sheet) -> None:
    for price in sheet.prices.values():
        assert price.as_of <= sheet.as_of
        assert price.where.title in price.source
        assert price.where.origin in price.source
    assert sheet.currency == "USD"
    assert sheet.as_of in {price.as_of for price in sheet.prices.values()}


def test_sources_can_be_found(sheet: Sheet) -> None:
    assert "retail-api" in sheet.sources
    assert all(source.title and source.origin for source in sheet.sources.values())


def test_tiers_start_from_zero_rise_and_are_paid(sheet: Sheet) -> None:
    for (meter, _), price in sheet.prices.items():
        starts = [tier.start for tier in price.tiers]
        assert starts[0] == 0
        assert all(a < b for a, b in pairwise(starts))
        if meter != EGRESS and len(price.tiers) > 1:
            assert price.tiers[0].price > 0


def test_zones_and_regions_are_kept_apart(sheet: Sheet) -> None:
    for price in sheet.prices.values():
        assert price.region.startswith("Zone ") == (price.meter.scope == "zone")


@pytest.mark.parametrize(
    ("meter", "per"),
    [
        ("registry.basic", 1),
        ("container-apps.memory-idle", 1),
        ("container-apps.requests", 1_000_000),
        ("translator.s1", 1_000_000),
        ("front-door.standard-requests", 10_000),
        ("key-vault.operations", 10_000),
        ("postgres.storage", 1),
    ],
)
def test_how_many_base_units_a_priced_unit_is(sheet: Sheet, meter: str, per: int) -> None:
    assert sheet.meters[meter].per == per


def test_what_has_no_source_has_no_price() -> None:
    sheet = made.sheet()
    # The API has no Static Web Apps in these regions.
    assert sheet.find("static-web-apps.standard", "eastus") is None
    assert sheet.find("static-web-apps.standard", "northeurope") is None
    assert sheet.find("registry.basic", "Zone 1") is None


def test_an_unknown_meter_is_a_mistake_not_a_gap(sheet: Sheet) -> None:
    with pytest.raises(KeyError, match=r"app-service\.b9"):
        sheet.find("app-service.b9", "eastus")


def test_the_file_is_as_a_refresh_would_write_it(sheet: Sheet, tmp_path: Path) -> None:
    shutil.copy(FOLDER / "prices.csv", tmp_path)
    write(reversed(sheet.prices.values()), tmp_path)
    assert (tmp_path / "prices.csv").read_bytes() == (FOLDER / "prices.csv").read_bytes()


SMALL = {
    "meters.csv": """id,unit,service,products,sku,name,scope
bandwidth.egress,1 GB,Bandwidth,Rtn Preference: MGN,Standard,Standard Data Transfer Out,region
postgres.storage,1 GB/Month,Azure Database for PostgreSQL,New name|Old name,S,Stored,region
""",
    "prices.csv": """meter,region,from,price,as_of,source
bandwidth.egress,eastus,0,0,2026-09-24,one
bandwidth.egress,eastus,100,0.087,2026-09-24,one
postgres.storage,eastus,0,0.115,2026-10-02,one
postgres.storage,westeurope,0,0.1369,2026-08-15,two
""",
    "sources.csv": """key,title,origin,note
one,The first,example.com,
two,The second,"example.org, page 2",with a note
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file, text in SMALL.items():
        (tmp_path / file).write_text(text)
    return tmp_path


def test_a_small_sheet(folder: Path) -> None:
    sheet = load(folder)
    assert sheet.as_of == date(2026, 10, 2)
    egress = sheet.find("bandwidth.egress", "eastus")
    assert egress
    assert egress.tiers == (Tier(Decimal(0), Decimal(0)), Tier(Decimal(100), Decimal("0.087")))
    storage = sheet.find("postgres.storage", "westeurope")
    assert storage
    assert storage.meter.products == ("New name", "Old name")
    assert storage.as_of == date(2026, 8, 15)
    assert storage.source == "The second (example.org, page 2)"
    assert sheet.find("bandwidth.egress", "westeurope") is None


WRONG_NUMBERS = (
    *("1.15E-1", "0,115", " 0.115", "+0.115", "-0.115", "$0.115", ".115", "0.1150", "00.115"),
    *("NaN", "Infinity", "", "0.115\n", "\xa00.115", "0.115\xa0", "\u0660.\u0661"),
)


@pytest.mark.parametrize("number", WRONG_NUMBERS)
@pytest.mark.parametrize("column", ["from", "price"])
def test_a_number_is_written_in_one_way_only(folder: Path, column: str, number: str) -> None:
    prices = folder / "prices.csv"
    old = "postgres.storage,eastus,0,0.115,"
    new = {
        "from": f'postgres.storage,eastus,"{number}",0.115,',
        "price": f'postgres.storage,eastus,0,"{number}",',
    }
    prices.write_text(SMALL["prices.csv"].replace(old, new[column]))
    with pytest.raises(FrugalError, match=rf"line \d: {column} is .* plain decimal") as why:
        load(folder)
    assert why.value.code == 2


BROKEN = [
    ("prices.csv", "postgres.storage,eastus", "postgres.disk,eastus", "4: there is no meter"),
    ("prices.csv", "100,0.087", "0,0.087", "3: tiers must rise: 0 after 0"),
    ("prices.csv", "eastus,0,0,", "eastus,5,0,", "2: the first tier must start from 0"),
    ("prices.csv", "2026-10-02", "20261002", "4: as_of is '20261002'"),
    ("prices.csv", "2026-10-02", "2026-02-30", "4: as_of is '2026-02-30'"),
    ("prices.csv", "2026-10-02,one", "2026-10-02,hearsay", "4: there is no source 'hearsay'"),
    ("prices.csv", "2026-10-02,one", "2026-10-02,one,", "4: 7 fields; there must be 6"),
    ("prices.csv", "0.087,2026-09-24", "0.087,2026-09-25", "3: the tiers of a price must have"),
    ("prices.csv", "storage,westeurope", "storage,centralus", "5: rows must be sorted"),
    ("prices.csv", "storage,westeurope", "storage,eastus", "5: the tiers of a price must have"),
    ("prices.csv", "meter,region", "region,meter", "1: the columns must be meter,region"),
    ("meters.csv", "1 GB,", "GB,", "2: unit is 'GB'"),
    ("meters.csv", "Out,region", "Out,world", "2: scope is 'world'"),
    ("meters.csv", "postgres.storage,", "bandwidth.egress,", "3: the id 'bandwidth.egress' is the"),
    ("sources.csv", "\ntwo,", "\n,", "3: the key '' is empty"),
]


@pytest.mark.parametrize(("file", "old", "new", "said"), BROKEN)
def test_a_broken_file_is_named_with_its_line(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    (folder / file).write_text(SMALL[file].replace(old, new))
    with pytest.raises(FrugalError) as why:
        load(folder)
    assert f"{folder / file}, line {said}" in str(why.value)
    assert why.value.code == 2


def test_what_is_no_csv_or_no_file(folder: Path) -> None:
    prices, sources = folder / "prices.csv", folder / "sources.csv"
    prices.write_text(SMALL["prices.csv"] + '"postgres')
    with pytest.raises(FrugalError, match="not CSV in UTF-8"):
        load(folder)
    prices.write_text("meter,region,from,price,as_of,source\n")
    with pytest.raises(FrugalError, match="has no prices"):
        load(folder)
    sources.write_bytes(b"key,title,origin,note\n\xff\xfe,,,\n")
    with pytest.raises(FrugalError, match="not CSV in UTF-8"):
        load(folder)
    sources.unlink()
    with pytest.raises(FrugalError, match="cannot be read: No such file"):
        load(folder)
