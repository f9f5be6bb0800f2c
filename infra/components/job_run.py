"""Run of a job on Azure Container Apps as part of the deployment.

No resource type starts a job, so a dynamic resource does, when image, command or environment
change; it is created or updated once the job has succeeded.
Calls: Microsoft.App 2025-02-02-preview, Jobs_Start and JobExecution (models JobExecutionBase and
JobExecution in azure-mgmt-appcontainers 4.0.0b1, read November 2026).
"""

import sys
from collections.abc import Mapping
from typing import Any

from pulumi import ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, UpdateResult
from pulumi.dynamic import Resource as DynamicResource

from infra.arm import Arm
from infra.components.dynamic_provider import Provider, ProviderError
from infra.polling import poll

_API_VERSION = "2025-02-02-preview"
_PENDING = {"Running", "Processing", "Unknown"}


class JobError(ProviderError):
    """The job has not succeeded; the text says how it ended and where its log is."""


class JobRun(DynamicResource, module="frugal", name="JobRun"):
    """One execution of a job for each image, command, environment. Deleting it reverts nothing."""

    def __init__(
        self, name: str, props: Mapping[str, Any], opts: ResourceOptions | None = None
    ) -> None:
        super().__init__(JobRunProvider(), name, {**props, "execution": None}, opts)


class JobRunProvider(Provider):
    """Start the job when image, command or environment change. `pulumi up` retries a failed run."""

    # A new workspace alone starts no run.
    triggers = ("job", "image", "command", "environment")

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Run the job, which must be idempotent."""
        return CreateResult(f"{props['job']}/run", _ran(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Run again."""
        return UpdateResult(_ran(_news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Report the run as deleted if its job is."""
        with Arm() as arm:
            there = arm.exists(str(props["job"]), api_version=_API_VERSION)
        return ReadResult(id_, props) if there else ReadResult("", {})


def _ran(props: Mapping[str, Any]) -> dict[str, Any]:
    """The resource's properties after a run."""
    with Arm() as arm:
        limit = float(props["limit"])
        name = run(arm, job=str(props["job"]), limit=limit, workspace=str(props["workspace"]))
    return {**props, "execution": name}


def run(arm: Arm, *, job: str, limit: float, workspace: str) -> str:
    """Start a job (resource id), wait until it has succeeded, return the execution's name.

    If it fails before any container ran, since its image could not be pulled, it is started once
    more: the identity's role may be effective in the registry by then (docs/adr/0009).
    `limit`: seconds that each start has; `workspace`: customer id of the Log Analytics workspace
    with its log. Raises JobError, ArmError.
    """
    short = job.rsplit("/", 1)[-1]
    name, execution = _execution(arm, job, limit)
    has_run = any(container.get("code") is not None for container in _containers(execution))
    if _status(execution) == "Failed" and not has_run:
        print(f"{short}: no container ran; starting it once more", file=sys.stderr, flush=True)
        name, execution = _execution(arm, job, limit)
    status = _status(execution)
    if status == "Succeeded":
        return name
    if status in _PENDING:
        status = f"still {status} after {limit:.0f} seconds"
    said = [
        f"{container.get('status')}, exit code {container.get('code')}: "
        f"{container.get('additionalInformation') or 'no further details'}"
        for container in _containers(execution)
    ]
    ending = f"the job {short} is {status} (execution {name}); nothing after it was changed"
    where = f"Its log, some minutes later: {log_query(name, workspace)}"
    raise JobError("\n".join([ending, *said, where]))


def _execution(arm: Arm, job: str, limit: float) -> tuple[str, Mapping[str, Any]]:
    """Start a job; return its execution's name, and its properties at its end or the limit."""
    name = str(arm.post(f"{job}/start", api_version=_API_VERSION)["name"])
    execution: dict[str, Any] = {}

    def look() -> str | None:
        nonlocal execution
        execution = arm.get(f"{job}/executions/{name}", api_version=_API_VERSION)["properties"]
        return status if (status := _status(execution)) in _PENDING else None

    poll(look, deadline=limit)
    return name, execution


def _status(execution: Mapping[str, Any]) -> str:
    return str(execution.get("status", "Unknown"))


def _containers(execution: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Azure's report of each container of an execution."""
    status: Mapping[str, Any] = execution.get("detailedStatus") or {}
    replicas = status.get("replicas") or ()
    return [container for replica in replicas for container in replica.get("containers") or ()]


def log_query(execution: str, workspace: str) -> str:
    """The command that shows an execution's log on Azure.

    Table and columns are those of a diagnostic setting (no `_CL`, no `_s`): Microsoft's skill
    "appinsights-instrumentation", container-apps.md, read November 2026.
    """
    query = (
        f'ContainerAppConsoleLogs | where ContainerGroupName startswith "{execution}" '
        "| order by TimeGenerated asc | project TimeGenerated, Log"
    )
    return f"az monitor log-analytics query --workspace {workspace} --analytics-query '{query}'"
