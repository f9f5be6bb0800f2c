"""`frugal prices` and `frugal prices refresh`, against a server that answers as the API does.

The table is small: the meters of the priced types, in three regions and a zone.
"""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner, Result

from frugal.commands import prices
from frugal.cost.meters.bandwidth import EGRESS
from frugal.cost.prices import refresh, table
from frugal.cost.prices.retail import ADDRESS, RetailPrices
from frugal.cost.prices.table import Meter, Regions, Table, Tier
from frugal.errors import FrugalError
from tests.cost import made
from tests.cost.retail_server import Api, Handler, Listed, Row, as_listed, row, serving

TODAY = date(2026, 11, 24)
REGIONS = ("eastus", "westeurope", "northeurope", "Zone 1")


def of(service: str, product: str, sku: str, *meters: tuple[str, str]) -> list[Meter]:
    return [Meter(service, product, sku, name, unit) for name, unit in meters]


[B1] = of("Azure App Service", "Azure App Service Basic Plan - Linux", "B1", ("B1", "1 Hour"))
[F1] = of("Azure App Service", "Azure App Service Free Plan - Linux", "F1", ("F1 App", "1 Hour"))
[STATIC] = of("Azure App Service", "Static Web Apps", "Standard", ("Standard App", "1/Month"))
[KEYS] = of("Key Vault", "Key Vault", "Standard", ("Operations", "10K"))
[BASIC] = of(*["Container Registry"] * 2, "Basic", ("Basic Registry Unit", "1/Day"))
[PREMIUM] = of(*["Container Registry"] * 2, "Premium", ("Premium Registry Unit", "1/Day"))
[LOGS] = of(*["Log Analytics"] * 2, "Analytics Logs", ("Analytics Logs Data Ingestion", "1 GB"))
VCPU_ACTIVE, VCPU_IDLE = of(
    *["Azure Container Apps"] * 2,
    "Standard",
    ("Standard vCPU Active Usage", "1 Second"),
    ("Standard vCPU Idle Usage", "1 Second"),
)
FRONT_DOOR, FRONT_DOOR_OUT, FRONT_DOOR_REQUESTS = of(
    "Azure Front Door Service",
    "Azure Front Door",
    "Standard",
    ("Standard Base Fees", "1/Month"),
    ("Standard Data Transfer Out", "1 GB"),
    ("Standard Requests", "10K"),
)
[STORAGE] = of(
    "Azure Database for PostgreSQL",
    "Azure Database for PostgreSQL Flex Server Storage",
    "Storage",
    ("Storage Data Stored", "1 GB/Month"),
)
[D2] = of(
    "Azure Database for PostgreSQL",
    "Azure Database for PostgreSQL Flexible Server General Purpose Ddsv5 Series Compute",
    "2 vCore",
    ("vCore", "1 Hour"),
)
METERS = {B1, F1, STATIC, KEYS, BASIC, PREMIUM, LOGS, VCPU_ACTIVE, VCPU_IDLE, STORAGE, D2, EGRESS}
METERS |= {FRONT_DOOR, FRONT_DOOR_OUT, FRONT_DOOR_REQUESTS}


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small table, read at one day."""
    folder = tmp_path_factory.mktemp("prices")
    (folder / table.AZURE).mkdir()
    whole, names = made.table(), {meter[:5] for meter in METERS}
    for file in whole.files():
        listing = {
            meter: {at: of for at, of in whole.prices(meter).items() if at in REGIONS}
            for meter in file.listing()
            if meter[:5] in names
        }
        refresh.write({file.service: listing}, folder)
    shutil.copy(made.PRICES / table.SOURCES, folder)
    head, *rows = (made.PRICES / table.SUPPLEMENT).read_text().splitlines(keepends=True)
    own = [
        row for row in rows if tuple(row.split(",")[:5]) in names and row.split(",")[5] in REGIONS
    ]
    (folder / table.SUPPLEMENT).write_text("".join([head, *own]))
    return folder


@pytest.fixture
def folder(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the small table, which the command takes for the shipped one."""
    shutil.copytree(small, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(table, "FOLDER", tmp_path)
    monkeypatch.setenv("COLUMNS", "250")
    return tmp_path


@pytest.fixture
def shipped(small: Path) -> Table:
    return Table(small)


def listed(shipped: Table) -> list[Listed]:
    return [
        Listed(meter, region, price.tiers)
        for meter in shipped.meters()
        for region, of in shipped.prices(meter).items()
        for price in of
    ]


@pytest.fixture
def api(shipped: Table, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A good day: the API says what the table says; no proxy is on the way."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as api:
        api.rows = [row for one in listed(shipped) for row in as_listed(one)]
        yield api


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prices.app, arguments)


def outcome(
    shipped: Table, api: Api, service: str | None = None, region: str | None = None, **session: Any
) -> refresh.Outcome:
    with closing(RetailPrices(api.address, **session)) as asked:
        return refresh.refreshed(shipped, asked, TODAY, service=service, region=region)


def price(shipped: Table, meter: Meter, region: str = "eastus") -> Listed:
    """The row of the table, by the names with which the API lists it."""
    found = shipped.find(meter, region, TODAY)
    assert found
    [own] = {one for one in shipped.meters() if one[:5] == meter[:5]}
    return Listed(own, region, found.tiers)


def change(api: Api, of: Listed, rows: list[Row]) -> None:
    """List `rows` instead of those of a price."""
    for old in api.lists(of):
        api.rows.remove(old)
    api.rows += rows


def tiers(of: tuple[Tier, ...]) -> str:
    return " ".join(f"{tier.start}:{tier.price}" for tier in of)


def count(api: Api) -> int:
    """Combinations of service and region that are listed."""
    return len({(row["serviceName"], row["armRegionName"]) for row in api.rows})


# --- good days


def test_a_good_day_confirms_every_price_with_a_newer_date(
    shipped: Table, api: Api, folder: Path
) -> None:
    files = {path.name for path in (folder / "azure").iterdir()}
    result = run("refresh", "--address", api.address)
    assert result.exit_code == 0, result.output
    every = listed(shipped)
    assert f"Read: {len(every)} prices as before, 0 moved, 0 new; 0 kept." in result.stdout
    after, today = Table(folder), datetime.now(UTC).date()
    assert listed(after) == every
    assert after.as_of == today
    newest = [of for meter in after.meters() for of in after.prices(meter).values()]
    assert {price.as_of for of in newest for price in of} == {today}
    assert {price.where.key for of in newest for price in of} == {"retail-api"}
    added = {table.file_name(meter.service) for meter in shipped.supplement}
    assert {path.name for path in (folder / "azure").iterdir()} == files | added


def test_it_asks_once_for_each_service_and_region(shipped: Table, api: Api) -> None:
    api.page = 1000
    outcome(shipped, api)
    assert len(api.asked) == count(api)
    query = parse_qs(urlsplit(api.asked[0]).query)
    assert query["api-version"] == ["2023-01-01-preview"]
    assert query["currencyCode"] == ["USD"]
    assert (
        "serviceName eq 'Azure Database for PostgreSQL' and priceType eq 'Consumption' "
        "and armRegionName eq 'eastus'" in api.filters
    )
    assert "prices.azure.com" in ADDRESS


def test_one_service_one_region(shipped: Table, api: Api) -> None:
    api.page = 1000
    outcome(shipped, api, "Key Vault")
    assert len(api.asked) == 3
    api.asked.clear()
    outcome(shipped, api, region="westeurope")
    assert len(api.asked) == len({row["serviceName"] for row in api.rows})
    api.asked.clear()
    found = outcome(shipped, api, "Key Vault", "westeurope")
    asked = "serviceName eq 'Key Vault' and priceType eq 'Consumption' and armRegionName eq "
    assert api.filters == [f"{asked}'westeurope'"]
    assert found.confirmed == 1


def test_one_region_keeps_the_others_and_their_day(shipped: Table, api: Api, folder: Path) -> None:
    result = run(
        "refresh", "--service", "Key Vault", "--region", "westeurope", "--address", api.address
    )
    assert result.exit_code == 0, result.output
    after = Table(folder)
    days = {where: after.prices(KEYS)[where][0].as_of for where in REGIONS[:3]}
    assert days["westeurope"] == datetime.now(UTC).date()
    assert days["northeurope"] == date(2026, 8, 15)
    assert listed(after) == listed(shipped)
    assert "retail-api" in (folder / "azure" / "key-vault.txt").read_text()


def test_another_region_and_another_service_are_added(
    shipped: Table, api: Api, folder: Path
) -> None:
    api.rows.append(row(price(shipped, KEYS), 0, 0.05, armRegionName="westus3"))
    disk = Listed(Meter("Storage", "Disks", "P4", "P4 Disk", "1/Month", "P4"), "westus3", ())
    api.rows.append(row(disk, 0, 5.28))
    result = run("refresh", "--region", "westus3", "--address", api.address)
    assert "0 prices as before, 0 moved, 1 new; 0 kept." in result.stdout
    where = ("--service", "Storage", "--region", "westus3")
    assert "1 new" in run("refresh", *where, "--address", api.address).stdout
    after = Table(folder)
    assert tiers(price(after, KEYS, "westus3").tiers) == "0:0.05"
    assert tiers(price(after, disk.meter._replace(arm_sku=""), "westus3").tiers) == "0:5.28"


def test_a_service_without_a_region_to_ask_for(folder: Path) -> None:
    result = run("refresh", "--service", "Storage")
    assert isinstance(result.exception, FrugalError)
    assert result.exception.code == 2
    assert "no service 'Storage'. To add it, name a --region" in str(result.exception)


def test_no_region_at_all_is_global(shipped: Table, api: Api, folder: Path) -> None:
    """The API has both: an empty region, and one of this name."""
    dns = Meter("Azure DNS", "Azure DNS", "Public", "Public Zone", "1")
    api.rows.append(row(Listed(dns, "", ()), 0, 0.5))
    api.rows.append(row(Listed(dns._replace(sku="Private"), "Global", ()), 0, 0.25))
    where = ("--service", "Azure DNS", "--region", "Global")
    assert "2 new" in run("refresh", *where, "--address", api.address).stdout
    assert tiers(price(Table(folder), dns, "Global").tiers) == "0:0.5"


def test_a_quote_in_a_name_is_doubled(api: Api) -> None:
    with closing(RetailPrices(api.address)) as asked:
        asked.items({"serviceName": "Bob's", "priceType": "Consumption"})
    assert api.filters == ["serviceName eq 'Bob''s' and priceType eq 'Consumption'"]


def test_all_pages_are_read(shipped: Table, api: Api) -> None:
    api.page = 1
    found = outcome(shipped, api)
    assert found.confirmed == len(listed(shipped))
    assert len(api.asked) == len(api.rows)


def test_what_moved_is_shown_before_and_after(shipped: Table, api: Api, folder: Path) -> None:
    b1, vcpu = price(shipped, B1), price(shipped, VCPU_ACTIVE)
    storage = price(shipped, STORAGE, "westeurope")
    change(api, b1, [row(b1, 0, 0.02)])
    change(api, vcpu, [row(vcpu, 0, 2.1e-05)])
    result = run("refresh", "--address", api.address)
    assert result.exit_code == 0, result.output
    assert re.search(r"Basic Plan - Linux +B1 +eastus +0\.017 +0\.02 +\+17\.6 %", result.stdout)
    assert re.search(r"vCPU Active Usage +eastus +0\.000024 +0\.000021 +-12\.5 %", result.stdout)
    assert "2 moved, 0 new; 0 kept." in result.stdout
    assert "Storage Data Stored" not in result.stdout
    after = Table(folder)
    assert tiers(price(after, B1).tiers) == "0:0.02"
    assert tiers(price(after, VCPU_ACTIVE).tiers) == "0:0.000021"
    assert price(after, STORAGE, "westeurope") == storage


def test_a_price_where_there_was_none_is_new(shipped: Table, api: Api, folder: Path) -> None:
    gap = price(shipped, STATIC, "westeurope")
    api.rows.append(row(gap, 0, 9, armRegionName="northeurope"))
    assert shipped.find(STATIC, "northeurope", TODAY) is None
    result = run("refresh", "--address", api.address)
    assert "0 moved, 1 new; 0 kept." in result.stdout
    assert tiers(price(Table(folder), STATIC, "northeurope").tiers) == "0:9"


def test_a_region_that_the_table_does_not_have_is_left_out(shipped: Table, api: Api) -> None:
    api.rows.append(row(price(shipped, BASIC), 0, 0.25, armRegionName="usgovvirginia"))
    found = outcome(shipped, api)
    assert (found.moved, found.new) == ([], 0)


def test_tiers_are_taken_as_they_are_listed(shipped: Table, api: Api) -> None:
    logs, egress = price(shipped, LOGS, "westeurope"), price(shipped, EGRESS)
    change(api, logs, [row(logs, 5, 3), row(logs, 0, 0), row(logs, 1005, 2.5)])
    change(api, egress, [row(egress, 0, 0), row(egress, 100, 0.09), row(egress, 10335, 0.08)])
    moved = {move.meter.name: tiers(move.after) for move in outcome(shipped, api).moved}
    assert moved == {
        LOGS.name: "0:0 5:3 1005:2.5",
        EGRESS.name: "0:0 100:0.09 10335:0.08",
    }


def test_numbers_are_exact(shipped: Table, api: Api) -> None:
    vcpu = price(shipped, VCPU_IDLE)
    change(api, vcpu, [row(vcpu, 0, 3.4000000000000001e-06)])
    [move] = outcome(shipped, api).moved
    assert tiers(move.after) == "0:0.0000034"
    assert move.after[0].price == Decimal("0.0000034")


# --- several rows for one meter


@pytest.mark.parametrize(
    "other",
    [
        {"type": "DevTestConsumption", "retailPrice": 0.01},
        {"type": "Reservation", "reservationTerm": "1 Year", "retailPrice": 1200.0},
        {"serviceName": "Azure app service", "retailPrice": 0.5},
        {"armRegionName": "eastus3", "retailPrice": 0.5},
        {"currencyCode": "EUR", "retailPrice": 0.5},
        {"isPrimaryMeterRegion": True},
    ],
    ids=lambda other: next(iter(other)),
)
def test_rows_beside_the_one_that_is_meant(
    shipped: Table, api: Api, other: dict[str, object]
) -> None:
    b1 = price(shipped, B1)
    api.rows.insert(0, row(b1, 0, 0.017, **other))
    found = outcome(shipped, api)
    assert (found.confirmed, found.new) == (len(listed(shipped)), 0)


@pytest.mark.parametrize(
    "other",
    [
        {"productName": "Azure App Service Basic Plan"},
        {"skuName": "B1 Spot"},
        {"meterName": "b1"},
        {"unitOfMeasure": "1/Month"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_rows_of_another_meter(shipped: Table, api: Api, other: dict[str, object]) -> None:
    b1 = price(shipped, B1)
    api.rows.insert(0, row(b1, 0, 0.5, **other))
    found = outcome(shipped, api)
    assert (found.confirmed, found.new, found.kept) == (len(listed(shipped)), 1, [])


def test_a_server_that_ignores_the_filter_changes_nothing(shipped: Table, api: Api) -> None:
    b1 = price(shipped, B1)
    reserved = row(b1, 0, 120, type="Reservation", reservationTerm="1 Year")
    rows = [*api.rows, reserved, row(b1, 0, 0.01, type="DevTestConsumption")]
    body = {"BillingCurrency": "USD", "Items": rows, "NextPageLink": None, "Count": len(rows)}
    api.odd = [lambda handler: handler.answer(body)] * count(api)
    found = outcome(shipped, api)
    assert (found.confirmed, found.new) == (len(listed(shipped)), 0)


def test_of_several_dates_the_newest_in_force_counts(shipped: Table, api: Api) -> None:
    basic = price(shipped, BASIC)
    change(
        api,
        basic,
        [
            row(basic, 0, 0.3, effectiveStartDate="2026-12-01T00:00:00Z"),
            row(basic, 0, 0.2, effectiveStartDate="2026-09-01T00:00:00Z"),
            row(basic, 0, 0.1, effectiveStartDate="2018-01-01T00:00:00Z"),
        ],
    )
    found = outcome(shipped, api)
    [move] = found.moved
    assert tiers(move.after) == "0:0.2"
    [announced] = found.announced
    assert (announced.region, announced.start) == ("eastus", date(2026, 12, 1))


def test_a_later_price_is_announced_not_taken(shipped: Table, api: Api, folder: Path) -> None:
    basic = price(shipped, BASIC)
    day = datetime.now(UTC).date() + timedelta(days=40)
    api.rows.insert(0, row(basic, 0, 9, effectiveStartDate=f"{day}T00:00:00Z"))
    result = run("refresh", "--address", api.address)
    assert (
        f"From {day} on the API has another price of Basic Registry Unit (Container Registry) in "
        "eastus." in result.stdout
    )
    after = Table(folder)
    assert price(after, BASIC).tiers == basic.tiers
    later = after.find(BASIC, "eastus", day)
    assert later
    assert tiers(later.tiers) == "0:9"


def test_today_is_in_force_and_what_has_ended_is_not(shipped: Table, api: Api) -> None:
    basic = price(shipped, BASIC)
    change(
        api,
        basic,
        [
            row(basic, 0, 0.1, effectiveStartDate="2018-01-01T00:00:00Z"),
            row(basic, 0, 0.2, effectiveStartDate=f"{TODAY}T00:00:00Z"),
        ],
    )
    dear = price(shipped, PREMIUM)
    past = {"effectiveStartDate": "2026-10-01T00:00:00Z", "effectiveEndDate": f"{TODAY}T00:00:00Z"}
    api.rows.append(row(dear, 0, 0.5, **past))
    [move] = outcome(shipped, api).moved
    assert tiers(move.after) == "0:0.2"


def test_only_a_later_price_is_no_price(shipped: Table, api: Api) -> None:
    basic = price(shipped, BASIC)
    change(api, basic, [row(basic, 0, 0.2, effectiveStartDate="2026-12-01T00:00:00Z")])
    [kept] = outcome(shipped, api).kept
    assert kept.meter == basic.meter
    assert kept.why == "the API has only a future price of it"


def test_renamed_products_and_non_breaking_spaces(shipped: Table, api: Api) -> None:
    west, d2 = price(shipped, STORAGE, "westeurope"), price(shipped, D2)
    earlier = "Az DB for PostgreSQL Flexible Server Storage"
    change(api, west, [row(west, 0, 0.2, productName=earlier)])
    spaced = d2.meter.product.replace("Purpose Ddsv5 ", "Purpose\xa0Ddsv5\xa0")
    change(api, d2, [row(d2, 0, 0.3, productName=spaced)])
    found = outcome(shipped, api)
    assert {(move.meter[:5], move.region): tiers(move.after) for move in found.moved} == {
        (STORAGE[:5], "westeurope"): "0:0.2",
        (D2[:5], "eastus"): "0:0.3",
    }


# --- no single price


def files(shipped: Table, meter: Meter) -> Regions:
    """What the file of the meter's service has, without the supplement."""
    file = shipped.file(meter.service)
    return file.prices(meter) if file else {}


def doubts(shipped: Table, api: Api, of: Listed, rows: list[Row]) -> str:
    """Say why the price of `of` was kept; nothing else may have changed."""
    change(api, of, rows)
    found = outcome(shipped, api)
    assert not found.moved
    [kept] = found.kept
    assert (kept.meter[:5], kept.region) == (of.meter[:5], of.region)
    assert kept.price.tiers == of.tiers
    if of.region in files(shipped, of.meter):
        assert kept.price in found.services[of.meter.service][of.meter][of.region]
    assert found.confirmed == len(listed(shipped)) - 1
    return kept.why


def test_no_row(shipped: Table, api: Api) -> None:
    b1 = price(shipped, B1)
    assert doubts(shipped, api, b1, []) == "the API has no row for it"


def test_only_a_product_of_another_name(shipped: Table, api: Api) -> None:
    keys = price(shipped, KEYS)
    why = doubts(shipped, api, keys, [row(keys, 0, 4.85, productName="Azure Dedicated HSM")])
    assert why == "the API has no row for it"


def test_two_rows_that_contradict_each_other(shipped: Table, api: Api) -> None:
    b1 = price(shipped, B1)
    why = doubts(shipped, api, b1, [row(b1, 0, 0.017), row(b1, 0, 0.02, meterId="another")])
    assert why == "the API has rows that contradict each other: 0.017 or 0.02"


def test_two_names_of_a_product_that_contradict_each_other(shipped: Table, api: Api) -> None:
    disk = price(shipped, STORAGE)
    earlier = "Az DB for PostgreSQL Flexible Server Storage"
    old = row(disk, 0, 0.2, productName=earlier, meterId="another")
    assert "contradict" in doubts(shipped, api, disk, [row(disk, 0, 0.115), old])


def test_two_prices_of_one_tier(shipped: Table, api: Api) -> None:
    b1 = price(shipped, B1)
    assert "contradict" in doubts(shipped, api, b1, [row(b1, 0, 0.017), row(b1, 0, 0.02)])


def test_tiers_without_the_first(shipped: Table, api: Api) -> None:
    egress = price(shipped, FRONT_DOOR_OUT, "Zone 1")
    why = doubts(shipped, api, egress, as_listed(egress)[1:])
    assert why == "the API has a row for it that cannot be read"


def test_another_unit(shipped: Table, api: Api) -> None:
    basic = price(shipped, BASIC)
    why = doubts(shipped, api, basic, [row(basic, 0, 5, unitOfMeasure="1/Month")])
    assert why == "the API has no row for it"


def test_a_price_that_became_nothing_is_not_believed(shipped: Table, api: Api) -> None:
    base = price(shipped, FRONT_DOOR, "Zone 1")
    assert "has 0 for a price that was paid" in doubts(shipped, api, base, [row(base, 0, 0)])


def test_what_is_free_may_stay_free(shipped: Table, api: Api) -> None:
    free = price(shipped, F1)
    assert tiers(free.tiers) == "0:0"
    assert not outcome(shipped, api).kept


@pytest.mark.parametrize(
    "broken",
    [
        {"retailPrice": "0.017"},
        {"retailPrice": None},
        {"retailPrice": -0.017},
        {"retailPrice": True},
        {"tierMinimumUnits": -1},
        {"effectiveStartDate": "soon"},
        {"effectiveStartDate": None},
        {"effectiveEndDate": 7},
    ],
)
def test_a_row_that_cannot_be_read(shipped: Table, api: Api, broken: dict[str, object]) -> None:
    b1 = price(shipped, B1)
    why = doubts(shipped, api, b1, [row(b1, 0, 0.017, **broken)])
    assert why == "the API has a row for it that cannot be read"


def test_what_is_kept_is_said_to_be_so(shipped: Table, api: Api, folder: Path) -> None:
    b1 = price(shipped, B1)
    change(api, b1, [])
    result = run("refresh", "--address", api.address)
    assert result.exit_code == 0
    assert (
        "Kept: B1 (Azure App Service Basic Plan - Linux) in eastus stays 0.017, as of 2026-10-08, "
        "because the API has no row for it." in result.stdout
    )
    assert "0 moved, 0 new; 1 kept." in result.stdout
    assert price(Table(folder), B1) == b1


# --- bad days


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*.*")}


def failed(folder: Path, *arguments: str) -> str:
    """Run it, see it fail with nothing changed, and return the one message."""
    before = contents(folder)
    result = run("refresh", *arguments)
    assert isinstance(result.exception, FrugalError)
    assert result.exception.code == 1
    assert not result.stdout
    assert contents(folder) == before
    return str(result.exception)


def test_nobody_answers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as api:
        address = api.address
    said = failed(folder, "--address", address)
    assert "cannot be reached" in said
    assert "No price was changed; try again later." in said


def test_an_api_without_these_prices(api: Api, folder: Path) -> None:
    api.rows = []
    assert "has none of these prices. Nothing was changed." in failed(
        folder, "--address", api.address
    )


@pytest.mark.parametrize(
    "address", ["prices.azure.com", "ftp://prices.azure.com", "http://", "x:y"]
)
def test_what_is_no_address(folder: Path, address: str) -> None:
    result = run("refresh", "--address", address)
    assert isinstance(result.exception, FrugalError)
    assert result.exception.code == 2
    assert "is no address" in str(result.exception)


def test_too_many_requests_are_waited_out(shipped: Table, api: Api) -> None:
    api.odd = [
        lambda handler: handler.answer({}, 429, Retry_After="7"),
        lambda handler: handler.answer({}, 429),
        lambda handler: handler.answer({}, 503),
    ]
    waits: list[float] = []
    found = outcome(shipped, api, pause=waits.append)
    assert found.confirmed == len(listed(shipped))
    assert waits == [7.0, 2.0, 4.0]
    assert api.filters[0] == api.filters[1] == api.filters[2] == api.filters[3]


def test_retry_after_may_be_a_date(shipped: Table, api: Api) -> None:
    until = datetime.now(UTC) + timedelta(seconds=100)
    stamp = until.strftime("%a, %d %b %Y %H:%M:%S GMT")
    api.odd = [
        lambda handler: handler.answer({}, 429, Retry_After=stamp),
        lambda handler: handler.answer({}, 429, Retry_After="whenever"),
    ]
    waits: list[float] = []
    assert outcome(shipped, api, pause=waits.append).confirmed == len(listed(shipped))
    assert 0 < waits[0] <= 100
    assert waits[1] == 2.0


def test_it_gives_up_in_the_end(shipped: Table, api: Api) -> None:
    api.odd = [lambda handler: handler.answer({}, 429)] * 9
    waits: list[float] = []
    with pytest.raises(FrugalError, match="gave status 429 for http://127"):
        outcome(shipped, api, pause=waits.append)
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_it_does_not_wait_for_an_hour(shipped: Table, api: Api) -> None:
    api.odd = [lambda handler: handler.answer({}, 429, Retry_After="3600")]
    with pytest.raises(FrugalError, match="status 429 and a wait of 3600 seconds asked for"):
        outcome(shipped, api, pause=pytest.fail)


def test_a_refusal_is_not_repeated(shipped: Table, api: Api) -> None:
    api.odd = [lambda handler: handler.answer({}, 400)]
    with pytest.raises(FrugalError, match="gave status 400"):
        outcome(shipped, api, pause=pytest.fail)
    assert len(api.asked) == 1


def test_a_server_that_does_not_answer_in_time(shipped: Table, api: Api) -> None:
    done = threading.Event()
    api.odd = [lambda _handler: done.wait(30)] * 5
    with pytest.raises(FrugalError, match=r"no whole answer \(\w+Timeout\)"):
        outcome(shipped, api, timeout=0.05, pause=lambda _: None)
    done.set()


def test_an_answer_that_breaks_off_is_asked_for_again(shipped: Table, api: Api) -> None:
    def half(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"Items": [')
        return True

    api.odd = [half]
    waits: list[float] = []
    assert outcome(shipped, api, pause=waits.append).confirmed == len(listed(shipped))
    assert waits == [1.0]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>sign in</html>",
        b"[]",
        b"{}",
        b'{"Items": null, "NextPageLink": null, "BillingCurrency": "USD"}',
        b'{"Items": [7], "NextPageLink": null, "BillingCurrency": "USD"}',
        b'{"Items": [], "NextPageLink": 7, "BillingCurrency": "USD"}',
        b'{"Items": [], "NextPageLink": null, "BillingCurrency": "EUR"}',
        b'{"Items": [{"retailPrice": NaN}], "NextPageLink": null, "BillingCurrency": "USD"}',
        b"\xff",
    ],
)
def test_an_answer_that_is_no_list_of_prices(api: Api, folder: Path, body: bytes) -> None:
    api.odd = [lambda handler: handler.answer(body)]
    assert "The answer to http://127" in failed(folder, "--address", api.address)


def test_the_next_page_is_on_the_same_host_only(api: Api, folder: Path) -> None:
    with serving() as other:
        for link in (other.address, "http://169.254.169.254/metadata", "file:///etc/passwd", "//["):
            page = {"Items": [], "NextPageLink": link, "BillingCurrency": "USD"}
            api.odd = [lambda handler, page=page: handler.answer(page)]
            api.asked.clear()
            said = failed(folder, "--address", api.address)
            assert link in said
            assert len(api.asked) == 1
        assert not other.asked


def test_a_redirection_is_not_followed(api: Api, folder: Path) -> None:
    api.odd = [lambda handler: handler.answer({}, 302, Location="http://169.254.169.254/")]
    assert "gave status 302" in failed(folder, "--address", api.address)


def test_pages_without_end(api: Api, folder: Path) -> None:
    page = {"Items": [], "NextPageLink": api.address + "?a=1", "BillingCurrency": "USD"}
    api.odd = [lambda handler: handler.answer(page)] * 200
    assert "pages without end" in failed(folder, "--address", api.address)
    assert len(api.asked) == 2


def test_a_bad_day_in_the_middle_changes_nothing(shipped: Table, api: Api, folder: Path) -> None:
    api.rows = [row | {"retailPrice": row["retailPrice"] * 2} for row in api.rows]
    api.page = 1000
    api.odd = [lambda _: False] * (count(api) - 1)
    api.odd.append(lambda handler: handler.answer({}, 404))
    assert "gave status 404" in failed(folder, "--address", api.address)
    assert len(api.asked) == count(api)


def test_interrupted_it_changes_nothing(
    api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = contents(folder)
    for where in ("frugal.cost.prices.refresh.read", "frugal.atomic.os.fsync"):
        with monkeypatch.context() as patch:
            patch.setattr(where, interrupted)
            assert run("refresh", "--address", api.address).exit_code != 0
        assert contents(folder) == before


def test_a_folder_that_cannot_be_written_to(shipped: Table, tmp_path: Path) -> None:
    of = shipped.file("Key Vault")
    assert of
    with pytest.raises(FrugalError, match=r"key-vault\.txt cannot be written: No such file"):
        refresh.write({"Key Vault": of.listing()}, tmp_path)


# --- showing the table


def test_the_services_are_shown_with_the_age_of_their_prices(shipped: Table, folder: Path) -> None:
    result = run()
    assert result.exit_code == 0
    days = (datetime.now(UTC).date() - shipped.as_of).days
    assert f"{len(listed(shipped))} prices in USD." in result.stdout
    assert f"The newest is of {shipped.as_of} ({days} days ago)" in result.stdout
    assert all(source.origin in result.stdout for source in shipped.sources.values())
    assert re.search(r"^Key Vault +1 +3 +2026-10-02$", result.stdout, re.MULTILINE)
    assert re.search(r"^Bandwidth +1 +3 +2026-09-24$", result.stdout, re.MULTILINE)


def test_one_region_or_one_service(shipped: Table, folder: Path) -> None:
    lines = run("--region", "westeurope").stdout.splitlines()
    where = lines.index("  Standard: Standard vCPU Active Usage, per 1 Second") + 1
    assert lines[where] == (
        "    0.000034, since 2022-06-01, read 2026-08-15 (diagram-builder): westeurope"
    )
    assert not any("eastus" in line.split(": ")[-1].split(", ") for line in lines)
    vault = run("--service", "Key Vault").stdout.splitlines()
    where = vault.index("  Standard: Operations, per 10K") + 1
    assert vault[where].endswith("read 2026-08-15 (diagram-builder): northeurope, westeurope")
    assert vault[where + 1].endswith("read 2026-10-02 (clarchy): eastus")
    assert not any("vCPU" in line for line in vault)
    result = run("--region", "mars", "--service", "Key Vault")
    assert isinstance(result.exception, FrugalError)
    assert result.exception.code == 2
    assert "No price is known for service 'Key Vault', region 'mars'." in str(result.exception)
    assert "Known regions: eastus, northeurope, westeurope. To add" in str(result.exception)
    assert "To add another: frugal prices refresh" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--service", "Vault"], "service 'Vault'. Known services: Azure App Service, "),
        (["--service", ""], "service ''. Known services: "),
        (["--region", ""], "region ''. Known regions: Zone 1, eastus, "),
        (["--service", "Vault", "--region", "eastus"], "region 'eastus'. Known services: "),
        (["--missing", "--format", "json"], "--missing lists all of them, as text: give it alone."),
        (["--missing", "--service", "Key Vault"], "give it alone."),
        (["--missing", "--region", ""], "give it alone."),
        (["refresh", "--service", ""], "need a name; without the option all of them are"),
        (["refresh", "--region", ""], "need a name; without the option all of them are"),
    ],
)
def test_a_name_or_a_combination_that_there_is_not(
    folder: Path, api: Api, arguments: list[str], said: str
) -> None:
    asked = ["--address", api.address] if "refresh" in arguments else []
    result = run(*arguments, *asked)
    assert isinstance(result.exception, FrugalError)
    assert result.exception.code == 2
    assert said in str(result.exception)
    assert not api.asked


def test_for_programs(shipped: Table, folder: Path) -> None:
    document = json.loads(run("--format", "json", "--region", "Zone 1").stdout)
    assert document["currency"] == "USD"
    assert document["as_of"] == str(shipped.as_of)
    [requests] = [p for p in document["prices"] if p["meter"] == "Standard Requests"]
    assert requests["tiers"][:2] == [
        {"from": "0", "price": "0.009"},
        {"from": "25000", "price": "0.0081"},
    ]
    assert (requests["service"], requests["unit"]) == ("Azure Front Door Service", "10K")
    keys = {source["key"] for source in document["sources"]}
    assert {price["source"] for price in document["prices"]} <= keys


def test_meters_without_a_row_are_listed_with_the_reason(folder: Path) -> None:
    lines = run("--missing").stdout.splitlines()
    assert (
        "Standard: Standard App (Static Web Apps), per 1/Month: no row in eastus, northeurope. "
        "For web:StaticSite." in lines
    )
    (folder / "azure" / "key-vault.txt").unlink()
    gap = "Standard: Operations (Key Vault), per 10K: no row in "
    assert any(line.startswith(gap) for line in run("--missing").stdout.splitlines())
