"""Settings that are common in Azure programs and change the bill, or leave it alone.

Each figure is that of eastus2, by hand from rows of the tests' table.
"""

from decimal import Decimal
from typing import Any

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.plan import Resource
from tests.cost.made import UNKNOWN, azure, bill, names, used
from tests.cost.price_rows import price, table

D = Decimal
HOURS = 730
BUS, HUBS, COSMOS = "service-bus", "event-hubs", "azure-cosmos-db"


def at(kind: str, name: str, /, **inputs: Any) -> Resource:
    return azure(kind, name, **{"location": "eastus2", **inputs})


def priced(*resources: Resource, use: str = "") -> Estimate:
    found = bill(*resources, prices=table(), usage=used(use))
    assert [(one.name, one.reason) for one in found.unpriced] == []
    return found


def of(found: Estimate, meter: str) -> Decimal:
    """Expected cost of a meter, of all resources."""
    return sum((line.monthly.expected for line in found.lines if line.meter == meter), D(0))


# Messages and events.


def bus(name: str, size: str = "Standard", place: str = "eastus2") -> Resource:
    return azure("servicebus:Namespace", name, location=place, sku={"name": size})


def test_the_base_fee_of_service_bus_is_billed_once_a_subscription() -> None:
    fee = HOURS * D("0.013441")
    assert priced(bus("a")).monthly.low == fee
    found = priced(bus("a"), bus("b"), bus("c"))
    assert found.monthly.low == fee
    assert any("the base fee of further namespaces" in note for note in found.notes)
    assert priced(bus("a"), bus("b", "Premium")).monthly.low == fee + HOURS * price(
        BUS, "Premium Messaging Unit"
    )


def hubs(name: str) -> Resource:
    sku = {"name": "Standard", "capacity": 2}
    return at("eventhub:Namespace", name, namespaceName=name, sku=sku)


def hub(name: str, holder: str) -> Resource:
    return azure(
        "eventhub:EventHub", name, namespaceName=holder, captureDescription={"enabled": True}
    )


def test_capture_is_billed_once_a_namespace() -> None:
    capture = 2 * HOURS * price(HUBS, "Standard Capture")
    found = priced(hubs("n"), hub("a", "n"), hub("b", "n"))
    assert of(found, "Standard Capture") == capture
    assert names(found.free) == ["b"]
    found = priced(hubs("n"), hubs("m"), hub("a", "n"), hub("b", "m"))
    assert of(found, "Standard Capture") == 2 * capture


def test_capture_of_hubs_whose_namespace_is_not_known_yet() -> None:
    capture = 2 * HOURS * price(HUBS, "Standard Capture")
    unknown = hub("a", UNKNOWN), hub("b", UNKNOWN)
    assert of(priced(hubs("n"), *unknown), "Standard Capture") == capture
    # Each may be of either namespace, and nothing says which.
    hidden = azure("eventhub:EventHub", "c", namespaceName="n", captureDescription=UNKNOWN)
    found = bill(hubs("n"), hubs("m"), *unknown, hub("d", "n"), hidden, prices=table())
    assert names(found.unpriced) == ["a", "b", "c"]
    assert of(found, "Standard Capture") == capture


# Autoscale settings.


def scaled(least: str, most: str, target: object = UNKNOWN, **more: Any) -> Resource:
    profile = {"name": "a", "capacity": {"minimum": least, "maximum": most, "default": least}}
    return at(
        "monitor:AutoscaleSetting", "scale", targetResourceUri=target, profiles=[profile], **more
    )


PLAN = at("web:AppServicePlan", "plan", sku={"name": "P1v3", "capacity": 1}, reserved=True)
GATEWAY = at("apimanagement:ApiManagementService", "api", sku={"name": "Standard", "capacity": 1})
PREMIUM = at("servicebus:Namespace", "bus", sku={"name": "Premium", "capacity": 1})
GATEWAYS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/api"


