"""`frugal compare`: every figure calculated by hand.

Prices of eastus, as the sheet has them: vCPU 0.000024 active and 0.000003 idle, GiB 0.000003,
requests 0.40 a million, registry 0.1666 a day, B1 and B1ms 0.017 an hour, storage 0.115, egress
0.087 beyond 100 GB; Front Door 35, 0.009 for 10,000 requests, 0.0825 a GB to visitors and 0.02 to
origins; static web apps 9, and 0.20 a GB beyond 100.
The small site: 30,000 requests, 1 GB, 90,000 active seconds a month.
"""

import dataclasses
import datetime as dt
from decimal import Decimal

import pytest

from frugal.cost.compare.crossings import turns
from frugal.cost.compare.price_off import price_off
from frugal.cost.compare.result import Compared, compared
from frugal.cost.compare.ways import Costs, Site, Sizes, Way
from frugal.cost.money import Range
from frugal.cost.month import usual
from frugal.cost.prices.sheet import Sheet
from frugal.cost.usage import UsageError, parse
from tests.cost.made import sheet

APPS, PLAN, FILES = Way("containerApp"), Way("appService"), Way("staticSite")
APPS_EDGE, PLAN_EDGE = Way("containerApp", "passes"), Way("appService", "passes")
REGISTRY = Decimal("4.998")  # 30 * 0.1666
LOCAL = Sizes(
    environment="local",
    location="eastus",
    replicas={"homepage": (0, 3), "translator": (0, 2)},
    own_registry=True,
    database_sku="Standard_B1ms",
    storage_gb=32,
    high_availability="disabled",
)


def costs(usage: str = "", **sizes: object) -> Costs:
    given = parse(f"version: 1\n{usage}", "usage.yaml")
    changed = dataclasses.replace(LOCAL, **sizes)
    return Costs(changed, given, sheet(), usual(dt.date(2026, 11, 24)))


def expected(found: Compared) -> dict[str, list[Decimal]]:
    return {row.way.name: [bill.expected for bill in row.bills if bill] for row in found.rows}


@pytest.fixture(scope="module")
def homepage() -> Compared:
    return compared("homepage", costs())


@pytest.fixture(scope="module")
def translator() -> Compared:
    return compared("translator", costs())


def test_homepage_at_its_usage_and_at_10_and_100_times_of_it(homepage: Compared) -> None:
    edge = [
        # 35 + 3 * 0.009 + 0.0825 + 30,000 requests of 1 kB * 0.02 a GB
        Decimal("35.1101"),
        Decimal("36.101"),  # all but the base fee times 10
        Decimal("46.01"),
    ]
    apps = [
        REGISTRY,  # 22,500 vCPU-s and 45,000 GiB-s are in the grant
        # (225,000 - 180,000) * 0.000024 + (450,000 - 360,000) * 0.000003 = 1.08 + 0.27
        REGISTRY + Decimal("1.35"),
        # 9,000,000 s are more than three replicas have (7,884,000), so:
        # (1,971,000 - 180,000) * 0.000024 + (3,942,000 - 360,000) * 0.000003 = 42.984 + 10.746;
        # and a million requests beyond two: 0.40
        REGISTRY + Decimal("54.13"),
    ]
    plan = [REGISTRY + Decimal("12.41")] * 3  # 730 * 0.017; 100 GB are free
    assert expected(homepage) == {
        "Static Web Apps": [Decimal(0)] * 3,  # the Free size, up to 100 GB
        "Container Apps": apps,
        "App Service": plan,
        "Container Apps + edge": [a + b for a, b in zip(apps, edge, strict=True)],
        "App Service + edge": [a + b for a, b in zip(plan, edge, strict=True)],
    }


def test_low_and_high(homepage: Compared) -> None:
    apps = next(row for row in homepage.rows if row.way == APPS)
    # Nobody visits: the registry. The limits used all month: three replicas active.
    assert apps.bills[0] == Range(REGISTRY, REGISTRY, REGISTRY + Decimal("53.73"))
    assert apps.grows
    assert not homepage.rows[0].grows


def test_the_database_is_on_each_row_of_the_translator(translator: Compared) -> None:
    database = Decimal("16.09")  # 730 * 0.017 + 32 * 0.115
    found = expected(translator)
    assert list(found) == [
        "Container Apps",
        "App Service",
        "Container Apps + edge",
        "App Service + edge",
    ]
    assert found["Container Apps"][0] == REGISTRY + database
    assert found["App Service"][0] == REGISTRY + Decimal("12.41") + database
    assert found["App Service + edge"][0] == REGISTRY + Decimal("12.41") + database + Decimal(
        "35.1101"
    )


