"""`frugal compare`: every figure calculated by hand.

Prices of eastus, as the table has them: vCPU 0.000024 active and 0.000003 idle, GiB 0.000003,
requests 0.40 a million, registry 0.1666 a day, B1 and B1ms 0.017 an hour, storage 0.115, egress
0.087 beyond 100 GB; Front Door 35, 0.009 for 10,000 requests, 0.0825 a GB to visitors and 0.02 to
origins.
The small site: 30,000 requests, 1 GB, 90,000 active seconds a month.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from frugal.cost.compare.break_even import break_even_points
from frugal.cost.compare.case_study_2023 import case_study
from frugal.cost.compare.options import Costs, HostingOption
from frugal.cost.compare.result import HostingComparison, compare_options
from frugal.cost.meters.bandwidth import EGRESS
from frugal.cost.money import Range
from frugal.cost.plan import Plan, Resource
from frugal.cost.prices.table import Meter, Regions, Table
from frugal.cost.usage import UsageError, parse
from tests.cost.made import (
    PRICES,
    USUAL,
    app,
    azure,
    edge,
    plan,
    plan_of,
    registry,
    server,
    table,
    workspace,
)

APPS, WEB, FILES = (HostingOption(h) for h in ("containerApp", "appService", "staticSite"))
APPS_EDGE = HostingOption("containerApp", "cache_misses")
WEB_EDGE = HostingOption("appService", "cache_misses")
OPTIONS = {
    "homepage": (APPS, FILES, WEB, WEB_EDGE, APPS_EDGE),
    "translator": (WEB, APPS, WEB_EDGE, APPS_EDGE),
}
TODAY = USUAL.start
REGISTRY = Decimal("4.998")  # 30 * 0.1666
SITES = ("homepage", "translator")


def site(name: str, option: HostingOption, place: str, least: int, most: int) -> list[Resource]:
    """An option's resources of a site, by their names in the program."""
    declared: list[Resource] = []
    if option.host == "containerApp":
        declared = [app(f"{name}-app", place=place, least=least, most=most)]
    elif option.host == "appService":
        declared = [
            plan_of("B1", f"{name}-plan", place),
            azure("web:WebApp", f"{name}-web", location=place),
        ]
    else:
        declared = [azure("web:StaticSite", name, location="eastus2", sku={"name": "Free"})]
    if option.edge != "none":
        declared += [edge(name="edge-profile"), azure("cdn:Route", f"{name}-route-pages")]
    return declared


def costs(
    usage: str = "",
    *,
    of: str = "homepage",
    beside: Sequence[Resource] | None = None,
    place: str = "eastus",
    least: int = 0,
    most: int = 3,
    prices: Table | None = None,
) -> Costs:
    """An environment of the site, a registry, and the translator's database; or of `beside`."""
    shared = [registry(place=place)] if beside is None else beside
    if of == "translator":
        shared = [*shared, server(name="postgres-server", place=place)]
    plans: Mapping[HostingOption, Plan] = {
        option: plan([*shared, *site(of, option, place, least, most)]) for option in OPTIONS[of]
    }
    return Costs(
        site=of,
        sites=SITES,
        environment="local",
        location=place,
        plans=plans,
        usage=parse(f"version: 1\n{usage}", "usage.yaml"),
        table=prices or table(),
        month=USUAL,
    )


def compare(usage: str = "", **environment: object) -> HostingComparison:
    return compare_options(costs(usage, **environment), {})


def prices_of(found: Costs, option: HostingOption, multiple: str | int = 1) -> Decimal:
    return found.expected(option, Decimal(multiple))


def expected(found: HostingComparison) -> dict[str, list[Decimal]]:
    return {row.option.name: [bill.expected for bill in row.bills if bill] for row in found.rows}


@pytest.fixture(scope="module")
def homepage() -> HostingComparison:
    return compare()


@pytest.fixture(scope="module")
def translator() -> HostingComparison:
    return compare(of="translator", most=2)


def test_homepage_at_its_usage_and_at_10_and_100_times_of_it(homepage: HostingComparison) -> None:
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
        "Static Web Apps": [REGISTRY] * 3,  # the Free size, up to 100 GB
        "Container Apps": apps,
        "App Service": plan,
        "Container Apps + edge": [a + b for a, b in zip(apps, edge, strict=True)],
        "App Service + edge": [a + b for a, b in zip(plan, edge, strict=True)],
    }


