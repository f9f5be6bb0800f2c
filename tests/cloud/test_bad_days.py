"""Each of Azure's bad days, as the provider (gRPC) and Resource Manager (HTTP) play it."""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import grpc.aio
import httpx
import psycopg
import pytest

from frugal.cloud.arm import ResourceManagerApi
from frugal.cloud.cloud import Cloud
from frugal.cloud.days import DAYS
from frugal.cloud.listen import Listener
from frugal.cloud.postgres.server import Server
from frugal.cloud.store import Resource
from frugal.errors import FrugalError
from frugal.local.daemon import Daemon
from tests.cloud.bad_days import PASSING
from tests.cloud.pgbench import DATABASE
from tests.cloud.provider_client import Made, refusal
from tests.cloud.test_builds import Registry, arm, registry
from tests.cloud.test_images import context
from tests.cloud.test_jobs import Jobs, bench
from tests.cloud.test_rules import NATIVE, SERVER, Edge, World, budget, edge, world
from tests.cloud.test_translator import account

__all__ = ["arm", "bench", "edge", "registry", "world"]

OBJECT_ID = "0a1b2c3d-0000-4000-8000-0000000000a1"
ADMINISTRATOR = {
    "objectId": OBJECT_ID,
    "principalName": "admin",
    "principalType": "ServicePrincipal",
    "tenantId": "00000000-0000-0000-0000-000000000001",
}
DAYS_PATH = "/frugal/days"


class Postgres:
    """A server with a firewall rule, over gRPC and over HTTP."""

    def __init__(self, world: World, cloud: Cloud, arm: httpx.AsyncClient) -> None:
        self.world = world
        self.cloud = cloud
        self.arm = arm
        self.server: Made

    async def furnish(self) -> None:
        self.server = await self.world.make("dbforpostgresql:Server", "pg", **SERVER)

    def child(self, **more: Any) -> dict[str, Any]:
        return {"serverName": self.server.outputs["name"], **more}

    async def administrator(self) -> Made:
        return await self.world.make(
            "dbforpostgresql:AdministratorsMicrosoftEntra", "admin", **self.child(**ADMINISTRATOR)
        )

    async def listed(self) -> list[str]:
        answer = await self.arm.get(f"{self.server.id}/administrators")
        return [a["properties"]["objectId"] for a in answer.json()["value"]]

    async def put(self, **properties: Any) -> httpx.Response:
        given = {k: v for k, v in ADMINISTRATOR.items() if k != "objectId"}
        return await self.arm.put(
            f"{self.server.id}/administrators/{OBJECT_ID}",
            json={"properties": {**given, **properties}},
        )

    async def state(self) -> str:
        return (await self.arm.get(self.server.id)).json()["properties"]["state"]

    async def sign_in(self, database: str = "postgres") -> psycopg.AsyncConnection:
        (server,) = self.cloud.running_as(Server).values()
        server.set_firewall([("127.0.0.1", "127.0.0.1")])
        resource = "https://ossrdbms-aad.database.windows.net"
        token, _ = self.cloud.tokens.issue(client_id="c", object_id=OBJECT_ID, resource=resource)
        return await psycopg.AsyncConnection.connect(
            host="127.0.0.1", port=server.port, user="admin", password=token, dbname=database
        )


@pytest.fixture
async def postgres(world: World, cloud: Cloud, arm: httpx.AsyncClient) -> Postgres:
    postgres = Postgres(world, cloud, arm)
    await postgres.furnish()
    return postgres


async def refused(making: Any) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await making
    return refusal(caught.value)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_days_are_switched_with_the_admin_token_alone(
    arm: httpx.AsyncClient, cloud: Cloud
) -> None:
    assert (await arm.put(DAYS_PATH, json={"no-builds": {}})).status_code == 401
    assert not cloud.days.is_on("no-builds")
    admin = {"Authorization": "Bearer admin"}
    assert (await arm.put(DAYS_PATH, json={"no-builds": {}}, headers=admin)).status_code == 200
    assert cloud.days.is_on("no-builds")
    assert (await arm.put(DAYS_PATH, json={}, headers=admin)).status_code == 200
    assert not cloud.days.is_on("no-builds")


