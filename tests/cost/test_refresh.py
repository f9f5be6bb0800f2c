"""`frugal prices` and `frugal prices refresh`, against a server that answers as the API does."""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner, Result

from frugal.commands import prices
from frugal.cost.prices import refresh, sheet
from frugal.cost.prices.retail import ADDRESS, RetailPrices
from frugal.cost.prices.sheet import Price, Sheet, load
from frugal.errors import FrugalError
from tests.cost import made
from tests.cost.retail_server import Api, Handler, Row, as_listed, row, serving

TODAY = date(2026, 11, 24)


@pytest.fixture
def shipped() -> Sheet:
    return made.sheet()


@pytest.fixture
def api(shipped: Sheet, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A good day: the API says what the sheet says; no proxy is on the way."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as api:
        api.rows = [row for price in shipped.prices.values() for row in as_listed(price)]
        yield api


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sheet, which the command takes for the shipped one."""
    for file in sheet.FOLDER.glob("*.csv"):
        shutil.copy(file, tmp_path)
    monkeypatch.setattr(sheet, "FOLDER", tmp_path)
    monkeypatch.setattr(refresh, "FOLDER", tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prices.app, arguments)


def outcome(sheet: Sheet, api: Api, **session: Any) -> refresh.Outcome:
    with RetailPrices(api.address, **session) as asked:
        return refresh.read_anew(sheet, asked, TODAY)


def price(sheet: Sheet, meter: str, region: str = "eastus") -> Price:
    found = sheet.find(meter, region)
    assert found
    return found


def change(api: Api, of: Price, rows: list[Row]) -> None:
    """List `rows` instead of those of a price."""
    for old in api.lists(of):
        api.rows.remove(old)
    api.rows += rows


def tiers(of: tuple[sheet.Tier, ...]) -> str:
    return " ".join(f"{tier.start}:{tier.price}" for tier in of)


# --- good days


def test_a_good_day_confirms_every_price_and_dates_it_anew(
    shipped: Sheet, api: Api, folder: Path
) -> None:
    before = {key: price.tiers for key, price in shipped.prices.items()}
    result = run("refresh", "--address", api.address)
    assert result.exit_code == 0, result.output
    assert f"Read: {len(before)} prices as before, 0 moved or new; 0 kept." in result.stdout
    after = load(folder)
    assert {key: price.tiers for key, price in after.prices.items()} == before
    today = datetime.now(UTC).date()
    assert {price.as_of for price in after.prices.values()} == {today}
    assert {price.where.key for price in after.prices.values()} == {"retail-api"}
    assert sorted(path.name for path in folder.iterdir()) == [
        "meters.csv",
        "prices.csv",
        "sources.csv",
    ]


def test_it_asks_by_the_names_of_the_meter_once_each(shipped: Sheet, api: Api) -> None:
    api.page = 1000
    outcome(shipped, api)
    assert len(api.asked) == len(shipped.meters)
    query = parse_qs(urlsplit(api.asked[0]).query)
    assert query["api-version"] == ["2023-01-01-preview"]
    assert query["currencyCode"] == ["USD"]
    assert (
        "serviceName eq 'Azure Database for PostgreSQL' and skuName eq 'B1MS' "
        "and meterName eq 'B1MS' and priceType eq 'Consumption'" in api.filters
    )
    assert "prices.azure.com" in ADDRESS


def test_a_quote_in_a_name_is_doubled(api: Api) -> None:
    with RetailPrices(api.address) as asked:
        asked.items({"serviceName": "Bob's", "priceType": "Consumption"})
    assert api.filters == ["serviceName eq 'Bob''s' and priceType eq 'Consumption'"]


def test_all_pages_are_read(shipped: Sheet, api: Api) -> None:
    api.page = 1
    found = outcome(shipped, api)
    assert found.confirmed == len(shipped.prices)
    assert len(api.asked) == len(api.rows)


def test_what_moved_is_shown_before_and_after(shipped: Sheet, api: Api, folder: Path) -> None:
    b1 = price(shipped, "app-service.b1")
    vcpu = price(shipped, "container-apps.vcpu-active")
    storage = price(shipped, "postgres.storage", "westeurope")
    change(api, b1, [row(b1, 0, 0.02)])
    change(api, vcpu, [row(vcpu, 0, 2.1e-05)])
    result = run("refresh", "--address", api.address)
    assert result.exit_code == 0, result.output
    assert re.search(r"app-service\.b1 +eastus +0\.017 +0\.02 +\+17\.6 %", result.stdout)
    assert re.search(r"vcpu-active +eastus +0\.000024 +0\.000021 +-12\.5 %", result.stdout)
    assert "2 moved or new; 0 kept." in result.stdout
    assert "postgres.storage" not in result.stdout
    text = (folder / "prices.csv").read_text()
    assert "app-service.b1,eastus,0,0.02," in text
    assert "container-apps.vcpu-active,eastus,0,0.000021," in text
    assert price(load(folder), "postgres.storage", "westeurope").tiers == storage.tiers


def test_a_price_where_there_was_none_is_new(shipped: Sheet, api: Api, folder: Path) -> None:
    gap = price(shipped, "static-web-apps.standard", "westeurope")
    api.rows.append(row(gap, 0, 9, armRegionName="northeurope"))
    assert shipped.find("static-web-apps.standard", "northeurope") is None
    result = run("refresh", "--address", api.address)
    assert re.search(r"static-web-apps\.standard +northeurope +unpriced +9", result.stdout)
    found = price(load(folder), "static-web-apps.standard", "northeurope")
    assert tiers(found.tiers) == "0:9"


def test_a_region_that_the_sheet_does_not_have_is_left_out(shipped: Sheet, api: Api) -> None:
    basic = price(shipped, "registry.basic")
    api.rows.append(row(basic, 0, 0.25, armRegionName="usgovvirginia"))
    assert not outcome(shipped, api).moved


def test_free_first_tiers_are_left_out_but_for_egress(shipped: Sheet, api: Api) -> None:
    logs = price(shipped, "log-analytics.ingestion", "westeurope")
    egress = price(shipped, "bandwidth.egress")
    change(api, logs, [row(logs, 0, 0), row(logs, 5, 3), row(logs, 1005, 2.5)])
    change(api, egress, [row(egress, 0, 0), row(egress, 100, 0.09), row(egress, 10335, 0.08)])
    moved = {move.meter.id: tiers(move.after) for move in outcome(shipped, api).moved}
    assert moved == {
        "log-analytics.ingestion": "0:3 1000:2.5",
        "bandwidth.egress": "0:0 100:0.09 10335:0.08",
    }


def test_numbers_are_exact(shipped: Sheet, api: Api) -> None:
    vcpu = price(shipped, "container-apps.vcpu-idle")
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
        {"productName": "Azure App Service Basic Plan", "retailPrice": 0.075},
        {"skuName": "B1 Spot", "retailPrice": 0.002},
        {"meterName": "b1", "retailPrice": 0.5},
        {"serviceName": "Azure app service", "retailPrice": 0.5},
        {"armRegionName": "eastus3", "retailPrice": 0.5},
        {"currencyCode": "EUR", "retailPrice": 0.5},
        {"isPrimaryMeterRegion": True},
    ],
    ids=lambda other: next(iter(other)),
)
def test_rows_beside_the_one_that_is_meant(
    shipped: Sheet, api: Api, other: dict[str, object]
) -> None:
    b1 = price(shipped, "app-service.b1")
    api.rows.insert(0, row(b1, 0, 0.017, **other))
    found = outcome(shipped, api)
    assert found.confirmed == len(shipped.prices)


def test_a_server_that_ignores_the_filter_changes_nothing(shipped: Sheet, api: Api) -> None:
    b1 = price(shipped, "app-service.b1")
    reserved = row(b1, 0, 120, type="Reservation", reservationTerm="1 Year")
    rows = [*api.rows, reserved, row(b1, 0, 0.01, type="DevTestConsumption")]
    body = {"BillingCurrency": "USD", "Items": rows, "NextPageLink": None, "Count": len(rows)}
    api.odd = [lambda handler: handler.answer(body)] * len(shipped.meters)
    assert outcome(shipped, api).confirmed == len(shipped.prices)


def test_of_several_dates_the_newest_in_force_counts(shipped: Sheet, api: Api) -> None:
    basic = price(shipped, "registry.basic")
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


def test_a_later_price_is_announced_not_taken(shipped: Sheet, api: Api, folder: Path) -> None:
    basic = price(shipped, "registry.basic")
    day = datetime.now(UTC).date() + timedelta(days=40)
    api.rows.insert(0, row(basic, 0, 9, effectiveStartDate=f"{day}T00:00:00Z"))
    result = run("refresh", "--address", api.address)
    assert f"From {day} on the API has another price of registry.basic in eastus." in result.stdout
    assert price(load(folder), "registry.basic").tiers == basic.tiers


def test_today_is_in_force_and_what_has_ended_is_not(shipped: Sheet, api: Api) -> None:
    basic = price(shipped, "registry.basic")
    change(
        api,
        basic,
        [
            row(basic, 0, 0.1, effectiveStartDate="2018-01-01T00:00:00Z"),
            row(basic, 0, 0.2, effectiveStartDate=f"{TODAY}T00:00:00Z"),
        ],
    )
    dear = price(shipped, "registry.premium")
    past = {"effectiveStartDate": "2026-10-01T00:00:00Z", "effectiveEndDate": f"{TODAY}T00:00:00Z"}
    api.rows.append(row(dear, 0, 0.5, **past))
    [move] = outcome(shipped, api).moved
    assert tiers(move.after) == "0:0.2"


def test_only_a_later_price_is_no_price(shipped: Sheet, api: Api) -> None:
    basic = price(shipped, "registry.basic")
    change(api, basic, [row(basic, 0, 0.2, effectiveStartDate="2026-12-01T00:00:00Z")])
    [kept] = outcome(shipped, api).kept
    assert kept.price is basic


def test_renamed_products_and_non_breaking_spaces(shipped: Sheet, api: Api) -> None:
    east = price(shipped, "postgres.storage")
    west = price(shipped, "postgres.storage", "westeurope")
    d2 = price(shipped, "postgres.d2ds_v5")
    assert len(east.meter.products) == 2
    change(api, west, [row(west, 0, 0.2, productName=west.meter.products[1])])
    spaced = d2.meter.products[0].replace("Purpose Ddsv5 ", "Purpose\xa0Ddsv5\xa0")
    change(api, d2, [row(d2, 0, 0.3, productName=spaced)])
    found = outcome(shipped, api)
    moved = {(move.meter.id, move.region): tiers(move.after) for move in found.moved}
    assert moved == {
        ("postgres.storage", "westeurope"): "0:0.2",
        ("postgres.d2ds_v5", "eastus"): "0:0.3",
    }


# --- no single price


def doubts(shipped: Sheet, api: Api, of: Price, rows: list[Row]) -> str:
    """Say why the price of `of` was kept; nothing else may have changed."""
    change(api, of, rows)
    found = outcome(shipped, api)
    assert not found.moved
    [kept] = found.kept
    assert kept.price is of
    assert of in found.prices
    assert found.confirmed == len(shipped.prices) - 1
    return kept.why


def test_no_row(shipped: Sheet, api: Api) -> None:
    b1 = price(shipped, "app-service.b1")
    assert doubts(shipped, api, b1, []) == "the API has no row for it"


def test_only_a_product_of_a_name_never_seen(shipped: Sheet, api: Api) -> None:
    keys = price(shipped, "key-vault.operations")
    why = doubts(shipped, api, keys, [row(keys, 0, 4.85, productName="Azure Dedicated HSM")])
    assert why == "the API lists it under other products only: Azure Dedicated HSM"


def test_two_rows_that_contradict_each_other(shipped: Sheet, api: Api) -> None:
    b1 = price(shipped, "app-service.b1")
    why = doubts(shipped, api, b1, [row(b1, 0, 0.017), row(b1, 0, 0.02, meterId="another")])
    assert why == "the API has rows that contradict each other: 0.017 or 0.02"


def test_two_names_of_a_product_that_contradict_each_other(shipped: Sheet, api: Api) -> None:
    disk = price(shipped, "postgres.storage")
    old = row(disk, 0, 0.2, productName=disk.meter.products[1], meterId="another")
    assert "contradict" in doubts(shipped, api, disk, [row(disk, 0, 0.115), old])


def test_two_prices_of_one_tier(shipped: Sheet, api: Api) -> None:
    b1 = price(shipped, "app-service.b1")
    assert "contradict" in doubts(shipped, api, b1, [row(b1, 0, 0.017), row(b1, 0, 0.02)])


def test_tiers_without_the_first(shipped: Sheet, api: Api) -> None:
    egress = price(shipped, "front-door.standard-egress", "Zone 1")
    why = doubts(shipped, api, egress, as_listed(egress)[1:])
    assert "do not start from 0" in why


def test_another_unit(shipped: Sheet, api: Api) -> None:
    basic = price(shipped, "registry.basic")
    why = doubts(shipped, api, basic, [row(basic, 0, 5, unitOfMeasure="1/Month")])
    assert why == "the API's unit is 1/Month, not 1/Day"


def test_a_price_that_became_nothing_is_not_believed(shipped: Sheet, api: Api) -> None:
    base = price(shipped, "front-door.standard-base", "Zone 1")
    assert "has 0 for a price that was paid" in doubts(shipped, api, base, [row(base, 0, 0)])


def test_what_is_free_may_stay_free(shipped: Sheet, api: Api) -> None:
    free = price(shipped, "app-service.f1")
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
        {"meterId": None},
    ],
)
def test_a_row_that_cannot_be_read(shipped: Sheet, api: Api, broken: dict[str, object]) -> None:
    b1 = price(shipped, "app-service.b1")
    why = doubts(shipped, api, b1, [row(b1, 0, 0.017, **broken)])
    assert why == "the API has a row for it that cannot be read"


def test_what_is_kept_is_said_to_be_so(shipped: Sheet, api: Api, folder: Path) -> None:
    b1 = price(shipped, "app-service.b1")
    change(api, b1, [])
    result = run("refresh", "--address", api.address)
    assert result.exit_code == 0
    assert (
        f"Kept: app-service.b1 in eastus stays 0.017, as of {b1.as_of}, because the API has no row "
        "for it." in result.stdout
    )
    assert "0 moved or new; 1 kept." in result.stdout
    assert price(load(folder), "app-service.b1") == b1


# --- bad days


def failed(folder: Path, *arguments: str) -> str:
    """Run it, see it fail with nothing changed, and return the one message."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = run("refresh", *arguments)
    assert isinstance(result.exception, FrugalError)
    assert result.exception.code == 1
    assert not result.stdout
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
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
    assert "has none of the sheet's prices. Nothing was changed." in failed(
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


def test_too_many_requests_are_waited_out(shipped: Sheet, api: Api) -> None:
    api.odd = [
        lambda handler: handler.answer({}, 429, Retry_After="7"),
        lambda handler: handler.answer({}, 429),
        lambda handler: handler.answer({}, 503),
    ]
    waits: list[float] = []
    found = outcome(shipped, api, pause=waits.append)
    assert found.confirmed == len(shipped.prices)
    assert waits == [7.0, 2.0, 4.0]
    assert api.filters[0] == api.filters[1] == api.filters[2] == api.filters[3]


def test_retry_after_may_be_a_date(shipped: Sheet, api: Api) -> None:
    until = datetime.now(UTC) + timedelta(seconds=100)
    stamp = until.strftime("%a, %d %b %Y %H:%M:%S GMT")
    api.odd = [
        lambda handler: handler.answer({}, 429, Retry_After=stamp),
        lambda handler: handler.answer({}, 429, Retry_After="whenever"),
    ]
    waits: list[float] = []
    assert outcome(shipped, api, pause=waits.append).confirmed == len(shipped.prices)
    assert 0 < waits[0] <= 100
    assert waits[1] == 2.0


def test_it_gives_up_in_the_end(shipped: Sheet, api: Api) -> None:
    api.odd = [lambda handler: handler.answer({}, 429)] * 9
    waits: list[float] = []
    with pytest.raises(FrugalError, match="gave status 429 for http://127"):
        outcome(shipped, api, pause=waits.append)
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_it_does_not_wait_for_an_hour(shipped: Sheet, api: Api) -> None:
    api.odd = [lambda handler: handler.answer({}, 429, Retry_After="3600")]
    with pytest.raises(FrugalError, match="status 429 and a wait of 3600 seconds asked for"):
        outcome(shipped, api, pause=pytest.fail)


def test_a_refusal_is_not_repeated(shipped: Sheet, api: Api) -> None:
    api.odd = [lambda handler: handler.answer({}, 400)]
    with pytest.raises(FrugalError, match="gave status 400"):
        outcome(shipped, api, pause=pytest.fail)
    assert len(api.asked) == 1


def test_a_server_that_does_not_answer_in_time(shipped: Sheet, api: Api) -> None:
    done = threading.Event()
    api.odd = [lambda _handler: done.wait(30)] * 5
    with pytest.raises(FrugalError, match=r"no whole answer \(\w+Timeout\)"):
        outcome(shipped, api, timeout=0.05, pause=lambda _: None)
    done.set()


def test_an_answer_that_breaks_off_is_asked_for_again(shipped: Sheet, api: Api) -> None:
    def half(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"Items": [')
        return True

    api.odd = [half]
    waits: list[float] = []
    assert outcome(shipped, api, pause=waits.append).confirmed == len(shipped.prices)
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


def test_a_bad_day_in_the_middle_changes_nothing(shipped: Sheet, api: Api, folder: Path) -> None:
    api.rows = [row | {"retailPrice": row["retailPrice"] * 2} for row in api.rows]
    api.page = 1000
    api.odd = [lambda _: False] * (len(shipped.meters) - 1)
    api.odd.append(lambda handler: handler.answer({}, 404))
    assert "gave status 404" in failed(folder, "--address", api.address)
    assert len(api.asked) == len(shipped.meters)


def test_interrupted_it_changes_nothing(
    api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for where in ("frugal.cost.prices.refresh.read", "frugal.atomic.os.fsync"):
        with monkeypatch.context() as patch:
            patch.setattr(where, interrupted)
            assert run("refresh", "--address", api.address).exit_code != 0
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_that_cannot_be_written_to(shipped: Sheet, folder: Path) -> None:
    (folder / "prices.csv").unlink()
    with pytest.raises(FrugalError, match=r"prices\.csv cannot be written: No such file"):
        refresh.write(shipped.prices.values(), folder)
    assert sorted(path.name for path in folder.iterdir()) == ["meters.csv", "sources.csv"]


# --- showing the sheet


def test_the_sheet_is_shown_with_its_age(shipped: Sheet) -> None:
    result = run()
    assert result.exit_code == 0
    days = (datetime.now(UTC).date() - shipped.as_of).days
    assert f"{len(shipped.prices)} prices in USD." in result.stdout
    assert f"The newest is of {shipped.as_of} ({days} days ago)" in result.stdout
    assert all(source.origin in result.stdout for source in shipped.sources.values())
    lines = [line.split() for line in result.stdout.splitlines()]
    assert sum(line[:1] == ["bandwidth.egress"] for line in lines) == sum(
        len(price.tiers)
        for (meter, _), price in shipped.prices.items()
        if meter == "bandwidth.egress"
    )


def test_one_region(shipped: Sheet) -> None:
    lines = run("--region", "westeurope").stdout.splitlines()
    assert any(
        re.match(r"container-apps\.vcpu-active +westeurope +0 +0\.000034 ", x) for x in lines
    )
    assert not any("eastus " in line for line in lines)
    result = run("--region", "mars")
    assert isinstance(result.exception, FrugalError)
    assert result.exception.code == 2
    assert "Known: Zone 1, eastus, eastus2" in str(result.exception)


def test_for_programs(shipped: Sheet) -> None:
    document = json.loads(run("--format", "json", "--region", "Zone 1").stdout)
    assert document["currency"] == "USD"
    assert document["as_of"] == str(shipped.as_of)
    [requests] = [p for p in document["prices"] if p["meter"] == "front-door.standard-requests"]
    assert requests["tiers"][:2] == [
        {"from": "0", "price": "0.009"},
        {"from": "25000", "price": "0.0081"},
    ]
    keys = {source["key"] for source in document["sources"]}
    assert {price["source"] for price in document["prices"]} <= keys
