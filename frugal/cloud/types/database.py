"""PostgreSQL Flexible Server and its children: each server is a real PostgreSQL."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typing_extensions import override

from frugal.cloud.bodies import Body, section
from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of, parent_of
from frugal.cloud.postgres.server import Server, address_range
from frugal.cloud.resource_type import ResourceType
from frugal.cloud.store import Resource

MIGRATED = "migrated"
"""Rows by table, in a server's `data`, as its first migration left them."""


class FlexibleServer(ResourceType):
    """A server with Entra authentication only."""

    token = "azure-native:dbforpostgresql:Server"
    start_round = 1
    unsupported: ClassVar[Mapping[str, Sequence[object]]] = {"createMode": ("Create", "Default")}
    required: ClassVar[Mapping[str, object]] = {"authConfig.passwordAuth": "Disabled"}
    keeps_name: ClassVar[bool] = True

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        before = cloud.store.get(resource.id)
        if before is not None:
            old = float(section(before.inputs, "storage").get("storageSizeGB") or 0)
            new = float(section(resource.inputs, "storage").get("storageSizeGB") or 0)
            if new < old:
                raise CloudError(
                    "StorageSizeNotSupported",
                    f"Storage can grow but not shrink: {old:.0f} GiB to {new:.0f} GiB.",
                )

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {"fullyQualifiedDomainName": _host(resource)}

    @override
    def live(self, cloud: Cloud, resource: Resource) -> Body:
        return {"state": "Updating" if cloud.days.is_settling(resource.created) else "Ready"}

    @override
    async def apply(self, cloud: Cloud, resource: Resource, before: Resource | None) -> None:
        version = str(resource.inputs.get("version", ""))
        if before is not None:
            await cloud.running_as(Server)[key_of(resource.id)].start(version=version)
            return
        try:
            await _server(cloud, resource).start(version=version)
        except BaseException:
            await self.remove(cloud, resource)
            raise

    @override
    async def restore(self, cloud: Cloud, resource: Resource) -> None:
        server = _server(cloud, resource)
        await server.start(version=str(resource.inputs.get("version", "")), existing=True)
        _set_firewall(cloud, resource.id)
        for admin in cloud.store.within(resource.id, Administrator.token):
            await Administrator().apply(cloud, admin, None)

    @override
    async def remove(self, cloud: Cloud, resource: Resource) -> None:
        # None runs after an interrupted deletion, though its data may still exist.
        server = cloud.running_as(Server).get(key_of(resource.id)) or _server(cloud, resource)
        del cloud.running[key_of(resource.id)]
        await server.drop()

    @override
    async def rows(self, cloud: Cloud, resource: Resource) -> dict[str, int]:
        counted = await cloud.running_as(Server)[key_of(resource.id)].rows()
        return {t: n for t, n in counted.items() if n > resource.data.get(MIGRATED, {}).get(t, 0)}


async def unmigrated(cloud: Cloud) -> list[Resource]:
    """The reachable servers without any rows."""
    found: list[Resource] = []
    for resource in cloud.store.of(FlexibleServer.token):
        server = cloud.running_as(Server).get(key_of(resource.id))
        if server is None or MIGRATED in resource.data:
            continue
        with contextlib.suppress(CloudError):
            if not any((await server.rows()).values()):
                found.append(resource)
    return found


async def keep_migrated(cloud: Cloud, servers: list[Resource]) -> None:
    """Record each table's rows after a server's first migration, which has just ended."""
    for found in servers:
        server = cloud.running_as(Server).get(key_of(found.id))
        resource = cloud.store.get(found.id)
        rows = await server.rows() if server and resource else {}
        if rows and resource:
            resource.data[MIGRATED] = rows
            cloud.store.put(resource)


class Database(ResourceType):
    """A database on a server."""

    token = "azure-native:dbforpostgresql:Database"

    @override
    async def apply(self, cloud: Cloud, resource: Resource, before: Resource | None) -> None:
        if before is None:
            await _running(cloud, resource).create_database(
                name_of(resource.id),
                charset=str(resource.inputs.get("charset") or "UTF8"),
                collation=str(resource.inputs.get("collation") or "en_US.utf8"),
            )

    @override
    async def remove(self, cloud: Cloud, resource: Resource) -> None:
        await _running(cloud, resource).drop_database(name_of(resource.id))

    @override
    async def rows(self, cloud: Cloud, resource: Resource) -> dict[str, int]:
        server = cloud.store.need(parent_of(resource.id))
        counted = await FlexibleServer().rows(cloud, server)
        return {t: n for t, n in counted.items() if t.startswith(f"{name_of(resource.id)}.")}