async def test_the_tool_switches_them(cloud: Cloud) -> None:
    listener = Listener(ResourceManagerApi(cloud, admin_token="admin").app, 0)
    await listener.start()
    daemon = Daemon(pid=1, http=listener.port, admin_token="admin", identity_header="", code="")
    try:
        await asyncio.to_thread(daemon.days, PASSING)
        assert cloud.days.is_on("server-busy")
        with pytest.raises(FrugalError, match="no day 'rain'"):
            await asyncio.to_thread(daemon.days, {"rain": {}})
        await asyncio.to_thread(daemon.days, {})
        assert not cloud.days.is_on("server-busy")
    finally:
        await listener.stop()


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"rain": {}}, "no day 'rain'. There are: server-busy, "),
        ({"server-busy": {"every": 2}}, "takes an object with seconds or times above 0"),
        ({"server-busy": {"seconds": "2"}}, "takes an object with seconds or times above 0"),
        ({"server-busy": {"seconds": 0}}, "takes an object with seconds or times above 0"),
        ({"no-builds": {"seconds": 2}}, "takes {}; got"),
        ({"no-builds": True}, "takes {}; got"),
    ],
)
async def test_an_unknown_day_or_parameter_changes_nothing(
    arm: httpx.AsyncClient, cloud: Cloud, days: Mapping[str, Any], said: str
) -> None:
    cloud.days.switch({"budget-refused": {}})
    answer = await arm.put(DAYS_PATH, json=days, headers={"Authorization": "Bearer admin"})
    assert error_of(answer) == (400, "InvalidParameterValue")
    assert said in answer.json()["error"]["message"]
    assert cloud.days.is_on("budget-refused")


async def test_each_passing_day_has_a_value_for_all_at_once(cloud: Cloud) -> None:
    cloud.days.switch(PASSING)
    assert set(PASSING) == {name for name, day in DAYS.items() if day.takes}


async def test_a_new_server_is_updating_then_ready_and_refuses_its_children(
    postgres: Postgres, cloud: Cloud
) -> None:
    assert await postgres.state() == "Ready"
    cloud.days.switch({"server-busy": {"seconds": 600}})
    make, child = postgres.world.refused, postgres.child()
    assert await postgres.state() == "Updating"
    assert (await make("dbforpostgresql:Database", "db", **child)).startswith("ServerIsBusy: ")
    cloud.days.advance(301)
    assert await postgres.state() == "Ready"
    assert "Try again later" in await make("dbforpostgresql:Database", "db", **child)
    cloud.days.advance(300)
    await postgres.world.make("dbforpostgresql:Database", "db", **child)


async def test_a_new_server_refuses_a_number_of_times_and_is_ready(
    postgres: Postgres, cloud: Cloud
) -> None:
    cloud.days.switch({"server-busy": {"times": 2}})
    assert await postgres.state() == "Ready"
    rule = postgres.child(startIpAddress="0.0.0.0", endIpAddress="0.0.0.0")
    for _ in range(2):
        said = await postgres.world.refused("dbforpostgresql:FirewallRule", "azure", **rule)
        assert said.startswith("ServerIsBusy: ")
    await postgres.world.make("dbforpostgresql:FirewallRule", "azure", **rule)


async def test_a_server_that_is_not_accessible_refuses_administrators(
    postgres: Postgres, cloud: Cloud
) -> None:
    code = "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible"
    cloud.days.switch({"server-not-accessible": {"seconds": 600}})
    assert (await refused(postgres.administrator())).startswith(f"{code}: The server 'pg")
    assert error_of(await postgres.put()) == (409, code)
    cloud.days.advance(601)
    await postgres.administrator()


