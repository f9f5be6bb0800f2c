"""The azure-native provider (gRPC) of the local cloud.

It answers as the genuine provider does (pulumi/pulumi-azure-native, provider/pkg/provider, read in
November 2026): autonaming, location defaults, replacement rules, delete before replace only for
names that the program chose, unknown outputs in a preview, no secrets accepted. It acts for stacks
named `local` alone. In plan-only mode (`python -m frugal.cloud.provider --plan-only`, for pricing
`dev` or `prod` without a login) it accepts any stack and any azure-native type, and every call that
would create, change, delete or read fails.
"""

import asyncio
import hashlib
import sys
import traceback
import uuid
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import grpc
import grpc.aio
from google.protobuf import json_format, struct_pb2
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as pb

from frugal import peers
from frugal.cloud.bodies import Body
from frugal.cloud.contract import UNKNOWN, Model, model, tokens
from frugal.cloud.diff import Change, changes
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import TENANT
from frugal.cloud.preview import previewed, takes_location

if TYPE_CHECKING:
    # Plan-only mode starts without what runs here: apps, database, edge.
    from frugal.cloud.cloud import Cloud

VERSION = "3.29.0"
STACK = "local"
NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
# The engine's marker of a value that is not known before the deployment.
UNKNOWN_ON_THE_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# Set beside an autonamed resource's inputs, as the genuine provider does: a replacement may then be
# created before the old one goes.
AUTONAMED = "__createBeforeDelete"