@pytest.mark.parametrize("one", [PLAN, GATEWAY, PREMIUM], ids=lambda one: one.name)
def test_an_autoscale_setting_has_the_least_and_the_most_instances(one: Resource) -> None:
    each = priced(one).monthly.low
    found = priced(one, scaled("3", "10"))
    assert found.monthly == (3 * each, 3 * each, 10 * each)
    assert priced(one, scaled("0", "1")).monthly.low == each
    assert priced(one, scaled("3", "10", enabled=False)).monthly.high == each
    assert any("with the 3 to 10 instances of" in note for note in found.notes)


def test_an_autoscale_setting_of_something_else() -> None:
    assert priced(PLAN, scaled("3", "10", GATEWAYS)).monthly == priced(PLAN).monthly
    assert priced(GATEWAY, scaled("3", "10", GATEWAYS)).monthly.low > priced(GATEWAY).monthly.low


# Networks.


def reason(*resources: Resource) -> str:
    """Why the first of them has no price."""
    found = bill(*resources, prices=table())
    return "".join(one.reason for one in found.unpriced if one.name == resources[0].name)


def test_a_gateway_load_balancer_is_not_a_standard_one() -> None:
    assert "'Gateway' has no price" in reason(
        at("network:LoadBalancer", "lb", sku={"name": "Gateway"})
    )


def test_a_peering_inside_of_a_network_is_named() -> None:
    peering = {"name": "p", "remoteVirtualNetwork": {"id": UNKNOWN}}
    assert "virtualNetworkPeerings" in reason(
        at("network:VirtualNetwork", "n", virtualNetworkPeerings=[peering])
    )
    subnet = {"name": "s", "addressPrefix": "10.0.0.0/24", "natGateway": {"id": UNKNOWN}}
    assert names(priced(at("network:VirtualNetwork", "n", subnets=[subnet])).free) == ["n"]


def firewall(name: str) -> Resource:
    sku = {"name": "AZFW_VNet", "tier": "Standard"}
    return at("network:AzureFirewall", name, sku=sku, firewallPolicy={"id": UNKNOWN})


def test_a_firewalls_policy_is_free_until_it_is_shared() -> None:
    policy = at("network:FirewallPolicy", "policy")
    base = at("network:FirewallPolicy", "base")
    child = at("network:FirewallPolicy", "child", basePolicy={"id": UNKNOWN})
    assert names(priced(policy, firewall("a")).free) == ["policy"]
    assert "shared" in reason(policy, firewall("a"), firewall("b"))
    assert "shared" in reason(child, base, firewall("a"), firewall("b"))
    assert not reason(child, base, firewall("a"))


def test_events_of_a_resource_without_a_topic_are_billed_at_the_subscription() -> None:
    subscription = azure("eventgrid:EventSubscription", "s", scope="/stores/store")
    found = priced(subscription, use="resources: {s: {operations: 1100000}}")
    assert found.monthly.expected == 10 * D("0.06")
    of_topic = azure("eventgrid:EventSubscription", "s", scope="/topics/t")
    topic = at("eventgrid:Topic", "t", topicName="t")
    found = priced(of_topic, topic, use="resources: {t: {operations: 1100000}}")
    assert (names(found.free), found.monthly.expected) == (["s"], 10 * D("0.06"))


@pytest.mark.parametrize(
    "kind",
    [
        "recoveryservices:Vault",
        "sql:BackupShortTermRetentionPolicy",
        "desktopvirtualization:HostPool",
    ],
)
def test_what_only_holds_or_sets_what_is_billed_is_free(kind: str) -> None:
    assert names(priced(at(kind, "a")).free) == ["a"]


# Cosmos DB.


def cosmos(*places: str, **more: Any) -> Resource:
    locations = [{"locationName": place} for place in places or ("eastus2",)]
    return at("cosmosdb:DatabaseAccount", "db", accountName="db", locations=locations, **more)


def container(name: str, **options: Any) -> Resource:
    return azure(
        "cosmosdb:SqlResourceSqlContainer",
        name,
        accountName="db",
        databaseName="main",
        resource={"id": name},
        options=options,
    )