def test_an_always_on_replica_is_idle_between_visits() -> None:
    bill = costs(replicas={"homepage": (1, 3), "translator": (0, 2)}).bill(
        "homepage", APPS, Decimal(1)
    )
    # (657,000 - 180,000) * 0.000003 + (1,314,000 - 360,000) * 0.000003 = 1.431 + 2.862
    assert bill.monthly.low == REGISTRY + Decimal("4.293")


def test_a_shared_registry_is_on_no_row() -> None:
    found = costs(own_registry=False)
    assert found.bill("homepage", APPS, Decimal(1)).monthly.expected == 0


def test_what_visitors_get_is_sent_once() -> None:
    """Behind the edge by the edge; without it by the host, beyond the 100 GB that are free."""
    found = costs()
    many = Decimal(150)  # times 1 GB
    direct = found.bill("homepage", PLAN, many).monthly.expected
    assert direct == REGISTRY + Decimal("12.41") + 50 * Decimal("0.087")
    behind = found.bill("homepage", PLAN_EDGE, many)
    lines = {(one.name, one.meter): one.monthly.expected for one in behind.lines}
    assert lines["homepage-web", "Standard Data Transfer Out"] == 0
    assert lines["edge-profile", "Standard Data Transfer Out"] == 150 * Decimal("0.0825")


def test_files_are_free_up_to_100_gb_and_standard_beyond() -> None:
    found = costs()
    assert found.bill("homepage", FILES, Decimal(100)).monthly.expected == 0
    # 9 + 0.20 for each GB beyond 100
    assert found.bill("homepage", FILES, Decimal("100.01")).monthly.expected == Decimal("9.002")
    assert found.bill("homepage", FILES, Decimal(250)).monthly.expected == Decimal(39)


def points(found: Compared, first: Way, second: Way) -> list[tuple[Decimal, bool]]:
    pair = next(
        one for one in found.comparisons if (one.first, one.second) == (first.name, second.name)
    )
    return [(turn.at, turn.first_is_dearer) for turn in pair.turns]


def test_crossing_points(homepage: Compared) -> None:
    # Beyond 8 times Container Apps takes 22,500 * 0.000024 + 45,000 * 0.000003 = 0.675 for each
    # time more, and App Service 12.41: 8 + 12.41 / 0.675 = 26.3852
    assert points(homepage, APPS, PLAN) == [(Decimal("26.39"), True)]
    assert points(homepage, APPS_EDGE, PLAN_EDGE) == [(Decimal("26.39"), True)]
    # 9 + 0.2 (m - 100) = 17.408 + 0.087 (m - 100): m = 100 + 8.408 / 0.113 = 174.4071
    assert points(homepage, FILES, PLAN) == [(Decimal("174.41"), True)]
    # = 58.728 + 0.4 (0.03 m - 2) + 0.087 (m - 100): 0.101 m = 60.228: 596.3168
    assert points(homepage, FILES, APPS) == [(Decimal("596.32"), True)]
    # The edge takes 0.0825 + 0.027 + 0.0006 a time, which is more than the 0.087 that it saves.
    assert points(homepage, PLAN, PLAN_EDGE) == []


def test_just_below_a_crossing_point_the_other_one_is_cheaper() -> None:
    found = costs()

    def difference(at: str) -> Decimal:
        apps, plan = (
            found.bill("homepage", way, Decimal(at)).monthly.expected for way in (APPS, PLAN)
        )
        return apps - plan

    assert difference("26.38") < 0 < difference("26.39")


def test_lines_that_cross_twice_and_a_step() -> None:
    def hat(at: Decimal) -> Decimal:
        return at if at <= 10 else 20 - at

    assert [(one.at, one.first_is_dearer) for one in turns(hat, lambda _at: Decimal("5.005"))] == [
        (Decimal("5.01"), True),
        (Decimal(15), False),
    ]
    step = turns(lambda at: Decimal(9 if at > 100 else 0), lambda _at: Decimal(5))
    assert [(one.at, one.first_is_dearer) for one in step] == [(Decimal("100.01"), True)]
    assert turns(lambda _at: Decimal(5), lambda _at: Decimal(5)) == []