def test_low_and_high(homepage: HostingComparison) -> None:
    apps = next(row for row in homepage.rows if row.option == APPS)
    # Nobody visits: the registry. The limits used all month: three replicas active.
    assert apps.bills[0] == Range(REGISTRY, REGISTRY, REGISTRY + Decimal("53.73"))
    # What the registry stores has no declared limit.
    assert all(row.grows for row in homepage.rows)


def test_the_database_is_on_each_row_of_the_translator(translator: HostingComparison) -> None:
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
    # (657,000 - 180,000) * 0.000003 + (1,314,000 - 360,000) * 0.000003 = 1.431 + 2.862
    assert costs(least=1).bill(APPS).monthly.low == REGISTRY + Decimal("4.293")


def test_a_shared_registry_is_on_no_row() -> None:
    assert prices_of(costs(beside=()), APPS) == 0


def test_what_visitors_get_is_sent_once() -> None:
    """Behind the edge by the edge; without it by the host, beyond the 100 GB that are free."""
    found = costs()
    assert prices_of(found, WEB, 150) == REGISTRY + Decimal("12.41") + 50 * Decimal("0.087")
    behind = found.bill(WEB_EDGE, Decimal(150))
    lines = {(one.name, one.meter): one.monthly.expected for one in behind.lines}
    assert lines["homepage-web", "Standard Data Transfer Out"] == 0
    assert lines["edge-profile", "Standard Data Transfer Out"] == 150 * Decimal("0.0825")


def test_a_site_that_joins_another_on_the_edge_pays_no_second_base_fee() -> None:
    other = site("translator", WEB_EDGE, "eastus", 0, 1)
    found = costs(beside=[registry(), *other])
    # Without the homepage the edge sends the translator's visits alone, at any multiple.
    alone = REGISTRY + Decimal("12.41") + Decimal("35.1101")
    assert prices_of(found, APPS, 1) == alone
    # And 12.41 for the homepage's plan; for ten times its visits 10 * 0.1101 more on the edge.
    assert prices_of(found, WEB_EDGE, 10) == alone + Decimal("12.41") + Decimal("1.101")


def test_files_are_offered_up_to_the_100_gb_of_the_free_size() -> None:
    found = compare("resources: {homepage: {bandwidth_gb: 3}}")
    files = found.rows[0]
    assert (files.option, files.furthest) == (FILES, Decimal("33.33"))
    assert [bill and bill.expected for bill in files.bills] == [REGISTRY, REGISTRY, None]
    assert (files.unpriced, files.unpriced_from) == ((), None)
    assert {one.furthest for one in found.comparisons if one.first == FILES.name} == {
        Decimal("33.33")
    }
    assert compare().rows[0].furthest == 100


def points(
    found: HostingComparison, first: HostingOption, second: HostingOption
) -> list[tuple[Decimal, bool]]:
    pair = next(
        one for one in found.comparisons if (one.first, one.second) == (first.name, second.name)
    )
    return [(point.at, point.first_is_dearer) for point in pair.break_even_points]


def test_break_even_points(homepage: HostingComparison) -> None:
    # Beyond 8 times Container Apps takes 22,500 * 0.000024 + 45,000 * 0.000003 = 0.675 for each
    # time more, and App Service 12.41: 8 + 12.41 / 0.675 = 26.3852
    assert points(homepage, APPS, WEB) == [(Decimal("26.39"), True)]
    assert points(homepage, APPS_EDGE, WEB_EDGE) == [(Decimal("26.39"), True)]
    # Up to 100 times the Free size takes the visits, and nothing is cheaper than nothing.
    assert points(homepage, FILES, WEB) == points(homepage, FILES, APPS) == []
    # The edge takes 0.0825 + 0.027 + 0.0006 a time, which is more than the 0.087 that it saves.
    assert points(homepage, WEB, WEB_EDGE) == []


def test_just_below_a_break_even_point_the_other_one_is_cheaper() -> None:
    found = costs()
    assert prices_of(found, APPS, "26.38") < prices_of(found, WEB, "26.38")
    assert prices_of(found, APPS, "26.39") > prices_of(found, WEB, "26.39")


