"""Image builds as the container registry's tasks do them: upload a context, schedule, follow.

Operations and bodies: Microsoft.ContainerRegistry 2019-06-01-preview
(containerregistry_build.json).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from frugal.cloud.bodies import Body, json_object, section, strings
from frugal.cloud.cloud import Cloud
from frugal.cloud.days import DAYS
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import name_of
from frugal.cloud.images import BuildError, Image, repository_of
from frugal.cloud.store import Resource

LARGEST_CONTEXT_BYTES = 200 * 1024 * 1024


@dataclass(kw_only=True)
class Run:
    """One build: its state, its log so far, and its result."""

    id: str
    registry: str
    status: str = "Queued"
    log: list[str] = field(default_factory=list[str])
    images: list[Body] = field(default_factory=list[dict[str, Any]])
    error: str = ""

    def body(self) -> Body:
        """The run as Resource Manager answers it."""
        properties: Body = {
            "runId": self.id,
            "status": self.status,
            "outputImages": self.images,
            "provisioningState": self.status,
        }
        if self.error:
            properties["runErrorMessage"] = self.error
        return {"id": f"{self.registry}/runs/{self.id}", "name": self.id, "properties": properties}


class Builds:
    """The builds of every registry. Contexts and runs live in memory and die with the daemon.

    `registry` finds the registry in the path of a request. A public method answers a request, and
    raises CloudError as the registry refuses it.
    """

    def __init__(self, cloud: Cloud, registry: Callable[[Request], Resource]) -> None:
        self._cloud = cloud
        self._registry = registry
        self._contexts: dict[str, bytes] = {}
        self._uploads: set[str] = set()
        self._runs: dict[str, Run] = {}

    async def make_upload(self, request: Request) -> Response:
        """Answer with an upload URL for one context; its unguessable name protects it."""
        self._registry(request)
        upload = secrets.token_urlsafe(24)
        self._uploads.add(upload)
        place = {"uploadUrl": f"{self._cloud.address}/uploads/{upload}"}
        return JSONResponse({**place, "relativePath": f"source/{upload}"})

    async def upload(self, request: Request) -> Response:
        """Store an uploaded context."""
        if request.headers.get("x-ms-blob-type") != "BlockBlob":
            raise CloudError("InvalidHeaderValue", "x-ms-blob-type must be BlockBlob.")
        upload = request.path_params["upload"]
        if upload not in self._uploads:
            raise CloudError(
                "AuthenticationFailed", "This upload URL is not valid, or has expired."
            )
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > LARGEST_CONTEXT_BYTES:
                raise CloudError(
                    "RequestBodyTooLarge", "The build context must not be larger than 200 MiB."
                )
        self._contexts[upload] = bytes(content)
        return Response(status_code=201)

    async def schedule(self, request: Request) -> Response:
        """Start a build."""
        registry, task = self._registry(request), await json_object(request)
        subscription = registry.id.split("/")[2]
        self._cloud.days.refuse(
            "no-builds", registry.id, name=name_of(registry.id), subscription=subscription
        )
        if task.get("type") != "DockerBuildRequest":
            raise CloudError(
                "NotSupportedHere",
                f"The local registry supports only Docker builds, not {task.get('type')}.",
            )
        if str(section(task, "platform").get("os")).lower() != "linux":
            raise CloudError("BadRequest", "platform.os must be Linux.")
        upload = str(task.get("sourceLocation", "")).rsplit("/", 1)[-1]
        if upload not in self._contexts:
            raise CloudError("BadRequest", "sourceLocation: no context was uploaded to it.")
        names = strings(task, "imageNames")
        if not names:
            raise CloudError("BadRequest", "imageNames must have at least one entry.")
        dockerfile = task.get("dockerFilePath")
        if not dockerfile:
            raise CloudError("BadRequest", "dockerFilePath must be the Dockerfile's path.")
        self._uploads.discard(upload)
        context = self._contexts.pop(upload)
        run = Run(id=f"l{secrets.token_hex(16)}", registry=registry.id)
        self._runs[run.id] = run
        self._cloud.operations.start(self._build(run, context, str(dockerfile), names))
        return JSONResponse(run.body(), status_code=202)

    async def show(self, request: Request) -> Response:
        """Give a run's state."""
        return JSONResponse(self._run(request, self._registry(request)).body())

    async def show_log_address(self, request: Request) -> Response:
        """Give the address of a run's log."""
        run = self._run(request, self._registry(request))
        return JSONResponse({"logLink": f"{self._cloud.address}/logs/{run.id}"})

    async def show_log(self, request: Request) -> Response:
        """Give a run's log so far."""
        return PlainTextResponse("".join(f"{line}\n" for line in self._run(request).log))

    def _run(self, request: Request, registry: Resource | None = None) -> Run:
        name = request.path_params["run"]
        run = self._runs.get(name)
        if run is None or (registry is not None and run.registry != registry.id):
            raise CloudError("RunNotFound", f"Run '{name}' was not found.")
        return run

    async def _build(self, run: Run, context: bytes, dockerfile: str, names: list[str]) -> None:
        run.status = "Running"
        try:
            self._pull_base(run)
            image = await self._cloud.images.build(
                context,
                dockerfile=dockerfile,
                log=run.log.append,
                repository=repository_of(names[0]),
            )
            await self._push(run, image, names)
        except (BuildError, CloudError) as error:
            run.error = str(error)
            # What a command printed is in the log already.
            run.log.append(f"build failed: {run.error.splitlines()[0]}")
            run.status = "Failed"
        except Exception as error:
            run.error = f"{type(error).__name__}: {error}"
            run.status = "Error"
            raise
        else:
            run.status = "Succeeded"

    def _pull_base(self, run: Run) -> None:
        """Fail as a build does at Docker Hub's rate limit, while that bad day is on."""
        if self._cloud.days.strikes("docker-hub-limit", run.registry):
            run.log += DAYS["docker-hub-limit"].message.splitlines()
            raise BuildError("failed during run, err: exit status 1")

    async def _push(self, run: Run, image: Image, names: list[str]) -> None:
        # Read again: it may have been changed or deleted since the build began.
        registry = self._cloud.store.need(run.registry)
        images = registry.data.setdefault("images", {})
        server = registry.computed["loginServer"]
        for name in names:
            repository, _, tag = name.removeprefix(f"{server}/").partition(":")
            images.setdefault(repository, {})[tag or "latest"] = image.digest
            run.images.append(
                {
                    "registry": server,
                    "repository": repository,
                    "tag": tag or "latest",
                    "digest": image.digest,
                }
            )
        self._cloud.store.save()
        await self._cloud.resume()
        run.log.append(f"pushed {', '.join(names)} to {name_of(registry.id)}: {image.digest}")