def test_advice_is_computed_with_its_condition(homepage: Compared, translator: Compared) -> None:
    server, files, edge = homepage.advice
    assert server == (
        # 30,000 * 26.39
        "As long as the site has fewer than 26.39 times its visits (791,700 requests a month), "
        "Container Apps is cheaper than App Service; at its usage it saves 12.41 USD a month."
    )
    assert files.startswith("Where files are enough and nobody has to sign in: as long as")
    assert "fewer than 174.41 times its visits (5,232,300 requests a month)" in files
    assert "saves 5.00 USD a month over Container Apps" in files
    # With a cache that answers all, the edge has 35 + 0.1095 m and no active second:
    # 0.675 (m - 8) + 0.012 m - 0.8 = 35 + 0.1095 m beyond 66.67 times: m = 41.2 / 0.5775 = 71.342
    assert edge == (
        "Front Door adds 35.11 USD a month to Container Apps. It would pay for itself from 71.35 "
        "times the visits on if its cache answered them all; if it answers none, not up to 1,000 "
        "times."
    )
    # Two replicas cost no more than 35.01 a month, which is less than the edge.
    assert "does not pay for itself up to 1,000 times" in translator.advice[1]


def test_advice_where_app_service_is_the_cheaper_one() -> None:
    busy = costs("resources: {translator-app: {active_seconds: 2700000}}")
    # (675,000 - 180,000) * 0.000024 + (1,350,000 - 360,000) * 0.000003 = 11.88 + 2.97 = 14.85;
    # 12.41 at (12.41 / 14.85 of what is beyond the grant, which is 8 / 30 of it):
    # 4 / 15 + 12.41 / 20.25 = 0.8795
    found = compared("translator", busy)
    assert found.advice[0] == (
        "As long as the site has more than 0.88 times its visits (26,400 requests a month), App "
        "Service is cheaper than Container Apps; at its usage it saves 2.44 USD a month."
    )


USAGE = """\
resources:
  homepage-app: {active_seconds: 2000000, requests: 500000, egress_gb: 40}
  translator-*: {egress_gb: 7}
  logs: {ingested_gb: 6}
  edge-profile: {requests: 9, egress_gb: 9, to_origin_gb: 9}
"""


def test_the_owners_figures_are_those_of_the_sites_own_app() -> None:
    found = compared("homepage", costs(USAGE))
    visits = found.visits
    assert (visits.active_seconds, visits.requests, visits.egress_gb) == (2_000_000, 500_000, 40)
    assert visits.given == {"active_seconds", "requests", "egress_gb"}
    # 40 GB ten times: 300 beyond the free ones
    assert expected(found)["App Service"][1] == REGISTRY + Decimal("12.41") + Decimal("26.1")
    told = "Entries of the usage file that are not of this site: translator-*, logs, edge-profile."
    assert told in found.notes


def test_a_glob_and_the_figures_that_are_left_out() -> None:
    visits = costs(USAGE).visits("translator")
    assert (visits.egress_gb, visits.requests) == (7, 30_000)
    assert visits.given == {"egress_gb"}
    everywhere = "resources: {'*': {requests: 5, bandwidth_gb: 2, ingested_gb: 1}}"
    assert costs(everywhere).visits("homepage").egress_gb == 2


