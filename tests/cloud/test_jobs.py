"""Jobs that really run, started and looked at as the program does it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import grpc.aio
import httpx
import pytest

from frugal.cloud.cloud import Cloud
from frugal.cloud.processes import Execution
from frugal.cloud.types import job as jobs
from tests.cloud.arm_client import arm_client
from tests.cloud.provider_client import Made, ProviderClient, refusal
from tests.cloud.test_images import context
from tests.cloud.test_rules import PULL, World, world

__all__ = ["world"]

DOCKERFILE = """\
FROM python:3.11-slim
ENV FROM_IMAGE=1
WORKDIR /srv
COPY main.py .
CMD ["python", "main.py", "app"]
"""
MAIN = """\
import json, os, pathlib, sys, time

print(json.dumps({"arguments": sys.argv[1:], "environment": dict(os.environ)}), flush=True)
tried = pathlib.Path(os.environ["HOME"], "tried")
if "FLAKY" in os.environ and not tried.exists():
    tried.touch()
    sys.exit("not yet")
if "BROKEN" in os.environ:
    sys.exit(os.environ["BROKEN"])
if "HANGS" in os.environ:
    time.sleep(3600)
"""


class Jobs:
    """A world with an image, and jobs of it."""

    def __init__(self, world: World, cloud: Cloud, arm: httpx.AsyncClient) -> None:
        self.world = world
        self.cloud = cloud
        self.arm = arm
        self.identity: Made
        self.base: dict[str, Any] = {}

    async def furnish(self) -> None:
        make = self.world.make
        self.identity = await make("managedidentity:UserAssignedIdentity", "identity")
        environment = await make("app:ManagedEnvironment", "environment")
        registry = await make(
            "containerregistry:Registry", "r", registryName="registry1", sku={"name": "Basic"}
        )
        await self.world.engine.create(
            "azure-native:authorization:RoleAssignment",
            "pull",
            {
                "scope": registry.id,
                "principalId": self.identity.outputs["principalId"],
                "principalType": "ServicePrincipal",
                "roleDefinitionId": f"/subscriptions/0/providers/x/roleDefinitions/{PULL}",
            },
        )
        image = await self.cloud.images.build(
            context({"Dockerfile": DOCKERFILE, "main.py": MAIN}),
            dockerfile="Dockerfile",
            log=print,
            repository="site",
        )
        self.cloud.store.need(registry.id).data["images"] = {"site": {"1": image.digest}}
        self.base = {
            "environmentId": environment.id,
            "identity": {"type": "UserAssigned", "userAssignedIdentities": [self.identity.id]},
        }

    def body(
        self, environment: dict[str, str], *, command: list[str] | None = None, **changes: Any
    ) -> dict[str, Any]:
        configuration = {
            "triggerType": "Manual",
            "replicaTimeout": 600,
            "replicaRetryLimit": 0,
            "registries": [{"server": "registry1.azurecr.io", "identity": self.identity.id}],
            "secrets": [{"name": "key", "value": "canary-51c9"}],
            **changes,
        }
        container = {
            "name": "job",
            "image": "registry1.azurecr.io/site:1",
            "env": [{"name": k, "value": v} for k, v in environment.items()]
            + [{"name": "KEY", "secretRef": "key"}],
            "resources": {"cpu": 0.25, "memory": "0.5Gi"},
            **({"command": command} if command else {}),
        }
        return {
            **self.base,
            "configuration": configuration,
            "template": {"containers": [container]},
        }

    async def make(self, environment: dict[str, str], **changes: Any) -> Made:
        return await self.world.make("app:Job", "job", **self.body(environment, **changes))

    async def start(self, made: Made) -> str:
        """Start an execution; return its path."""
        answer = await self.arm.post(
            f"{made.id}/start", params={"api-version": "2025-02-02-preview"}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["id"] == f"{made.id}/executions/{answer.json()['name']}"
        return answer.json()["id"]

    async def ended(self, path: str) -> dict[str, Any]:
        job_id, _, name = path.rpartition("/executions/")
        await jobs.find(self.cloud, self.cloud.store.need(job_id), name).wait()
        answer = await self.arm.get(path)
        assert answer.status_code == 200
        return answer.json()["properties"]

    @property
    def log(self) -> str:
        return (self.cloud.logs / "site.log").read_text()

    def printed(self) -> list[dict[str, Any]]:
        lines = [line.partition(" | ")[2] for line in self.log.splitlines()]
        return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.fixture
async def bench(world: World, cloud: Cloud) -> AsyncIterator[Jobs]:
    async with arm_client(cloud) as arm:
        bench = Jobs(world, cloud, arm)
        await bench.furnish()
        yield bench


def how(properties: dict[str, Any]) -> tuple[int, str]:
    (container,) = properties["detailedStatus"]["replicas"][0]["containers"]
    return container["code"], container["additionalInformation"]


async def test_a_job_runs_when_it_is_started_with_what_it_declares(
    bench: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "of the daemon")
    made = await bench.make({"GREETING": "hello"}, command=["python", "main.py", "migrate"])
    assert not (bench.cloud.logs / "site.log").exists()

    properties = await bench.ended(await bench.start(made))

    assert properties["status"] == "Succeeded"
    assert how(properties)[0] == 0
    assert properties["startTime"] < properties["endTime"]
    (printed,) = bench.printed()
    assert printed["arguments"] == ["migrate"]
    environment = printed["environment"]
    assert environment.pop("IDENTITY_ENDPOINT").endswith("/msi/token")
    assert environment.pop("IDENTITY_HEADER")
    assert environment.pop("HOME").startswith(str(bench.cloud.accounts.place("jobs")))
    assert environment.pop("PATH")
    assert environment == {
        "FROM_IMAGE": "1",
        "GREETING": "hello",
        "KEY": "canary-51c9",
        "LANG": "C.UTF-8",
    }


async def test_without_a_command_the_images_own_runs(bench: Jobs) -> None:
    await bench.ended(await bench.start(await bench.make({})))
    assert bench.printed()[0]["arguments"] == ["app"]


async def test_its_identity_gives_tokens_of_its_own(bench: Jobs) -> None:
    await bench.ended(await bench.start(await bench.make({})))
    header = bench.printed()[0]["environment"]["IDENTITY_HEADER"]
    token = bench.cloud.identities.token(header, resource="https://x.example", client_id=None)
    claims = bench.cloud.tokens.verify(token["access_token"], resource="https://x.example")
    assert claims.object_id == bench.identity.outputs["principalId"]


async def test_a_failure_is_told_with_its_last_lines(bench: Jobs) -> None:
    made = await bench.make({"BROKEN": "no such table"})
    properties = await bench.ended(await bench.start(made))
    code, text = how(properties)
    assert (properties["status"], code) == ("Failed", 1)
    assert text.startswith("exited with status 1 (`frugal logs site`)\n")
    assert text.endswith("no such table")
    assert "canary-51c9" not in json.dumps(properties["template"])


async def test_a_failed_try_is_repeated_as_often_as_declared(bench: Jobs) -> None:
    properties = await bench.ended(
        await bench.start(await bench.make({"FLAKY": "1"}, replicaRetryLimit=1))
    )
    assert properties["status"] == "Succeeded"
    assert len(bench.printed()) == 2
    assert "not yet" in bench.log


async def test_no_more_often_than_that(bench: Jobs) -> None:
    made = await bench.make({"BROKEN": "always"}, replicaRetryLimit=2)
    properties = await bench.ended(await bench.start(made))
    assert properties["status"] == "Failed"
    assert len(bench.printed()) == 3


async def test_what_takes_too_long_is_ended_and_has_failed(bench: Jobs) -> None:
    made = await bench.make({"HANGS": "1"}, replicaTimeout=1)
    properties = await bench.ended(await bench.start(made))
    assert properties["status"] == "Failed"
    assert how(properties)[1].startswith("took longer than 1 s")


async def test_each_start_is_an_execution_of_its_own(bench: Jobs) -> None:
    made = await bench.make({})
    first, second = await bench.start(made), await bench.start(made)
    assert first != second
    for path in (first, second):
        assert (await bench.ended(path))["status"] == "Succeeded"
    assert (await bench.arm.get(f"{made.id}/executions/none")).status_code == 404


async def test_while_it_runs_its_status_says_so_and_deleting_it_ends_it(bench: Jobs) -> None:
    made = await bench.make({"HANGS": "1"})
    path = await bench.start(made)
    running = (await bench.arm.get(path)).json()["properties"]
    assert running["status"] == "Running"
    assert "endTime" not in running
    (execution,) = bench.cloud.running_as(Execution).values()

    await bench.world.engine.delete(made)

    assert execution.status == "Stopped"
    assert not bench.cloud.reaper._children
    assert list((bench.cloud.folder / "jobs").iterdir()) == []
    assert (await bench.arm.get(path)).status_code == 404


async def test_a_daemon_that_ends_takes_its_executions_along(bench: Jobs) -> None:
    await bench.start(await bench.make({"HANGS": "1"}))
    (execution,) = bench.cloud.running_as(Execution).values()
    await bench.cloud.stop()
    assert execution.status == "Stopped"


async def test_an_update_counts_at_the_next_start(bench: Jobs, engine: ProviderClient) -> None:
    made = await bench.make({"GREETING": "one"})
    again = bench.world.body(**bench.body({"GREETING": "two"}))
    made = await engine.update(made, again)
    await bench.ended(await bench.start(made))
    assert bench.printed()[0]["environment"]["GREETING"] == "two"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"triggerType": "Schedule"}, "needs configuration.triggerType to be Manual; it is Sch"),
        ({"manualTriggerConfig": {"parallelism": 2}}, "parallelism; here it may be 1"),
        ({"registries": []}, "AcrPull"),
        ({"secrets": []}, "SecretRef 'key'"),
    ],
)
async def test_what_would_not_run_is_refused(
    bench: Jobs, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await bench.make({}, **changes)
    assert message in refusal(caught.value)


async def test_a_stranger_starts_nothing(bench: Jobs) -> None:
    made = await bench.make({})
    answer = await bench.arm.post(f"{made.id}/start", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 401
    assert not bench.cloud.running_as(Execution)
