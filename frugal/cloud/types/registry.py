"""Azure Container Registry: images, built by its tasks.

Operations: Microsoft.ContainerRegistry 2019-06-01-preview (containerregistry_build.json).
"""

from starlette.routing import Route
from typing_extensions import override

from frugal.cloud.bodies import Body
from frugal.cloud.builds import Builds
from frugal.cloud.cloud import Cloud
from frugal.cloud.ids import name_of
from frugal.cloud.resource_type import ResourceType
from frugal.cloud.store import Resource


class Registry(ResourceType):
    """A container registry; its images are in `data["images"]`: repository → tag → digest."""

    token = "azure-native:containerregistry:Registry"

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {"loginServer": f"{name_of(resource.id).lower()}.azurecr.io"}

    @override
    def routes(self, cloud: Cloud) -> list[Route]:
        builds = Builds(cloud, registry=lambda request: self.named(cloud, request))
        runs = f"{self.path}/runs/{{run}}"
        return [
            Route(f"{self.path}/listBuildSourceUploadUrl", builds.make_upload, methods=["POST"]),
            Route("/uploads/{upload}", builds.upload, methods=["PUT"]),
            Route(f"{self.path}/scheduleRun", builds.schedule, methods=["POST"]),
            Route(runs, builds.show),
            Route(f"{runs}/listLogSasUrl", builds.show_log_address, methods=["POST"]),
            Route("/logs/{run}", builds.show_log),
        ]
