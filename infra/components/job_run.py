"""A job on Azure Container Apps that is run as part of the deployment.

No resource type starts a job, so a dynamic resource does, when image, command or environment
change; it is created or updated once the job has succeeded.
Calls: Microsoft.App 2025-02-02-preview, Jobs_Start and JobExecution (models JobExecutionBase and
JobExecution in azure-mgmt-appcontainers 4.0.0b1, read November 2026).
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Input, Resource, ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, UpdateResult
from pulumi.dynamic import Resource as DynamicResource
from pulumi_azure_native import app

from infra.arm import Arm
from infra.components.container_app import consumption, pulled_from
from infra.components.dynamic_provider import Provider, ProviderError
from infra.components.placement import Placement
from infra.polling import poll

_API_VERSION = "2025-02-02-preview"
_PENDING = {"Running", "Processing", "Unknown"}
_START_SECONDS = 600  # seconds for Azure to schedule a replica and pull its image


@dataclass(frozen=True, kw_only=True)
class JobArgs:
    """Sizes are plain values, as they are priced.

    `cpu`: cores, with 2 GiB of memory each; `command`: what the image runs; `settings`:
    environment variables in clear; `timeout`: seconds for each attempt; `retries`: retries of
    a failed attempt; `registry_server`: None for a public image; `workspace`: customer
    id of the Log Analytics workspace with its log; `after`: resources to create before it.
    """

    placement: Placement
    environment_id: Input[str]
    image: Input[str]
    identity_id: Input[str]
    registry_server: Input[str] | None
    cpu: float
    command: Sequence[str]
    settings: Mapping[str, Input[str]]
    timeout: int
    retries: int
    workspace: Input[str]
    after: Sequence[Resource] = ()


class Job(ComponentResource):
    """No outputs. Dependents of this component start when the job has succeeded."""

    def __init__(self, name: str, args: JobArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("frugal:containers:Job", name, None, opts)
        container = app.ContainerArgs(
            name=name,
            image=args.image,
            command=list(args.command),
            env=[app.EnvironmentVarArgs(name=k, value=v) for k, v in args.settings.items()],
            resources=consumption(args.cpu),
        )
        job = app.Job(
            f"{name}-job",
            resource_group_name=args.placement.group,
            location=args.placement.location,
            tags=args.placement.tags,
            environment_id=args.environment_id,
            workload_profile_name="Consumption",
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity_id]},
            configuration=app.JobConfigurationArgs(
                trigger_type=app.TriggerType.MANUAL,
                manual_trigger_config=app.JobConfigurationManualTriggerConfigArgs(
                    parallelism=1, replica_completion_count=1
                ),
                replica_timeout=args.timeout,
                replica_retry_limit=args.retries,
                registries=pulled_from(args.registry_server, args.identity_id),
            ),
            template=app.JobTemplateArgs(containers=[container]),
            opts=ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        JobRun(
            f"{name}-run",
            {
                "job": job.id,
                "image": args.image,
                "command": list(args.command),
                "environment": dict(args.settings),
                "limit": args.timeout * (args.retries + 1) + _START_SECONDS,
                "workspace": args.workspace,
            },
            ResourceOptions(parent=self),
        )
        self.register_outputs({})


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
    `limit`: seconds that each start has; `workspace`: as in JobArgs. Raises JobError, ArmError.
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
