"""Figures that others published, to the last digit: by hand from list prices, and Azure's bills."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.month import calendar_month, usual
from tests.cost.made import (
    ALL_ELSEWHERE,
    amounts,
    app,
    azure,
    bill,
    each,
    edge,
    expected_of,
    month_of,
    names,
    plan_of,
    registry,
    server,
    used,
    workspace,
)

D = Decimal
ACTIVE, IDLE = "Standard vCPU Active Usage", "Standard vCPU Idle Usage"
MEMORY_ACTIVE, MEMORY_IDLE = "Standard Memory Active Usage", "Standard Memory Idle Usage"


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(D("0.01"), ROUND_HALF_UP)


# Worked figures: list prices of 2026, a month of 730 hours and 30 days.


@pytest.mark.parametrize(
    ("resource", "monthly"),
    [
        (registry(), "4.998"),
        (registry("Standard"), "19.998"),
        (registry("Premium"), "49.998"),
        (plan_of(), "12.41"),
        (plan_of(place="westeurope"), "13.14"),
        (plan_of("P0v3"), "56.575"),
        (plan_of(capacity=3), "37.23"),
        (server(), "16.09"),
        (server("Standard_D2ds_v5"), "133.62"),
        (server(place="westeurope"), "18.9078"),
        (server(highAvailability={"mode": "ZoneRedundant"}), "32.18"),
        (server("Standard_D4ds_v5", 128), "274.6"),
    ],
)
def test_what_is_fixed(resource, monthly: str) -> None:
    found = bill(resource)
    assert found.monthly == each(monthly)
    assert not found.unpriced


def one_replica(elsewhere: str = "") -> Estimate:
    only_runs = "resources: {app: {requests: 0, egress_gb: 0}}"
    return bill(app(least=1, most=1), usage=used(only_runs + elsewhere))


def test_a_replica_all_month_idle_and_active_with_and_without_the_grant() -> None:
    whole, none_left = one_replica(), one_replica(ALL_ELSEWHERE)
    assert (whole.monthly.low, whole.monthly.high) == (D("4.293"), D("14.31"))
    assert (none_left.monthly.low, none_left.monthly.high) == (D("5.913"), D("19.71"))


def test_a_replica_that_works_a_day_a_month() -> None:
    # 86,400 s active: of 657,000 vCPU-s 21,600 are; the grant's 180,000 go 5,918 to 174,082.
    usage = used("resources: {app: {active_seconds: 86400, requests: 0, egress_gb: 0}}")
    found = expected_of(bill(app(least=1), usage=usage))
    assert found[ACTIVE] == (21_600 - 5_918) * D("0.000024")
    assert found[IDLE] == (635_400 - 174_082) * D("0.000003")
    # 1,314,000 GiB-s, of which 43,200 active; the grant's 360,000 go 11,836 to 348,164.
    assert found[MEMORY_ACTIVE] == (43_200 - 11_836) * D("0.000003")
    assert found[MEMORY_IDLE] == (1_270_800 - 348_164) * D("0.000003")


def test_front_door_with_10_gb_and_100_000_requests() -> None:
    usage = used("resources: {edge: {egress_gb: 10, requests: 100000, to_origin_gb: 0}}")
    assert bill(edge(), usage=usage).monthly == amounts("35", "35.915", "35.915")


@pytest.mark.parametrize(
    ("gigabytes", "monthly"), [("20", "34.5"), ("5", "0"), ("4.9", "0"), ("5.000000001", "2.3E-9")]
)
def test_log_analytics(gigabytes: str, monthly: str) -> None:
    usage = used(f"resources: {{logs: {{ingested_gb: {gigabytes}}}}}")
    assert bill(workspace(), usage=usage).monthly.expected == D(monthly)


def test_a_granted_first_tier_is_in_no_bracket() -> None:
    usage = used("resources: {logs: {ingested_gb: 20}}")
    line = next(line for line in bill(workspace(), usage=usage).lines if line.quantity)
    assert [(t.start, t.quantity, t.unit_price) for t in line.tiers] == [(0, 15, D("2.3"))]


def test_a_daily_cap_is_the_most_without_the_free_gigabytes() -> None:
    found = bill(workspace(workspaceCapping={"dailyQuotaGb": 1}))
    assert found.monthly == amounts("0", "0", "69")


def test_logs_kept_for_90_days_after_31_included_ones() -> None:
    # 30 GB a month, each kept 59 days longer: 59 GB at any time.
    usage = used("resources: {logs: {ingested_gb: 30}}")
    found = bill(workspace(retentionInDays=90), usage=usage)
    assert found.monthly.expected == 25 * D("2.3") + 59 * D("0.1")


# Bills that Azure itself made, and their owners published.


@pytest.mark.parametrize(
    ("hours", "meter", "seconds", "usd", "dkk"),
    [
        ("251.3", IDLE, (904_566, 1_322), "2.713698", "17.19"),
        ("251.3", ACTIVE, (904_566, 1_322), "0.031728", "0.20"),
        ("503", MEMORY_IDLE, (1_809_504, 2_676), "5.428512", "34.38"),
        ("503", MEMORY_ACTIVE, (1_809_504, 2_676), "0.008028", "0.05"),
    ],
)
def test_bill_1_container_apps_eastus_30_days_to_25_april_2026(
    hours: str, meter: str, seconds: tuple[int, int], usd: str, dkk: str
) -> None:
    # It sums up several apps, and part months; here one app with 1 vCPU and 1 GiB has the seconds.
    idle, active = seconds
    given = f"{{app: {{idle_seconds: {idle}, active_seconds: {active}}}}}"
    usage = used(f"resources: {given}{ALL_ELSEWHERE}")
    month = month_of(hours)
    found = expected_of(bill(app(cpu=1, memory="1Gi", least=1, most=2), usage=usage, month=month))
    assert found[meter] == D(usd)
    assert cents(found[meter] * D("6.33344")) == D(dkk)


def test_bill_2_an_idle_app_uses_the_grant_up_in_the_fifth_day_of_may_2026() -> None:
    idle = app(cpu=0.5, memory="1Gi", least=1)

    def after(hours: int) -> Decimal:
        return bill(idle, month=month_of(str(hours))).monthly.low

    assert after(4 * 24) == 0
    assert after(100) == 0  # 4.17 days
    assert D(0) < after(5 * 24) < D("0.3888")
    assert after(6 * 24) - after(5 * 24) == D("0.3888")
    assert after(9 * 24) - after(8 * 24) == D("0.3888")


def test_bill_3_postgres_storage_eastus2() -> None:
    found = bill(server(gib=128, place="eastus2"))
    assert expected_of(found)["Storage Data Stored"] == D("14.72")


@pytest.mark.parametrize(("days", "billed"), [(17, "5.03"), (18, "5.33"), (10, "2.96")])
def test_bill_4_static_web_apps_in_part_of_a_month(days: int, billed: str) -> None:
    site = azure("web:StaticSite", "site", location="westeurope", sku={"name": "Standard"})
    found = bill(site, month=month_of(str(days * 24))).monthly
    assert found.low == found.high
    assert cents(found.low) == D(billed)


@pytest.mark.parametrize("month", ["2026-08", "2026-02"])
def test_bill_5_the_base_fee_of_front_door_is_the_same_in_every_month(month: str) -> None:
    assert bill(edge(), month=calendar_month(month)).monthly.low == 35


def test_bill_5_it_is_one_for_each_profile() -> None:
    assert bill(edge(), edge(name="second")).monthly.low == 70


def test_bill_6_a_registry_in_japan_for_a_day() -> None:
    found = bill(registry(place="japaneast"), month=month_of("24", "1")).monthly
    assert found == each("0.1666")
    assert (found.low * D("163.8833")).quantize(D("0.001")) == D("27.303")


OFFER = "offers: {postgres_12_months: {start: 2026-03-15}}"


def test_bill_7_postgres_with_the_twelve_month_offer() -> None:
    # 744 hours of 750, 32 GB of 32.
    found = bill(server(), usage=used(OFFER), month=calendar_month("2026-08"))
    assert found.monthly == each("0")
    [said] = [note for note in found.notes if "offer" in note and "ends" in note]
    # 744 x 0.017 + 32 x 0.115
    assert said.endswith("ends on 2027-03-15: then +16.33 USD a month.")


@pytest.mark.parametrize(
    ("today", "monthly"),
    [("2026-03-14", "16.09"), ("2026-03-15", "0"), ("2027-03-14", "0"), ("2027-03-15", "16.09")],
)
def test_an_offer_lasts_twelve_months(today: str, monthly: str) -> None:
    month = usual(dt.date.fromisoformat(today))
    assert bill(server(), usage=used(OFFER), month=month).monthly == each(monthly)


def test_the_offer_is_750_hours_of_b1ms_and_32_gb_in_all() -> None:
    # Two servers: 1,460 hours and 128 GB.
    found = bill(server(gib=64), server(gib=64, name="second"), usage=used(OFFER)).monthly
    assert found == each(str(710 * D("0.017") + 96 * D("0.115")))
    assert bill(server("Standard_B2s"), usage=used(OFFER)).monthly == each("49.64")


def test_bill_9_the_free_gigabytes_may_be_used_by_another_workspace() -> None:
    resources = "resources: {logs: {ingested_gb: 4}}"
    logs = workspace(workspaceCapping={"dailyQuotaGb": 0.2})
    unused, taken = (
        bill(logs, usage=used(resources)),
        bill(logs, usage=used(resources + "\nused_elsewhere: {log_analytics_gb: 5}")),
    )
    in_part = bill(logs, usage=used(resources + "\nused_elsewhere: {log_analytics_gb: 2.5}"))
    assert unused.monthly == amounts("0", "0", "13.8")
    assert taken.monthly == amounts("0", "9.2", "13.8")
    assert in_part.monthly.expected == D("1.5") * D("2.3")


def test_bill_10_an_environment_of_the_consumption_kind_costs_nothing() -> None:
    profiles = [{"name": "Consumption", "workloadProfileType": "Consumption"}]
    plain = azure("app:ManagedEnvironment", "plain", location="eastus")
    listed = azure("app:ManagedEnvironment", "listed", workloadProfiles=profiles)
    found = bill(plain, listed)
    assert found.lines == []
    assert names(found.free) == ["listed", "plain"]


def test_january_2023_had_744_hours_and_31_days() -> None:
    month = calendar_month("2023-01")
    assert bill(plan_of(), month=month).monthly == each("12.648")
    assert bill(registry(), month=month).monthly == each("5.1646")


def test_of_an_own_domain_the_zone_alone_is_billed() -> None:
    """Half a dollar a zone, and 0.40 a million queries: 100,000 are assumed."""
    parts = [
        azure("network:RecordSet", "txt", recordType="TXT", txtRecords=[{"value": ["x"]}]),
        azure("dns:RecordSet", "cname", recordType="CNAME", ttl=300),
        azure("cdn:AFDCustomDomain", "edge", hostName="www.example.org"),
        azure("app:ManagedCertificate", "app", location="eastus"),
        azure("web:Certificate", "plan", location="eastus", canonicalName="www.example.org"),
        azure("web:WebAppHostNameBinding", "site", hostName="a.example", sslState="SniEnabled"),
        azure("web:StaticSiteCustomDomain", "files", domainName="www.example.org"),
    ]
    for zone in ("dns:Zone", "network:Zone"):
        found = bill(azure(zone, "zone", location="Global", zoneName="example.org"), *parts)
        assert found.monthly == amounts("0.5", "0.54", "0.54")
        assert sorted(names(found.free)) == sorted(part.urn.rsplit("::", 1)[-1] for part in parts)
        assert all(one.reason for one in found.free)
        assert not found.unpriced
