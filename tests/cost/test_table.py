"""The table of prices: the shipped one is whole, and a broken one is named with its line.

The exact figures are those of the copy that the tests use; the shipped ones may move.
"""

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from frugal.cost.meters.base import GRANTS
from frugal.cost.prices.listing import text
from frugal.cost.prices.missing import missing
from frugal.cost.prices.table import FOLDER, Meter, Price, ServiceFile, Table, Tier
from frugal.errors import FrugalError
from tests.cost import made

DAY = date(2026, 11, 24)
D = Decimal


def published() -> Iterator[tuple[Meter, str, str]]:
    """Read by hand from the sources that the table names, and from others (November 2026)."""
    meter = None
    for line in Path(__file__).with_name("published_prices.txt").read_text().splitlines():
        if line.startswith(" "):
            region, _, tiers = line.strip().partition(": ")
            assert meter
            yield meter, region, tiers
        else:
            meter = Meter(*line.split(" | "))


def written(price: Price) -> str:
    first, *rest = price.tiers
    return " ".join([f"{first.price:f}", *(f"{t.start:f}:{t.price:f}" for t in rest)])


@pytest.mark.parametrize(("meter", "region", "tiers"), [*published()])
def test_published_prices_to_the_last_digit(meter: Meter, region: str, tiers: str) -> None:
    found = made.table().find(meter, region, DAY)
    assert found
    assert written(found) == tiers


# The shipped table.


@pytest.fixture(scope="module")
def shipped() -> Table:
    return Table(FOLDER)


def every_price(table: Table) -> Iterator[tuple[Meter, str, Price]]:
    for meter in table.meters():
        for region, prices in table.prices(meter).items():
            yield from ((meter, region, price) for price in prices)


def test_all_files_can_be_read_and_are_as_a_refresh_would_write_them(shipped: Table) -> None:
    files = list(shipped.files())
    assert len(files) > 40
    for file in files:
        assert text(file.service, file.listing()) == file.path.read_text("utf-8")
        assert shipped.file(file.service), "the name of the file does not follow from the service"


def test_the_supplement_is_sorted(shipped: Table) -> None:
    head, *rows = csv.reader((FOLDER / "supplement.csv").read_text("utf-8").splitlines())
    assert head[6] == "from"
    assert rows == sorted(rows, key=lambda row: (*row[:6], row[8], D(row[6])))


def test_prices_know_where_and_when_they_were_read(shipped: Table) -> None:
    days = set[date]()
    for _meter, _region, price in every_price(shipped):
        assert price.where.title in price.source
        assert price.where.origin in price.source
        days.add(price.as_of)
    assert max(days) == shipped.as_of
    assert shipped.currency == "USD"
    assert all(source.title and source.origin for source in shipped.sources.values())
    assert "MIT License" in (FOLDER / "azure" / "LICENSE").read_text()


def test_every_meter_of_a_type_has_a_price_somewhere(shipped: Table) -> None:
    """Or the API has none: a name that is written wrong would be found here."""
    gaps = [gap.meter for gap in missing(shipped, DAY) if not shipped.prices(gap.meter)]
    assert {(meter.sku, meter.name) for meter in gaps} == {
        ("VpnGw4AZ", "P2S Connection"),
        ("VpnGw5AZ", "P2S Connection"),
    }


def test_the_api_grants_what_the_meters_grant(shipped: Table) -> None:
    """Where a meter with a grant has a free first tier, the two are the same amount."""
    free = {
        meter: {price.tiers[1].start * meter.per for price in prices if not price.tiers[0].price}
        for grant in GRANTS
        for meter in grant.meters
        for prices in shipped.prices(meter).values()
    }
    amounts = {meter: {grant.amount} for grant in GRANTS for meter in grant.meters}
    assert {meter: of for meter, of in free.items() if of} == {
        meter: amounts[meter] for meter, of in free.items() if of
    }
    assert any(free.values())


def test_a_size_of_extended_support_that_is_free_and_paid_is_excluded(shipped: Table) -> None:
    assert not [meter for meter in shipped.meters() if "Extd Spprt Free Tier" in meter.name]


