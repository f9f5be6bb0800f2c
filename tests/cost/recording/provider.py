"""A stub of the azure-native plugin, whose cloud is a JSON file: `python provider.py WORLD`.

WORLD: `resources`, the inputs by id; `failing`, the calls that fail by name of the resource, such
as `{"server": ["Delete"]}`. Another `location` or `resourceGroupName` replaces a resource.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

VERSION = "3.29.0"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
KINDS = ("resources:ResourceGroup", "web:AppServicePlan", "dbforpostgresql:Server")

Diff = provider_pb2.DiffResponse


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    def __init__(self, world: Path) -> None:
        self._world = world
        self._lock = Lock()

    def Handshake(self, request, context):
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request, context):
        """Return what Pulumi YAML needs: the types of the recorded program, with any properties."""
        anything = {"$ref": "pulumi.json#/Any"}
        names = ("location", "resourceGroupName", "kind", "reserved", "sku", "storage")
        properties = dict.fromkeys(names, anything)
        schema = {"inputProperties": properties, "properties": properties}
        resources = {f"azure-native:{kind}": schema for kind in KINDS}
        document = {"name": "azure-native", "version": VERSION, "resources": resources}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(document))

    def Cancel(self, request, context):
        return empty_pb2.Empty()

    def CheckConfig(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request, context):
        return Diff(changes=Diff.DIFF_NONE)

    def Configure(self, request, context):
        return provider_pb2.ConfigureResponse(supportsPreview=True, acceptSecrets=True)

    def Check(self, request, context):
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request, context):
        old, new = read(request.old_inputs), read(request.news)
        changed = sorted(key for key in old | new if old.get(key) != new.get(key))
        replaces = [key for key in changed if key in ("location", "resourceGroupName")]
        kind = provider_pb2.PropertyDiff
        detailed = {
            key: kind(kind=kind.UPDATE_REPLACE if key in replaces else kind.UPDATE, inputDiff=True)
            for key in changed
        }
        return Diff(
            changes=Diff.DIFF_SOME if changed else Diff.DIFF_NONE,
            diffs=changed,
            replaces=replaces,
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    def Create(self, request, context):
        inputs = read(request.properties)
        identity = f"/made/{name_of(request.urn)}/{inputs.get('location', 'anywhere')}"
        if request.preview:
            return provider_pb2.CreateResponse(id="", properties=write(inputs | {"id": UNKNOWN}))
        self._refuse("Create", request.urn, context)
        self._change(lambda resources: resources.update({identity: inputs}))
        return provider_pb2.CreateResponse(id=identity, properties=write(state(identity, inputs)))

    def Read(self, request, context):
        inputs = self._load()["resources"].get(request.id)
        if inputs is None:
            return provider_pb2.ReadResponse()
        properties = write(state(request.id, inputs))
        return provider_pb2.ReadResponse(id=request.id, inputs=write(inputs), properties=properties)

    def Update(self, request, context):
        inputs = read(request.news)
        if not request.preview:
            self._change(lambda resources: resources.update({request.id: inputs}))
        return provider_pb2.UpdateResponse(properties=write(state(request.id, inputs)))

    def Delete(self, request, context):
        self._refuse("Delete", request.urn, context)
        self._change(lambda resources: resources.pop(request.id, None))
        return empty_pb2.Empty()

    def Invoke(self, request, context):
        return provider_pb2.InvokeResponse()

    def _load(self) -> dict[str, Any]:
        return json.loads(self._world.read_text())

    def _change(self, change) -> None:
        with self._lock:
            world = self._load()
            change(world["resources"])
            new = self._world.with_suffix(".new")
            new.write_text(json.dumps(world))
            new.replace(self._world)

    def _refuse(self, call: str, urn: str, context) -> None:
        if call in self._load()["failing"].get(name_of(urn), ()):
            context.abort(grpc.StatusCode.UNKNOWN, f"{call} fails as the recording wants it")


def name_of(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def state(identity: str, inputs: dict[str, Any]) -> dict[str, Any]:
    outputs = {"id": identity}
    if "timeGrain" in inputs:
        # A budget has its currency in its outputs alone.
        outputs["currentSpend"] = {"amount": 0, "unit": "GBP"}
    return inputs | outputs


def read(struct: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(struct)


def write(value: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(value, struct_pb2.Struct())


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(8))
    provider = Provider(Path(sys.argv[1]))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    with suppress(KeyboardInterrupt):
        sys.stdin.read()  # the engine's pipe


if __name__ == "__main__":
    main()
