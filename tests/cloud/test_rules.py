"""Azure's refusals beyond a body's shape, and computed properties."""

from datetime import UTC, date, datetime
from typing import Any

import grpc.aio
import httpx
import psycopg
import pytest

from frugal.cloud.cloud import Cloud
from frugal.cloud.postgres.server import Server
from frugal.cloud.store import Resource
from frugal.cloud.types.front_door import RunningEndpoint
from tests.cloud.arm_client import arm_client
from tests.cloud.provider_client import Made, ProviderClient, refusal
from tests.plain_http import PLAIN

NATIVE = "azure-native"
NOBODY = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/none"
PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"


class World:
    """A resource group and, made when asked for, what stands in it."""

    def __init__(self, engine: ProviderClient, group: Made) -> None:
        self.engine = engine
        self.group = group

    def body(self, **more: Any) -> dict[str, Any]:
        return {"resourceGroupName": self.group.outputs["name"], **more}

    async def make(self, token: str, name: str, **body: Any) -> Made:
        return await self.engine.create(f"{NATIVE}:{token}", name, self.body(**body))

    async def refused(self, token: str, name: str, **body: Any) -> str:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.make(token, name, **body)
        return refusal(caught.value)

    async def not_deleted(self, made: Made) -> str:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.engine.delete(made)
        assert await self.engine.read(made) is not None
        return refusal(caught.value)


@pytest.fixture
async def world(engine: ProviderClient) -> World:
    return World(engine, await engine.create(f"{NATIVE}:resources:ResourceGroup", "group", {}))


class Edge:
    """A profile with an endpoint and an origin group."""

    def __init__(self, world: World, profile: Made, endpoint: Made, group: Made) -> None:
        self.world = world
        self.profile = profile.outputs["name"]
        self.endpoint = endpoint
        self.group = group

    async def origin(self, name: str = "origin", **more: Any) -> Made:
        body = {"hostName": "app.example.net", "enabledState": "Enabled", **more}
        return await self.world.make(
            "cdn:AFDOrigin",
            name,
            profileName=self.profile,
            originGroupName=self.group.outputs["name"],
            **body,
        )

    def route_body(self, *patterns: str) -> dict[str, Any]:
        return {
            "profileName": self.profile,
            "endpointName": self.endpoint.outputs["name"],
            "originGroup": {"id": self.group.id},
            "patternsToMatch": list(patterns),
            "supportedProtocols": ["Http", "Https"],
            "httpsRedirect": "Enabled",
            "enabledState": "Enabled",
        }


@pytest.fixture
async def edge(world: World) -> Edge:
    profile = await world.make(
        "cdn:Profile", "edge", location="Global", sku={"name": "Standard_AzureFrontDoor"}
    )
    name = profile.outputs["name"]
    endpoint = await world.make(
        "cdn:AFDEndpoint", "site", profileName=name, location="Global", enabledState="Enabled"
    )
    group = await world.make(
        "cdn:AFDOriginGroup",
        "origins",
        profileName=name,
        loadBalancingSettings={"sampleSize": 4, "successfulSamplesRequired": 3},
    )
    return Edge(world, profile, endpoint, group)


async def test_a_route_needs_an_enabled_origin(edge: Edge) -> None:
    message = await edge.world.refused("cdn:Route", "route", **edge.route_body("/*"))
    assert "at least one enabled origin" in message
    await edge.origin(enabledState="Disabled")
    message = await edge.world.refused("cdn:Route", "route", **edge.route_body("/*"))
    assert "at least one enabled origin" in message


async def test_the_last_origin_stays_while_a_route_needs_it(edge: Edge) -> None:
    first, second = await edge.origin("one"), await edge.origin("two")
    route = await edge.world.make("cdn:Route", "route", **edge.route_body("/*"))
    await edge.world.engine.delete(second)
    assert "last origin" in await edge.world.not_deleted(first)
    assert "origin group" in await edge.world.not_deleted(edge.group)
    await edge.world.engine.delete(route)
    await edge.world.engine.delete(first)


async def test_a_pattern_belongs_to_one_route_of_an_endpoint(edge: Edge) -> None:
    await edge.origin()
    await edge.world.make("cdn:Route", "route", **edge.route_body("/*", "/login"))
    message = await edge.world.refused("cdn:Route", "other", **edge.route_body("/Login"))
    assert "/login" in message


async def test_a_redirect_to_https_needs_both_protocols(edge: Edge) -> None:
    await edge.origin()
    body = {**edge.route_body("/*"), "supportedProtocols": ["Https"]}
    assert "httpsRedirect" in await edge.world.refused("cdn:Route", "route", **body)


async def test_an_endpoint_listens_until_it_is_deleted(edge: Edge, cloud: Cloud) -> None:
    (running,) = cloud.running_as(RunningEndpoint).values()
    assert running.listener.port
    assert edge.endpoint.outputs["hostName"].endswith(".azurefd.net")
    await edge.world.engine.delete(edge.endpoint)
    assert not cloud.running


