"""Static web apps: a folder of files, served on a port of its own."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from frugal.cloud.bodies import Body, section
from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.files import FileSite
from frugal.cloud.ids import key_of, name_of
from frugal.cloud.resource_type import ResourceType, short_hash
from frugal.cloud.store import Resource
from frugal.cloud.types import apps
from frugal.cloud.types.web_app_domain import StaticSiteCustomDomain


class StaticSite(ResourceType):
    """A static web app whose content is uploaded, not built from a repository."""

    token = "azure-native:web:StaticSite"
    start_round = 2
    unsupported: ClassVar[Mapping[str, Sequence[object]]] = {"repositoryUrl": ()}

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        if not section(resource.inputs, "sku").get("name"):
            raise CloudError("BadRequest", "A static site needs a sku: set Free or Standard.")

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {"defaultHostname": _host(resource)}

    @override
    def names(self, cloud: Cloud, resource: Resource) -> Mapping[str, str]:
        domains = cloud.store.within(resource.id, StaticSiteCustomDomain.token)
        return apps.names_at(cloud, resource, [name_of(one.id) for one in domains])

    @override
    async def restore(self, cloud: Cloud, resource: Resource) -> None:
        folder = _folder(cloud, resource)
        port = cloud.ports.get(resource.id)
        site = FileSite(folder.name, host=_host(resource), port=port, folder=folder)
        await site.start()
        cloud.running[key_of(resource.id)] = site

    @override
    async def remove(self, cloud: Cloud, resource: Resource) -> None:
        await super().remove(cloud, resource)
        shutil.rmtree(_folder(cloud, resource), ignore_errors=True)


def _folder(cloud: Cloud, resource: Resource) -> Path:
    # The name in the program, without Pulumi's suffix.
    return cloud.folder / "static" / resource.urn.rsplit("::", 1)[-1]


def _host(resource: Resource) -> str:
    # Azure generates two words and a number, which can't be derived from the resource's name.
    return f"{name_of(resource.id).lower()}-{short_hash(resource.id)}.1.azurestaticapps.net"
