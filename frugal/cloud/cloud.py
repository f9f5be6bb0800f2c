"""A cloud on this machine: resources are put, read and deleted as Resource Manager would.

One asyncio loop, no threads: a method that does not await can't be interrupted, so state needs no
locks. Every operation runs in a task of its own, so that it ends even when the engine that asked
for it is killed in the middle.
"""

import asyncio
import contextlib
import copy
import os
from collections.abc import AsyncGenerator, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from starlette.types import ASGIApp

from frugal.cloud.bodies import Body, deep_merge, redact, section
from frugal.cloud.contract import model
from frugal.cloud.days import Days, one_write_scope, refusal
from frugal.cloud.dns import FILE as DNS_FILE
from frugal.cloud.dns import Dns
from frugal.cloud.domains import Domains
from frugal.cloud.errors import CloudError
from frugal.cloud.identity import Identities
from frugal.cloud.ids import (
    ancestors_of,
    key_of,
    name_of,
    parent_of,
    path_parameters,
    resource_id_of,
)
from frugal.cloud.images import Images
from frugal.cloud.ports import Ports
from frugal.cloud.resource_type import ResourceType, environment_id
from frugal.cloud.running import EmulatedHost, Running, Served
from frugal.cloud.spawn import Accounts, Reaper
from frugal.cloud.store import Resource, Store
from frugal.cloud.tasks import Tasks
from frugal.cloud.tls import Authority
from frugal.cloud.tokens import Tokens
from frugal.cloud.translator import Tunnel

T = TypeVar("T")
R = TypeVar("R", bound=Running)

DELETING = "deleting"
"""Marks a resource in the store from the start of its deletion, which a kill may interrupt."""


