"""Nothing of an environment is readable by other users of the machine, or by another app."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from frugal.cloud.cloud import Cloud
from frugal.cloud.processes import App, prepare
from frugal.cloud.spawn import accounts
from frugal.cloud.types import TYPES
from tests.cloud.test_failures import body
from tests.cloud.test_images import context, wheel
from tests.cloud.test_jobs import DOCKERFILE, Jobs, bench
from tests.cloud.test_rules import world

__all__ = ["bench", "world"]

ROOT = os.geteuid() == 0
STRANGER = 65534
SERVES = """\
import http.server, os, pathlib
pathlib.Path(os.environ["HOME"], "private").write_text("mine")
handler = http.server.BaseHTTPRequestHandler
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), handler).serve_forever()
"""


@pytest.fixture(params=["open", "closed"])
def checkout(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """Folders of an environment: one that all users may pass through, one below a closed one."""
    if request.param == "closed":
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="frugal-open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def cloud(checkout: Path) -> AsyncIterator[Cloud]:
    before = os.umask(0o077)  # as the daemon has it
    cloud = Cloud(checkout / "cloud", TYPES)
    await cloud.start()
    yield cloud
    await cloud.stop()
    accounts.remove(cloud.folder)
    os.umask(before)


async def two_apps_a_job_and_a_server(bench: Jobs) -> list[App]:
    """Everything that has files or processes; the two apps run one image."""
    declared = {
        "location": "eastus",
        "version": "17",
        "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
        "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Disabled"},
    }
    await bench.world.make("dbforpostgresql:Server", "db", **declared)
    job = await bench.make({})
    await bench.ended(await bench.start(job))
    for name in ("one", "two"):
        app: dict[str, Any] = body(bench)
        container = app["template"]["containers"][0]
        container["command"] = ["python", "-c", SERVES]
        container["resources"] = {"cpu": 0.25, "memory": "0.5Gi"}
        app["template"]["scale"] = {"minReplicas": 1, "maxReplicas": 1}
        await bench.world.make("app:ContainerApp", name, **app)
    return list(bench.cloud.running_as(App).values())


def everything(folder: Path) -> list[Path]:
    """All files and folders of an environment, those outside of its folder too."""
    places = {folder, *(place.resolve() for place in folder.iterdir() if place.is_dir())}
    return [
        Path(here) / n for top in places for here, fs, files in os.walk(top) for n in fs + files
    ]


def read_as(user: int, *groups: int, paths: list[Path]) -> list[Path]:
    """The files that user can read, and the folders that user can list."""
    script = 'while IFS= read -r path; do test -r "$path" && printf "%s\\n" "$path"; done; :'
    tried = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd="/",
        input="".join(f"{path}\n" for path in paths),
        user=user,
        group=groups[0],
        extra_groups=groups[1:],
        capture_output=True,
        text=True,
        check=True,
    )
    return list(map(Path, tried.stdout.splitlines()))


async def test_modes_and_owners_keep_others_out(bench: Jobs) -> None:
    cloud = bench.cloud
    apps = await two_apps_a_job_and_a_server(bench)
    found = everything(cloud.folder)
    assert len(found) > 1000
    if not ROOT:
        # One closed folder is enough: all in it is its owner's.
        assert cloud.folder.stat().st_mode & 0o777 == 0o700
        assert {path.lstat().st_uid for path in found} == {os.geteuid()}
        return
    assert cloud.folder.stat().st_mode & 0o777 == 0o711
    outside = cloud.folder.resolve() / "outside"
    # The interpreter's copy is the one thing that is everybody's.
    own = [p for p in found if not p.is_relative_to(outside.resolve() / "copies")]
    assert read_as(STRANGER, STRANGER, paths=own) == []
    users = [cloud.accounts.number(key) for key in cloud.running_as(App)]
    assert len({None, 0, *users}) == 4
    homes = [Path(str(app._home)) for app in apps]
    assert [(h.stat().st_uid, h.stat().st_mode & 0o777) for h in homes] == [
        (user, 0o700) for user in users
    ]
    data = next(cloud.folder.glob("postgres/*/data")).stat()
    assert data.st_mode & 0o777 == 0o700
    assert data.st_uid not in {0, *users}


async def test_an_app_reads_what_is_its_own_and_nothing_of_another(bench: Jobs) -> None:
    cloud = bench.cloud
    one, two = await two_apps_a_job_and_a_server(bench)
    pids = [app._serving.replicas[0].status()["pid"] for app in (one, two) if app._serving]
    environments = [Path(f"/proc/{pid}/environ") for pid in pids]
    homes = [Path(str(app._home)) / "private" for app in (one, two)]
    if not ROOT:
        assert [os.stat(f"/proc/{pid}").st_uid for pid in pids] == [os.geteuid()] * 2  # noqa: PTH116
        return
    status = Path(f"/proc/{pids[0]}/status").read_text()  # noqa: ASYNC240 - one call
    capabilities = [line.split()[1] for line in status.splitlines() if line.startswith("Cap")]
    # Inherited, permitted, effective and ambient ones; the bounding set gives no right by itself.
    assert {int(mask, 16) for mask in (*capabilities[:3], capabilities[4])} == {0}
    fields = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
    user = int(fields["Uid"].split()[0])
    groups = [int(fields["Gid"].split()[0]), *map(int, fields["Groups"].split())]
    assert user == cloud.accounts.number(next(iter(cloud.running_as(App))))

    assert one._serving is not None
    image = one._serving.revision.image.folder
    files = {"Dockerfile": DOCKERFILE, "main.py": "another's"}
    await cloud.images.build(
        context(files), dockerfile="Dockerfile", log=print, repository="another"
    )
    everywhere = [*everything(cloud.folder), *environments, *homes]
    readable = read_as(user, *groups, paths=everywhere)

    outside = (cloud.folder / "outside").resolve() / "copies"
    authority = {"ca.pem", "bundle.pem"}
    allowed = {environments[0], homes[0], homes[0].parent}
    others = [
        path
        for path in readable
        if not path.is_relative_to(image)
        and not path.is_relative_to(outside)
        and path not in allowed
        and path.name not in authority
    ]
    assert others == []
    assert {environments[0], homes[0]} <= set(readable)


async def test_a_script_of_the_image_starts_as_the_apps_own_user(cloud: Cloud) -> None:
    name, content = wheel()
    files = {
        "Dockerfile": DOCKERFILE.replace(
            "COPY main.py .", f"COPY {name} wheels/\nRUN pip install --no-deps {name}"
        ).replace('["python", "main.py", "app"]', '["tiny"]'),
        name: content,
    }
    image = await cloud.images.build(
        context(files), dockerfile="Dockerfile", log=print, repository="tiny"
    )
    user = cloud.accounts.number("tiny")
    program = prepare(
        "tiny",
        image,
        command=None,
        environment={},
        home=cloud.accounts.place("apps") / "tiny",
        user=user,
    )
    log = cloud.folder / "log"
    process = await cloud.reaper.spawn(
        program.command,
        cwd=program.workdir,
        env=program.environment,
        log=log,
        user=program.run_as,
    )
    assert (await process.wait(), log.read_text()) == (0, "42\n")
