"""Errors of other Azure estimators, each by name: read in their code, or measured.

Read in November 2026: infracost, finfocus, bicep-cost 0.2.0, ACE (Azure Cost Estimator), Clarchy.
Measured with our own prices: bicep-cost 0.2.0.
"""

import datetime as dt
from decimal import Decimal

import pytest

from frugal.cost.limit import verdict
from frugal.cost.preview import from_preview
from frugal.cost.pricing import estimate
from frugal.cost.usage import NO_USAGE, UsageError
from tests.cost.made import (
    ALL_ELSEWHERE,
    UNKNOWN,
    USUAL,
    amounts,
    app,
    azure,
    bill,
    each,
    edge,
    expected_of,
    names,
    plan_of,
    preview,
    registry,
    server,
    step,
    table,
    used,
    workspace,
)

D = Decimal
QUIET = "resources: {'*': {requests: 0, egress_gb: 0}}"


def exit_code(found, above: str | None = None, increase: str | None = None) -> int:
    code, _reason = verdict(
        found,
        above=D(above) if above else None,
        increase=D(increase) if increase else None,
        unpriced_is_accepted=False,
    )
    return code


# Free amounts at a wrong scope.


def test_grant_per_region() -> None:
    """bicep-cost pools by meter id, and ids differ by region: 34.344, 15.9 % too little."""
    both = [app("a", least=1), app("b", least=1, place="westeurope")]
    assert bill(*both, usage=used(QUIET)).monthly.high == D("40.824")


def test_grant_per_app() -> None:
    """Two apps in one region share what one of them would have alone."""
    one, two = app("a", least=1), app("b", least=1)
    assert bill(one, two).monthly.low == 2 * D("5.913") - D("1.62")


@pytest.mark.parametrize(
    ("cpu", "memory", "without", "monthly"),
    [(0.5, "1Gi", "11.826", "10.206"), (1, "2Gi", "23.652", "22.032")],
)
def test_grant_not_on_idle(cpu: float, memory: str, without: str, monthly: str) -> None:
    """bicep-cost gives idle seconds none: 15.9 % and 7.4 % too much."""
    one = app(cpu=cpu, memory=memory, least=1)
    assert bill(one).monthly.low == D(monthly)
    assert bill(one, usage=used(ALL_ELSEWHERE)).monthly.low == D(without)


def test_five_gigabytes_a_workspace() -> None:
    """bicep-cost: 0 for two workspaces with 5 GB each."""
    usage = used("resources: {'logs-*': {ingested_gb: 5}}")
    assert bill(workspace("logs-a"), workspace("logs-b"), usage=usage).monthly.expected == D("11.5")


def test_no_free_grant_at_all() -> None:
    """Infracost and finfocus: none."""
    usage = used("resources: {app: {requests: 2000000, egress_gb: 100}}")
    assert bill(app(), usage=usage).monthly.expected == 0


def test_hundred_gigabytes_of_egress_for_each_app() -> None:
    """They are the account's: of 120 GB of two apps 20 are billed."""
    site = azure("web:WebApp", "b", location="eastus")
    usage = used("resources: {a: {egress_gb: 60, requests: 0}, b: {egress_gb: 60}}")
    assert bill(app("a"), site, usage=usage).monthly.expected == 20 * D("0.087")


# A price that is missing, and passes as nothing.


def test_missing_price_is_zero() -> None:
    """Infracost, finfocus and ACE: 0.00 for what they have no price of."""
    found = bill(registry(), azure("cache:Redis", "cache", location="eastus"))
    assert names(found.unpriced) == ["cache"]
    assert exit_code(found) == 4


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        (azure("made:Up", "x"), "no price is known for this type"),
        (registry(place="atlantis"), "atlantis"),
        (registry("Gold"), "sku.name 'Gold'"),
        (plan_of("I1"), "sku.name 'I1'"),
        (server("Standard_M8s_v1"), "sku.name 'Standard_M8s_v1'"),
        (edge("Standard_Verizon"), "sku.name 'Standard_Verizon'"),
    ],
)
def test_exit_0_with_an_unknown_type_region_or_size(resource, said: str) -> None:
    """bicep-cost: exit code 0 unless it is told to be strict."""
    found = bill(resource)
    assert found.lines == []
    [one] = found.unpriced
    assert said in one.reason
    assert exit_code(found) == 4


def test_a_size_that_turns_unpriced_is_a_saving() -> None:
    """bicep-cost looks `P0v3` up as `P0 v3`: -12.41 instead of +44.165, and the limit passes."""
    found = bill(plan_of("P0v3"), before=[plan_of("B1")])
    assert found.delta == each("44.165")
    assert exit_code(found, increase="20") == 3
    lost = bill(plan_of("I1v2"), registry(), before=[plan_of("B1"), registry()])
    assert lost.delta == each("0")
    assert (lost.before, lost.monthly) == (each("4.998"), each("4.998"))
    assert names(lost.unpriced) == ["plan"]
    assert exit_code(lost, increase="20") == 4