async def test_an_administrator_is_late_in_the_list_to_get_and_at_the_door(
    postgres: Postgres, cloud: Cloud
) -> None:
    cloud.days.switch({"administrator-late": {"seconds": 600}})
    made = await postgres.administrator()
    assert await postgres.listed() == []
    assert error_of(await postgres.arm.get(made.id)) == (404, "ResourceNotFound")
    assert await postgres.world.engine.read(made) is None
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await postgres.sign_in()
    (appearing,) = cloud.later
    cloud.days.advance(601)
    await appearing
    assert await postgres.listed() == [OBJECT_ID]
    assert await postgres.world.engine.read(made) is not None
    await (await postgres.sign_in()).close()


async def test_a_lost_administrator_appears_when_it_is_put_again(
    postgres: Postgres, cloud: Cloud
) -> None:
    cloud.days.switch({"administrator-lost": {"times": 2}})
    made = await postgres.administrator()
    assert await postgres.listed() == []
    assert (await postgres.put()).status_code == 202
    assert await postgres.listed() == []
    assert (await postgres.put()).status_code == 202
    assert await postgres.listed() == [OBJECT_ID]
    await (await postgres.sign_in()).close()
    # It is still the program's resource: no stray for a sweep.
    assert cloud.store.need(made.id).urn == made.urn
    assert await cloud.sweep("frugal", {r.id for r in cloud.store}) == []
    assert await postgres.listed() == [OBJECT_ID]


async def test_an_administrator_that_a_refresh_lost_is_created_again(
    postgres: Postgres, cloud: Cloud
) -> None:
    made = await postgres.administrator()
    cloud.days.switch({"administrator-get-404": {"seconds": 600}})
    assert await postgres.listed() == [OBJECT_ID]
    assert error_of(await postgres.arm.get(made.id)) == (404, "ResourceNotFound")
    assert await postgres.world.engine.read(made) is None
    assert (await postgres.administrator()).id == made.id
    cloud.days.advance(601)
    assert await postgres.world.engine.read(made) is not None
    assert "AlreadyExists" in await refused(postgres.administrator())


async def test_an_administrators_put_is_checked_and_needs_no_program(
    postgres: Postgres, cloud: Cloud
) -> None:
    answer = await postgres.put(principalType="Robot")
    assert error_of(answer) == (400, "InvalidRequestContent")
    assert "principalType" in answer.json()["error"]["message"]
    assert (await postgres.put()).status_code == 202
    assert (await postgres.put(principalName="other")).status_code == 202
    answer = await postgres.arm.get(f"{postgres.server.id}/administrators/{OBJECT_ID}")
    assert answer.json()["properties"] == {**ADMINISTRATOR, "principalName": "other"}
    known = {r.id for r in cloud.store} - {f"{postgres.server.id}/administrators/{OBJECT_ID}"}
    assert await cloud.sweep("frugal", known) == []
    assert await postgres.listed() == [OBJECT_ID]


async def test_an_administrator_stays_while_its_role_owns_objects(
    postgres: Postgres, cloud: Cloud
) -> None:
    made = await postgres.administrator()
    cloud.days.switch({"administrator-owns-objects": {}})
    await postgres.world.make("dbforpostgresql:Database", DATABASE, **postgres.child())
    async with await postgres.sign_in(DATABASE) as session:
        await session.execute("CREATE TABLE rounds (x int)")
    said = await postgres.world.not_deleted(made)
    assert said == (
        'DependentObjectsStillExist: role "admin" cannot be dropped because some objects depend on '
        "it"
    )
    async with await postgres.sign_in(DATABASE) as session:
        await session.execute("DROP TABLE rounds")
    await postgres.world.engine.delete(made)


async def both(cloud: Cloud, day: str, *making: Any) -> list[str]:
    """Carry out operations at once, each lasting until one is refused; return the refusals."""
    cloud.days.switch({day: {"seconds": 600}})
    operations = [asyncio.ensure_future(operation) for operation in making]
    await asyncio.wait(operations, return_when=asyncio.FIRST_EXCEPTION)
    cloud.days.switch({})
    results = await asyncio.gather(*operations, return_exceptions=True)
    return [refusal(r) for r in results if isinstance(r, grpc.aio.AioRpcError)]


