"""A daemon that starts again on what an earlier one left, whole or not; the rows it guards."""

from pathlib import Path

import pytest

from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of
from frugal.cloud.postgres import Server
from frugal.cloud.store import Resource
from frugal.cloud.types import TYPES, database
from tests.cloud.provider_client import ProviderClient

GROUP = "azure-native:resources:ResourceGroup"
SERVER = (
    "/subscriptions/0/resourceGroups/g/providers/Microsoft.DBforPostgreSQL/flexibleServers/server"
)


class Killed(BaseException):
    """The end of the daemon in the middle of something."""


async def test_a_deletion_that_a_kill_ended_is_completed(
    engine: ProviderClient, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await engine.create(GROUP, "group", {"location": "eastus"})

    async def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(TYPES[GROUP], "remove", killed)
        with pytest.raises(Killed):
            await cloud.delete(made.id)
    assert [r.id for r in cloud.store] == [made.id]

    await cloud.stop()
    after = Cloud(tmp_path / "cloud", TYPES)
    await after.start()
    assert list(after.store) == []
    await after.stop()


async def test_a_refused_deletion_is_not_completed_later(
    engine: ProviderClient, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await engine.create(GROUP, "group", {"location": "eastus"})

    async def refuse(*_: object) -> None:
        raise CloudError("ServerNotAccessible", "not now")

    with monkeypatch.context() as patch:
        patch.setattr(TYPES[GROUP], "remove", refuse)
        with pytest.raises(CloudError, match="not now"):
            await cloud.delete(made.id)

    await cloud.stop()
    after = Cloud(tmp_path / "cloud", TYPES)
    await after.start()
    assert [r.id for r in after.store] == [made.id]
    await after.stop()


async def test_what_lacks_its_image_waits_for_it(
    engine: ProviderClient, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await engine.create(GROUP, "group", {"location": "eastus"})
    images: list[str] = []

    async def restore(*_: object) -> None:
        if not images:
            raise CloudError("ImagePullFailure", "Image 'x/y@z': not found.")

    monkeypatch.setattr(TYPES[GROUP], "restore", restore)
    await cloud.stop()
    after = Cloud(tmp_path / "cloud", TYPES)
    await after.start()
    assert after.waiting == {made.id: "Image 'x/y@z': not found."}
    await after.resume()
    assert list(after.waiting) == [made.id]
    images.append("built")
    await after.resume()
    assert after.waiting == {}
    await after.stop()


class Counted(Server):
    """A server of which only the rows are of interest."""

    def __init__(self, **rows: int) -> None:
        self.counts = rows

    async def rows(self) -> dict[str, int]:
        return dict(self.counts)

    async def drop(self) -> None:
        self.counts = {}

    async def stop(self) -> None:
        pass


def add_server(cloud: Cloud, **rows: int) -> Counted:
    counted = Counted(**rows)
    urn = f"urn:pulumi:local::frugal::{database.FlexibleServer.token}::server"
    cloud.store.put(Resource(id=SERVER, token=database.FlexibleServer.token, inputs={}, urn=urn))
    cloud.running[key_of(SERVER)] = counted
    return counted


async def test_rows_of_the_first_migration_do_not_count(cloud: Cloud) -> None:
    server = add_server(cloud)
    unmigrated = await database.unmigrated(cloud)
    server.counts = {"d.public.version": 1, "d.public.rounds": 0}
    await database.keep_migrated(cloud, unmigrated)
    assert await cloud.rows() == {}
    server.counts["d.public.rounds"] = 3
    assert await cloud.rows() == {"server/d.public.rounds": 3}
    assert await database.unmigrated(cloud) == []
    assert await cloud.rows() == {"server/d.public.rounds": 3}


async def test_a_later_job_does_not_make_rows_the_migrations(cloud: Cloud) -> None:
    add_server(cloud, **{"d.public.rounds": 3})
    await database.keep_migrated(cloud, await database.unmigrated(cloud))
    assert await cloud.rows() == {"server/d.public.rounds": 3}


async def test_a_sweep_takes_no_rows_unasked(cloud: Cloud) -> None:
    add_server(cloud, **{"d.public.rounds": 3})
    with pytest.raises(CloudError, match=r"holds rows \(d\.public\.rounds: 3\)") as caught:
        await cloud.sweep("frugal", set())
    assert caught.value.code == "RowsAtStake"
    assert [r.id for r in cloud.store] == [SERVER]
    assert await cloud.sweep("frugal", set(), with_rows=True) == [SERVER]
