"""Image builds as the container registry's tasks do them: upload a context, schedule, follow.

Operations and bodies: Microsoft.ContainerRegistry 2019-06-01-preview
(containerregistry_build.json).
"""

import asyncio
import secrets
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from frugal.cloud.bodies import Body, section, strings
from frugal.cloud.days import DAYS
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import name_of
from frugal.cloud.images import BuildError, Image, repository_of
from frugal.cloud.store import Resource

if TYPE_CHECKING:
    from frugal.cloud.cloud import Cloud

LARGEST_CONTEXT_BYTES = 200 * 1024 * 1024


@dataclass(kw_only=True)
class Run:
    """One build: its state, its log so far, and what it made."""

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
    """The builds of every registry. Contexts and runs live in memory and die with the daemon."""

    def __init__(self, cloud: "Cloud") -> None:
        self._cloud = cloud
        self._contexts: dict[str, bytes] = {}
        self._uploads: set[str] = set()
        self._runs: dict[str, Run] = {}

    def new_upload(self) -> str:
        """A place for one context; its name is what keeps others out."""
        upload = secrets.token_urlsafe(24)
        self._uploads.add(upload)
        return upload

    async def upload(self, upload: str, chunks: AsyncIterable[bytes]) -> None:
        """Take a context in. Raises CloudError for an unknown place or too large a context."""
        if upload not in self._uploads:
            raise CloudError("AuthenticationFailed", "This upload address is not valid (any more).")
        content = bytearray()
        async for chunk in chunks:
            content += chunk
            if len(content) > LARGEST_CONTEXT_BYTES:
                raise CloudError("RequestBodyTooLarge", "A build context has at most 200 MiB here.")
        self._contexts[upload] = bytes(content)

    def schedule(self, registry: Resource, request: Body) -> Run:
        """Start a build. Raises CloudError for a request that the registry refuses."""
        subscription = registry.id.split("/")[2]
        self._cloud.days.refuse(
            "no-builds", registry.id, name=name_of(registry.id), subscription=subscription
        )
        if request.get("type") != "DockerBuildRequest":
            raise CloudError(
                "NotSupportedHere",
                f"The local registry builds images; it got {request.get('type')}.",
            )
        platform = section(request, "platform")
        if str(platform.get("os")).lower() != "linux":
            raise CloudError("BadRequest", "platform.os must be Linux.")
        upload = str(request.get("sourceLocation", "")).rsplit("/", 1)[-1]
        if upload not in self._contexts:
            raise CloudError("BadRequest", "sourceLocation: nothing was uploaded there.")
        names = strings(request, "imageNames")
        if not names:
            raise CloudError("BadRequest", "imageNames: give at least one.")
        dockerfile = request.get("dockerFilePath")
        if not dockerfile:
            raise CloudError("BadRequest", "dockerFilePath: give the Dockerfile's path.")
        self._uploads.discard(upload)
        context = self._contexts.pop(upload)
        run = Run(id=f"l{secrets.token_hex(16)}", registry=registry.id)
        self._runs[run.id] = run
        build = self._build(run, context, str(dockerfile), names)
        self._cloud.keep(asyncio.ensure_future(build))
        return run

    def get(self, registry: Resource, run_id: str) -> Run:
        """A run by its id; raises CloudError `RunNotFound`."""
        run = self._runs.get(run_id)
        if run is None or run.registry != registry.id:
            raise CloudError("RunNotFound", f"Run '{run_id}' was not found.")
        return run

    def log(self, run_id: str) -> list[str]:
        """The log of a run so far; raises CloudError `RunNotFound`."""
        if run_id not in self._runs:
            raise CloudError("RunNotFound", f"Run '{run_id}' was not found.")
        return self._runs[run_id].log

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
        """Fail as a build does that meets Docker Hub's limit, on the day of that name."""
        if self._cloud.days.strikes("docker-hub-limit", run.registry):
            run.log += DAYS["docker-hub-limit"].message.splitlines()
            raise BuildError("failed during run, err: exit status 1")

    async def _push(self, run: Run, image: Image, names: list[str]) -> None:
        # Asked for now: it may have got another body, or be gone, since the build began.
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
