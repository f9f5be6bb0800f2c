"""A job on Azure Container Apps that is run as part of the deployment (job_run.py)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Resource, ResourceOptions
from pulumi_azure_native import app

from infra.components.container_app import consumption, pulled_from
from infra.components.job_run import JobRun
from infra.components.placement import Placement

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