async def test_an_endpoint_follows_the_routes_that_are_stored(edge: Edge, cloud: Cloud) -> None:
    (running,) = cloud.running_as(RunningEndpoint).values()

    async def answered() -> int:
        async with httpx.AsyncClient(verify=PLAIN, timeout=60) as client:
            return (await client.get(f"http://localhost:{running.listener.port}/")).status_code

    assert await answered() == 404
    origin = await edge.origin()
    body = edge.route_body("/*")
    route = await edge.world.make("cdn:Route", "route", **body)
    assert await answered() == 503  # routed, to an origin that is not here
    disabled = edge.world.body(**{**body, "enabledState": "Disabled"})
    route = await edge.world.engine.update(route, disabled)
    assert await answered() == 404
    await edge.world.engine.update(route, edge.world.body(**body))
    assert await answered() == 503
    await edge.world.engine.delete(route)
    await edge.world.engine.delete(origin)
    assert await answered() == 404


async def test_a_parent_must_be_there(world: World) -> None:
    message = await world.refused(
        "cdn:AFDEndpoint", "site", profileName="nowhere", location="Global"
    )
    assert message.startswith("ParentResourceNotFound")


async def container_app(world: World, **registry: Any) -> dict[str, Any]:
    """The body of an app whose registry entry is as given."""
    environment = await world.make("app:ManagedEnvironment", "environment")
    return {
        "containerAppName": "site",
        "environmentId": environment.id,
        "configuration": {
            "ingress": {"external": True, "targetPort": 8000},
            "registries": [registry] if registry else [],
        },
        "template": {"containers": [{"name": "site", "image": "registry1.azurecr.io/site:1"}]},
    }


async def test_an_app_needs_its_environment(world: World) -> None:
    body = await container_app(world)
    body["environmentId"] = f"{NOBODY}/providers/Microsoft.App/managedEnvironments/none"
    assert (await world.refused("app:ContainerApp", "site", **body)).startswith("ResourceNotFound")


async def test_an_image_needs_a_registry_a_role_and_a_build(world: World) -> None:
    identity = await world.make("managedidentity:UserAssignedIdentity", "identity")
    body = await container_app(world, server="registry1.azurecr.io", identity=identity.id)
    body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": [identity.id]}
    assert "no registry" in await world.refused("app:ContainerApp", "site", **body)

    registry = await world.make(
        "containerregistry:Registry", "r", registryName="registry1", sku={"name": "Basic"}
    )
    assert "AcrPull" in await world.refused("app:ContainerApp", "site", **body)

    await world.engine.create(
        f"{NATIVE}:authorization:RoleAssignment",
        "pull",
        {
            "scope": registry.id,
            "principalId": identity.outputs["principalId"],
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"/subscriptions/0/providers/x/roleDefinitions/{PULL}",
        },
    )
    assert "manifest unknown" in await world.refused("app:ContainerApp", "site", **body)


async def test_an_identity_that_pulls_is_assigned_to_the_app(world: World) -> None:
    identity = await world.make("managedidentity:UserAssignedIdentity", "identity")
    body = await container_app(world, server="registry1.azurecr.io", identity=identity.id)
    assert "not assigned" in await world.refused("app:ContainerApp", "site", **body)


async def test_what_has_apps_is_not_deleted(world: World, cloud: Cloud) -> None:
    environment = await world.make("app:ManagedEnvironment", "environment")
    await cloud_holds(cloud, world, "app:ContainerApp", environmentId=environment.id)
    assert "still has container apps" in await world.not_deleted(environment)


async def cloud_holds(cloud: Cloud, world: World, token: str, **inputs: Any) -> None:
    """Put a resource there that could not be created without running something."""
    resource_id = f"{world.group.id}/providers/Microsoft.App/containerApps/site"
    cloud.store.put(Resource(id=resource_id, token=f"{NATIVE}:{token}", inputs=inputs))


def budget(start: date, **notification: Any) -> dict[str, Any]:
    told = {"contactEmails": ["owner@example.com"], **notification}
    return {
        "amount": 50,
        "category": "Cost",
        "timeGrain": "Monthly",
        "timePeriod": {"startDate": f"{start}T00:00:00Z"},
        "notifications": {
            "actual": {
                "enabled": True,
                "operator": "GreaterThanOrEqualTo",
                "threshold": 80,
                **told,
            }
        },
    }


async def test_a_budget_starts_this_month_and_keeps_its_start(world: World) -> None:
    this_month = datetime.now(UTC).date().replace(day=1)
    last_month = date(this_month.year - 1, this_month.month, 1)
    token, scope = f"{NATIVE}:consumption:Budget", {"scope": world.group.id}
    for start in (last_month, this_month.replace(day=2)):
        with pytest.raises(grpc.aio.AioRpcError, match="first of a month"):
            await world.engine.create(token, "budget", {**budget(start), **scope})
    made = await world.engine.create(token, "budget", {**budget(this_month), **scope})
    later = date(this_month.year + 1, this_month.month, 1)
    with pytest.raises(grpc.aio.AioRpcError, match="cannot be updated"):
        await world.engine.update(made, {**budget(later), **scope})


