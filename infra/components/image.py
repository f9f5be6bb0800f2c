"""A container image, built in the registry from a folder of this checkout: no Docker, no `az`.

The folder is packed and uploaded, the registry builds it for linux/amd64 and the build's log is
streamed. Unchanged content is not built again.
Calls: Azure Container Registry, api-version 2019-06-01-preview (azure-rest-api-specs
containerregistry_build.json, read November 2026).
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, UpdateResult
from pulumi.dynamic import Resource as DynamicResource

from infra import polling, waits
from infra.arm import Arm, ArmError
from infra.components.build_context import BuildContext, pack
from infra.components.dynamic_provider import Provider, ProviderError

CHECKOUT = Path(__file__).parents[2]
REGISTRY_API_VERSION = "2023-01-01-preview"
BUILD_API_VERSION = "2019-06-01-preview"
BUILD_TIMEOUT = 3600  # seconds, Azure's own default for a build
PULL_LIMIT = "toomanyrequests"
"""Docker Hub's refusal of an anonymous pull, in the log of a build.

The agents of a registry share their addresses (MicrosoftLearning/mslearn-azure-ai #125, 2026-03-26;
Azure-Samples/azure-search-openai-demo #3101, 2026-06-18), so a build on another agent may succeed.
"""

_RUNNING = {"Queued", "Started", "Running"}
_BASE = re.compile(r"^ARG BASE=(?:docker\.io/(?:library/)?)?(?P<name>[^/@\s]+)", re.MULTILINE)


class BuildError(ProviderError):
    """The image could not be built; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class ImageArgs:
    """`context`: folder relative to the checkout, with a Dockerfile; `registry_id`: resource id."""

    registry_id: Input[str]
    repository: str
    context: str


class Image(DynamicResource, module="frugal", name="Image"):
    """Output `image`: `login-server/repository@digest`. Deleting it leaves the image."""

    image: Output[str]

    def __init__(self, name: str, args: ImageArgs, opts: ResourceOptions | None = None) -> None:
        props = {
            "registry": args.registry_id,
            "repository": args.repository,
            "context": args.context,
            "content": pack(CHECKOUT / args.context).digest,
            "image": None,
        }
        super().__init__(ImageProvider(), name, props, opts)


class ImageProvider(Provider):
    """Build when registry, repository or content changes."""

    triggers = ("registry", "repository", "content")

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Build. Idempotent: the same content gives the same image."""
        outputs = _built(props)
        return CreateResult(f"{props['registry']}/{props['repository']}", outputs)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Build again."""
        return UpdateResult(_built(_news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Report the image as deleted if its registry is; images are not looked up."""
        with Arm() as arm:
            there = arm.exists(str(props["registry"]), api_version=REGISTRY_API_VERSION)
        return ReadResult(id_, props) if there else ReadResult("", {})


def _built(props: Mapping[str, Any]) -> dict[str, Any]:
    """The resource's properties after a build."""
    with Arm() as arm:
        context = CHECKOUT / str(props["context"])
        registry, repository = str(props["registry"]), str(props["repository"])
        image = build(arm, registry=registry, repository=repository, context=context)
    return {**props, "image": image}


def build(arm: Arm, *, registry: str, repository: str, context: Path) -> str:
    """Build a folder in a registry (resource id) and return `login-server/repository@digest`.

    The log is streamed to standard error, which Pulumi shows. A build that failed by Docker Hub's
    pull limit is retried once, after `waits.pullLimit` seconds. Raises BuildError, ArmError.
    """
    packed = pack(context)
    server = arm.get(registry, api_version=REGISTRY_API_VERSION)["properties"]["loginServer"]
    run, log = _run(arm, registry, repository, packed)
    if run["status"] != "Succeeded" and PULL_LIMIT in log:
        pause = waits.seconds("pullLimit")
        text = f"{repository}: Docker Hub refused the base image; next try in {pause:.0f} s"
        print(text, file=sys.stderr, flush=True)
        polling.sleep(pause)
        run, log = _run(arm, registry, repository, packed)
    if run["status"] != "Succeeded":
        if PULL_LIMIT in log:
            raise BuildError(_pull_limit(context, repository, server))
        reason = str(run.get("runErrorMessage") or "no reason given").splitlines()[0]
        message = f"the build of {repository} ended as {run['status']}: {reason} (log above)"
        raise BuildError(message)
    return f"{server}/{repository}@{run['outputImages'][0]['digest']}"


def _run(
    arm: Arm, registry: str, repository: str, packed: BuildContext
) -> tuple[dict[str, Any], str]:
    """Upload a context and build it once; return properties and log of the completed run."""
    place = arm.post(f"{registry}/listBuildSourceUploadUrl", api_version=BUILD_API_VERSION)
    arm.upload(place["uploadUrl"], packed.archive)
    request = {
        "type": "DockerBuildRequest",
        "sourceLocation": place["relativePath"],
        "dockerFilePath": "Dockerfile",
        "imageNames": [f"{repository}:{packed.digest[:12]}"],
        "isPushEnabled": True,
        "platform": {"os": "Linux", "architecture": "amd64"},
        "timeout": BUILD_TIMEOUT,
    }
    try:
        scheduled = arm.post(f"{registry}/scheduleRun", api_version=BUILD_API_VERSION, body=request)
    except ArmError as error:
        if error.code == "TasksOperationsNotAllowed":
            message = (
                "TasksOperationsNotAllowed: this subscription may not build in the registry (Azure "
                "has paused that for free credit). Give a ready image instead: "
                f"pulumi config set --path {repository}.image REGISTRY/{repository}@sha256:DIGEST"
            )
            raise BuildError(message) from error
        raise
    run_path = f"{registry}/runs/{scheduled['properties']['runId']}"
    return _finished(arm, run_path, f"{repository}: ")


def _finished(arm: Arm, run_path: str, prefix: str) -> tuple[dict[str, Any], str]:
    """Wait for a run and stream its log by whole lines; return its properties and log."""
    run: dict[str, Any] = {}
    shown, log = 0, ""
    link = arm.post(f"{run_path}/listLogSasUrl", api_version=BUILD_API_VERSION)["logLink"]

    def look() -> str | None:
        nonlocal run, shown, log
        run = arm.get(run_path, api_version=BUILD_API_VERSION)["properties"]
        try:
            log = arm.download(link)
        except ArmError as error:  # it exists shortly after the run starts
            if error.status != HTTPStatus.NOT_FOUND:
                raise
        lines = log.splitlines(keepends=True)
        pending = run["status"] in _RUNNING
        if pending and lines and not lines[-1].endswith("\n"):
            lines.pop()
        for line in lines[shown:]:
            print(f"{prefix}{line.rstrip()}", file=sys.stderr, flush=True)
        shown = len(lines)
        return run["status"] if pending else None

    if polling.poll(look, deadline=BUILD_TIMEOUT + 60):
        message = f"{run_path} has not ended within {BUILD_TIMEOUT} seconds"
        raise BuildError(message)
    return run, log


def _pull_limit(context: Path, repository: str, server: str) -> str:
    base = _BASE.search((context / "Dockerfile").read_text(encoding="utf-8"))
    name = base["name"] if base else "NAME:TAG"
    return (
        f"{PULL_LIMIT}: Docker Hub's limit of anonymous pulls refused the base image of "
        f"{repository}, twice. Run `pulumi up` again in some minutes; or keep the base in your "
        f"registry: az acr import --name {server.partition('.')[0]} --source "
        f"docker.io/library/{name} --image {name} --username DOCKER-ID --password TOKEN, and set "
        f"`ARG BASE={server}/{name}` at the head of {repository}'s Dockerfile"
    )
