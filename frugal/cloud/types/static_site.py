"""Static web apps: a folder of files, served on a port of its own."""

import shutil
from typing import TYPE_CHECKING

from typing_extensions import override

from frugal.cloud.bodies import Body, section
from frugal.cloud.errors import CloudError
from frugal.cloud.files import FileSite
from frugal.cloud.ids import key_of, name_of
from frugal.cloud.store import Resource
from frugal.cloud.types.base import ResourceType, short_hash

if TYPE_CHECKING:
    from frugal.cloud.cloud import Cloud


class StaticSite(ResourceType):
    """A static web app whose content is uploaded, not built from a repository."""

    token = "azure-native:web:StaticSite"
    start_round = 2

    @override
    def check(self, cloud: "Cloud", resource: Resource) -> None:
        if resource.inputs.get("repositoryUrl"):
            raise CloudError(
                "NotSupportedHere",
                "The local cloud builds no static site from a repository: leave repositoryUrl out.",
            )
        if not section(resource.inputs, "sku").get("name"):
            raise CloudError("BadRequest", "A static site needs a sku: Free or Standard.")

    @override
    def computed(self, cloud: "Cloud", resource: Resource) -> Body:
        return {"defaultHostname": _host(resource)}

    @override
    async def restore(self, cloud: "Cloud", resource: Resource) -> None:
        # As people call it: the name in the program, not the one with Pulumi's suffix.
        name = resource.urn.rsplit("::", 1)[-1]
        site = FileSite(
            name,
            host=_host(resource),
            port=cloud.ports.get(resource.id),
            folder=cloud.folder / "static" / name,
        )
        await site.start()
        cloud.running[key_of(resource.id)] = site

    @override
    async def remove(self, cloud: "Cloud", resource: Resource) -> None:
        site = cloud.running_as(FileSite).get(key_of(resource.id))
        if site is not None:
            del cloud.running[key_of(resource.id)]
            await site.stop()
            shutil.rmtree(site.folder, ignore_errors=True)


def _host(resource: Resource) -> str:
    # Azure makes a name of two words and a number; what it is can't be told from the resource's.
    return f"{name_of(resource.id).lower()}-{short_hash(resource.id)}.1.azurestaticapps.net"
