import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc.aio
import pytest
from pulumi.runtime.proto import provider_pb2_grpc

from frugal.cloud import ports
from frugal.cloud.cloud import Cloud
from frugal.cloud.postgres.binaries import Installation
from frugal.cloud.postgres.cluster import Cluster
from frugal.cloud.provider import Provider, serve
from frugal.cloud.spawn import Reaper, accounts
from frugal.cloud.types import TYPES
from tests.cloud.provider_client import SUBSCRIPTION, ProviderClient


@pytest.fixture(autouse=True)
def ports_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ports that no whole environment keeps: other tests, under way at the same time, restart one.

    A port that was kept for it would be taken while nothing listens there.
    """
    monkeypatch.setattr(ports, "LOWEST", 10_000)
    monkeypatch.setattr(ports, "HIGHEST", 20_000)


@pytest.fixture(autouse=True, scope="session")
def room() -> Iterator[Path]:
    """A temporary `ROOM` for places of root's platform."""
    folder = Path(tempfile.mkdtemp(prefix="frugal-room-"))
    folder.chmod(0o711)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "ROOM", folder)
        patch.setattr(accounts, "LAST", accounts.FIRST + 4096)
        yield folder
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def initialized_once(
    request: pytest.FixtureRequest, data_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copy the data folder of a new database server from the first one of its version.

    initdb takes most of a second. The tests of the servers' life cycle run it each time.
    """
    if request.path.name == "test_postgres_lifecycle.py":
        return
    initialize = Cluster._initialise

    async def copy_or_initialize(self: Cluster, installation: Installation) -> None:
        made = data_folders / installation.version
        if made.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o711)
            copy(made, self.data)
        else:
            await initialize(self, installation)
            copy(self.data, made)

    monkeypatch.setattr(Cluster, "_initialise", copy_or_initialize)


def copy(folder: Path, to: Path) -> None:
    """Copy a folder with its owners and modes, unless it is there."""
    if not to.exists():
        subprocess.run(["cp", "-a", folder, to], check=True)


@pytest.fixture(scope="session")
def data_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of new data folders, by version."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
async def reaper() -> AsyncIterator[Reaper]:
    reaper = Reaper()
    await reaper.start()
    yield reaper
    await reaper.stop()


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    cloud = Cloud(tmp_path / "cloud", TYPES)
    await cloud.start()
    yield cloud
    await cloud.stop()
    accounts.remove(cloud.folder)


@pytest.fixture
async def engine(cloud: Cloud) -> AsyncIterator[ProviderClient]:
    server, port = await serve(Provider(cloud))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = ProviderClient(provider_pb2_grpc.ResourceProviderStub(channel))
        await client.configure(subscriptionId=SUBSCRIPTION, location="eastus")
        yield client
    await server.stop(None)
