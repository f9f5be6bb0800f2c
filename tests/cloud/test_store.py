"""Content of the store on disk, and changes that can't be written."""

from pathlib import Path

import grpc.aio
import pytest

from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.store import Resource, Store
from tests.cloud.provider_client import ProviderClient, refusal

GROUP = "/subscriptions/0/resourceGroups/group"
TOKEN = "azure-native:resources:ResourceGroup"


def group(location: str) -> Resource:
    return Resource(id=GROUP, token=TOKEN, inputs={"location": location})


def test_a_change_that_is_not_on_disk_is_not_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (tmp_path / "resources.new").mkdir()  # stands in the way of a write, root's too
    with pytest.raises(CloudError, match="resources can't be written"):
        store.put(group("eastus"))
    assert store.get(GROUP) is None
    (tmp_path / "resources.new").rmdir()
    store.put(group("eastus"))
    (tmp_path / "resources.new").mkdir()
    with pytest.raises(CloudError, match="StateUnwritable"):
        store.put(group("westus"))
    with pytest.raises(CloudError, match="StateUnwritable"):
        store.remove(store.need(GROUP), reserve=True, until_purged=True)
    assert store.deleted(TOKEN) == []
    for one in (store, Store(tmp_path)):
        assert one.need(GROUP).inputs == {"location": "eastus"}


@pytest.mark.parametrize("damaged", ["resources", "resources.key"])
def test_a_damaged_file_is_named(tmp_path: Path, damaged: str) -> None:
    Store(tmp_path).put(group("eastus"))
    (tmp_path / damaged).write_bytes(b"x")
    with pytest.raises(CloudError, match="StateUnreadable"):
        Store(tmp_path)


async def test_what_could_not_be_kept_does_not_run(cloud: Cloud, engine: ProviderClient) -> None:
    made = await engine.create(TOKEN, "group", {})
    body = {
        "resourceGroupName": made.outputs["name"],
        "name": "site",
        "sku": {"name": "Free", "tier": "Free"},
    }
    in_the_way = cloud.folder / "resources.new"
    in_the_way.mkdir()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await engine.create("azure-native:web:StaticSite", "site", body)
    assert "can't be written" in refusal(caught.value)
    assert cloud.running == {}
    in_the_way.rmdir()
    site = await engine.create("azure-native:web:StaticSite", "site", body)
    assert list(cloud.running) == [site.id.lower()]
