from collections.abc import AsyncIterator
from pathlib import Path

import grpc.aio
import pytest
from pulumi.runtime.proto import provider_pb2_grpc

from frugal.cloud import ports
from frugal.cloud.cloud import Cloud
from frugal.cloud.provider import Provider, serve
from frugal.cloud.spawn import Reaper
from tests.cloud.engine_face import SUBSCRIPTION, EngineFace


@pytest.fixture(autouse=True)
def ports_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports that no whole environment keeps: other tests, under way at the same time, restart one.

    A port that was kept for it would be taken while nothing listens there.
    """
    monkeypatch.setattr(ports, "LOWEST", 10_000)
    monkeypatch.setattr(ports, "HIGHEST", 20_000)


@pytest.fixture
async def reaper() -> AsyncIterator[Reaper]:
    reaper = Reaper()
    await reaper.start()
    yield reaper
    await reaper.stop()


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    cloud = Cloud(tmp_path / "cloud")
    await cloud.start()
    yield cloud
    await cloud.stop()


@pytest.fixture
async def engine(cloud: Cloud) -> AsyncIterator[EngineFace]:
    server, port = await serve(Provider(cloud))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        face = EngineFace(provider_pb2_grpc.ResourceProviderStub(channel))
        await face.configure(subscriptionId=SUBSCRIPTION, location="eastus")
        yield face
    await server.stop(None)