async def test_two_writes_on_one_server_collide(postgres: Postgres, cloud: Cloud) -> None:
    make, child = postgres.world.make, postgres.child()
    (said,) = await both(
        cloud,
        "busy-server",
        *(make("dbforpostgresql:Database", name, **child) for name in ("one", "two")),
    )
    assert said.startswith("ServerIsBusy: Cannot complete operation while server 'pg")


async def test_two_writes_on_one_environment_collide(bench: Jobs, cloud: Cloud) -> None:
    make = bench.world.make
    jobs = [make("app:Job", name, **bench.body({})) for name in ("one", "two")]
    elsewhere = make("app:ManagedEnvironment", "elsewhere")
    (said,) = await both(cloud, "busy-environment", *jobs, elsewhere)
    assert said.startswith("ContainerAppOperationInProgress: Cannot modify a container app '")
    cloud.days.switch({})
    async with cloud._write(cloud.store.need(bench.base["environmentId"])):
        await make("app:Job", "three", **bench.body({}))


async def test_deletes_collide_too(bench: Jobs, cloud: Cloud) -> None:
    made = [await bench.world.make("app:Job", n, **bench.body({})) for n in ("one", "two")]
    deletes = (bench.world.engine.delete(job) for job in made)
    (said,) = await both(cloud, "busy-environment", *deletes)
    assert said.startswith("ContainerAppOperationInProgress")


async def test_two_writes_on_one_profile_collide(edge: Edge, cloud: Cloud) -> None:
    (said,) = await both(cloud, "busy-profile", edge.origin("one"), edge.origin("two"))
    assert said.startswith("Conflict: Another operation is in progress on the profile 'edge")


async def test_two_writes_on_one_site_collide(world: World, cloud: Cloud) -> None:
    # A publishing policy needs its site in the store; nothing has to run.
    site_id = f"{world.group.id}/providers/Microsoft.Web/sites/web"
    site = Resource(id=site_id, token=f"{NATIVE}:web:WebApp", inputs={})
    cloud.store.put(site)
    body = world.body(name="web", allow=False)
    create = world.engine.create
    scm = create(f"{NATIVE}:web:WebAppScmAllowed", "scm", body)
    ftp = create(f"{NATIVE}:web:WebAppFtpAllowed", "ftp", body)
    (said,) = await both(cloud, "busy-site", scm, ftp)
    assert said.startswith(
        "Conflict: Cannot modify this site because another operation is in progress."
    )


async def test_without_an_end_every_write_is_refused(edge: Edge, cloud: Cloud) -> None:
    cloud.days.switch({"busy-profile": {}})
    assert (await refused(edge.origin("one"))).startswith("Conflict: ")
    cloud.days.switch({})
    await edge.origin("one")


async def test_a_registry_knows_a_role_late(bench: Jobs, cloud: Cloud) -> None:
    cloud.days.switch({"role-late": {"seconds": 600}})
    for token in ("app:Job", "app:ContainerApp"):
        body = bench.body({})
        if token == "app:ContainerApp":
            body["configuration"] = {"registries": body["configuration"]["registries"]}
            body["template"]["containers"][0]["env"] = []
        said = await bench.world.refused(token, "late", **body)
        assert said.startswith("ContainerAppOperationError: ")
        assert f"unable to pull image using Managed identity {bench.identity.id}" in said
    cloud.days.advance(601)
    await bench.make({})


async def test_a_web_app_pulls_as_late(bench: Jobs, cloud: Cloud) -> None:
    plan = await bench.world.make("web:AppServicePlan", "plan", sku={"name": "B1"})
    cloud.days.switch({"role-late": {"times": 1}})
    said = await bench.world.refused(
        "web:WebApp",
        "web",
        serverFarmId=plan.id,
        identity=bench.base["identity"],
        siteConfig={
            "linuxFxVersion": "DOCKER|registry1.azurecr.io/site:1",
            "acrUseManagedIdentityCreds": True,
            "acrUserManagedIdentityID": bench.identity.outputs["clientId"],
        },
    )
    assert "unable to pull image using Managed identity" in said
    await bench.make({})


