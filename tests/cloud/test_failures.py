"""Failures of operations leave nothing behind, and are retried where that helps."""

import errno
import os
import socket
from dataclasses import replace
from typing import Any

import grpc.aio
import psutil
import pytest

from frugal.cloud.cloud import Cloud
from frugal.cloud.images import Image
from frugal.cloud.processes import App
from tests.cloud.provider_client import refusal
from tests.cloud.test_jobs import PULL, Jobs, bench
from tests.cloud.test_processes import app, doors, image, make_app, places, replicas, revision
from tests.cloud.test_rules import Edge, World, edge, world

__all__ = ["app", "bench", "doors", "edge", "image", "make_app", "places", "world"]


def body(jobs: Jobs) -> dict[str, Any]:
    """A container app of the jobs' image."""
    declared = jobs.body({})
    configuration = {key: declared["configuration"][key] for key in ("registries", "secrets")} | {
        "activeRevisionsMode": "Single"
    }
    return {**declared, "configuration": configuration}


async def test_an_app_that_could_not_begin_is_gone(bench: Jobs) -> None:
    cloud = bench.cloud
    homes = cloud.folder / "apps"
    homes.write_text("in the way")
    message = await bench.world.refused("app:ContainerApp", "site", **body(bench))
    assert message.startswith("The local cloud failed: [Errno ")
    assert str(homes) in message
    assert cloud.running == {}


async def test_a_server_that_could_not_begin_is_gone(world: World, cloud: Cloud) -> None:
    (cloud.folder / "postgres").write_text("in the way")
    declared = {
        "location": "eastus",
        "version": "17",
        "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
        "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"},
    }
    assert "The local cloud failed" in await world.refused(
        "dbforpostgresql:Server", "db", **declared
    )
    assert cloud.running == {}


async def test_an_endpoint_whose_port_is_taken_holds_no_file(
    edge: Edge, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def logs() -> int:
        """Number of this process's descriptors of the edge's log."""
        paths = [file.path for file in psutil.Process().open_files()]
        return paths.count(str(cloud.logs / "edge.log"))

    before = logs()
    assert before
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(cloud.ports, "get", lambda _name: port)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await edge.world.make(
                "cdn:AFDEndpoint", "more", profileName=edge.profile, location="Global"
            )
    assert f"Port {port} on 127.0.0.1 is taken" in refusal(caught.value)
    assert logs() == before


async def test_a_role_holds_where_it_was_given_and_nowhere_else(world: World) -> None:
    identity = await world.make("managedidentity:UserAssignedIdentity", "identity")
    environment = await world.make("app:ManagedEnvironment", "environment")
    registries = [
        await world.make(
            "containerregistry:Registry", name, registryName=name, sku={"name": "Basic"}
        )
        for name in ("registry1", "registry12")
    ]
    await world.engine.create(
        "azure-native:authorization:RoleAssignment",
        "pull",
        {
            "scope": registries[0].id,
            "principalId": identity.outputs["principalId"],
            "principalType": "ServicePrincipal",
            "roleDefinitionId": f"/subscriptions/0/providers/x/roleDefinitions/{PULL}",
        },
    )
    said = []
    for name in ("registry1", "registry12"):
        server = f"{name}.azurecr.io"
        said.append(
            await world.refused(
                "app:ContainerApp",
                "site",
                environmentId=environment.id,
                identity={"type": "UserAssigned", "userAssignedIdentities": [identity.id]},
                configuration={"registries": [{"server": server, "identity": identity.id}]},
                template={"containers": [{"name": "site", "image": f"{server}/site:1"}]},
            )
        )
    assert "manifest unknown" in said[0]
    assert "has the role AcrPull on 'registry12.azurecr.io'" in said[1]


async def test_out_of_descriptors_for_a_moment_is_one_failed_start(
    app: App, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refused = os.pipe, []

    def pipe() -> tuple[int, int]:
        if not refused:
            refused.append(True)
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return real()

    monkeypatch.setattr(os, "pipe", pipe)
    await app.deploy(revision(replace(image, user=None)))
    (replica,) = replicas(app)
    assert replica["state"] == "ready"
    assert replica["restarts"] == 1
    assert "Too many open files" in str(replica["lastExit"])


async def test_logs_are_for_their_owner_alone(edge: Edge, cloud: Cloud) -> None:
    assert (cloud.logs / "edge.log").stat().st_mode & 0o077 == 0