Context = grpc.aio.ServicerContext[Any, Any]


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Translates the engine's calls. `cloud` is None in plan-only mode."""

    def __init__(self, cloud: "Cloud | None") -> None:
        self._cloud = cloud
        # Each run of an engine has a connection of its own, and its own configuration.
        self._configured: dict[str, dict[str, str]] = {}

    async def Handshake(
        self, request: pb.ProviderHandshakeRequest, context: Context
    ) -> pb.ProviderHandshakeResponse:
        return pb.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    async def GetPluginInfo(self, request: Empty, context: Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=VERSION)

    async def Attach(self, request: plugin_pb2.PluginAttach, context: Context) -> Empty:
        return Empty()

    async def Cancel(self, request: Empty, context: Context) -> Empty:
        return Empty()

    async def CheckConfig(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        stack = request.urn.split(":")[2]
        if self._cloud is not None and stack != STACK:
            failure = pb.CheckFailure(
                reason=f"This is the local cloud, which acts for the stack '{STACK}' alone, and "
                f"the stack is '{stack}'. Run `pulumi … -s {STACK}` here, or open a shell without "
                f"`frugal env` to deploy '{stack}' to Azure."
            )
            return pb.CheckResponse(inputs=request.news, failures=[failure])
        return pb.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    async def Configure(
        self, request: pb.ConfigureRequest, context: Context
    ) -> pb.ConfigureResponse:
        arguments = _read(request.args)
        self._configured[context.peer()] = {
            k: str(v) for k, v in arguments.items() if k in {"subscriptionId", "location"}
        }
        return pb.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

    async def Invoke(self, request: pb.InvokeRequest, context: Context) -> pb.InvokeResponse:
        if request.tok != "azure-native:authorization:getClientConfig":
            if self._cloud is None:
                raise CloudError(
                    "PlanOnly", f"This provider only plans; it cannot call {request.tok}."
                )
            raise CloudError(
                "NotSupportedHere", f"The local cloud does not support the function {request.tok}."
            )
        answer = {
            "subscriptionId": self._subscription(context),
            "tenantId": TENANT,
            "clientId": "deployer",
            "objectId": "deployer",
        }
        response = pb.InvokeResponse()
        getattr(response, "return").CopyFrom(_write(answer))
        return response

    async def Check(self, request: pb.CheckRequest, context: Context) -> pb.CheckResponse:
        token = _token(request.urn)
        olds, news = _read(request.olds), _read(request.news)
        if token not in tokens():
            return self._check_foreign(token, olds, news, context)
        m = model(token)
        _name(m, request, olds, news)
        if "location" in m.top_level:
            self._locate(olds, news, context)
        findings = m.check({k: v for k, v in news.items() if k != AUTONAMED})
        failures = [pb.CheckFailure(property=f.path, reason=f.message) for f in findings]
        if m.name_parameter and not news.get(m.name_parameter):
            reason = "is missing, and pulumi:autonaming is disabled: give the resource a name"
            failures.append(pb.CheckFailure(property=m.name_parameter, reason=reason))
        return pb.CheckResponse(inputs=_write(news), failures=failures)

    def _check_foreign(
        self, token: str, olds: Body, news: Body, context: Context
    ) -> pb.CheckResponse:
        """A type without a model: planned as it comes, refused where it would have to run."""
        if self._cloud is None:
            if takes_location(token):
                self._locate(olds, news, context)
            return pb.CheckResponse(inputs=_write(news))
        reason = (
            f"The local cloud has no resource type {token}; docs/local-cloud.md lists what it has."
        )
        failures = [pb.CheckFailure(reason=reason)]
        return pb.CheckResponse(inputs=_write(news), failures=failures)

    def _locate(self, olds: Body, news: Body, context: Context) -> None:
        """Fill in a location: the old one, else the configured one, else the resource group's."""
        if news.get("location"):
            return
        location = olds.get("location") or self._configured.get(context.peer(), {}).get("location")
        group = news.get("resourceGroupName")
        if not location and group is UNKNOWN:
            location = UNKNOWN
        if not location and self._cloud and isinstance(group, str):
            subscription = self._subscription(context)
            found = self._cloud.store.get(f"/subscriptions/{subscription}/resourceGroups/{group}")
            location = found.inputs.get("location") if found else None
        if location:
            news["location"] = location

    async def Diff(self, request: pb.DiffRequest, context: Context) -> pb.DiffResponse:
        token = _token(request.urn)
        olds, news = _read(request.old_inputs), _read(request.news)
        ignored = [i.split(".")[0] for i in request.ignoreChanges]
        found = [c for c in changes(model(token), olds, news) if c.top not in ignored]
        replaces = sorted({c.path for c in found if c.replaces})
        return pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if found else pb.DiffResponse.DIFF_NONE,
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and not news.get(AUTONAMED),
            diffs=sorted({c.top for c in found}),
            detailedDiff={c.path: _property_diff(c) for c in found},
            hasDetailedDiff=True,
        )

    async def Create(self, request: pb.CreateRequest, context: Context) -> pb.CreateResponse:
        inputs = _read(request.properties)
        token = _token(request.urn)
        if request.preview:
            return pb.CreateResponse(properties=_write(_previewed(token, inputs)))
        cloud = self._for_real()
        creating = cloud.create(
            token, inputs, subscription=self._subscription(context), urn=request.urn
        )
        resource = await cloud.run(creating)
        return pb.CreateResponse(id=resource.id, properties=_write(cloud.outputs(resource)))

    async def Read(self, request: pb.ReadRequest, context: Context) -> pb.ReadResponse:
        cloud = self._for_real()
        try:
            resource = cloud.read(request.id)
        except CloudError:
            return pb.ReadResponse(id="")
        return pb.ReadResponse(
            id=resource.id,
            properties=_write(cloud.outputs(resource)),
            inputs=_write(resource.inputs),
        )

    async def Update(self, request: pb.UpdateRequest, context: Context) -> pb.UpdateResponse:
        news, olds = _read(request.news), _read(request.olds)
        token = _token(request.urn)
        if request.preview:
            stable = {k: olds[k] for k in ("name", "location") if k in olds}
            planned = {**_previewed(token, news), **stable}
            return pb.UpdateResponse(properties=_write(planned))
        cloud = self._for_real()
        resource = await cloud.run(cloud.update(request.id, news))
        return pb.UpdateResponse(properties=_write(cloud.outputs(resource)))

    async def Delete(self, request: pb.DeleteRequest, context: Context) -> Empty:
        cloud = self._for_real()
        await cloud.run(cloud.delete(request.id))
        return Empty()

    def _subscription(self, context: Context) -> str:
        return self._configured.get(context.peer(), {}).get("subscriptionId") or NO_SUBSCRIPTION

    def _for_real(self) -> "Cloud":
        if self._cloud is None:
            raise CloudError(
                "PlanOnly", "This provider only plans; it cannot read, create, update or delete."
            )
        return self._cloud