class Cloud:
    """All resources of one environment on this machine, of the `types` given by their tokens.

    `folder` holds their data. Between `start` and `stop` the apps, servers and endpoints that the
    resources declare are running.
    """

    def __init__(self, folder: Path, types: Mapping[str, ResourceType]) -> None:
        _close(folder)
        self.folder = folder
        self.types = types
        self.accounts = Accounts(folder)
        self.logs = folder / "logs"
        self.store = Store(folder)
        self.ports = Ports(folder / "ports.json")
        self.tokens = Tokens(folder / "tokens")
        self.authority = Authority(self.accounts.place("tls"))
        self.identities = Identities(self.store, self.tokens)
        self.reaper = Reaper()
        self.images = Images(self.accounts, self.reaper)
        self.running: dict[str, Running] = {}
        """By the key of the resource that it runs for."""
        self.tunnel = Tunnel(self.ports.get("tunnel"), find=self._emulated_at)
        self.domains = Domains(
            port=self.ports.get("domains"),
            authority=self.authority,
            find=self._application_at,
        )
        self.http_port = 0
        self.days = Days()
        self.dns = Dns(
            folder / DNS_FILE, port=self.ports.get("dns"), store=self.store, days=self.days
        )
        self.waiting: dict[str, str] = {}
        """Apps whose image is missing, by reason: they run once it is built again."""
        self.operations = Tasks()
        """Operations in progress, which `settle` waits for."""
        self.later = Tasks()
        """Work that Azure does after its response: `stop` waits for it, `settle` does not."""
        self.watching = Tasks()
        """Work that ends with the daemon; nothing waits for it."""
        self._busy: set[str] = set()

    @property
    def address(self) -> str:
        """The address of Resource Manager and of the token endpoint."""
        return f"http://127.0.0.1:{self.http_port}"

    async def start(self) -> None:
        """Start everything that the resources on disk declare.

        An app without its image is among `waiting`; an interrupted deletion is completed.
        """
        await self.reaper.start()
        await self.dns.start()
        unfinished = [r for r in self.store if r.data.get(DELETING)]
        for token, kind in self.types.items():
            for resource in self.store.of(token):
                if resource in unfinished:
                    continue
                # An earlier version of the local cloud may not have computed all of it.
                resource.computed = deep_merge(kind.computed(self, resource), resource.computed)
                await self._restore(resource)
        for resource in sorted(unfinished, key=_innermost_first):
            await self._remove(resource)
        self.serve_names()
        await self.domains.start()

    def serve_names(self) -> None:
        """Serve the own names that the resources have now, and no others."""
        wanted: dict[str, str] = {}
        for token, kind in self.types.items():
            for resource in self.store.of(token):
                wanted |= kind.names(self, resource)
        for name in self.domains.targets.keys() - wanted.keys():
            self.domains.unbind(name)
        for name, target in wanted.items():
            self.domains.bind(name, target)

    async def _restore(self, resource: Resource) -> None:
        self.waiting.pop(resource.id, None)
        try:
            await self.types[resource.token].restore(self, resource)
        except CloudError as error:
            if error.code != "ImagePullFailure":
                raise
            self.waiting[resource.id] = error.message

    async def resume(self) -> None:
        """Start the waiting apps whose image has been built."""
        for resource_id in list(self.waiting):
            resource = self.store.get(resource_id)
            if resource is None or key_of(resource_id) in self.running:
                self.waiting.pop(resource_id)
            else:
                await self._restore(resource)

    async def stop(self) -> None:
        """Stop everything that runs; the resources stay for the next start."""
        self.days.switch({})  # ends what they delay
        await self.settle()
        if self.later:
            await asyncio.wait(self.later)
        await self.domains.stop()
        running = self.running.values()
        await asyncio.gather(*(one.stop() for one in running if not one.serves_apps))
        await self.tunnel.stop()
        await asyncio.gather(*(one.stop() for one in running if one.serves_apps))
        self.dns.stop()
        await self.reaper.stop()

    def _emulated_at(self, host: str) -> int | None:
        """The port that emulates a host of Azure's (a Translator account's); None for others."""
        emulated = self.running_as(EmulatedHost).values()
        return next((one.port for one in emulated if one.host == host), None)

    def _application_at(self, port: int) -> ASGIApp | None:
        """The application that answers at a port of the loopback; None where nothing does."""
        served = self.running_as(Served).values()
        return next((one.listener.app for one in served if one.port == port), None)

    def running_as(self, kind: type[R]) -> dict[str, R]:
        """All that runs of one kind, by the resource's key."""
        return {key: one for key, one in self.running.items() if isinstance(one, kind)}

    async def settle(self) -> None:
        """Wait until no operation is in progress."""
        while self.operations:
            await asyncio.wait(self.operations)

    async def run(self, operation: Coroutine[Any, Any, T]) -> T:
        """Run an operation to its end, whatever becomes of the caller."""
        return await asyncio.shield(self.operations.start(operation))

    def read(self, resource_id: str) -> Resource:
        """The resource as a GET finds it. Raises CloudError `ResourceNotFound`."""
        resource = self.store.need(resource_id)
        if not self.types[resource.token].is_readable(self, resource):
            raise CloudError("ResourceNotFound", f"The Resource '{resource_id}' was not found.")
        return resource

    async def create(self, token: str, inputs: Body, *, subscription: str, urn: str) -> Resource:
        """Create a resource from its body. Raises CloudError as Azure refuses it.

        An existing one that is not readable is put again, as azure-native checks by a GET.
        """
        if token not in self.types:
            raise CloudError(
                "NoRegisteredProviderFound",
                f"The local cloud has no resource type {token}; docs/local-cloud.md lists them.",
            )
        kind = self.types[token]
        resource_id = resource_id_of(model(token), inputs, subscription)
        before = self.store.get(resource_id)
        if before is not None and not kind.is_readable(self, before):
            return await self.update(resource_id, inputs, urn=urn)
        if before is not None:
            raise CloudError(
                "AlreadyExists", f"cannot create already existing resource '{resource_id}'"
            )
        if kind.keeps_name and self.store.is_reserved(token, resource_id):
            raise CloudError(
                "ServerNameAlreadyExists",
                f"The name '{name_of(resource_id)}' is reserved for some days after the "
                "deletion of its last owner. Choose another name.",
            )
        resource = Resource(id=resource_id, token=token, inputs=copy.deepcopy(inputs), urn=urn)
        async with self._write(resource, creation=True):
            self._check_ancestors(resource_id)
            kind.refuse_unsupported(resource)
            kind.check(self, resource)
            resource.computed = kind.computed(self, resource)
            await kind.apply(self, resource, None)
            try:
                self.store.put(resource)
            except CloudError:
                await kind.remove(self, resource)
                raise
            kind.adapt(self, resource)
            self.serve_names()
        return resource

    async def update(self, resource_id: str, inputs: Body, *, urn: str = "") -> Resource:
        """Give a resource a new body, and a new URN where one is given.

        Raises CloudError; the old body then still stands.
        """
        before = self.store.need(resource_id)
        kind = self.types[before.token]
        after = copy.deepcopy(before)
        after.inputs = copy.deepcopy(inputs)
        after.urn = urn or before.urn
        async with self._write(after):
            kind.refuse_unsupported(after)
            kind.check(self, after)
            after.computed = deep_merge(before.computed, kind.computed(self, after))
            await kind.apply(self, after, before)
            self.store.put(after)
            kind.adapt(self, after)
            self.serve_names()
        return after

    async def delete(self, resource_id: str) -> None:
        """Delete a resource and what is in it; a missing one is no error."""
        resource = self.store.get(resource_id)
        if resource is None:
            return
        kind = self.types[resource.token]
        async with self._write(resource):
            await kind.check_removal(self, resource)
            await self.days.hold("slow-deletes")
            for inside in self.store.within(resource_id):
                await self._remove(inside)
            await self._remove(resource)

    async def _remove(self, resource: Resource) -> None:
        kind = self.types[resource.token]
        marked = copy.deepcopy(resource)
        marked.data[DELETING] = True
        self.store.put(marked)
        try:
            await kind.remove(self, resource)
        except CloudError:
            self.store.put(resource)
            raise
        self.waiting.pop(resource.id, None)
        self.store.remove(resource, reserve=kind.keeps_name, until_purged=kind.until_purged)
        kind.adapt(self, resource)
        self.serve_names()

    async def sweep(self, project: str, known: set[str], *, with_rows: bool = False) -> list[str]:
        """Delete every resource of a project whose id is not in `known`; returns their ids.

        Removes what a killed engine created but did not record. Waits for operations in progress.
        Raises CloudError `RowsAtStake` for a database with rows beyond the migration's, unless
        `with_rows`; nothing is deleted then.
        """
        await self.settle()
        kept = {key_of(i) for i in known}
        gone: list[str] = []
        own = [r for r in self.store if r.urn.split("::")[1:2] == [project]]
        strays = [r for r in own if key_of(r.id) not in kept]
        if not with_rows:
            await self._refuse_rows(strays)
        for stray in sorted(strays, key=lambda r: -r.created):
            await self._remove(stray)
            gone.append(stray.id)
        return gone

    async def _refuse_rows(self, strays: list[Resource]) -> None:
        for stray in strays:
            rows = await self.types[stray.token].rows(self, stray)
            if rows:
                raise CloudError(
                    "RowsAtStake",
                    f"{stray.id} holds rows ({', '.join(f'{t}: {n}' for t, n in rows.items())}) "
                    "and is missing from the engine's state.",
                )

    async def rows(self) -> dict[str, int]:
        """The rows that no migration wrote, by server, database and table (`server/db.s.table`)."""
        found: dict[str, int] = {}
        for resource in self.store:
            if key_of(resource.id) in self.running:
                rows = await self.types[resource.token].rows(self, resource)
                found |= {f"{name_of(resource.id)}/{table}": n for table, n in rows.items()}
        return found

    def outputs(self, resource: Resource) -> Body:
        """A resource as Azure returns it: body and computed properties, no secret values."""
        m = model(resource.token)
        parameters = path_parameters(m)
        body = {
            k: v
            for k, v in copy.deepcopy(resource.inputs).items()
            if k not in parameters and not k.startswith("__")
        }
        body = deep_merge(
            deep_merge(body, resource.computed), self.types[resource.token].live(self, resource)
        )
        for path in m.secret_paths:
            redact(body, path.replace("[*]", ".*").split("."))
        body["name"] = name_of(resource.id)
        body["type"] = m.arm_type
        body["azureApiVersion"] = m.api_version
        return body

    def arm_body(self, resource: Resource) -> Body:
        """A resource in Resource Manager's shape: most properties are inside `properties`."""
        outputs = self.outputs(resource)
        outputs.pop("azureApiVersion", None)
        top = {"name", "type", *model(resource.token).top_level} - {"properties"}
        body: Body = {"id": resource.id, **{k: v for k, v in outputs.items() if k in top}}
        # The SDK flattens `properties` of most types; some types keep it.
        nested = section(outputs, "properties")
        spread = {k: v for k, v in outputs.items() if k not in {*top, "properties"}}
        body["properties"] = {**spread, **nested}
        return body

    def _check_ancestors(self, resource_id: str) -> None:
        for ancestor in ancestors_of(resource_id):
            if self.store.get(ancestor) is not None:
                continue
            name = name_of(ancestor)
            if "/providers/" not in ancestor:
                raise CloudError(
                    "ResourceGroupNotFound", f"Resource group '{name}' could not be found."
                )
            raise CloudError(
                "ParentResourceNotFound",
                f"Failed to perform 'write' on resource '{name_of(resource_id)}', because "
                f"the parent resource '{ancestor}' could not be found.",
            )

    @contextlib.asynccontextmanager
    async def _write(self, resource: Resource, *, creation: bool = False) -> AsyncGenerator[None]:
        """One creation, change or deletion, refused if it conflicts with another one."""
        owner = self.store.get(parent_of(resource.id)) or resource
        self.days.refuse_write(resource, owner, creation=creation)
        scope, day = one_write_scope(environment_id(resource) or resource.id)
        # A flexible server never takes two.
        if day != "busy-server" and not self.days.is_on(day):
            scope = ""
        busy = scope or key_of(resource.id)
        if busy in self._busy or self.days.never_ends(day):
            if scope:
                raise refusal(day, name=name_of(resource.id), scope=name_of(scope))
            raise CloudError(
                "AnotherOperationInProgress",
                f"'{name_of(busy)}' is busy with another operation. Try again later.",
            )
        self._busy.add(busy)
        try:
            await self.days.hold(day)
            yield
        finally:
            self._busy.discard(busy)


def _close(folder: Path) -> None:
    """Make the folder private: everything in it but places (see Accounts).

    Files and folders of an earlier version are made private too. Where the platform is root, the
    folder itself can be passed through, for apps and servers on the way to their places.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("logs", "tokens", "static"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(0o700)
    for file in (*folder.iterdir(), *(folder / "logs").iterdir()):
        if file.is_file():
            file.chmod(0o600)
    for home in (folder / "apps").glob("*"):
        home.chmod(0o700)
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)


def _innermost_first(resource: Resource) -> tuple[int, float]:
    return -resource.id.count("/"), -resource.created
