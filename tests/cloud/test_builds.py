"""Builds as the registry's operations: what is uploaded, asked for and pushed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from frugal.cloud import builds
from frugal.cloud.cloud import Cloud
from frugal.cloud.images import Image
from tests.cloud.arm_client import arm_client
from tests.cloud.provider_client import Made
from tests.cloud.test_images import context
from tests.cloud.test_rules import World, world

__all__ = ["world"]


@pytest.fixture
async def arm(cloud: Cloud) -> AsyncIterator[httpx.AsyncClient]:
    async with arm_client(cloud) as client:
        yield client


class Registry:
    def __init__(self, world: World, arm: httpx.AsyncClient, made: Made) -> None:
        self.world = world
        self.arm = arm
        self.made = made

    @property
    def body(self) -> dict[str, Any]:
        return {"registryName": "registry1", "sku": {"name": "Basic"}}

    async def upload(self, content: Any) -> httpx.Response:
        answer = await self.arm.post(f"{self.made.id}/listBuildSourceUploadUrl")
        self.source = answer.json()["relativePath"]
        headers = {"x-ms-blob-type": "BlockBlob"}
        return await self.arm.put(answer.json()["uploadUrl"], content=content, headers=headers)

    async def schedule(self, **changes: Any) -> httpx.Response:
        request = {
            "type": "DockerBuildRequest",
            "platform": {"os": "Linux"},
            "sourceLocation": self.source,
            "dockerFilePath": "Dockerfile",
            "imageNames": ["site:1"],
            **changes,
        }
        return await self.arm.post(f"{self.made.id}/scheduleRun", json=request)


@pytest.fixture
async def registry(world: World, arm: httpx.AsyncClient) -> Registry:
    made = await world.make(
        "containerregistry:Registry", "r", registryName="registry1", sku={"name": "Basic"}
    )
    return Registry(world, arm, made)


class Held:
    """Lets a build begin, and go on when told to."""

    def __init__(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        self.real = cloud.images.build
        monkeypatch.setattr(cloud.images, "build", self.build)

    async def build(self, *arguments: Any, **more: Any) -> Image:
        self.begun.set()
        await self.go_on.wait()
        return await self.real(*arguments, **more)


class Chunks:
    """A body that counts what is taken of it."""

    taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(100):
            self.taken += 1
            yield b"x" * 600


async def test_an_image_survives_a_change_of_its_registry(
    registry: Registry, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(cloud, monkeypatch)
    files = {"Dockerfile": "FROM python:3.11\nCMD python\n"}
    assert (await registry.upload(context(files))).status_code == 201
    assert (await registry.schedule()).status_code == 202
    await held.begun.wait()
    world = registry.world
    await world.engine.update(registry.made, world.body(**registry.body, tags={"a": "b"}))
    held.go_on.set()
    await cloud.settle()
    kept = cloud.store.need(registry.made.id)
    assert kept.inputs["tags"] == {"a": "b"}
    assert kept.data["images"]["site"]["1"].startswith("sha256:")


async def test_a_build_whose_registry_is_gone_has_failed(
    registry: Registry, cloud: Cloud, arm: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(cloud, monkeypatch)
    await registry.upload(context({"Dockerfile": "FROM python:3.11\nCMD python\n"}))
    run = (await registry.schedule()).json()["properties"]["runId"]
    await held.begun.wait()
    await registry.world.engine.delete(registry.made)
    held.go_on.set()
    await cloud.settle()
    assert "build failed: ResourceNotFound" in (await arm.get(f"/logs/{run}")).text


async def test_a_request_without_a_dockerfile_is_refused(registry: Registry) -> None:
    await registry.upload(b"x")
    answer = await registry.schedule(dockerFilePath=None)
    assert answer.status_code == 400
    assert "dockerFilePath" in answer.json()["error"]["message"]


async def test_an_upload_to_nowhere_is_not_read(arm: httpx.AsyncClient) -> None:
    chunks = Chunks()
    headers = {"x-ms-blob-type": "BlockBlob"}
    answer = await arm.put("/uploads/guessed", content=chunks, headers=headers)
    assert answer.status_code == 403
    assert chunks.taken <= 1


async def test_too_large_an_upload_is_broken_off(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "LARGEST_CONTEXT_BYTES", 1000)
    chunks = Chunks()
    answer = await registry.upload(chunks)
    assert answer.json()["error"]["code"] == "RequestBodyTooLarge"
    assert chunks.taken <= 3


@pytest.mark.parametrize(
    ("path", "header"), [("/frugal/status", "Authorization"), ("/msi/token", "X-IDENTITY-HEADER")]
)
async def test_a_header_of_any_bytes_is_only_wrong(
    arm: httpx.AsyncClient, path: str, header: str
) -> None:
    answer = await arm.get(path, headers={header: b"Bearer \xe9"})
    assert answer.status_code == 401