@pytest.mark.parametrize(
    ("unit", "per"),
    [
        ("1/Day", 1),
        ("1 GiB Second", 1),
        ("1M", 1_000_000),
        ("10K", 10_000),
        ("100 Hours", 100),
        ("1 GB/Month", 1),
        ("10M", 10_000_000),
        ("50K", 50_000),
    ],
)
def test_base_units_in_a_priced_unit(unit: str, per: int) -> None:
    assert Meter("", "", "", "", unit).per == per


# Lookup.

SMALL = {
    "azure/key-vault.txt": """Key Vault
2026-08-15 one
2026-11-01 two

Key Vault
	Premium	Operations	10K
		0.04	2020-01-01	eastus,eastus2
	Standard	Operations	10K	Standard_KV
		0.03	2015-03-01	eastus,eastus2
		0.05	2027-01-01	eastus
		0.02	2015-03-01	Zone 1	2026-11-01
	Standard	Operations	1 Hour
		9	2015-03-01	eastus
	Standard	Later	1
		5	2027-01-01	eastus
	Standard	Renewals	1
		0 5:2.3 1000:2	2015-03-01	eastus
		3	2016-01-01	westeurope
		4	2016-01-01	westeurope

Managed HSM
	Standard	Operations	10K
		7	2015-03-01	eastus
""",
    "supplement.csv": """service,product,sku,name,unit,region,from,price,since,as_of,source
Bandwidth,Internet,Standard,Out,1 GB,eastus,0,0,2026-09-24,2026-09-24,one
Bandwidth,Internet,Standard,Out,1 GB,eastus,100,0.087,2026-09-24,2026-09-24,one
Bandwidth,Internet,Standard,Out,1 GB,westeurope,0,0.08,2020-01-01,2026-09-24,one
Bandwidth,Internet,Standard,Out,1 GB,westeurope,0,0.09,2026-10-01,2026-09-24,one
Key Vault,Key Vault,Standard,Operations,10K,Zone 1,0,0.033,2026-12-01,2026-12-01,two
Key Vault,Key Vault,Standard,Operations,10K,eastus2,0,0.031,2026-07-01,2026-07-01,two
Key Vault,Key Vault,Standard,Operations,10K,westeurope,0,0.032,2026-07-01,2026-07-01,two
""",
    "sources.csv": """key,title,origin,note
one,The first,example.com,
two,The second,"example.org, page 2",with a note
""",
}
OPERATIONS = Meter("Key Vault", "Key Vault", "Standard", "Operations", "10K")
OUT = Meter("Bandwidth", "Internet", "Standard", "Out", "1 GB")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "azure").mkdir()
    for file, content in SMALL.items():
        (tmp_path / file).write_text(content)
    return tmp_path


def found(folder: Path, meter: Meter, region: str, day: date = DAY) -> str | None:
    price = Table(folder).find(meter, region, day)
    return written(price) if price else None


def test_a_price_by_all_names_of_its_meter(folder: Path) -> None:
    assert found(folder, OPERATIONS, "eastus") == "0.03"
    assert found(folder, OPERATIONS._replace(sku="Premium"), "eastus") == "0.04"
    assert found(folder, OPERATIONS._replace(product="Managed HSM"), "eastus") == "7"
    assert found(folder, OPERATIONS._replace(name="Renewals", unit="1"), "eastus") == (
        "0 5:2.3 1000:2"
    )
    for other in (
        OPERATIONS._replace(service="Key vault"),
        OPERATIONS._replace(product="Vault"),
        OPERATIONS._replace(sku="Standard_KV"),
        OPERATIONS._replace(name="Operation"),
    ):
        assert found(folder, other, "eastus") is None


def test_a_row_of_another_unit_is_another_meter(folder: Path) -> None:
    assert found(folder, OPERATIONS._replace(unit="1 Hour"), "eastus") == "9"
    assert found(folder, OPERATIONS._replace(unit="1K"), "eastus") is None


def test_an_arm_sku_counts_where_it_is_given(folder: Path) -> None:
    assert found(folder, OPERATIONS._replace(arm_sku="Standard_KV"), "eastus") == "0.03"
    assert found(folder, OPERATIONS._replace(arm_sku="Premium_KV"), "eastus") is None