class FirewallRule(ResourceType):
    """A range of addresses admitted to a server."""

    token = "azure-native:dbforpostgresql:FirewallRule"

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        address_range(*_range(resource))

    @override
    def adapt(self, cloud: Cloud, resource: Resource) -> None:
        _set_firewall(cloud, parent_of(resource.id))


class Administrator(ResourceType):
    """A Microsoft Entra administrator: a role that signs in with a token of its principal."""

    token = "azure-native:dbforpostgresql:AdministratorsMicrosoftEntra"
    is_put_over_http: ClassVar[bool] = True

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {"objectId": name_of(resource.id)}

    @override
    def is_readable(self, cloud: Cloud, resource: Resource) -> bool:
        late = cloud.days.lasts("administrator-get-404", resource.created)
        return not late and self.is_listed(cloud, resource)

    @override
    def routes(self, cloud: Cloud) -> list[Route]:
        async def list_all(request: Request) -> Response:
            server = FlexibleServer().named(cloud, request)
            listed = administrators(cloud, server.id)
            return JSONResponse({"value": [cloud.arm_body(one) for one in listed]})

        return [Route(self.path.rpartition("/")[0], list_all)]

    def is_listed(self, cloud: Cloud, resource: Resource) -> bool:
        """Return True where the server's list of administrators has it."""
        late = cloud.days.lasts("administrator-late", resource.created)
        return not late and not resource.data.get("lost")

    @override
    async def check_removal(self, cloud: Cloud, resource: Resource) -> None:
        name, object_id = "administrator-owns-objects", name_of(resource.id)
        if cloud.days.is_on(name) and await _running(cloud, resource).owns_objects(object_id):
            cloud.days.refuse(name, resource.id, name=str(resource.inputs["principalName"]))

    @override
    async def apply(self, cloud: Cloud, resource: Resource, before: Resource | None) -> None:
        unmade = before is None or resource.data.pop("lost", False)
        if unmade and cloud.days.strikes("administrator-lost", resource.id):
            resource.data["lost"] = True
        elif cloud.days.lasts("administrator-late", resource.created):
            cloud.later.start(self._appear(cloud, resource))
        else:
            await self._add(cloud, resource)

    async def _appear(self, cloud: Cloud, resource: Resource) -> None:
        await cloud.days.hold("administrator-late", resource.created)
        if cloud.store.get(resource.id) is not None:
            await self._add(cloud, resource)

    async def _add(self, cloud: Cloud, resource: Resource) -> None:
        await _running(cloud, resource).add_administrator(
            role=str(resource.inputs["principalName"]), object_id=name_of(resource.id)
        )

    @override
    async def remove(self, cloud: Cloud, resource: Resource) -> None:
        await _running(cloud, resource).remove_administrator(object_id=name_of(resource.id))


def administrators(cloud: Cloud, server_id: str) -> list[Resource]:
    """The administrators in a server's list."""
    kind = Administrator()
    return [a for a in cloud.store.within(server_id, kind.token) if kind.is_listed(cloud, a)]


def _host(resource: Resource) -> str:
    return f"{name_of(resource.id).lower()}.postgres.database.azure.com"


def _server(cloud: Cloud, resource: Resource) -> Server:
    server = Server(
        name_of(resource.id),
        host=_host(resource),
        port=cloud.ports.get(resource.id),
        folder=cloud.accounts.place("postgres") / name_of(resource.id),
        accounts=cloud.accounts,
        log=cloud.logs / "postgres.log",
        reaper=cloud.reaper,
        authority=cloud.authority,
        tokens=cloud.tokens,
    )
    cloud.running[key_of(resource.id)] = server
    return server


def _running(cloud: Cloud, child: Resource) -> Server:
    return cloud.running_as(Server)[key_of(parent_of(child.id))]


def _set_firewall(cloud: Cloud, server_id: str) -> None:
    rules = map(_range, cloud.store.within(server_id, FirewallRule.token))
    cloud.running_as(Server)[key_of(server_id)].set_firewall(rules)


def _range(rule: Resource) -> tuple[str, str]:
    return str(rule.inputs["startIpAddress"]), str(rule.inputs["endIpAddress"])
