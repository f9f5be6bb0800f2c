"""The provider protocol over real gRPC, with types that run nothing."""

import asyncio

import grpc
import grpc.aio
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from frugal.cloud.cloud import Cloud
from frugal.cloud.provider import Provider, serve
from frugal.cloud.store import Resource
from frugal.cloud.types import TYPES
from tests.cloud.provider_client import (
    SUBSCRIPTION,
    Made,
    ProviderClient,
    plain,
    refusal,
    urn,
    wire,
)

GROUP = "azure-native:resources:ResourceGroup"
REGISTRY = "azure-native:containerregistry:Registry"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
ROLE = "azure-native:authorization:RoleAssignment"
PLAN = "azure-native:web:AppServicePlan"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
PULL = (
    f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/"
    "7f951dda-4ed3-4680-a7ca-43fe172d538d"
)


async def group(engine: ProviderClient, name: str = "platform") -> Made:
    return await engine.create(GROUP, name, {})


def registry_in(made: Made, **more: object) -> dict[str, object]:
    return {"resourceGroupName": made.outputs["name"], "sku": {"name": "Basic"}, **more}


async def test_a_name_and_a_location_are_given(engine: ProviderClient) -> None:
    made = await group(engine)

    assert made.inputs["resourceGroupName"].startswith("platform")
    assert len(made.inputs["resourceGroupName"]) == len("platform") + 8
    assert made.inputs["location"] == "eastus"
    assert made.id == f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{made.outputs['name']}"
    assert made.outputs["type"] == "Microsoft.Resources/resourceGroups"


Autonaming = provider_pb2.CheckRequest.AutonamingOptions
ROLE_BODY = {"scope": "/subscriptions/s", "principalId": "p", "roleDefinitionId": PULL}


async def named(engine: ProviderClient, token: str, body: dict[str, object], mode: int) -> str:
    """Name that a new resource gets under an autonaming of the engine's."""
    request = provider_pb2.CheckRequest(
        urn=urn(token, "name"),
        news=wire(body),
        randomSeed=b"seed",
        autonaming=Autonaming(mode=mode, proposed_name="proposed"),
    )
    checked = await engine.stub.Check(request)
    parameter = {GROUP: "resourceGroupName", ROLE: "roleAssignmentName"}[token]
    return plain(checked.inputs)[parameter]


async def test_a_name_is_the_engines_proposal_and_a_uuid_only_where_it_is_enforced(
    engine: ProviderClient,
) -> None:
    assert await named(engine, GROUP, {}, Autonaming.PROPOSE) == "proposed"
    assert await named(engine, GROUP, {}, Autonaming.ENFORCE) == "proposed"
    assert (await named(engine, ROLE, ROLE_BODY, Autonaming.PROPOSE)).count("-") == 4
    assert await named(engine, ROLE, ROLE_BODY, Autonaming.ENFORCE) == "proposed"


async def test_with_autonaming_disabled_a_name_is_needed(engine: ProviderClient) -> None:
    request = provider_pb2.CheckRequest(
        urn=urn(GROUP, "platform"), news=wire({}), autonaming=Autonaming(mode=Autonaming.DISABLE)
    )
    (failure,) = (await engine.stub.Check(request)).failures
    assert failure.property == "resourceGroupName"
    assert "pulumi:autonaming is disabled" in failure.reason

    for given in (
        {"news": wire({"resourceGroupName": "mine"})},
        {"olds": wire({"resourceGroupName": "mine"})},
    ):
        request = provider_pb2.CheckRequest(
            urn=urn(GROUP, "platform"), autonaming=Autonaming(mode=Autonaming.DISABLE), **given
        )
        checked = await engine.stub.Check(request)
        assert not checked.failures
        assert plain(checked.inputs)["resourceGroupName"] == "mine"


async def test_a_kept_name_survives_an_update(engine: ProviderClient) -> None:
    made = await group(engine)
    response, news = await engine.diff(made, {"tags": {"a": "b"}})

    assert news["resourceGroupName"] == made.inputs["resourceGroupName"]
    assert list(response.diffs) == ["tags"]
    assert not response.replaces


async def test_the_location_of_the_group_is_the_last_resort(cloud: Cloud) -> None:
    server, port = await serve(Provider(cloud))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        engine = ProviderClient(provider_pb2_grpc.ResourceProviderStub(channel))
        await engine.configure(subscriptionId=SUBSCRIPTION)
        made = await engine.create(GROUP, "platform", {"location": "westeurope"})
        registry = await engine.create(REGISTRY, "registry", registry_in(made))
        assert registry.inputs["location"] == "westeurope"
    await server.stop(None)


async def test_a_role_assignment_is_named_by_a_guid(engine: ProviderClient) -> None:
    made = await group(engine)
    identity = await engine.create(IDENTITY, "id", {"resourceGroupName": made.outputs["name"]})
    role = await engine.create(
        ROLE,
        "pull",
        {
            "scope": made.id,
            "principalId": identity.outputs["principalId"],
            "principalType": "ServicePrincipal",
            "roleDefinitionId": PULL,
        },
    )

    assert role.inputs["roleAssignmentName"].count("-") == 4
    assert role.id.startswith(f"{made.id}/providers/Microsoft.Authorization/roleAssignments/")


