"""Ranges, free sizes and gaps of the services beside those of the two sites, at shipped prices."""

from decimal import Decimal
from typing import Any

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.plan import Resource
from frugal.cost.usage import NO_USAGE, Usage
from tests.cost.made import amounts, azure, bill, names, used
from tests.cost.price_rows import price, table

HOURS = 730


def at(kind: str, /, **inputs: Any) -> Resource:
    return azure(kind, "it", **{"location": "eastus2", **inputs})


def priced(one: Resource, usage: Usage = NO_USAGE) -> Estimate:
    found = bill(one, usage=usage, prices=table())
    assert not found.unpriced
    return found


def test_units_beyond_the_first_may_be_secondary_ones() -> None:
    more = [{"location": "eastus2", "sku": {"name": "Premium", "capacity": 1}}]
    found = priced(
        at(
            "apimanagement:ApiManagementService",
            sku={"name": "Premium", "capacity": 2},
            additionalLocations=more,
        )
    ).monthly
    whole = HOURS * price("api-management", "Premium Unit")
    secondary = HOURS * price("api-management", "Secondary Unit")
    assert found.low == whole + 2 * secondary
    assert found.expected == found.high == 3 * whole


def group(**inputs: Any) -> Resource:
    requests = {"cpu": 1, "memoryInGB": 1}
    containers = [{"name": "c", "resources": {"requests": requests}}]
    given = {"osType": "Linux", **inputs}
    return at("containerinstance:ContainerGroup", containers=containers, **given)


def hourly(size: str = "Standard") -> Decimal:
    names = (f"{size} vCPU Duration", f"{size} Memory Duration")
    return sum((price("container-instances", name) for name in names), Decimal(0))


def test_a_group_that_is_not_restarted_runs_for_ten_hours_and_at_most_all_month() -> None:
    always, once = priced(group()).monthly, priced(group(restartPolicy="Never")).monthly
    assert always.low == always.high == HOURS * hourly()
    assert once == (0, 10 * hourly(), HOURS * hourly())


def test_hours_of_a_group_are_the_owners() -> None:
    found = priced(group(), used("resources: {it: {hours: 100}}")).monthly
    assert found == (0, 100 * hourly(), HOURS * hourly())


def test_spot_and_windows_groups() -> None:
    assert priced(group(priority="Spot")).monthly.expected == HOURS * hourly("Standard Spot")
    windows = price("container-instances", "Standard Windows Software Duration") * 3600
    found = priced(group(osType="Windows")).monthly
    assert found.expected == HOURS * (hourly() + windows)


def test_an_address_of_a_group_has_traffic() -> None:
    lines = priced(group(ipAddress={"type": "Public", "ports": []})).lines
    assert "Standard Data Transfer Out" in {line.meter for line in lines}


def test_a_job_of_stream_analytics_may_not_run() -> None:
    third = at(
        "streamanalytics:StreamingJob",
        sku={"name": "StandardV2"},
        transformation={"streamingUnits": 3},
    )
    low, expected, high = priced(third).monthly
    assert low == 0
    assert expected == high
    (line,) = priced(third).lines
    assert abs(line.quantity - Decimal(HOURS) / 3) < Decimal("1e-11")


def test_a_declared_maximum_of_flex_and_of_sessions_is_a_limit() -> None:
    sessions = at("app:ContainerAppsSessionPool", scaleConfiguration={"maxConcurrentSessions": 5})
    assert priced(sessions).monthly.high == 5 * HOURS * price(
        "azure-container-apps", "Dynamic Sessions"
    )
    without = at("web:WebApp", functionAppConfig={"scaleAndConcurrency": {}})
    time = "On Demand Execution Time"
    assert [line.grows for line in priced(without).lines if line.meter == time] == [True]


def test_a_snapshot_is_at_most_as_large_as_its_disk() -> None:
    (line,) = priced(at("compute:Snapshot", diskSizeGB=64)).lines
    assert not line.grows
    found = line.monthly
    each = price("storage", "LRS Snapshots", product="Standard HDD Managed Disks")
    assert found == (0, 10 * each, 64 * each)


@pytest.mark.parametrize(
    "one",
    [
        at("search:Service", sku={"name": "free"}),
        at("signalrservice:SignalR", sku={"name": "Free_F1"}),
        at("notificationhubs:Namespace", sku={"name": "Free"}),
        at("iothub:IotHubResource", sku={"name": "F1", "capacity": 1}),
        at("logic:Workflow", state="Disabled"),
        at("logic:IntegrationAccount", sku={"name": "Free"}),
        at("streamanalytics:StreamingJob", cluster={"id": "c"}),
        at("web:AppServicePlan", sku={"name": "FC1"}),
        at("cognitiveservices:Account", kind="TextAnalytics", sku={"name": "F0"}),
        at("cognitiveservices:Account", kind="OpenAI", sku={"name": "S0"}),
    ],
)
def test_what_is_free(one: Resource) -> None:
    assert names(priced(one).free) == ["it"]


def disk(**inputs: Any) -> Resource:
    return at("compute:Disk", **inputs)


def deployment(model: str, sku: str) -> Resource:
    properties = {"model": {"name": model}}
    return azure("cognitiveservices:Deployment", "it", sku={"name": sku}, properties=properties)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (disk(sku={"name": "Premium_LRS"}), "diskSizeGB"),
        (disk(sku={"name": "Premium_LRS"}, diskSizeGB=40_000), "40000 GiB is larger"),
        (disk(sku={"name": "Premium_LRS"}, diskSizeGB=64, tier="P5"), "tier 'P5'"),
        (disk(sku={"name": "Premium_LRS"}, diskSizeGB=64, maxShares=2), "maxShares"),
        (
            disk(sku={"name": "PremiumV2_LRS"}, diskSizeGB=64, diskIOPSReadWrite=5000),
            "diskIOPSReadWrite beyond the 3000",
        ),
        (disk(sku={"name": "UltraSSD_LRS"}, diskSizeGB=64), "diskIOPSReadWrite"),
        (deployment("gpt-4o", "GlobalStandard"), "properties.model 'gpt-4o'"),
        (deployment("gpt-4.1", "ProvisionedManaged"), "sku.name 'ProvisionedManaged'"),
        (at("cognitiveservices:Account", kind="LUIS", sku={"name": "S0"}), "kind 'LUIS'"),
        (at("cognitiveservices:Account", kind="Face", sku={"name": "E0"}), "priced: f0, s0"),
        (at("streamanalytics:StreamingJob", jobType="Edge", sku={"name": "Standard"}), "Edge"),
        (group(osType="Windows", priority="Spot"), "osType Windows"),
        (group(sku="Dedicated"), "sku 'Dedicated'"),
        (at("signalrservice:SignalR", sku={"name": "Standard_S1"}, kind="RawWebSockets"), "kind"),
    ],
)
def test_what_has_no_price_is_named(one: Resource, said: str) -> None:
    (gap,) = bill(one, prices=table()).unpriced
    assert said in gap.reason


def test_an_account_of_several_services_says_what_is_not_counted() -> None:
    found = priced(at("cognitiveservices:Account", kind="AIServices", sku={"name": "S0"}))
    assert found.monthly == amounts("0", "0", "0")
    assert any("only its deployments are counted" in note for note in found.notes)
