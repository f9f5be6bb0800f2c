"""Container Apps jobs with a manual trigger: each execution runs the image to completion.

Operations and bodies: Microsoft.App 2025-02-02-preview (`jobs/{name}/start`,
`jobs/{name}/executions/{execution}`; models JobExecutionBase and JobExecution).
"""

import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typing_extensions import override

from frugal.cloud.bodies import Body, section
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of
from frugal.cloud.images import Image, repository_of
from frugal.cloud.processes import Execution, NothingToRun, Unpulled, prepare
from frugal.cloud.store import Resource
from frugal.cloud.types import apps, database, template
from frugal.cloud.types.base import ResourceType, identity_outputs

if TYPE_CHECKING:
    from frugal.cloud.cloud import Cloud


class Job(ResourceType):
    """A job with a manual trigger and one container, one replica at a time."""

    token = "azure-native:app:Job"
    start_round = 2
    unsupported: ClassVar[Mapping[str, Sequence[object]]] = {"template.volumes": ()}

    @override
    def check(self, cloud: "Cloud", resource: Resource) -> None:
        configuration = section(resource.inputs, "configuration")
        if configuration.get("triggerType") != "Manual":
            raise CloudError(
                "NotSupportedHere",
                f"The local cloud supports only jobs with the trigger Manual; "
                f"'{name_of(resource.id)}' has {configuration.get('triggerType')}.",
            )
        manual = section(configuration, "manualTriggerConfig")
        if any(int(manual.get(k) or 1) != 1 for k in ("parallelism", "replicaCompletionCount")):
            raise CloudError(
                "NotSupportedHere",
                "The local cloud runs one replica per execution: set parallelism and "
                "replicaCompletionCount to 1.",
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
    def routes(self, cloud: "Cloud") -> list[Route]:
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
    async def remove(self, cloud: "Cloud", resource: Resource) -> None:
        started = [key for key in cloud.running if key.startswith(_key(resource, ""))]
        for key in started:
            await cloud.running.pop(key).stop()
            shutil.rmtree(_folder(cloud, name_of(key)), ignore_errors=True)
        cloud.accounts.release(key_of(resource.id))


async def start(cloud: "Cloud", resource: Resource) -> Execution | Unpulled:
    """Start one execution of a job. Raises CloudError where it can't begin.

    One whose image can't be pulled has failed, which Azure reports after the replica's timeout.
    """
    name = f"{name_of(resource.id)}-{secrets.token_hex(4)}"
    log = cloud.logs / f"{repository_of(template.image(resource))}.log"
    try:
        image = _pull(cloud, resource)
    except CloudError as error:
        execution = Unpulled(name, f"{error.code}: {error.message}", log=log)
    else:
        servers = await database.unmigrated(cloud)
        execution = await _run(cloud, resource, name, image, log)
        cloud.watch(_keep_migrated(cloud, execution, servers))
    cloud.running[_key(resource, name)] = execution
    return execution


def _key(resource: Resource, execution: str) -> str:
    return f"{key_of(resource.id)}/executions/{execution}"


async def _keep_migrated(cloud: "Cloud", execution: Execution, servers: list[Resource]) -> None:
    await execution.wait()
    if execution.status == "Succeeded":
        await database.keep_migrated(cloud, servers)


def _pull(cloud: "Cloud", resource: Resource) -> Image:
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


async def _run(cloud: "Cloud", resource: Resource, name: str, image: Image, log: Path) -> Execution:
    configuration = section(resource.inputs, "configuration")
    declared = template.environment(resource)
    try:
        program = prepare(
            name,
            image,
            command=template.command(resource),
            environment=apps.platform_environment(cloud, resource, declared),
            home=_folder(cloud, name),
            user=cloud.accounts.number(key_of(resource.id)),
        )
    except NothingToRun as error:
        raise CloudError("InvalidRequest", str(error)) from error
    return Execution(
        name,
        program,
        timeout=float(configuration["replicaTimeout"]),
        retries=int(configuration.get("replicaRetryLimit") or 0),
        reaper=cloud.reaper,
        log=log,
    )


def _folder(cloud: "Cloud", execution: str) -> Path:
    return cloud.accounts.place("jobs") / execution


def find(cloud: "Cloud", resource: Resource, name: str) -> Execution | Unpulled:
    """An execution of a job since the daemon's start; raises CloudError `NotFound`."""
    found = cloud.running.get(_key(resource, name))
    if not isinstance(found, Execution | Unpulled):
        raise CloudError("NotFound", f"Job '{name_of(resource.id)}' has no execution '{name}'.")
    return found


def body(resource: Resource, execution: Execution | Unpulled) -> Body:
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
        replica: Body = {"name": execution.name, "containers": [container]}
        properties["detailedStatus"] = {"replicas": [replica]}
    return {
        "id": f"{resource.id}/executions/{execution.name}",
        "name": execution.name,
        "type": "Microsoft.App/jobs/executions",
        "properties": properties,
    }