def test_nobody_comes() -> None:
    nothing = "{active_seconds: 0, requests: 0, egress_gb: 0}"
    found = compared("homepage", costs(f"resources: {{homepage-app: {nothing}}}"))
    assert expected(found)["Container Apps"] == [REGISTRY] * 3
    assert not [turn for one in found.comparisons for turn in one.turns]


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        ("resources: {homepage-app: {reqests: 1}}", "reqests: unknown key"),
        ("resources: {'home*': {reqests: 1}}", "reqests: unknown key"),
        ("resources: {homepage-app: {active_seconds: 7884001}}", "up to 7884000"),
    ],
)
def test_a_usage_that_cannot_be(usage: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        compared("homepage", costs(usage))
    assert refused.value.code == 2


def without_egress() -> Sheet:
    """A sheet that has no price of what goes to the internet."""
    prices = sheet().prices
    kept = {key: price for key, price in prices.items() if key[0] != "bandwidth.egress"}
    return dataclasses.replace(sheet(), prices=kept)


def test_a_row_without_a_price_is_unpriced_and_in_no_comparison() -> None:
    given = costs()
    found = compared("homepage", Costs(given.sizes, given.usage, without_egress(), given.month))
    # Up to 100 GB nothing of it is billed, and no price is needed.
    assert {row.way.name: row.unpriced_from for row in found.rows} == {
        "Static Web Apps": None,
        "Container Apps": 1_000,
        "App Service": 1_000,
        "Container Apps + edge": None,
        "App Service + edge": None,
    }
    assert found.rows[2].bills[2] == Range(*[REGISTRY + Decimal("12.41")] * 3)
    used = costs("used_elsewhere: {egress_gb: 95}")
    found = compared("homepage", Costs(used.sizes, used.usage, without_egress(), used.month))
    assert found.rows[2].unpriced_from == 10
    assert [bill is None for bill in found.rows[2].bills] == [False, True, True]
    reasons = [one.reason for row in found.rows for one in row.unpriced]
    assert set(reasons) == {
        "no price of 'Standard Data Transfer Out' (Rtn Preference: MGN) is known in eastus"
    }
    assert {one.first for one in found.comparisons} == {"Static Web Apps", "Container Apps + edge"}
    assert found.advice == ["No advice on servers: a price of theirs is missing in this region."]


def test_static_web_apps_are_where_azure_has_them() -> None:
    """It has none in eastus and northeurope, and the sheet has no price there."""
    for location, place in {"northeurope": "eastus2", "westeurope": "westeurope"}.items():
        (site,) = costs(location=location).declared("homepage", FILES, Decimal(101))
        assert site.properties.text("location") == place
        assert site.properties.text("sku.name") == "Standard"


def test_the_twelve_month_offer_is_said_with_its_end() -> None:
    offer = "offers: {postgres_12_months: {start: 2026-02-01}}"
    found = compared("translator", costs(offer))
    assert expected(found)["App Service"][0] == REGISTRY + Decimal("12.41")
    assert (
        "The twelve-month offer of PostgreSQL ends on 2027-02-01: then each row is 16.09 USD "
        "dearer." in found.notes
    )
    database = found.price_off.items[-1]
    assert database.today == Decimal("16.09")


def test_january_2023_against_list_prices() -> None:
    found = price_off(costs())
    figures = {item.what: (item.then, item.billed, item.rest, item.today) for item in found.items}

    def of(*amounts: str | None) -> tuple[Decimal | None, ...]:
        return tuple(None if one is None else Decimal(one) for one in amounts)

    assert figures == {
        # 31 * 0.1666
        "Container Registry Basic": of("5.1646", "5.15", "-0.0146", "4.998"),
        # No use was told: the list price is unknown, and so is the rest.
        "Container Apps, homepage": of(None, "3.23", None, "0"),
        "CDN, classic": of(None, "0", None, "35.1101"),
        # 744 * 0.017; the bill is that of 712 hours
        "App Service B1, translator": of("12.648", "12.11", "-0.538", "12.41"),
        "PostgreSQL B1ms, first twelve months": of("0", "0", "0", None),
        # 744 * 0.017 + 32 * 0.115
        "PostgreSQL B1ms, then": of("16.328", "13", "-3.328", "16.09"),
    }


def test_halving_the_cost_by_moving_the_translator() -> None:
    then, today = price_off(costs()).moving
    # 5.15 + 3.23 + 12.11 = 20.49; its half is 10.245; the rest stays at 8.38
    assert "of 20.49 USD App Service was 12.11" in then
    assert "if it cost 1.865 or less there" in then
    assert "in all 33.49" in then  # with the database at 13
    assert "36.2 %" in then  # 12.11 / 33.49
    # 4.998 + 12.41, and both sites' 45,000 vCPU-seconds are in the one grant
    assert "17.41 USD for both sites" in today
    assert "71.3 % less" in today  # 12.41 / 17.408
    assert "(16.09): 37.0 % less" in today  # 12.41 / 33.498


def test_what_has_changed_since_is_read_from_the_sheet() -> None:
    since = {item.what: item.since for item in price_off(costs(location="westeurope")).items}
    assert since["App Service B1, translator"] == "now 0.018 an hour"
    assert "now 35.00 a month" in since["CDN, classic"]
    nowhere = {item.what: item.since for item in price_off(costs(location="westus")).items}
    assert nowhere["App Service B1, translator"] == "unpriced in westus"


@pytest.mark.parametrize("site", ["homepage", "translator"])
def test_any_multiple_keeps_its_order(site: Site) -> None:
    found = costs()
    ways = [row.way for row in compared(site, found).rows]
    for multiple in ("0.1", "7.77", "88", "1000"):
        for way in ways:
            low, likely, high = found.bill(site, way, Decimal(multiple)).monthly
            assert low <= likely <= high