def _token(urn: str) -> str:
    """The type in a URN, without those of its parents."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _name(m: Model, request: pb.CheckRequest, olds: Body, news: Body) -> None:
    """Give a resource a name where the program gave none, as the genuine provider does.

    The engine may propose a name (pulumi:autonaming), which a UUID takes the place of unless it is
    enforced, or disable names other than the program's (getDefaultName in provider.go).
    """
    parameter = m.name_parameter
    if not parameter or news.get(parameter):
        return
    if olds.get(parameter):
        news[parameter] = olds[parameter]
        if AUTONAMED in olds:
            news[AUTONAMED] = olds[AUTONAMED]
        return
    autonaming = request.autonaming if request.HasField("autonaming") else None
    modes = pb.CheckRequest.AutonamingOptions
    if autonaming and autonaming.mode == modes.DISABLE:
        return
    is_uuid = m.arm_type.lower() == "microsoft.authorization/roleassignments"
    name = request.urn.split("::")[-1]
    seed = hashlib.sha256(request.randomSeed or uuid.uuid4().bytes).digest()
    news[AUTONAMED] = True
    if autonaming and (autonaming.mode == modes.ENFORCE or not is_uuid):
        news[parameter] = autonaming.proposed_name
    elif is_uuid:
        news[parameter] = str(uuid.UUID(bytes=seed[:16], version=4))
    elif m.arm_type.count("/") > 1:
        news[parameter] = name
    else:
        news[parameter] = name + seed.hex()[:8]


def _previewed(token: str, inputs: Body) -> Body:
    """The outputs known in a preview; for a type without a model, its inputs."""
    return previewed(model(token), inputs) if token in tokens() else inputs


def _property_diff(change: Change) -> pb.PropertyDiff:
    kind = change.kind.upper() + ("_REPLACE" if change.replaces else "")
    return pb.PropertyDiff(kind=pb.PropertyDiff.Kind.Value(kind), inputDiff=True)


def _read(struct: struct_pb2.Struct) -> Body:
    """A body from the wire; the marker of an unknown value becomes UNKNOWN."""
    return _map(json_format.MessageToDict(struct), UNKNOWN_ON_THE_WIRE, UNKNOWN)


def _write(body: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(_map(body, UNKNOWN, UNKNOWN_ON_THE_WIRE))
    return struct


def _map(value: object, old: object, new: object) -> Any:
    if isinstance(value, Mapping):
        body = cast("Mapping[str, object]", value)
        return {k: _map(v, old, new) for k, v in body.items() if v is not None}
    if isinstance(value, list):
        return [_map(v, old, new) for v in cast("list[object]", value)]
    return new if value is old or (isinstance(old, str) and value == old) else value


def _refusal(error: Exception) -> tuple[grpc.StatusCode, str] | None:
    """Convert a method's error to the call's status and text, which the engine shows."""
    if isinstance(error, CloudError):
        return grpc.StatusCode.FAILED_PRECONDITION, str(error)
    if isinstance(error, OSError):
        # Most likely no space; the traceback goes to the log.
        traceback.print_exception(error)
        return grpc.StatusCode.INTERNAL, f"The local cloud failed: {error}"
    return None


async def serve(provider: Provider) -> tuple[grpc.aio.Server, int]:
    """Serve a provider on a free loopback port, to our user and root; return server and port."""
    register = partial(provider_pb2_grpc.add_ResourceProviderServicer_to_server, provider)
    return await peers.serve(register, refusal=_refusal)


if __name__ == "__main__":
    if sys.argv[1:2] != ["--plan-only"]:  # the engine adds its own address
        sys.exit("usage: python -m frugal.cloud.provider --plan-only")
    asyncio.run(peers.run_plugin(serve(Provider(None))))
