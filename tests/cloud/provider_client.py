"""A client of the provider, in place of the engine: real gRPC, bodies as plain dicts."""

from dataclasses import dataclass, field
from typing import Any

import grpc.aio
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"


def urn(token: str, name: str, stack: str = "local") -> str:
    return f"urn:pulumi:{stack}::frugal::{token}::{name}"


def wire(body: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(body)
    return struct


def plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(struct)


@dataclass
class Made:
    """A resource as the engine's state has it."""

    urn: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


@dataclass
class ProviderClient:
    """Calls a provider in the order in which the engine does."""

    stub: provider_pb2_grpc.ResourceProviderStub
    failures: list[Any] = field(default_factory=list)

    async def configure(self, **config: str) -> None:
        await self.stub.Configure(provider_pb2.ConfigureRequest(args=wire(dict(config))))

    async def check(
        self, token: str, name: str, news: dict[str, Any], olds: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], list[str]]:
        response = await self.stub.Check(
            provider_pb2.CheckRequest(
                urn=urn(token, name),
                news=wire(news),
                olds=wire(olds) if olds is not None else None,
                randomSeed=b"seed of a test",
            )
        )
        return plain(response.inputs), [f"{f.property}: {f.reason}" for f in response.failures]

    async def create(self, token: str, name: str, body: dict[str, Any]) -> Made:
        inputs, failures = await self.check(token, name, body)
        assert failures == []
        response = await self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(token, name), properties=wire(inputs))
        )
        return Made(urn(token, name), response.id, inputs, plain(response.properties))

    async def preview(self, token: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        inputs, failures = await self.check(token, name, body)
        assert failures == []
        response = await self.stub.Create(
            provider_pb2.CreateRequest(urn=urn(token, name), properties=wire(inputs), preview=True)
        )
        return plain(response.properties)

    async def diff(self, made: Made, body: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        token, name = made.urn.split("::")[2:]
        news, failures = await self.check(token, name, body, made.inputs)
        assert failures == []
        response = await self.stub.Diff(
            provider_pb2.DiffRequest(
                id=made.id,
                urn=made.urn,
                olds=wire(made.outputs),
                old_inputs=wire(made.inputs),
                news=wire(news),
            )
        )
        return response, news

    async def update(self, made: Made, body: dict[str, Any]) -> Made:
        _, news = await self.diff(made, body)
        response = await self.stub.Update(
            provider_pb2.UpdateRequest(
                id=made.id,
                urn=made.urn,
                olds=wire(made.outputs),
                old_inputs=wire(made.inputs),
                news=wire(news),
            )
        )
        return Made(made.urn, made.id, news, plain(response.properties))

    async def read(self, made: Made) -> Made | None:
        response = await self.stub.Read(
            provider_pb2.ReadRequest(
                id=made.id,
                urn=made.urn,
                properties=wire(made.outputs),
                inputs=wire(made.inputs),
            )
        )
        if not response.id:
            return None
        return Made(made.urn, response.id, plain(response.inputs), plain(response.properties))

    async def delete(self, made: Made) -> None:
        await self.stub.Delete(
            provider_pb2.DeleteRequest(
                id=made.id,
                urn=made.urn,
                properties=wire(made.outputs),
                old_inputs=wire(made.inputs),
            )
        )


def refusal(error: grpc.aio.AioRpcError) -> str:
    return error.details() or ""