@pytest.mark.parametrize(
    ("principal", "kind", "code"),
    [
        (None, "User", "UnmatchedPrincipalType"),
        ("00000000-0000-0000-0000-00000000dead", "ServicePrincipal", "PrincipalNotFound"),
    ],
)
async def test_a_role_for_nobody_is_refused(
    engine: ProviderClient, principal: str | None, kind: str, code: str
) -> None:
    made = await group(engine)
    identity = await engine.create(IDENTITY, "id", {"resourceGroupName": made.outputs["name"]})
    body = {
        "scope": made.id,
        "principalId": principal or identity.outputs["principalId"],
        "principalType": kind,
        "roleDefinitionId": PULL,
    }
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await engine.create(ROLE, "pull", body)
    assert refusal(caught.value).startswith(code)


async def test_a_preview_knows_inputs_alone(engine: ProviderClient) -> None:
    made = await group(engine)
    planned = await engine.preview(REGISTRY, "registry", registry_in(made))

    assert planned["sku"] == {"name": "Basic", "tier": UNKNOWN}
    assert "loginServer" not in planned
    assert "resourceGroupName" not in planned


async def test_a_preview_does_not_know_what_azure_adds_within(engine: ProviderClient) -> None:
    made = await group(engine)
    app = {
        "resourceGroupName": made.outputs["name"],
        "configuration": {"ingress": {"external": True, "targetPort": 80}},
        "template": {"containers": [{"name": "web", "image": "web:1", "resources": {"cpu": 0.5}}]},
        "tags": {"of": "tests"},
    }
    planned = await engine.preview("azure-native:app:ContainerApp", "app", app)

    ingress = planned["configuration"]["ingress"]
    assert (ingress["targetPort"], ingress["fqdn"]) == (80, UNKNOWN)
    resources = planned["template"]["containers"][0]["resources"]
    assert (resources["cpu"], resources["ephemeralStorage"]) == (0.5, UNKNOWN)
    assert planned["tags"] == {"of": "tests"}


async def test_an_unknown_input_stays_unknown(engine: ProviderClient) -> None:
    inputs, failures = await engine.check(
        REGISTRY, "registry", {"resourceGroupName": UNKNOWN, "sku": {"name": "Basic"}}
    )
    assert failures == []
    assert inputs["resourceGroupName"] == UNKNOWN


async def test_what_the_model_does_not_allow_is_named(engine: ProviderClient) -> None:
    _, failures = await engine.check(
        REGISTRY,
        "registry",
        {"resourceGroupName": "g", "sku": {"name": "Basic"}, "adminUserEnable": True},
    )
    assert len(failures) == 1
    assert "adminUserEnable" in failures[0]
    assert "adminUserEnabled" in failures[0]


async def test_a_missing_resource_group_is_refused(engine: ProviderClient) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await engine.create(
            REGISTRY, "registry", {"resourceGroupName": "nowhere", "sku": {"name": "Basic"}}
        )
    assert refusal(caught.value).startswith("ResourceGroupNotFound")


async def test_an_existing_resource_is_not_created_again(engine: ProviderClient) -> None:
    made = await engine.create(GROUP, "platform", {"resourceGroupName": "platform"})
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await engine.create(GROUP, "platform", {"resourceGroupName": "PLATFORM"})
    assert "cannot create already existing resource" in refusal(caught.value)
    assert await engine.read(made) is not None


async def test_a_replacement_deletes_first_only_under_a_chosen_name(engine: ProviderClient) -> None:
    made = await group(engine)
    autonamed = await engine.create(REGISTRY, "registry", registry_in(made))
    chosen = await engine.create(REGISTRY, "other", registry_in(made, registryName="chosenname"))
    elsewhere = {"location": "westus2"}

    moved, _ = await engine.diff(autonamed, registry_in(made, **elsewhere))
    assert list(moved.replaces) == ["location"]
    assert not moved.deleteBeforeReplace
    moved, _ = await engine.diff(chosen, registry_in(made, registryName="chosenname", **elsewhere))
    assert list(moved.replaces) == ["location"]
    assert moved.deleteBeforeReplace


async def test_the_same_body_is_no_difference(engine: ProviderClient) -> None:
    made = await group(engine)
    registry = await engine.create(REGISTRY, "registry", registry_in(made))
    response, _ = await engine.diff(registry, registry_in(made))
    assert response.changes == provider_pb2.DiffResponse.DIFF_NONE


async def test_a_change_from_elsewhere_is_read(engine: ProviderClient, cloud: Cloud) -> None:
    made = await group(engine)
    registry = await engine.create(REGISTRY, "registry", registry_in(made))
    await cloud.update(registry.id, {**registry.inputs, "sku": {"name": "Standard"}})

    read = await engine.read(registry)
    assert read is not None
    assert read.inputs["sku"] == {"name": "Standard"}
    assert read.outputs["sku"] == {"name": "Standard"}


