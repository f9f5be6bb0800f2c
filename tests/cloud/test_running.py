"""Processes and listeners of resources: the order of start and stop, their status."""

import httpx
from typing_extensions import override

from frugal.cloud.cloud import Cloud
from frugal.cloud.files import FileSite
from frugal.cloud.postgres.server import Server
from frugal.cloud.processes import App
from frugal.cloud.running import Running
from frugal.cloud.status import status
from frugal.cloud.types import TYPES
from frugal.cloud.types.front_door import RunningEndpoint
from tests.cloud.test_rules import Edge, World, edge, world
from tests.plain_http import PLAIN

__all__ = ["edge", "world"]


def test_apps_come_back_after_what_they_connect_to_and_before_the_edge() -> None:
    rounds = {token.partition(":")[2]: kind.start_round for token, kind in TYPES.items()}
    assert list(rounds.values()) == sorted(rounds.values())
    apps = {rounds[kind] for kind in ("app:ContainerApp", "web:WebApp", "web:StaticSite")}
    backing = {rounds[kind] for kind in ("dbforpostgresql:Server", "cognitiveservices:Account")}
    assert max(backing) < min(apps) <= max(apps) < rounds["cdn:AFDEndpoint"]


async def test_a_site_behind_the_edge_is_shown_there_and_by_its_own_address(
    edge: Edge, world: World, cloud: Cloud
) -> None:
    made = await world.make("web:StaticSite", "pages", location="eastus2", sku={"name": "Free"})
    (site,) = cloud.running_as(FileSite).values()
    assert status(cloud)["urls"]["pages"] == f"http://localhost:{site.port}/"
    await edge.origin(hostName=made.outputs["defaultHostname"])
    await world.make("cdn:Route", "route", **edge.route_body("/*"))
    (endpoint,) = cloud.running_as(RunningEndpoint).values()
    shown = status(cloud)
    assert shown["urls"] == {
        "pages": f"http://localhost:{endpoint.listener.port}/",
        "pages_origin": f"http://localhost:{site.port}/",
    }
    assert shown["health"] == {"pages": "healthy", "edge": "healthy"}
    assert shown["hosts"] == {
        made.outputs["defaultHostname"]: shown["urls"]["pages_origin"],
        edge.endpoint.outputs["hostName"]: shown["urls"]["pages"],
    }
    async with httpx.AsyncClient(verify=PLAIN, timeout=60) as client:
        assert (await client.get(shown["urls"]["pages"])).status_code == 200


class Recorded(Running):
    def __init__(self, name: str, stopped: list[str], *, serves_apps: bool) -> None:
        self.serves_apps = serves_apps
        self._name = name
        self._stopped = stopped

    @override
    async def stop(self) -> None:
        self._stopped.append(self._name)


async def test_what_apps_need_stops_after_them(cloud: Cloud) -> None:
    stopped: list[str] = []
    for name, serves_apps in (("server", True), ("app", False), ("edge", False)):
        cloud.running[name] = Recorded(name, stopped, serves_apps=serves_apps)
    await cloud.stop()
    assert stopped == ["app", "edge", "server"]
    assert Server.serves_apps
    assert not App.serves_apps