def test_a_size_that_was_unpriced_is_no_increase() -> None:
    found = bill(plan_of("B1"), before=[plan_of("I1v2")])
    assert (found.delta, names(found.unpriced)) == (each("0"), ["plan"])


@pytest.mark.parametrize("limit", ["34.99", "1"])
def test_a_limit_passes_because_the_dear_line_is_unpriced(limit: str) -> None:
    """bicep-cost does not know Front Door: total 0, exit code 0."""
    assert bill(edge()).monthly.low == 35
    assert exit_code(bill(edge()), above=limit) == 3
    unknown = bill(registry(), azure("network:AzureFirewall", "wall", location="eastus"))
    assert exit_code(unknown, above="1000") == 4


def test_classic_profile_priced_as_front_door() -> None:
    """The classic CDN has no base fee; moving to Front Door is +35, not 0."""
    classic = azure("cdn:Profile", "edge", location="Global", sku={"name": "Standard_Microsoft"})
    found = bill(classic)
    assert found.monthly == each("0")
    assert "2027-09-30" in found.unpriced[0].reason


# Use that cannot be, and use that is not known.


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("logs: {ingested_gb: -1}", "resources.logs.ingested_gb: -1 is not allowed"),
        ("logs: {ingested_gb: .nan}", "ingested_gb"),
        ("logs: {ingested_gb: unknown}", "ingested_gb: 'unknown' is not allowed"),
        ("logs: {ingested: 1}", "resources.logs.ingested: unknown key; allowed: ingested_gb"),
        ("log-*: {ingested_gb: 1}", "resources.log-*: no resource"),
        ("app: {active_seconds: 2628001}", "beyond what maxReplicas allows"),
    ],
)
def test_impossible_use_is_accepted(entry: str, said: str) -> None:
    """bicep-cost: negative GB, unknown keys, patterns without a match, more than all replicas."""
    with pytest.raises(UsageError) as why:
        bill(workspace(), app(), usage=used(f"resources: {{{entry}}}"))
    assert said in str(why.value)
    assert why.value.code == 2


@pytest.mark.parametrize("hidden", [UNKNOWN, "[secret]"])
def test_an_unset_minimum_is_zero_and_free(hidden: str) -> None:
    """bicep-cost reads a parameter without a value as 0 replicas, and those as free."""
    found = bill(app(least=hidden))
    assert found.lines == []
    assert "template.scale.minReplicas" in found.unpriced[0].reason


def test_no_minimum_is_free_whoever_comes() -> None:
    """Without a minimum it is 0 for nobody, active for visitors, and ten replicas at the most."""
    containers = [{"resources": {"cpu": 0.25, "memory": "0.5Gi"}}]
    one = azure("app:ContainerApp", "app", location="eastus", template={"containers": containers})
    usage = used("resources: {app: {active_seconds: 1000000, requests: 0, egress_gb: 0}}")
    active, memory = 250_000 - 180_000, 500_000 - 360_000
    expected = active * D("0.000024") + memory * D("0.000003")
    high = (6_570_000 - 180_000) * D("0.000024") + (13_140_000 - 360_000) * D("0.000003")
    assert bill(one, usage=usage).monthly == amounts("0", str(expected), str(high))


def test_active_seconds_at_the_idle_rate() -> None:
    """With a minimum of 0 every running second is active; there is no idle rate without one."""
    usage = used(f"resources: {{app: {{idle_seconds: 2628000, active_seconds: 0}}}}{ALL_ELSEWHERE}")
    quiet = expected_of(bill(app(least=0), usage=usage))
    assert quiet["Standard vCPU Active Usage"] == D("657000") * D("0.000024")
    assert quiet["Standard vCPU Idle Usage"] == 0


def test_jobs_at_the_idle_rate() -> None:
    template = {"containers": [{"resources": {"cpu": 1, "memory": "2Gi"}}]}
    job = azure("app:Job", "job", location="eastus", template=template)
    usage = used(f"resources: {{job: {{executions: 100, active_seconds: 60}}}}{ALL_ELSEWHERE}")
    expected = str(6_000 * D("0.000024") + 12_000 * D("0.000003"))
    assert bill(job, usage=usage).monthly == amounts("0", expected, expected)


# A price of something else.


def test_two_meters_for_one_filter_and_the_first_taken() -> None:
    """bicep-cost: the first by alphabet. `B1` is Windows' meter too, at more than four times."""
    windows = azure("web:AppServicePlan", "plan", location="eastus", sku={"name": "B1"})
    found = bill(windows)
    assert "(Azure App Service Basic Plan) is known in eastus" in found.unpriced[0].reason
    assert bill(plan_of("B1")).monthly == each("12.41")