async def test_deleting_a_group_deletes_what_is_in_it(engine: ProviderClient) -> None:
    made = await group(engine)
    registry = await engine.create(REGISTRY, "registry", registry_in(made))
    await engine.delete(made)

    assert await engine.read(registry) is None
    await engine.delete(registry)  # gone already: no error


async def test_resources_survive_a_restart(engine: ProviderClient, cloud: Cloud) -> None:
    made = await group(engine)
    await cloud.stop()
    again = Cloud(cloud.folder, TYPES)
    assert again.store.need(made.id).inputs == made.inputs


async def test_a_restart_computes_what_an_earlier_version_did_not(
    engine: ProviderClient, cloud: Cloud
) -> None:
    made = await group(engine)
    registry = await engine.create(REGISTRY, "registry", registry_in(made))
    stored = cloud.store.need(registry.id)
    server = stored.computed.pop("loginServer")
    stored.computed["creationDate"] = "2026-01-01T00:00:00Z"
    cloud.store.save()

    await cloud.stop()
    again = Cloud(cloud.folder, TYPES)
    await again.start()
    try:
        computed = again.store.need(registry.id).computed
        assert computed["loginServer"] == server
        assert computed["creationDate"] == "2026-01-01T00:00:00Z"
    finally:
        await again.stop()


async def test_another_stack_is_refused(cloud: Cloud) -> None:
    server, port = await serve(Provider(cloud))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        response = await stub.CheckConfig(
            provider_pb2.CheckRequest(urn=urn("pulumi:providers:azure-native", "default", "dev"))
        )
    await server.stop(None)
    assert len(response.failures) == 1
    assert "'dev'" in response.failures[0].reason


async def test_plan_only_plans_any_stack_and_type_and_does_nothing() -> None:
    server, port = await serve(Provider(None))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        engine = ProviderClient(stub)
        await engine.configure()
        config = await stub.CheckConfig(
            provider_pb2.CheckRequest(urn=urn("pulumi:providers:azure-native", "default", "dev"))
        )
        assert not config.failures
        planned = await engine.preview("azure-native:storage:StorageAccount", "s", {"kind": "x"})
        assert planned == {"kind": "x"}
        given = {"resourceGroupName": UNKNOWN, "sku": {"name": "Basic"}}
        inputs, _ = await engine.check(REGISTRY, "r", given)
        assert inputs["location"] == UNKNOWN  # the group's, which is not known either
        await engine.configure(location="eastus")
        planned = await engine.preview("azure-native:storage:StorageAccount", "s", {"kind": "x"})
        assert planned == {"kind": "x", "location": "eastus"}
        planned = await engine.preview("azure-native:storage:Blob", "b", {"type": "Block"})
        assert planned == {"type": "Block"}
        asked = provider_pb2.InvokeRequest(tok="azure-native:resources:getResourceGroup")
        with pytest.raises(grpc.aio.AioRpcError, match="only plans"):
            await stub.Invoke(asked)
        with pytest.raises(grpc.aio.AioRpcError, match="only plans"):
            await engine.create(GROUP, "platform", {"location": "eastus"})
    await server.stop(None)


async def test_an_operation_ends_although_its_caller_is_gone(
    engine: ProviderClient, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> None:
        entered.set()
        await go_on.wait()

    monkeypatch.setattr(TYPES[GROUP], "apply", slow)
    inputs, _ = await engine.check(GROUP, "platform", {"resourceGroupName": "platform"})
    call = engine.stub.Create(
        provider_pb2.CreateRequest(urn=urn(GROUP, "platform"), properties=wire(inputs))
    )
    await entered.wait()
    call.cancel()
    go_on.set()
    await cloud.settle()

    assert [r.id for r in cloud.store] == [f"/subscriptions/{SUBSCRIPTION}/resourceGroups/platform"]
    assert await cloud.sweep("frugal", set()) == [
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/platform"
    ]
    assert list(cloud.store) == []


async def test_a_plan_with_apps_is_not_removed(engine: ProviderClient, cloud: Cloud) -> None:
    made = await group(engine)
    plan = await engine.create(
        PLAN,
        "plan",
        {
            "resourceGroupName": made.outputs["name"],
            "kind": "linux",
            "reserved": True,
            "sku": {"name": "B1", "tier": "Basic", "capacity": 1},
        },
    )
    cloud.store.put(
        Resource(
            id=f"{made.id}/providers/Microsoft.Web/sites/s",
            token="azure-native:web:WebApp",
            inputs={"serverFarmId": plan.id},
        )
    )
    with pytest.raises(grpc.aio.AioRpcError, match="cannot be deleted"):
        await engine.delete(plan)


async def test_a_sweep_leaves_other_projects_alone(engine: ProviderClient, cloud: Cloud) -> None:
    made = await group(engine)
    assert await cloud.sweep("another", set()) == []
    assert await engine.read(made) is not None
    assert await cloud.sweep("frugal", {made.id.upper()}) == []
    assert await cloud.sweep("frugal", set()) == [made.id]
