"""Azure Container Registry: images, built by its tasks.

Operations: Microsoft.ContainerRegistry 2019-06-01-preview (containerregistry_build.json).
"""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from typing_extensions import override

from frugal.cloud.bodies import Body, json_object
from frugal.cloud.builds import Builds
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import name_of
from frugal.cloud.store import Resource
from frugal.cloud.types.base import ResourceType

if TYPE_CHECKING:
    from frugal.cloud.cloud import Cloud


class Registry(ResourceType):
    """A container registry; its images are in `data["images"]`: repository → tag → digest."""

    token = "azure-native:containerregistry:Registry"

    @override
    def computed(self, cloud: "Cloud", resource: Resource) -> Body:
        return {"loginServer": f"{name_of(resource.id).lower()}.azurecr.io"}

    @override
    def routes(self, cloud: "Cloud") -> list[Route]:
        builds = Builds(cloud)

        async def make_upload(request: Request) -> Response:
            self.named(cloud, request)
            upload = builds.new_upload()
            place = {"uploadUrl": f"{cloud.address}/uploads/{upload}"}
            return JSONResponse({**place, "relativePath": f"source/{upload}"})

        async def upload(request: Request) -> Response:
            if request.headers.get("x-ms-blob-type") != "BlockBlob":
                raise CloudError("InvalidHeaderValue", "x-ms-blob-type must be BlockBlob.")
            await builds.upload(request.path_params["upload"], request.stream())
            return Response(status_code=201)

        async def schedule(request: Request) -> Response:
            run = builds.schedule(self.named(cloud, request), await json_object(request))
            return JSONResponse(run.body(), status_code=202)

        async def show(request: Request) -> Response:
            run = builds.get(self.named(cloud, request), request.path_params["run"])
            return JSONResponse(run.body())

        async def show_log_address(request: Request) -> Response:
            run = builds.get(self.named(cloud, request), request.path_params["run"])
            return JSONResponse({"logLink": f"{cloud.address}/logs/{run.id}"})

        async def show_log(request: Request) -> Response:
            lines = builds.log(request.path_params["run"])
            return PlainTextResponse("".join(f"{line}\n" for line in lines))

        runs = f"{self.path}/runs/{{run}}"
        return [
            Route(f"{self.path}/listBuildSourceUploadUrl", make_upload, methods=["POST"]),
            Route("/uploads/{upload}", upload, methods=["PUT"]),
            Route(f"{self.path}/scheduleRun", schedule, methods=["POST"]),
            Route(runs, show),
            Route(f"{runs}/listLogSasUrl", show_log_address, methods=["POST"]),
            Route("/logs/{run}", show_log),
        ]
