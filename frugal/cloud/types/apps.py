"""Base of container apps and web apps: from a declared image and settings to a running App."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from typing_extensions import override

from frugal.cloud.bodies import value_at
from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of
from frugal.cloud.images import Image, repository_of
from frugal.cloud.postgres import Server
from frugal.cloud.processes import App, Revision
from frugal.cloud.resource_type import ResourceType, identities_of, short_hash
from frugal.cloud.running import EmulatedHost, Site
from frugal.cloud.store import Resource
from frugal.cloud.types.front_door import front_door_ids
from frugal.cloud.types.plain import find_role
from frugal.cloud.types.registry import Registry

ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"


def find_image(cloud: Cloud, reference: str, puller: Resource | None) -> Image:
    """Find the image `registry/repository[:tag|@digest]`, if this identity may pull it.

    Raises CloudError as the platform does when it can't pull.
    """
    server, _, rest = reference.partition("/")
    registry = next(
        (r for r in cloud.store.of(Registry.token) if r.computed["loginServer"] == server.lower()),
        None,
    )
    if registry is None:
        raise CloudError(
            "ImagePullFailure",
            f"Image '{reference}': the local cloud has no registry '{server}' and pulls from no "
            "other. Leave the image unset to have it built.",
        )
    role = puller and find_role(cloud, puller.computed["principalId"], ACR_PULL, on=registry.id)
    if puller is None or role is None:
        who = "no identity" if puller is None else f"identity '{puller.id.rsplit('/', 1)[-1]}'"
        raise CloudError(
            "ImagePullFailure",
            f"Image '{reference}' can't be pulled: {who} has the role AcrPull on '{server}'.",
        )
    cloud.days.refuse(
        "role-late",
        role.id,
        role.created,
        name=repository_of(reference),
        image=reference,
        identity=puller.id,
        registry=server,
    )
    digest = rest.partition("@")[2]
    if not digest:
        repository, _, tag = rest.partition(":")
        digest = registry.data.get("images", {}).get(repository, {}).get(tag or "latest", "")
    image = cloud.images.get(digest) if digest else None
    if image is None:
        raise CloudError("ImagePullFailure", f"Image '{reference}': manifest unknown: not found.")
    return image


def platform_environment(
    cloud: Cloud, resource: Resource, declared: Mapping[str, str]
) -> dict[str, str]:
    """The declared environment with what the local platform adds to it, and nothing more.

    A token endpoint as Azure gives it; for libpq the way to the real server behind the name that
    the app keeps using; for HTTPS the way to a host of Azure's that is emulated here, where the
    app is told of one (docs/local-cloud.md explains each).
    """
    environment = dict(declared)
    identities = identities_of(resource)
    if identities:
        environment["IDENTITY_ENDPOINT"] = f"{cloud.address}/msi/token"
        environment["IDENTITY_HEADER"] = cloud.identities.admit(identities)
    for server in cloud.running_as(Server).values():
        if declared.get("PGHOST") == server.host:
            environment["PGHOSTADDR"] = "127.0.0.1"
            environment["PGPORT"] = str(server.port)
            environment["PGSSLROOTCERT"] = str(cloud.authority.ca_file)
    emulated = {one.host for one in cloud.running_as(EmulatedHost).values()}
    if any(_host(value) in emulated for value in declared.values()):
        environment["HTTPS_PROXY"] = f"http://127.0.0.1:{cloud.tunnel.port}"
        environment["SSL_CERT_FILE"] = str(cloud.authority.bundle_file)
    return environment


def names_at(cloud: Cloud, resource: Resource, names: Iterable[str]) -> Mapping[str, str]:
    """Own names with the address of the resource's running site; none while it does not run."""
    site = cloud.running_as(Site).get(key_of(resource.id))
    return dict.fromkeys(names, f"http://127.0.0.1:{site.port}") if site else {}


def _host(value: str) -> str | None:
    """The host that a value addresses, if it is an address."""
    try:
        return urlsplit(value).hostname
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """A declared app: its host name, its image, and the revision to run."""

    host: str
    image: str
    revision: Revision


class AppType(ResourceType, ABC):
    """A type whose resources are running apps."""

    start_round = 2
    revised_by: ClassVar[Sequence[str]]
    """Properties, by path, whose change needs a new revision."""

    @abstractmethod
    def run_spec(self, cloud: Cloud, resource: Resource) -> RunSpec:
        """Read a body. Raises CloudError."""

    @override
    async def apply(self, cloud: Cloud, resource: Resource, before: Resource | None) -> None:
        if before is not None and all(
            value_at(before.inputs, path) == value_at(resource.inputs, path)
            for path in self.revised_by
        ):
            return
        spec = self.run_spec(cloud, resource)
        app = cloud.running_as(App).get(key_of(resource.id))
        fresh = app is None
        if app is None:
            app = await _listen(cloud, resource, spec)
        try:
            await app.deploy(spec.revision)
        except BaseException:
            if fresh:
                await self.remove(cloud, resource)
            raise

    @override
    async def restore(self, cloud: Cloud, resource: Resource) -> None:
        """Start an app after a restart of the daemon, without waiting until it is ready."""
        spec = self.run_spec(cloud, resource)
        app = await _listen(cloud, resource, spec)
        await app.restore(spec.revision)

    @override
    async def remove(self, cloud: Cloud, resource: Resource) -> None:
        await super().remove(cloud, resource)
        shutil.rmtree(_home(cloud, resource), ignore_errors=True)
        cloud.accounts.release(key_of(resource.id))


async def _listen(cloud: Cloud, resource: Resource, spec: RunSpec) -> App:
    name = repository_of(spec.image)
    app = App(
        name,
        host=spec.host,
        port=cloud.ports.get(resource.id),
        reaper=cloud.reaper,
        log=cloud.logs / f"{name}.log",
        home=_home(cloud, resource),
        user=cloud.accounts.number(key_of(resource.id)),
        front_doors=lambda: front_door_ids(cloud),
    )
    await app.start()
    cloud.running[key_of(resource.id)] = app
    return app


def _home(cloud: Cloud, resource: Resource) -> Path:
    mark = short_hash(key_of(resource.id), 7)
    return cloud.accounts.place("apps") / f"{name_of(resource.id)}-{mark}"
