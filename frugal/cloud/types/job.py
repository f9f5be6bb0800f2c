"""Container Apps jobs: started by hand, each execution runs the image to its end.

Operations and bodies: Microsoft.App 2025-02-02-preview (`jobs/{name}/start`,
`jobs/{name}/executions/{execution}`; models JobExecutionBase and JobExecution).
"""

import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from frugal.cloud.bodies import Body, section
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of
from frugal.cloud.processes import Execution, NothingToRun, prepare
from frugal.cloud.store import Resource
from frugal.cloud.types import running, template
from frugal.cloud.types.base import ResourceType, identity_outputs

if TYPE_CHECKING:
    from frugal.cloud.cloud import Cloud


class Job(ResourceType):
    """A job with a manual trigger and one container, one replica at a time."""

    token = "azure-native:app:Job"

    @override
    def check(self, cloud: "Cloud", resource: Resource) -> None:
        configuration = section(resource.inputs, "configuration")
        if configuration.get("triggerType") != "Manual":
            raise CloudError(
                "NotSupportedHere",
                f"The local cloud starts jobs by hand; '{name_of(resource.id)}' has the trigger "
                f"{configuration.get('triggerType')}.",
            )
        manual = section(configuration, "manualTriggerConfig")
        if any(int(manual.get(k) or 1) != 1 for k in ("parallelism", "replicaCompletionCount")):
            raise CloudError(
                "NotSupportedHere", "The local cloud runs one replica for each execution of a job."
            )
        template.check(cloud, resource)

    @override
    def computed(self, cloud: "Cloud", resource: Resource) -> Body:
        return {
            "provisioningState": "Succeeded",
            "runningState": "Ready",
            **identity_outputs(cloud, resource),
        }

    @override
    async def remove(self, cloud: "Cloud", resource: Resource) -> None:
        for execution in cloud.executions.pop(key_of(resource.id), {}).values():
            await execution.stop()
            shutil.rmtree(_folder(cloud, execution.name), ignore_errors=True)


async def start(cloud: "Cloud", resource: Resource) -> Execution:
    """Start one execution of a job. Raises CloudError where it could not even begin."""
    configuration = section(resource.inputs, "configuration")
    image = template.image(resource)
    short = running.short_name(image)
    name = f"{name_of(resource.id)}-{secrets.token_hex(4)}"
    declared = template.environment(resource)
    try:
        program = await prepare(
            name,
            running.find_image(cloud, image, template.puller(cloud, resource)),
            command=template.command(resource),
            environment=running.platform_environment(cloud, resource, declared),
            home=_folder(cloud, name) / "home",
        )
    except NothingToRun as error:
        raise CloudError("InvalidRequest", str(error)) from error
    execution = Execution(
        name,
        program,
        timeout=float(configuration["replicaTimeout"]),
        retries=int(configuration.get("replicaRetryLimit") or 0),
        reaper=cloud.reaper,
        log=cloud.logs / f"{short}.log",
    )
    cloud.executions.setdefault(key_of(resource.id), {})[name] = execution
    return execution


def _folder(cloud: "Cloud", execution: str) -> Path:
    return cloud.folder / "jobs" / execution


def find(cloud: "Cloud", resource: Resource, name: str) -> Execution:
    """An execution of a job since the daemon's start; raises CloudError `NotFound`."""
    found = cloud.executions.get(key_of(resource.id), {}).get(name)
    if found is None:
        raise CloudError(
            "NotFound", f"Job '{name_of(resource.id)}' has no execution '{name}' (any more)."
        )
    return found


def body(resource: Resource, execution: Execution) -> Body:
    """An execution as Resource Manager answers it."""
    properties: Body = {
        "status": execution.status,
        "startTime": execution.started.isoformat(),
        "template": {"containers": section(resource.inputs, "template").get("containers")},
    }
    if execution.ended is not None:
        properties["endTime"] = execution.ended.isoformat()
        short = running.short_name(template.image(resource))
        said = "\n".join([f"{execution.reason} (`frugal logs {short}`)", *execution.last_lines])
        properties["detailedStatus"] = {
            "replicas": [
                {
                    "name": execution.name,
                    "containers": [
                        {
                            "name": template.container(resource)["name"],
                            "code": execution.exit_code,
                            "status": execution.status,
                            "additionalInformation": said,
                        }
                    ],
                }
            ]
        }
    return {
        "id": f"{resource.id}/executions/{execution.name}",
        "name": execution.name,
        "type": "Microsoft.App/jobs/executions",
        "properties": properties,
    }