def test_a_price_of_the_next_region() -> None:
    found = bill(server("Standard_D8ds_v5"), server(name="there", place="ukwest"))
    assert found.lines == []
    assert ["eastus" in found.unpriced[0].reason, "ukwest" in found.unpriced[1].reason] == [
        True
    ] * 2


def test_a_change_of_region_costs_the_same() -> None:
    """Up to 42 % between regions: a vCPU-second is 0.000024 or 0.000034."""
    east, west = app(least=1), app(least=1, place="westeurope")
    found = bill(west, before=[east], usage=used(QUIET + ALL_ELSEWHERE))
    assert found.delta == amounts("1.971", str(found.delta.expected), "7.884")
    reasons = {line.reason for line in found.lines if line.change == "changed"}
    assert reasons == {"location eastus → westeurope"}


def test_a_row_of_two_cores_times_two() -> None:
    """The row of D2ds_v5 is the whole size."""
    assert bill(server("Standard_D2ds_v5", 32)).monthly == each("133.62")


@pytest.mark.parametrize("mode", ["ZoneRedundant", "SameZone"])
def test_high_availability_for_the_price_of_one(mode: str) -> None:
    found = bill(server("Standard_D2ds_v5", highAvailability={"mode": mode}))
    assert found.monthly == each("267.24")


def test_a_stopped_plan_is_free() -> None:
    """A plan costs by its instances, with no app running or none there."""
    stopped = azure("web:WebApp", "site", location="eastus", enabled=False)
    assert bill(plan_of(capacity=2), stopped).monthly.low == D("24.82")


def test_backup_from_the_first_gigabyte() -> None:
    """As much as is provisioned is included."""
    for gigabytes, monthly in ((32, "16.09"), (42, "17.04")):
        usage = used(f"resources: {{server: {{backup_gb: {gigabytes}}}}}")
        assert bill(server(), usage=usage).monthly.expected == D(monthly)


@pytest.mark.parametrize(
    "profiles",
    [[{"workloadProfileType": "D4"}], [{"workloadProfileType": "Consumption"}, {"name": "none"}]],
)
def test_a_dedicated_profile_passes_as_free(profiles) -> None:
    found = bill(azure("app:ManagedEnvironment", "apps", workloadProfiles=profiles))
    assert names(found.unpriced) == ["apps"]


def test_twelve_free_months_for_everybody() -> None:
    """Infracost's promo rows can match first; an offer counts only for who says to have it."""
    assert bill(server()).monthly == each("16.09")


def test_a_hundred_times_the_translator() -> None:
    """Other kinds of Cognitive Services are not priced as it."""
    kinds = [
        azure("cognitiveservices:Account", kind, kind=kind, location="eastus", sku={"name": "S1"})
        for kind in ("AIServices", "OpenAI", "TextTranslation")
    ]
    found = bill(*kinds)
    assert names(found.unpriced) == ["AIServices", "OpenAI"]
    assert found.monthly.expected == 5


# Arithmetic.


def test_one_tier_for_the_whole_volume() -> None:
    """Tiers are summed over their brackets; picking one row prices all of it by the last."""
    usage = used("resources: {edge: {egress_gb: 60000, requests: 0, to_origin_gb: 0}}")
    out = 10_000 * D("0.0825") + 40_000 * D("0.065002") + 10_000 * D("0.056001")
    assert bill(edge(), usage=usage).monthly.expected == 35 + out
    [line] = [one for one in bill(edge(), usage=usage).lines if one.tiers[1:]]
    assert line.unit_price is None
    assert [(t.start, t.quantity) for t in line.tiers] == [
        (0, 10_000),
        (10_000, 40_000),
        (50_000, 10_000),
    ]


def test_prices_below_a_cent_vanish() -> None:
    usage = used(f"resources: {{app: {{requests: 1, egress_gb: 0}}}}{ALL_ELSEWHERE}")
    found = bill(app(), usage=usage)
    assert expected_of(found)["Standard Requests"] == D("0.0000004")


def test_a_replacement_counts_twice() -> None:
    """The engine lists it as up to three steps."""
    old, new = server(), server("Standard_B2s")
    listed = preview(
        step("create-replacement", old, new),
        step("replace", old, new),
        step("delete-replaced", old, None),
    )
    found = estimate(from_preview(listed), table(), NO_USAGE, USUAL)
    assert (found.before, found.monthly) == (each("16.09"), each("53.32"))


def test_an_unknown_date_is_todays_price() -> None:
    """Every line says where its price was read, and the bill as of when."""
    found = bill(registry(), app(), edge())
    assert found.prices_as_of >= dt.date(2026, 10, 2)
    assert all(line.source for line in found.lines)