async def test_a_budget_tells_somebody(world: World) -> None:
    body = {
        **budget(datetime.now(UTC).date().replace(day=1), contactEmails=[]),
        "scope": world.group.id,
    }
    with pytest.raises(grpc.aio.AioRpcError, match="contact"):
        await world.engine.create(f"{NATIVE}:consumption:Budget", "budget", body)


async def test_a_diagnostic_setting_needs_its_workspace(world: World) -> None:
    body = {
        "resourceUri": world.group.id,
        "workspaceId": f"{NOBODY}/providers/Microsoft.OperationalInsights/workspaces/none",
        "logs": [{"category": "ContainerAppConsoleLogs", "enabled": True}],
    }
    with pytest.raises(grpc.aio.AioRpcError, match="ResourceNotFound"):
        await world.engine.create(f"{NATIVE}:monitor:DiagnosticSetting", "logs", body)


async def test_a_registry_of_another_project_can_be_shared(world: World, cloud: Cloud) -> None:
    registry = await world.make("containerregistry:Registry", "shared", sku={"name": "Basic"})
    found = cloud.store.need(registry.id)
    assert cloud.outputs(found)["loginServer"] == registry.outputs["loginServer"]
    assert await cloud.sweep("another-project", set()) == []


SERVER = {
    "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
    "storage": {"storageSizeGB": 32},
    "version": "17",
    "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"},
}


async def test_a_deleted_servers_name_is_reserved(world: World) -> None:
    server = await world.make("dbforpostgresql:Server", "pg", serverName="pg-one", **SERVER)
    await world.engine.delete(server)
    message = await world.refused("dbforpostgresql:Server", "pg", serverName="pg-one", **SERVER)
    assert message.startswith("ServerNameAlreadyExists")


async def test_a_server_takes_one_operation_at_a_time(world: World, cloud: Cloud) -> None:
    server = await world.make("dbforpostgresql:Server", "pg", **SERVER)
    async with cloud._write(cloud.store.need(server.id)):
        message = await world.refused(
            "dbforpostgresql:Database", "db", serverName=server.outputs["name"]
        )
    assert message.startswith("ServerIsBusy")
    await world.make("dbforpostgresql:Database", "db", serverName=server.outputs["name"])


async def test_a_server_admits_by_the_rules_that_are_stored(world: World, cloud: Cloud) -> None:
    server = await world.make("dbforpostgresql:Server", "pg", **SERVER)
    (running,) = cloud.running_as(Server).values()

    async def said() -> str:
        with pytest.raises(psycopg.OperationalError) as caught:
            await psycopg.AsyncConnection.connect(
                host="127.0.0.1", port=running.port, user="x", password="x", sslmode="require"
            )
        return str(caught.value)

    address = {"startIpAddress": "127.0.0.1", "endIpAddress": "127.0.0.1"}
    rule = await world.make(
        "dbforpostgresql:FirewallRule", "here", serverName=server.outputs["name"], **address
    )
    assert "password authentication failed" in await said()
    async with arm_client(cloud) as arm:
        bad = await arm.patch(rule.id, json={"properties": {"endIpAddress": "127.0.0.256"}})
        assert (bad.status_code, cloud.store.need(rule.id).inputs["endIpAddress"]) == (
            400,
            "127.0.0.1",
        )
        elsewhere = {"startIpAddress": "10.0.0.1", "endIpAddress": "10.0.0.1"}
        assert (await arm.patch(rule.id, json={"properties": elsewhere})).status_code == 200
        assert "no pg_hba.conf entry" in await said()
        assert (await arm.patch(rule.id, json={"properties": address})).status_code == 200
    assert "password authentication failed" in await said()
    await world.engine.delete(rule)
    assert "no pg_hba.conf entry" in await said()


async def test_storage_never_shrinks(world: World) -> None:
    body = {**SERVER, "storage": {"storageSizeGB": 64}}
    server = await world.make("dbforpostgresql:Server", "pg", **body)
    with pytest.raises(grpc.aio.AioRpcError, match="not shrink"):
        await world.engine.update(server, world.body(**SERVER))


async def test_passwords_are_not_offered(world: World) -> None:
    body = {**SERVER, "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Enabled"}}
    assert "passwordAuth" in await world.refused("dbforpostgresql:Server", "pg", **body)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"template": {"volumes": [{"name": "v"}]}}, "template.volumes"),
        (
            {"configuration": {"activeRevisionsMode": "Multiple"}},
            "configuration.activeRevisionsMode; here it may be Single",
        ),
        (
            {"configuration": {"ingress": {"transport": "tcp"}}},
            "configuration.ingress.transport; here it may be auto or http",
        ),
        (
            {"configuration": {"ingress": {"stickySessions": {"affinity": "sticky"}}}},
            "configuration.ingress.stickySessions.affinity",
        ),
        ({"template": {"scale": {"rules": [{"name": "queue"}]}}}, "scale rule 'queue'"),
    ],
)
async def test_what_would_have_no_effect_is_refused(
    world: World, body: dict[str, Any], named: str
) -> None:
    said = await world.refused("app:ContainerApp", "app", **body)
    assert f"the local cloud does not have {named}" in said
