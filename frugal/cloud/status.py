"""What runs here, as `frugal status` shows it."""

from typing import TYPE_CHECKING, Any

from frugal.cloud.processes import App
from frugal.cloud.types.front_door import endpoint_hosts

if TYPE_CHECKING:
    from frugal.cloud.cloud import Cloud


def status(cloud: "Cloud") -> dict[str, Any]:
    """Addresses on this machine, health and details of every site, server and endpoint.

    `urls` has for each app `<app>` (its edge where there is one, else the app itself) and
    `<app>_origin`; `hosts` maps the declared host names to local addresses.
    """
    urls: dict[str, str] = {}
    hosts: dict[str, str] = {}
    for app in cloud.apps.values():
        address = _address(app.port)
        hosts[app.host] = address
        urls[app.name] = urls[f"{app.name}_origin"] = address
    for site in cloud.sites.values():
        address = _address(site.port)
        hosts[site.host] = address
        urls[site.name] = urls[f"{site.name}_origin"] = address
    for key, (endpoint, listener) in cloud.endpoints.items():
        address = _address(listener.port)
        hosts[endpoint.host] = address
        for app in _behind(cloud, key):
            urls[app.name] = address
    health: dict[str, str] = {app.name: app.health() for app in cloud.apps.values()}
    health |= dict.fromkeys((site.name for site in cloud.sites.values()), "healthy")
    if cloud.servers:
        health["postgres"] = _worst([server.health() for server in cloud.servers.values()])
    if cloud.endpoints:
        health["edge"] = "healthy"
    return {
        "environment": "local",
        "urls": urls,
        "health": health,
        "hosts": hosts,
        "apps": {app.name: app.status() for app in cloud.apps.values()},
        "postgres": {server.name: server.status() for server in cloud.servers.values()},
        "resources": [{"id": r.id, "type": r.token, "urn": r.urn} for r in cloud.store],
        "waiting": dict(cloud.waiting),
        "ports": sorted(cloud.ports.all().values()),
    }


def _address(port: int) -> str:
    return f"http://localhost:{port}/"


def _behind(cloud: "Cloud", endpoint_key: str) -> list[App]:
    declared = endpoint_hosts(cloud, cloud.store.need(endpoint_key))
    return [app for app in cloud.apps.values() if app.host in declared]


def _worst(states: list[str]) -> str:
    order = ("failed", "stopped", "starting", "healthy")
    return min(states, key=order.index)
