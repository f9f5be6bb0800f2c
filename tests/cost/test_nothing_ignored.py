"""Properties that used to be passed over: each bill with its right value, at the shipped prices.

Unless named otherwise in eastus2, a month of 730 hours.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.month import Month, calendar_month, usual
from frugal.cost.plan import Resource
from frugal.cost.usage import NO_USAGE, Usage
from tests.cost import price_rows
from tests.cost.made import (
    ALL_ELSEWHERE,
    UNKNOWN,
    azure,
    bill,
    each,
    names,
    used,
)

D = Decimal
PLACE = "eastus2"
AUTUMN = usual(dt.date(2026, 11, 24))


def priced(*resources: Resource, month: Month = AUTUMN, usage: Usage = NO_USAGE) -> Estimate:
    found = bill(*resources, month=month, usage=usage, prices=price_rows.table())
    assert [(one.name, one.reason) for one in found.unpriced] == []
    return found


def named(found: Estimate, words: str) -> bool:
    return any(words in note for note in found.notes)


# Container Apps.


def environment(name: str = "env", place: str = PLACE, **given: Any) -> Resource:
    return azure("app:ManagedEnvironment", name, location=place, **given)


def endpoint(group: str) -> Resource:
    connection = {"name": "a", "privateLinkServiceId": UNKNOWN, "groupIds": [group]}
    return azure(
        "network:PrivateEndpoint",
        "endpoint",
        location=PLACE,
        privateLinkServiceConnections=[connection],
        subnet={"id": UNKNOWN},
    )


def network(**given: Any) -> dict[str, Any]:
    return {"vnetConfiguration": {"infrastructureSubnetId": UNKNOWN, **given}}


def fee(found: Estimate) -> Any:
    [line] = [line for line in found.lines if "Management" in line.meter]
    return line.monthly


@pytest.mark.parametrize(
    ("internal", "low", "high"),
    [(None, "25.55", "25.55"), (True, "21.90", "21.90"), (UNKNOWN, "21.90", "25.55")],
)
def test_an_environment_with_a_network_is_billed_for_balancer_and_addresses(
    internal: object, low: str, high: str
) -> None:
    found = priced(environment(**network(internal=internal)))
    assert (found.monthly.low, found.monthly.high) == (D(low), D(high))
    assert found.unknown == (internal == UNKNOWN)


def test_an_environment_without_public_access_has_a_fee_with_a_private_endpoint() -> None:
    closed = {"publicNetworkAccess": "Disabled"}
    found = bill(
        environment(**closed),
        endpoint("managedEnvironments"),
        prices=price_rows.table(),
        month=AUTUMN,
    )
    assert fee(found) == each("73")
    alone = priced(environment(**closed))
    assert (fee(alone).low, fee(alone).high) == (0, 73)
    assert named(alone, "env: ")
    other = bill(environment(**closed), endpoint("vault"), prices=price_rows.table(), month=AUTUMN)
    assert fee(other).low == 0


@pytest.mark.parametrize(("month", "amount"), [("2026-11", "102.96"), ("2026-08", "74.4")])
def test_the_fee_of_an_environment_rose_in_westeurope_in_september(month: str, amount: str) -> None:
    found = priced(
        environment(place="westeurope", publicNetworkAccess="Disabled"),
        month=calendar_month(month),
    )
    assert fee(found).high == D(amount)


def app(**given: Any) -> Resource:
    template = {
        "containers": [{"name": "a", "resources": {"cpu": 0.25, "memory": "0.5Gi"}}],
        "scale": {"minReplicas": 1, "maxReplicas": 2},
    }
    return azure("app:ContainerApp", "app", location=PLACE, template=template, **given)


TRAFFIC = [{"revisionName": "app--a", "weight": 80}, {"revisionName": "app--b", "weight": 20}]


def test_each_revision_with_traffic_has_replicas_of_its_own() -> None:
    configuration = {"activeRevisionsMode": "Multiple", "ingress": {"traffic": TRAFFIC}}
    quiet = used(f"{ALL_ELSEWHERE}resources: {{app: {{requests: 0, egress_gb: 0}}}}")
    found = priced(app(configuration=configuration), usage=quiet)
    assert found.monthly.low == D("11.826")
    assert found.monthly.high == 2 * priced(app(), usage=quiet).monthly.high
    assert named(found, "app: every active revision is billed, and 2 counted")


@pytest.mark.parametrize(
    "traffic", [[], [{"latestRevision": True, "weight": 100}, {"revisionName": "b", "weight": 0}]]
)
def test_one_revision_with_traffic_is_one(traffic: Any) -> None:
    configuration = {"activeRevisionsMode": "multiple", "ingress": {"traffic": traffic}}
    found = priced(app(configuration=configuration), usage=used(ALL_ELSEWHERE))
    assert found.monthly.low == D("5.913")
    assert named(found, "and 1 counted")


def test_traffic_in_mode_single_is_that_of_one_revision() -> None:
    found = priced(app(configuration={"ingress": {"traffic": TRAFFIC}}), usage=used(ALL_ELSEWHERE))
    assert found.monthly.low == D("5.913")


def test_an_execution_on_several_replicas_is_billed_for_each() -> None:
    resources = {"containers": [{"resources": {"cpu": 0.5, "memory": "1Gi"}}]}
    trigger = {"triggerType": "Manual", "manualTriggerConfig": {"parallelism": 3}}
    one, three = (
        azure("app:Job", "job", location=PLACE, template=resources, configuration=given)
        for given in ({}, trigger)
    )
    spent = used(ALL_ELSEWHERE)
    assert priced(three, usage=spent).monthly.expected == 3 * (
        priced(one, usage=spent).monthly.expected
    )
    stated = used(f"{ALL_ELSEWHERE}resources: {{job: {{active_seconds: 60}}}}")
    assert priced(three, usage=stated).monthly == priced(one, usage=spent).monthly


# App Service.


def plan(size: str, **given: Any) -> Resource:
    sku = {"name": size, **given.pop("sku", {})}
    return azure("web:AppServicePlan", "plan", location=PLACE, sku=sku, **given)


@pytest.mark.parametrize(
    ("one", "low", "high"),
    [
        (plan("B1", kind="linux"), "54.75", "54.75"),
        (plan("B1", reserved=True, sku={"capacity": 0}), "12.41", "12.41"),
        (
            plan("P0v3", reserved=True, elasticScaleEnabled=True, maximumElasticWorkerCount=10),
            "56.575",
            "565.75",
        ),
        (plan("P1v3", reserved=True, zoneRedundant=True), "226.30", "339.45"),
        (
            plan("P1v3", reserved=True, zoneRedundant=True, sku={"capacity": 4}),
            "452.60",
            "452.60",
        ),
    ],
)
def test_a_plan(one: Resource, low: str, high: str) -> None:
    found = priced(one)
    assert (found.monthly.low, found.monthly.high) == (D(low), D(high))


def test_instances_of_a_function_app_that_are_always_ready() -> None:
    scale = {
        "alwaysReady": [{"name": "http", "instanceCount": 2}],
        "instanceMemoryMB": 2048,
        "maximumInstanceCount": 100,
    }
    site = azure(
        "web:WebApp",
        "site",
        location=PLACE,
        kind="functionapp,linux",
        functionAppConfig={"scaleAndConcurrency": scale},
    )
    assert priced(site).monthly.low == D("42.048")


def test_a_static_site_with_the_edge() -> None:
    site = azure(
        "web:StaticSite",
        "site",
        location=PLACE,
        sku={"name": "Standard"},
        enterpriseGradeCdnStatus="Enabled",
    )
    assert priced(site).monthly.low == D("26.52")


# Databases.


def server(size: str, place: str = PLACE, **given: Any) -> Resource:
    given = {"version": "17", "storage": {"storageSizeGB": 128}, **given}
    return azure("dbforpostgresql:Server", "db", location=place, sku={"name": size}, **given)


def test_each_node_of_a_cluster_is_billed() -> None:
    assert priced(server("Standard_D2ds_v5", cluster={"clusterSize": 2})).monthly.low == D("289.32")


def test_extended_support_of_an_old_version() -> None:
    old = server("Standard_D4ds_v5", "westeurope", version="13")
    assert priced(old).monthly.low == D("619.3352")
    summer = usual(dt.date(2026, 7, 1))
    assert priced(old, month=summer).monthly.low == D("327.0432")
    assert priced(server("Standard_D4ds_v5", "westeurope")).monthly.low == D("327.0432")


def test_a_version_that_is_not_known_yet() -> None:
    found = priced(server("Standard_D4ds_v5", "westeurope", version=UNKNOWN))
    assert (found.monthly.low, found.monthly.high) == (D("327.0432"), D("619.3352"))
    assert found.unknown


def test_a_container_of_cosmos_db_with_throughput() -> None:
    account = azure(
        "cosmosdb:DatabaseAccount",
        "account",
        location=PLACE,
        databaseAccountOfferType="Standard",
        locations=[{"locationName": PLACE, "failoverPriority": 0}],
    )
    container = azure(
        "cosmosdb:SqlResourceSqlContainer",
        "items",
        accountName=UNKNOWN,
        resource={"id": "items"},
        options={"throughput": 400},
    )
    found = priced(account, container)
    [throughput] = [line for line in found.lines if line.monthly.low == D("23.36")]
    assert throughput.name == "items"
    assert [line for line in found.lines if line.name == "items" and line.grows]


def test_insights_without_a_workspace_are_billed_as_one() -> None:
    alone = azure("applicationinsights:Component", "insights", location=PLACE)
    usage = used("resources: {insights: {ingested_gb: 20}}")
    assert priced(alone, usage=usage).monthly.expected == 15 * D("2.76")
    with_one = azure(
        "applicationinsights:Component", "insights", location=PLACE, workspaceResourceId=UNKNOWN
    )
    assert names(priced(with_one).free) == ["insights"]


# The rest of their kind on the types of the two sites.


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (azure("monitor:DiagnosticSetting", "a", storageAccountId=UNKNOWN), "storageAccountId"),
        (azure("insights:DiagnosticSetting", "a", eventHubName="logs"), "eventHubName 'logs'"),
        (azure("web:WebAppHostNameBinding", "a", sslState="IpBasedEnabled"), "sslState"),
        (
            azure(
                "web:WebApp",
                "a",
                location=PLACE,
                hostNameSslStates=[{"name": "a", "sslState": "IpBasedEnabled"}],
            ),
            "hostNameSslStates.sslState 'IpBasedEnabled'",
        ),
        (azure("web:WebApp", "a", location=PLACE, managedEnvironmentId=UNKNOWN), "managedEnv"),
        (plan("P1v3", reserved=True, isSpot=True), "isSpot True"),
        (app(configuration={"service": {"type": "redis"}}), "configuration.service"),
        (app(kind="workflowapp"), "kind 'workflowapp'"),
        (
            azure(
                "operationalinsights:Workspace",
                "a",
                location=PLACE,
                features={"clusterResourceId": UNKNOWN},
            ),
            "features.clusterResourceId is not known",
        ),
        (azure("recoveryservices:ReplicationProtectedItem", "a"), "no price is known for this"),
        (azure("app:MaintenanceConfiguration", "a"), "no price is known for this type"),
        (azure("resources:Deployment", "a"), "no price is known for this type"),
    ],
)
def test_what_has_a_price_that_is_not_known_here_is_named(one: Resource, said: str) -> None:
    found = bill(one, prices=price_rows.table(), month=AUTUMN)
    [gap] = found.unpriced
    assert said in gap.reason
    assert found.lines == []


@pytest.mark.parametrize(
    "one",
    [
        azure("monitor:DiagnosticSetting", "a", workspaceId=UNKNOWN, resourceUri=UNKNOWN),
        azure("web:WebAppHostNameBinding", "a", sslState="SniEnabled", thumbprint=UNKNOWN),
        azure("network:VirtualNetwork", "a", addressSpace={"addressPrefixes": [UNKNOWN]}),
    ],
)
def test_what_costs_nothing_stays_free(one: Resource) -> None:
    assert names(bill(one, prices=price_rows.table(), month=AUTUMN).free) == ["a"]