def test_lines_that_cross_twice_and_a_step() -> None:
    def hat(at: Decimal) -> Decimal:
        return at if at <= 10 else 20 - at

    assert [
        (one.at, one.first_is_dearer)
        for one in break_even_points(hat, lambda _at: Decimal("5.005"))
    ] == [
        (Decimal("5.01"), True),
        (Decimal(15), False),
    ]
    step = break_even_points(lambda at: Decimal(9 if at > 100 else 0), lambda _at: Decimal(5))
    assert [(one.at, one.first_is_dearer) for one in step] == [(Decimal("100.01"), True)]
    assert break_even_points(lambda _at: Decimal(5), lambda _at: Decimal(5)) == []


def test_advice_is_computed_with_its_condition(
    homepage: HostingComparison, translator: HostingComparison
) -> None:
    server, files, edge = homepage.advice
    assert server == (
        # 30,000 * 26.39
        "As long as the site has fewer than 26.39 times its visits (791,700 requests a month), "
        "Container Apps is cheaper than App Service; at its usage it saves 12.41 USD a month, "
        "71.3 % of the bill."  # 12.41 / 17.408
    )
    assert files.startswith("Where files are enough and nobody has to sign in: at its usage")
    # At 1 time Container Apps costs as little: what it uses is in the grant.
    assert files.endswith("at its usage Static Web Apps and Container Apps cost the same.")
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
    # (675,000 - 180,000) * 0.000024 + (1,350,000 - 360,000) * 0.000003 = 11.88 + 2.97 = 14.85;
    # 12.41 at (12.41 / 14.85 of what is beyond the grant, which is 8 / 30 of it):
    # 4 / 15 + 12.41 / 20.25 = 0.8795
    busy = "resources: {translator-app: {active_seconds: 2700000}}"
    found = compare(busy, of="translator", most=2)
    assert found.advice[0] == (
        "As long as the site has more than 0.88 times its visits (26,400 requests a month), App "
        "Service is cheaper than Container Apps; at its usage it saves 2.44 USD a month, 6.8 % "
        "of the bill."  # 2.44 / 35.938
    )


USAGE = """\
resources:
  homepage-app: {active_seconds: 2000000, requests: 500000, egress_gb: 40}
  translator-*: {egress_gb: 7}
  logs: {ingested_gb: 6}
  edge-profile: {requests: 9, egress_gb: 9, to_origin_gb: 9}
"""
BESIDE = [registry(), workspace(), *site("translator", WEB, "eastus", 0, 1)]


def test_the_owners_figures_are_those_of_the_sites_own_app() -> None:
    found = compare(USAGE, beside=BESIDE)
    visits = found.visits
    assert (visits.active_seconds, visits.requests, visits.egress_gb) == (2_000_000, 500_000, 40)
    assert visits.given == ["active_seconds", "egress_gb", "requests"]
    # 40 GB ten times and the translator's 7 are 307 beyond the free ones; both sites' plans; the
    # gigabyte of logs beyond the free 5 at 2.30.
    assert expected(found)["App Service"][1] == (
        REGISTRY + 2 * Decimal("12.41") + 307 * Decimal("0.087") + Decimal("2.30")
    )
    text = "Entries of the usage file that follow from the visits here: edge-profile."
    assert text in found.notes


def test_a_glob_and_the_figures_that_are_left_out() -> None:
    usage = "resources: {translator-*: {egress_gb: 7}}"
    visits = costs(usage, of="translator").visits
    assert (visits.egress_gb, visits.requests) == (7, 30_000)
    assert visits.given == ["egress_gb"]
    everywhere = "resources: {'*': {requests: 5, bandwidth_gb: 2}}"
    assert costs(everywhere).visits.egress_gb == 2


def test_nobody_comes() -> None:
    nothing = "{active_seconds: 0, requests: 0, egress_gb: 0}"
    found = compare(f"resources: {{homepage-app: {nothing}}}")
    assert expected(found)["Container Apps"] == [REGISTRY] * 3
    assert not [at for one in found.comparisons for at in one.break_even_points]


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
        compare(usage)
    assert refused.value.code == 2


class WithoutEgress(Table):
    """A table that has no price of what goes to the internet."""

    def prices(self, meter: Meter) -> Regions:
        return {} if meter == EGRESS else super().prices(meter)


def without_egress() -> Table:
    return WithoutEgress(PRICES)


