"""A static web app: a page that says how its files come, then the files."""

import httpx
import pytest

from frugal.cloud.cloud import Cloud
from frugal.cloud.files import FileSite
from frugal.cloud.status import status
from frugal.cloud.types import TYPES
from tests.cloud.provider_client import Made, ProviderClient
from tests.cloud.test_rules import World, world
from tests.plain_http import PLAIN

__all__ = ["world"]

FREE = {"location": "eastus2", "sku": {"name": "Free", "tier": "Free"}}


@pytest.fixture
async def made(world: World) -> Made:
    return await world.make("web:StaticSite", "homepage", **FREE)


async def test_before_its_files_it_says_where_they_go(made: Made, cloud: Cloud) -> None:
    (site,) = cloud.running_as(FileSite).values()
    found = status(cloud)
    assert found["urls"]["homepage"] == f"http://localhost:{site.port}/"
    assert found["health"]["homepage"] == "healthy"
    assert found["hosts"][made.outputs["defaultHostname"]] == found["urls"]["homepage"]
    async with httpx.AsyncClient(verify=PLAIN, timeout=60) as client:
        answer = await client.get(found["urls"]["homepage"] + "talks/")
    assert answer.status_code == 200
    assert str(site.folder) in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_its_files_are_served_also_after_a_restart(made: Made, cloud: Cloud) -> None:
    (site,) = cloud.running_as(FileSite).values()
    (site.folder / "talks").mkdir()
    (site.folder / "index.html").write_text("home")
    (site.folder / "talks" / "index.html").write_text("talks")
    (site.folder / "404.html").write_text("nothing here")
    url = f"http://127.0.0.1:{site.port}"
    async with httpx.AsyncClient(verify=PLAIN, timeout=60) as client:
        for path, code, text in (
            ("/", 200, "home"),
            ("/talks/", 200, "talks"),
            ("/nowhere", 404, "nothing here"),
            ("/%2e%2e/%2e%2e/resources.key", 404, "nothing here"),
        ):
            answer = await client.get(url + path)
            assert (answer.status_code, answer.text) == (code, text)
    await cloud.stop()
    again = Cloud(cloud.folder, TYPES)
    await again.start()
    async with httpx.AsyncClient(verify=PLAIN, timeout=60) as client:
        assert (await client.get(url)).text == "home"
    await again.stop()


async def test_it_goes_with_its_files(made: Made, cloud: Cloud, engine: ProviderClient) -> None:
    (site,) = cloud.running_as(FileSite).values()
    (site.folder / "index.html").write_text("home")
    await engine.delete(made)
    assert not cloud.running
    assert not site.folder.exists()
    async with httpx.AsyncClient(verify=PLAIN, timeout=60) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{site.port}")


async def test_a_repository_is_not_built_here(world: World) -> None:
    message = await world.refused(
        "web:StaticSite", "homepage", **FREE, repositoryUrl="https://example.org/r"
    )
    assert "repository" in message