async def test_a_role_assignment_says_when_it_was_created(bench: Jobs, cloud: Cloud) -> None:
    (role,) = cloud.store.of(f"{NATIVE}:authorization:RoleAssignment")
    created = (await bench.arm.get(role.id)).json()["properties"]["createdOn"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", created)
    assert datetime.fromisoformat(created).timestamp() == pytest.approx(role.created, abs=0.001)


async def test_an_execution_whose_image_is_not_pulled_has_no_exit_code(
    bench: Jobs, cloud: Cloud
) -> None:
    made = await bench.make({})
    cloud.days.switch({"job-pull": {"times": 1}})
    properties = await bench.ended(await bench.start(made))
    (container,) = properties["detailedStatus"]["replicas"][0]["containers"]
    assert (properties["status"], container["name"]) == ("Failed", "job")
    assert "code" not in container
    assert "unable to pull image" in container["additionalInformation"]
    assert "unable to pull image" in bench.log
    assert (await bench.ended(await bench.start(made)))["status"] == "Succeeded"


@pytest.mark.parametrize(
    ("day", "error"),
    [
        ("throttled", (429, "TooManyRequests")),
        ("unavailable", (503, "ServiceUnavailable")),
    ],
)
async def test_calls_over_http_are_refused_and_say_when_to_come_back(
    world: World, cloud: Cloud, arm: httpx.AsyncClient, day: str, error: tuple[int, str]
) -> None:
    cloud.days.switch({day: {"every": 3}})
    answers = [await arm.get(world.group.id) for _ in range(6)]
    assert [a.status_code for a in answers] == [200, 200, error[0]] * 2
    assert error_of(answers[2]) == error
    assert answers[2].headers["Retry-After"] == "1"
    cloud.days.switch({day: {"times": 1}})
    assert (await arm.get(world.group.id)).status_code == error[0]
    assert (await arm.get(world.group.id)).status_code == 200


async def test_a_slow_delete_answers_until_it_is_over(
    world: World, cloud: Cloud, arm: httpx.AsyncClient
) -> None:
    made = await world.make("managedidentity:UserAssignedIdentity", "identity")
    cloud.days.switch({"slow-deletes": {"seconds": 600}})
    deleting = asyncio.ensure_future(world.engine.delete(made))
    while not cloud._busy:  # noqa: ASYNC110 - the delete sets no event
        await asyncio.sleep(0.005)
    assert (await arm.get(made.id)).status_code == 200
    assert await world.engine.read(made) is not None
    cloud.days.advance(601)
    await deleting
    assert (await arm.get(made.id)).status_code == 404


async def test_a_deleted_account_is_listed_late_and_purged_slowly(
    world: World, cloud: Cloud, arm: httpx.AsyncClient
) -> None:
    made = await world.make("cognitiveservices:Account", "account", **account())
    cloud.days.switch({"deleted-account-late": {"seconds": 600}, "slow-purge": {"seconds": 9000}})
    await world.engine.delete(made)
    provider = "/".join(made.id.split("/")[:3]) + "/providers/Microsoft.CognitiveServices"
    listing = f"{provider}/deletedAccounts"

    async def second() -> str:
        return await world.refused("cognitiveservices:Account", "second", **account("other-1"))

    assert (await arm.get(listing)).json() == {"value": []}
    assert (await second()).startswith("CanNotCreateMultipleFreeAccounts")
    cloud.days.advance(601)
    (deleted,) = (await arm.get(listing)).json()["value"]
    assert (await arm.get(deleted["id"])).json() == deleted
    assert (await arm.delete(deleted["id"])).status_code == 202
    cloud.days.advance(5000)
    assert (await arm.delete(deleted["id"])).status_code == 202
    assert (await arm.get(deleted["id"])).status_code == 200
    assert (await second()).startswith("CanNotCreateMultipleFreeAccounts")
    cloud.days.advance(5000)
    assert (await arm.get(deleted["id"])).status_code == 404
    assert (await arm.get(listing)).json() == {"value": []}
    await world.make("cognitiveservices:Account", "second", **account("other-1"))


async def test_a_build_fails_once_at_docker_hubs_limit(
    registry: Registry, cloud: Cloud, arm: httpx.AsyncClient
) -> None:
    cloud.days.switch({"docker-hub-limit": {"times": 1}})
    statuses, logs = [], []
    for _ in range(2):
        await registry.upload(context({"Dockerfile": "FROM python:3.11\nCMD python\n"}))
        run = (await registry.schedule()).json()["properties"]["runId"]
        await cloud.settle()
        answer = await arm.get(f"{registry.made.id}/runs/{run}")
        statuses.append(answer.json()["properties"]["status"])
        logs.append((await arm.get(f"/logs/{run}")).text)
    assert statuses == ["Failed", "Succeeded"]
    assert "toomanyrequests: You have reached your unauthenticated pull rate limit." in logs[0]
    assert "toomanyrequests" not in logs[1]


async def test_a_subscription_that_may_not_build(registry: Registry, cloud: Cloud) -> None:
    cloud.days.switch({"no-builds": {}})
    await registry.upload(b"x")
    answer = await registry.schedule()
    assert error_of(answer) == (400, "TasksOperationsNotAllowed")
    assert "requests for the registry registry1 and " in answer.json()["error"]["message"]


STANDING: Mapping[str, tuple[str, dict[str, Any], str]] = {
    "offer-restricted": (
        "dbforpostgresql:Server",
        {**SERVER, "location": "eastus"},
        "LocationIsOfferRestricted: Subscriptions are restricted from provisioning in location 'ea",
    ),
    "no-app-service-quota": (
        "web:AppServicePlan",
        {"sku": {"name": "B1"}},
        "Unauthorized: Operation cannot be completed without additional quota.",
    ),
    "no-environment-quota": (
        "app:ManagedEnvironment",
        {},
        "MaxNumberOfGlobalEnvironmentsInSubExceeded: The subscription '00000000-",
    ),
}


@pytest.mark.parametrize("day", STANDING)
async def test_a_standing_refusal_lasts_until_it_is_switched_off(
    world: World, cloud: Cloud, day: str
) -> None:
    token, body, said = STANDING[day]
    cloud.days.switch({day: {}})
    cloud.days.advance(10**6)
    for _ in range(2):
        assert (await world.refused(token, "refused", **body)).startswith(said)
    assert [r.id for r in cloud.store] == [world.group.id]
    cloud.days.switch({})
    await world.make(token, "refused", **body)


async def test_a_subscription_without_budgets(world: World, cloud: Cloud) -> None:
    first = datetime.now(UTC).date().replace(day=1)
    body = {**budget(first), "scope": world.group.id}
    token = f"{NATIVE}:consumption:Budget"
    cloud.days.switch({"budget-refused": {}})
    said = await refused(world.engine.create(token, "budget", body))
    assert said.startswith("RBACAccessDenied: The client does not have authorization")
    cloud.days.switch({})
    await world.engine.create(token, "budget", body)


async def test_what_a_day_holds_up_ends_with_the_daemon(world: World, cloud: Cloud) -> None:
    made = await world.make("managedidentity:UserAssignedIdentity", "identity")
    cloud.days.switch({"slow-deletes": {}})
    deleting = asyncio.ensure_future(world.engine.delete(made))
    while not cloud._busy:  # noqa: ASYNC110 - the delete sets no event
        await asyncio.sleep(0.005)
    try:
        await asyncio.wait_for(cloud.stop(), 30)
    finally:
        cloud.days.switch({})
    await deleting
    assert cloud.store.get(made.id) is None


@pytest.mark.parametrize("name", DAYS)
def test_each_day_has_a_dated_source(name: str) -> None:
    assert re.search(r"20\d\d|\d+\.\d+\.\d+", DAYS[name].source)