def test_the_newest_price_in_force_on_the_day_counts(folder: Path) -> None:
    assert found(folder, OPERATIONS, "eastus", date(2026, 12, 31)) == "0.03"
    assert found(folder, OPERATIONS, "eastus", date(2027, 1, 1)) == "0.05"
    assert found(folder, OUT, "westeurope", date(2026, 9, 30)) == "0.08"
    assert found(folder, OUT, "westeurope", date(2026, 10, 1)) == "0.09"
    later = OPERATIONS._replace(name="Later", unit="1")
    assert found(folder, later, "eastus") is None
    assert found(folder, later, "eastus", date(2027, 1, 1)) == "5"
    # Earlier prices are not in the table.
    assert found(folder, OPERATIONS, "eastus", date(2014, 1, 1)) == "0.03"
    assert found(folder, OUT, "westeurope", date(2014, 1, 1)) == "0.08"


def test_of_two_readings_the_newer_counts(folder: Path) -> None:
    assert found(folder, OPERATIONS, "eastus2") == "0.03"
    assert found(folder, OPERATIONS, "westeurope") == "0.032"
    assert found(folder, OPERATIONS, "Zone 1") == "0.033"


def test_rows_that_contradict_each_other_are_no_price(folder: Path) -> None:
    table, renewals = Table(folder), OPERATIONS._replace(name="Renewals", unit="1")
    assert table.find(renewals, "westeurope", DAY) is None
    assert table.reason(renewals, "westeurope", DAY) == (
        "more than one price of 'Renewals' (Key Vault) is known in westeurope"
    )
    assert table.reason(renewals, "westus", DAY) == (
        "no price of 'Renewals' (Key Vault) is known in westus"
    )


def test_a_price_has_its_days_and_its_source(folder: Path) -> None:
    table = Table(folder)
    assert table.as_of == date(2026, 12, 1)
    east = table.find(OPERATIONS, "eastus", DAY)
    assert east
    assert (east.since, east.as_of) == (date(2015, 3, 1), date(2026, 8, 15))
    assert east.source == "The first (example.com)"
    out = table.find(OUT, "eastus", DAY)
    assert out
    assert out.tiers == (Tier(D(0), D(0)), Tier(D(100), D("0.087")))
    [zone] = ServiceFile(folder / "azure/key-vault.txt", table.sources).prices(OPERATIONS)["Zone 1"]
    assert (zone.as_of, zone.where.key) == (date(2026, 11, 1), "two")


def test_only_the_file_of_a_service_is_read(folder: Path) -> None:
    (folder / "azure" / "redis-cache.txt").write_bytes(b"\xff")
    assert found(folder, OPERATIONS, "eastus") == "0.03"
    with pytest.raises(FrugalError, match=r"redis-cache\.txt is not UTF-8"):
        found(folder, OPERATIONS._replace(service="Redis Cache"), "eastus")


def test_gaps_of_meters(folder: Path) -> None:
    gaps = [(gap.meter.name, gap.types, gap.why) for gap in missing(made.table(), DAY)]
    assert ("B2ms vCore", ["dbforpostgresql:Server"], "no row in eastus") in gaps
    assert OPERATIONS not in [gap.meter for gap in missing(Table(folder), DAY)]
    spoil(folder, "azure/key-vault.txt", "\t10K\tStandard_KV", "\t1M")
    (folder / "supplement.csv").write_text(SMALL["supplement.csv"].replace(",10K,", ",1M,"))
    [gap] = [gap for gap in missing(Table(folder), DAY) if gap.meter == OPERATIONS]
    assert "keyvault:Vault" in gap.types
    assert gap.why == "listed per 1 Hour, 1M only"


# A broken file.

WRONG_NUMBERS = (
    *("1.15E-1", "0,115", " 0.115", "+0.115", "-0.115", "$0.115", ".115", "0.1150", "00.115"),
    *("NaN", "Infinity", "", "\xa00.115", "0.115\xa0", "\u0660.\u0661"),
)