def test_a_row_without_a_price_is_unpriced_and_in_no_comparison() -> None:
    found = compare(prices=without_egress())
    # Up to 100 GB nothing of it is billed, and no price is needed.
    assert {row.option.name: row.unpriced_from for row in found.rows} == {
        "Static Web Apps": None,
        "Container Apps": 1_000,
        "App Service": 1_000,
        "Container Apps + edge": None,
        "App Service + edge": None,
    }
    assert found.rows[2].bills[2] == Range(*[REGISTRY + Decimal("12.41")] * 3)
    found = compare("used_elsewhere: {egress_gb: 95}", prices=without_egress())
    assert found.rows[2].unpriced_from == 10
    assert [bill is None for bill in found.rows[2].bills] == [False, True, True]
    reasons = [one.reason for row in found.rows for one in row.unpriced]
    assert set(reasons) == {
        "no price of 'Standard Data Transfer Out' (Rtn Preference: MGN) is known in eastus"
    }
    assert {one.first for one in found.comparisons} == {"Static Web Apps", "Container Apps + edge"}
    assert found.advice == [
        "No advice on servers: not both of them can be priced here without an edge."
    ]


def test_the_twelve_month_offer_is_said_with_its_end() -> None:
    offer = "offers: {postgres_12_months: {start: 2026-02-01}}"
    found = compare(offer, of="translator")
    assert expected(found)["App Service"][0] == REGISTRY + Decimal("12.41")
    assert (
        "The twelve-month offer of PostgreSQL ends on 2027-02-01: then each row is 16.09 USD "
        "dearer." in found.notes
    )
    # The case study has its own price.
    assert found.case_study.items[-1].today == Decimal("16.09")


def test_january_2023_against_list_prices() -> None:
    figures = {
        item.what: (item.list_price, item.bill, item.unexplained, item.today)
        for item in case_study(table(), "eastus", TODAY).items
    }

    def of(*amounts: str | None) -> tuple[Decimal | None, ...]:
        return tuple(None if one is None else Decimal(one) for one in amounts)

    assert figures == {
        # 31 * 0.1666
        "Container Registry Basic": of("5.1646", "5.15", "-0.0146", "4.998"),
        # No use was published: the list price is unknown, and so is the rest.
        "Container Apps, homepage": of(None, "3.23", None, None),
        "CDN, classic": of(None, "0", None, "35"),
        # 744 * 0.017; the bill is that of 712 hours
        "App Service B1, translator": of("12.648", "12.11", "-0.538", "12.41"),
        "PostgreSQL B1ms, first twelve months": of("0", "0", "0", None),
        # 744 * 0.017 + 32 * 0.115
        "PostgreSQL B1ms, then": of("16.328", "13", "-3.328", "16.09"),
    }


def test_halving_the_cost_by_moving_the_translator() -> None:
    study = case_study(table(), "eastus", TODAY)
    bills = {item.what: item.bill for item in study.items}
    whole = sum(bills.values()) - bills["PostgreSQL B1ms, then"]
    moved = bills["App Service B1, translator"]
    (text,) = study.moving
    assert f"Of {whole} USD App Service was {moved}" in text  # 5.15 + 3.23 + 12.11 = 20.49
    assert f"if it cost {whole / 2 - (whole - moved)} or less" in " ".join(text.split())
    assert f"in all {whole + 13}" in text  # with the database at 13
    assert f"{100 * moved / (whole + 13):.1f} %" in text  # 12.11 / 33.49


def test_what_has_changed_since_is_read_from_the_table() -> None:
    since = {item.what: item.since for item in case_study(table(), "westeurope", TODAY).items}
    assert since["App Service B1, translator"] == "now 0.018 an hour"
    assert "now 35.00 a month" in since["CDN, classic"]
    nowhere = {item.what: item.since for item in case_study(table(), "westus", TODAY).items}
    assert nowhere["App Service B1, translator"] == "unpriced in westus"


@pytest.mark.parametrize("name", SITES)
def test_any_multiple_keeps_its_order(name: str) -> None:
    found = costs(of=name)
    for multiple in ("0.1", "7.77", "88", "1000"):
        for option in found.plans:
            low, likely, high = found.bill(option, Decimal(multiple)).monthly
            assert low <= likely <= high


def test_an_option_that_the_settings_exclude_is_noted_with_the_reason() -> None:
    found = compare_options(
        costs(), {HostingOption("staticSite", "cache_misses"): "it has an edge"}
    )
    assert "Not offered by the settings: Static Web Apps + edge: it has an edge" in found.notes
