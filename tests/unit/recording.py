"""A stand-in for the engine that records what the program sends it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.runtime import mocks, rpc

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"

# Outputs that the program reads, beside the inputs, by type.
_OUTPUTS: Mapping[str, Mapping[str, Any]] = {
    "azure-native:containerregistry:Registry": {"loginServer": "registry1a2b3c4d.azurecr.io"},
    "azure-native:app:ManagedEnvironment": {
        "defaultDomain": "calm-sky.eastus.azurecontainerapps.io",
        "staticIp": "192.0.2.10",
        "customDomainConfiguration": {"customDomainVerificationId": "A1B2C3"},
    },
    "azure-native:web:WebApp": {"customDomainVerificationId": "A1B2C3"},
    "azure-native:dns:Zone": {"nameServers": ["ns1-01.azure-dns.com."]},
    "azure-native:cdn:AFDCustomDomain": {
        "validationProperties": {"validationToken": "token", "expirationDate": "2026-12-06"}
    },
    "pulumi-python:dynamic/frugal:DomainCheck": {
        "verified": True,
        "settled": True,
        "custom_domains": [{"name": "www.example.com", "bindingType": "Auto"}],
    },
    "pulumi-python:dynamic/frugal:DomainBinding": {"state": "bound"},
    "azure-native:managedidentity:UserAssignedIdentity": {
        "principalId": "11111111-1111-1111-1111-111111111111",
        "clientId": "22222222-2222-2222-2222-222222222222",
        "tenantId": "33333333-3333-3333-3333-333333333333",
    },
    "azure-native:cdn:Profile": {"frontDoorId": "44444444-4444-4444-4444-444444444444"},
    "azure-native:operationalinsights:Workspace": {
        "customerId": "55555555-5555-5555-5555-555555555555"
    },
    "azure-native:web:StaticSite": {"defaultHostname": "calm-sea-1.azurestaticapps.net"},
    "azure-native:dbforpostgresql:Server": {
        "fullyQualifiedDomainName": "server1a2b3c4d.postgres.database.azure.com"
    },
    "pulumi-python:dynamic/frugal:Image": {
        "image": "registry1a2b3c4d.azurecr.io/site@sha256:" + "0" * 64
    },
}
_EXPLICIT_NAMES = ("containerAppName", "databaseName", "name")


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One resource as it was registered: `inputs` in Azure's spelling, secrets unwrapped.

    `clear`: the inputs without what is marked secret.
    """

    type: str
    name: str
    urn: str
    parent: str
    inputs: Mapping[str, Any]
    clear: Mapping[str, Any]
    protect: bool
    deleted_with: str
    ignore_changes: tuple[str, ...]
    dependencies: frozenset[str]
    order: int

    def at(self, path: str) -> Any:
        """Value at a dotted path; numbers are list indices. Raises KeyError, IndexError."""
        value: Any = self.inputs
        for part in path.split("."):
            value = value[int(part)] if isinstance(value, list) else value[part]
        return value


class Recorder(mocks.MockMonitor):
    """Records registrations; answers with the inputs and made-up outputs.

    In a preview what only Azure could know is unknown, as with the engine.
    """

    def __init__(self, *, preview: bool) -> None:
        super().__init__(_Outputs(preview=preview))
        self.sent: list[Sent] = []
        self.outputs_registered: dict[str, int] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        answer = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            self.sent.append(self._sent(request, answer.urn))
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        self.outputs_registered[request.urn] = len(self.sent)
        return super().RegisterResourceOutputs(request)

    def _sent(self, request: Any, urn: str) -> Sent:
        inputs = rpc.deserialize_properties(request.object, keep_unknowns=True)
        return Sent(
            type=request.type,
            name=request.name,
            urn=urn,
            parent=request.parent,
            inputs={key: _opened(value) for key, value in inputs.items()},
            clear={key: value for key, value in inputs.items() if not _is_secret(value)},
            protect=request.protect,
            deleted_with=request.deletedWith,
            ignore_changes=tuple(request.ignoreChanges),
            dependencies=frozenset(request.dependencies),
            order=len(self.sent),
        )

    def all(self, type_: str) -> list[Sent]:
        """Every resource of a type (its last segment is enough)."""
        return [one for one in self.sent if type_ in (one.type, one.type.rsplit(":", 1)[-1])]

    def one(self, type_: str, name: str | None = None) -> Sent:
        """The only resource of a type, or the one of that name."""
        found = [one for one in self.all(type_) if name in (None, one.name)]
        assert len(found) == 1, f"{type_} {name}: {[one.name for one in self.all(type_)]}"
        return found[0]

    def azure(self) -> Iterator[Sent]:
        """All resources of Azure's own types."""
        return (one for one in self.sent if one.type.startswith("azure-native:"))

    def needs(self, one: Sent, other: Sent) -> bool:
        """Return True if `one` depends on `other`, directly or not."""
        by_urn = {sent.urn: sent for sent in self.sent}
        waiting, seen = [one], set[str]()
        while waiting:
            for urn in waiting.pop().dependencies - seen:
                if urn == other.urn:
                    return True
                seen.add(urn)
                if urn in by_urn:
                    waiting.append(by_urn[urn])
        return False


class _Outputs(mocks.Mocks):
    def __init__(self, *, preview: bool) -> None:
        self._preview = preview

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if self._preview:
            return "", {}
        explicit = [args.inputs[key] for key in _EXPLICIT_NAMES if key in args.inputs]
        name = explicit[0] if explicit else f"{args.name}1a2b3c4d"
        outputs = _as_answered(args.inputs) | {"name": name, **_OUTPUTS.get(args.typ, {})}
        if args.typ.endswith(":AFDEndpoint"):
            outputs["hostName"] = f"{name}.z01.azurefd.net"
        return _id(args.typ, name, args.inputs), outputs

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"the program makes no calls: {args.token}")


def _id(type_: str, name: str, inputs: Mapping[str, Any]) -> str:
    scope = f"/subscriptions/{SUBSCRIPTION}"
    if type_.endswith(":ResourceGroup"):
        return f"{scope}/resourceGroups/{name}"
    group = inputs.get("resourceGroupName", "none")
    return f"{scope}/resourceGroups/{group}/providers/{type_.replace(':', '/')}/{name}"


def _as_answered(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Azure answers the list of a resource's identities with a map."""
    outputs = dict(inputs)
    identity = outputs.get("identity")
    if isinstance(identity, dict) and "userAssignedIdentities" in identity:
        ids = identity["userAssignedIdentities"]
        outputs["identity"] = {**identity, "userAssignedIdentities": {id_: {} for id_ in ids}}
    return outputs


def _is_secret(value: Any) -> bool:
    return rpc.is_rpc_secret(value)


def _opened(value: Any) -> Any:
    return rpc.unwrap_rpc_secret(value) if _is_secret(value) else value