@pytest.mark.parametrize("number", WRONG_NUMBERS)
@pytest.mark.parametrize("column", ["from", "price"])
def test_a_number_is_written_in_one_way_only(folder: Path, column: str, number: str) -> None:
    old = "eastus2,0,0.031,"
    new = {"from": f'eastus2,"{number}",0.031,', "price": f'eastus2,0,"{number}",'}
    spoil(folder, "supplement.csv", old, new[column])
    with pytest.raises(FrugalError, match=r"line 7: .* plain decimal") as why:
        found(folder, OPERATIONS, "eastus")
    assert why.value.code == 2


@pytest.mark.parametrize("number", [one for one in WRONG_NUMBERS if " " not in one])
def test_so_it_is_in_the_file_of_a_service(folder: Path, number: str) -> None:
    spoil(folder, "azure/key-vault.txt", "0.05\t2027", f"{number}\t2027")
    with pytest.raises(FrugalError, match=r"key-vault\.txt, line 10: .* plain decimal"):
        found(folder, OPERATIONS, "eastus")


BROKEN = [
    ("supplement.csv", "eastus,100,0.087", "eastus,0,0.087", "2: tiers must begin at 0 and rise"),
    ("supplement.csv", "eastus,0,0,", "eastus,5,0,", "2: tiers must begin at 0 and rise"),
    ("supplement.csv", "2026-07-01,two", "20260701,two", "7: '20260701' is not a date"),
    ("supplement.csv", "2020-01-01,2026", "2026-02-30,2026", "4: '2026-02-30' is not a date"),
    ("supplement.csv", "2026-07-01,two", "2026-07-01,hearsay", "7: no source 'hearsay'"),
    ("supplement.csv", "2026-07-01,two", "2026-07-01,two,", "7: 12 fields; there must be 11"),
    ("supplement.csv", "0.087,2026-09-24,2026", "0.087,2026-09-24,2025", "3: tiers must begin at"),
    ("supplement.csv", "service,product", "product,service", "1: the columns must be service,p"),
    ("supplement.csv", "1 GB,westeurope,0,0.08", "GB,westeurope,0,0.08", "4: 'GB' does not begin"),
    ("azure/key-vault.txt", "2026-08-15 one", "2026-08-15 hearsay", "2: no source 'hearsay'"),
    ("azure/key-vault.txt", "2026-08-15 one", "August one", "2: 'August' is not a date"),
    ("azure/key-vault.txt", "\tPremium\tOp", "\tOp", "6: a meter is a tab, SKU, name"),
    ("azure/key-vault.txt", "\t10K\tStandard_KV", "\tK", "8: a meter is a tab, SKU, name"),
    ("azure/key-vault.txt", "\teastus,eastus2\n\t\t0.05", "\n\t\t0.05", "9: a price is two tabs"),
    ("azure/key-vault.txt", "\t2026-11-01\n", "\t2026-11-02\n", "11: 2026-11-02 is no day of"),
    ("azure/key-vault.txt", "2027-01-01", "2027-02-30", "10: '2027-02-30' is not a date"),
    ("azure/key-vault.txt", "\t0.05", "\t0.05 5:1 5:2", "10: tiers must begin at 0 and rise"),
    ("azure/key-vault.txt", "\t0.05", "\t5:0.05", "10: tiers must begin at 0 and rise"),
]


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    content = SMALL[file]
    assert old in content
    (folder / file).write_text(content.replace(old, new, 1))


@pytest.mark.parametrize(("file", "old", "new", "said"), BROKEN)
def test_a_broken_file_is_named_with_its_line(
    folder: Path, file: str, old: str, new: str, said: str
) -> None:
    spoil(folder, file, old, new)
    with pytest.raises(FrugalError) as why:
        found(folder, OPERATIONS, "eastus")
    assert f"{folder / file}, line {said}" in str(why.value)
    assert why.value.code == 2


def test_what_is_no_csv_or_no_file(folder: Path) -> None:
    added = folder / "supplement.csv"
    added.write_text(SMALL["supplement.csv"] + '"postgres')
    with pytest.raises(FrugalError, match=r"supplement\.csv is not CSV"):
        found(folder, OUT, "eastus")
    added.write_bytes(b"\xff\xfe,,,\n")
    with pytest.raises(FrugalError, match=r"supplement\.csv is not UTF-8"):
        found(folder, OUT, "eastus")
    added.unlink()
    with pytest.raises(FrugalError, match="cannot be read: No such file"):
        found(folder, OUT, "eastus")