UNITS = HOURS * D("0.008")


def test_the_free_tier_of_cosmos_is_shared_by_its_containers() -> None:
    free = cosmos(enableFreeTier=True)
    a, b, c = (container(name, throughput=400) for name in "abc")
    found = priced(free, a)
    assert (found.monthly.low, of(found, "100 RU/s"), found.monthly.high) == (
        0,
        0,
        4 * UNITS + D("0.25"),
    )
    found = priced(free, a, b, c)
    assert of(found, "100 RU/s") == found.monthly.low == 2 * UNITS
    # Without throughput of its own a container has 400 RU/s.
    assert of(priced(free, container("d"), a, b), "100 RU/s") == 2 * UNITS


def test_the_free_tier_of_cosmos_counts_all_regions() -> None:
    found = priced(
        cosmos("eastus2", "westus2", enableFreeTier=True), container("a", throughput=800)
    )
    assert of(found, "100 RU/s") == 6 * UNITS


def test_the_free_tier_of_cosmos_and_containers_that_share_throughput() -> None:
    main = azure(
        "cosmosdb:SqlResourceSqlDatabase",
        "main",
        accountName="db",
        databaseName="main",
        options={"throughput": 400},
    )
    found = priced(
        cosmos(enableFreeTier=True), main, container("a"), container("b", throughput=900)
    )
    assert of(found, "100 RU/s") == 3 * UNITS


def test_periodic_backups_beyond_two_are_billed() -> None:
    modes = {"backupIntervalInMinutes": 60, "backupRetentionIntervalInHours": 24}
    kept = {"type": "Periodic", "periodicModeProperties": modes}
    a = container("a", throughput=400)
    found = priced(cosmos(backupPolicy=kept), a, use="resources: {a: {stored_gb: 10}}")
    assert of(found, "Periodic Backup - RA-GRS Data Stored") == 22 * 10 * D("0.2")
    modes["backupStorageRedundancy"] = "Local"
    found = priced(cosmos(backupPolicy=kept), a, use="resources: {a: {stored_gb: 10}}")
    assert of(found, "Periodic Backup - LRS Data Stored") == 22 * 10 * D("0.1")
    assert "Backup" not in str(priced(cosmos(), a).lines)


def test_a_zone_of_dns_is_not_front_door() -> None:
    found = priced(azure("privatedns:PrivateZone", "zone", location="global"))
    assert not any("Front Door" in note for note in found.notes)
    edge = azure("cdn:Profile", "edge", sku={"name": "Standard_AzureFrontDoor"})
    assert any("Front Door" in note for note in priced(edge).notes)


# Models.


def model(scale: str, name: str = "gpt-4o", version: str = "2024-08-06") -> Resource:
    return azure(
        "cognitiveservices:Deployment",
        "model",
        accountName="ai",
        sku={"name": scale, "capacity": 10},
        properties={"model": {"format": "OpenAI", "name": name, "version": version}},
    )


@pytest.mark.parametrize(
    ("one", "monthly"),
    [
        (model("Standard"), 1000 * D("0.00275") + 300 * D("0.011")),
        (model("DataZoneStandard"), 1000 * D("0.00275") + 300 * D("0.011")),
        (model("GlobalStandard"), 1000 * D("0.0025") + 300 * D("0.01")),
        (model("Standard", "text-embedding-ada-002", "2"), 1000 * D("0.00011")),
    ],
)
def test_a_model_costs_more_where_its_data_stays(one: Resource, monthly: Decimal) -> None:
    holder = at(
        "cognitiveservices:Account", "ai", accountName="ai", kind="OpenAI", sku={"name": "S0"}
    )
    assert priced(holder, one).monthly.expected == monthly


def test_a_model_of_a_region_that_is_not_known() -> None:
    assert "its account, with the region" in reason(model("Standard"))
    assert not reason(model("GlobalStandard"))
