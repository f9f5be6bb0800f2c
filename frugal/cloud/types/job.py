"""Container Apps jobs with a manual trigger: each execution runs the image to completion.

Operations and bodies: Microsoft.App 2025-02-02-preview (`jobs/{name}/start`,
`jobs/{name}/executions/{execution}`; models JobExecutionBase and JobExecution).
"""

import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typing_extensions import override

from frugal.cloud.bodies import Body, section
from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of
from frugal.cloud.images import Image, repository_of
from frugal.cloud.processes import Execution, prepare
from frugal.cloud.processes.program import Program
from frugal.cloud.resource_type import ResourceType, identity_outputs
from frugal.cloud.store import Resource
from frugal.cloud.types import apps, database, template


class Job(ResourceType):
    """A job with a manual trigger and one container, one replica at a time."""

    token = "azure-native:app:Job"
    start_round = 2
    unsupported: ClassVar[Mapping[str, Sequence[object]]] = {
        "configuration.manualTriggerConfig.parallelism": (1,),
        "configuration.manualTriggerConfig.replicaCompletionCount": (1,),
        "template.initContainers": (),
        "template.volumes": (),
    }
    required: ClassVar[Mapping[str, object]] = {"configuration.triggerType": "Manual"}

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        template.check(cloud, resource)

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {
            "provisioningState": "Succeeded",
            "runningState": "Ready",
            **identity_outputs(cloud, resource),
        }

    @override
    def routes(self, cloud: Cloud) -> list[Route]:
        async def begin(request: Request) -> Response:
            resource = self.named(cloud, request)
            if await request.body():
                raise CloudError(
                    "NotSupportedHere",
                    "The local cloud starts a job as declared: send no template.",
                )
            execution = await cloud.run(start(cloud, resource))
            answer = body(resource, execution)
            return JSONResponse({"id": answer["id"], "name": answer["name"]})

        async def show(request: Request) -> Response:
            resource = self.named(cloud, request)
            execution = find(cloud, resource, request.path_params["execution"])
            return JSONResponse(body(resource, execution))

        return [
            Route(f"{self.path}/start", begin, methods=["POST"]),
            Route(f"{self.path}/executions/{{execution}}", show),
        ]

    @override
    async def remove(self, cloud: Cloud, resource: Resource) -> None:
        started = [key for key in cloud.running if key.startswith(_key(resource, ""))]
        for key in started:
            await cloud.running.pop(key).stop()
            shutil.rmtree(_folder(cloud, name_of(key)), ignore_errors=True)
        cloud.accounts.release(key_of(resource.id))


async def start(cloud: Cloud, resource: Resource) -> Execution:
    """Start one execution of a job. Raises CloudError where it can't begin.

    One whose image can't be pulled has failed, which Azure reports after the replica's timeout.
    """
    name = f"{name_of(resource.id)}-{secrets.token_hex(4)}"
    configuration = section(resource.inputs, "configuration")
    try:
        image = _pull(cloud, resource)
    except CloudError as error:
        program = str(error)
    else:
        program = _program(cloud, resource, name, image)
    servers = await database.unmigrated(cloud)
    execution = Execution(
        name,
        program,
        timeout=float(configuration["replicaTimeout"]),
        retries=int(configuration.get("replicaRetryLimit") or 0),
        reaper=cloud.reaper,
        log=cloud.logs / f"{repository_of(template.image(resource))}.log",
    )
    cloud.watching.start(_keep_migrated(cloud, execution, servers))
    cloud.running[_key(resource, name)] = execution
    return execution


def _key(resource: Resource, execution: str) -> str:
    return f"{key_of(resource.id)}/executions/{execution}"


async def _keep_migrated(cloud: Cloud, execution: Execution, servers: list[Resource]) -> None:
    await execution.wait()
    if execution.status == "Succeeded":
        await database.keep_migrated(cloud, servers)


def _pull(cloud: Cloud, resource: Resource) -> Image:
    reference, puller = template.image(resource), template.puller(cloud, resource)
    cloud.days.refuse(
        "job-pull",
        resource.id,
        name=template.container(resource)["name"],
        image=reference,
        identity=puller.id if puller else "",
        registry=reference.partition("/")[0],
    )
    return apps.find_image(cloud, reference, puller)


def _program(cloud: Cloud, resource: Resource, name: str, image: Image) -> Program:
    declared = template.environment(resource)
    return prepare(
        name,
        image,
        command=template.command(resource),
        environment=apps.platform_environment(cloud, resource, declared),
        home=_folder(cloud, name),
        user=cloud.accounts.number(key_of(resource.id)),
    )


def _folder(cloud: Cloud, execution: str) -> Path:
    return cloud.accounts.place("jobs") / execution


def find(cloud: Cloud, resource: Resource, name: str) -> Execution:
    """An execution of a job since the daemon's start; raises CloudError `NotFound`."""
    found = cloud.running_as(Execution).get(_key(resource, name))
    if found is None:
        raise CloudError("NotFound", f"Job '{name_of(resource.id)}' has no execution '{name}'.")
    return found


def body(resource: Resource, execution: Execution) -> Body:
    """An execution in Resource Manager's shape."""
    properties: Body = {
        "status": execution.status,
        "startTime": execution.started.isoformat(),
        "template": {"containers": section(resource.inputs, "template").get("containers")},
    }
    if execution.ended is not None:
        properties["endTime"] = execution.ended.isoformat()
        short = repository_of(template.image(resource))
        said = "\n".join([f"{execution.reason} (`frugal logs {short}`)", *execution.last_lines])
        container: Body = {
            "name": template.container(resource)["name"],
            "status": execution.status,
            "additionalInformation": said,
        }
        if execution.exit_code is not None:
            container["code"] = execution.exit_code
        replica = {"name": execution.name, "containers": [container]}
        properties["detailedStatus"] = {"replicas": [replica]}
    return {
        "id": f"{resource.id}/executions/{execution.name}",
        "name": execution.name,
        "type": "Microsoft.App/jobs/executions",
        "properties": properties,
    }
