"""Apps that really run: a small server of the standard library, built as an image, under load."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from frugal.cloud.errors import CloudError
from frugal.cloud.images import Image, Images
from frugal.cloud.listen import Listener
from frugal.cloud.processes import App, Probe, Revision, RevisionFailed
from frugal.cloud.processes.probing import verdicts
from frugal.cloud.spawn import Accounts, Reaper, accounts
from frugal.cloud.store import Resource
from frugal.cloud.types import container_app
from tests.cloud.test_images import context
from tests.plain_http import PLAIN

DOCKERFILE = """\
FROM python:3.11-slim
ENV FROM_IMAGE=1
WORKDIR /srv
COPY requirements.lock .
RUN pip install --require-hashes -r requirements.lock
COPY main.py .
EXPOSE 8000
USER 65532
CMD ["python", "main.py"]
"""
# Seconds after which a wait has failed. Not what it should take: the machine may be busy.
PATIENCE = 120


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    files = {
        "Dockerfile": DOCKERFILE,
        "requirements.lock": "",
        "main.py": (Path(__file__).parent / "sample_app.py").read_text(),
    }

    async def build() -> Image:
        reaper = Reaper()
        await reaper.start()
        images = Images(Accounts(tmp_path_factory.mktemp("images")), reaper)
        built = await images.build(
            context(files), dockerfile="Dockerfile", log=print, repository="sample"
        )
        await reaper.stop()
        return built

    return asyncio.run(build())


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Accounts]:
    yield Accounts(tmp_path)
    accounts.remove(tmp_path)


@pytest.fixture
def doors() -> list[str]:
    """The ids of the edges that the apps trust."""
    return []


@pytest.fixture
def make_app(
    reaper: Reaper, tmp_path: Path, places: Accounts, doors: list[str]
) -> Callable[[str, float], App]:
    """Make an app of this name, with these seconds for an answer and for a deployment."""
    return lambda name, seconds: App(
        name,
        host=f"{name}.example.org",
        port=0,
        reaper=reaper,
        log=tmp_path / f"{name}.log",
        home=places.place("apps") / name,
        user=places.number(name),
        front_doors=lambda: doors,
        request_timeout=seconds,
        deploy_timeout=seconds,
    )


@pytest.fixture
async def app(make_app: Callable[[str, float], App]) -> AsyncIterator[App]:
    app = make_app("sample", PATIENCE)
    await app.start()
    yield app
    await app.stop()


@pytest.fixture
async def client(app: App) -> AsyncIterator[httpx.AsyncClient]:
    url = f"http://127.0.0.1:{app.port}"
    async with httpx.AsyncClient(base_url=url, verify=PLAIN, timeout=PATIENCE) as client:
        yield client


def probe(kind: Any, path: str, **options: Any) -> Probe:
    defaults: dict[str, Any] = {
        "port": 8000,
        "initial_delay": 0,
        "period": 0.05,
        "timeout": PATIENCE,
        "failure_threshold": 10_000,
        "success_threshold": 1,
    }
    return Probe(kind=kind, path=path, **{**defaults, **options})


READINESS = probe("Readiness", "/readyz", failure_threshold=1)
STARTUP = probe("Startup", "/healthz")


def revision(image: Image, name: str = "sample--1", **options: Any) -> Revision:
    defaults: dict[str, Any] = {
        "environment": {"VERSION": name},
        "command": None,
        "target_port": 8000,
        "probes": (STARTUP, READINESS),
        "min_replicas": 1,
        "max_replicas": 1,
        "cooldown": 300.0,
        "concurrent_requests": 10,
        "termination_grace": PATIENCE,
    }
    return Revision(name=name, image=image, **{**defaults, **options})


async def until(app: App, holds: Callable[[], bool]) -> None:
    """Wait for a condition, looking again at each change of the app."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await app._change.wait()


async def met(condition: Callable[[], bool]) -> None:
    """Wait for what happens in this loop and sets no event."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - it has none
            await asyncio.sleep(0.005)


def replicas(app: App) -> list[dict[str, Any]]:
    found = app.status()["replicas"]
    assert isinstance(found, list)
    return found


async def test_the_environment_is_what_is_declared_and_no_more(
    app: App,
    client: httpx.AsyncClient,
    image: Image,
    places: Accounts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CANARY", "of the daemon")
    await app.deploy(revision(image, environment={"SECRET": "s3cret", "FROM_IMAGE": "2"}))
    seen = (await client.get("/a%2Fb?x=1&x=2")).json()
    (running,) = replicas(app)
    assert seen["environment"] == {
        "PATH": image.environment["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(app._home),
        "FROM_IMAGE": "2",
        "SECRET": "s3cret",
        "HOST": "127.0.0.1",
        "PORT": str(running["port"]),
    }
    assert seen["path"] == "/a%2Fb?x=1&x=2"
    arguments = await asyncio.to_thread(Path(f"/proc/{seen['pid']}/cmdline").read_bytes)
    assert b"s3cret" not in arguments
    assert seen["uid"] == (places.number("sample") or os.geteuid())


async def test_headers_pass_as_azure_passes_them(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    await app.deploy(revision(image))
    given = {
        "Host": "sample.example.org",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "elsewhere",
        "Connection": "keep-alive, X-Private",
        "X-Private": "1",
        "Cookie": "c=1",
    }
    answer = await client.get("/", headers=given)
    seen = [(name.lower(), value) for name, value in answer.json()["headers"]]
    headers = dict(seen)
    assert headers["host"] == "sample.example.org"
    assert headers["x-forwarded-host"] == "elsewhere"
    assert headers["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["cookie"] == "c=1"
    assert "x-private" not in headers
    assert len(seen) == len(headers)
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert (await client.head("/")).content == b""


async def test_a_front_door_of_this_cloud_knows_the_scheme(
    app: App, client: httpx.AsyncClient, image: Image, doors: list[str]
) -> None:
    await app.deploy(revision(image))
    doors.append("own")

    async def scheme(**headers: str) -> str:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return dict((await client.get("/", headers=given)).json()["headers"])["x-forwarded-proto"]

    assert await scheme(x_azure_fdid="own", x_forwarded_proto="https") == "https"
    assert await scheme(x_azure_fdid="own") == "http"
    assert await scheme(x_azure_fdid="another", x_forwarded_proto="https") == "http"
    assert await scheme(x_forwarded_proto="https") == "http"


async def test_bodies_pass_with_and_without_a_length(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    await app.deploy(revision(image))
    assert (await client.post("/", content=b"whole")).json()["body"] == "whole"

    async def parts() -> AsyncIterator[bytes]:
        yield b"in "
        yield b"parts"

    assert (await client.post("/", content=parts())).json()["body"] == "in parts"
    large = b"x" * 3_000_000
    assert len((await client.post("/", content=large)).json()["body"]) == len(large)


async def test_a_stream_passes_event_by_event(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    await app.deploy(revision(image))
    async with client.stream("GET", "/stream") as answer:
        lines = answer.aiter_lines()
        # The app sends the second only after it was released: nothing here waits for the end.
        assert await anext(lines) == "data: first"
        await client.get("/release")
        assert [line async for line in lines if line] == ["data: second"]


async def test_a_client_that_leaves_ends_the_request_at_the_app(
    app: App, client: httpx.AsyncClient, image: Image, tmp_path: Path
) -> None:
    await app.deploy(revision(image))
    await client.get("/release")
    async with client.stream("GET", "/stream?endless") as answer:
        await anext(answer.aiter_lines())
    await until_logged(tmp_path, client, "the reader left")
    assert replicas(app)[0]["requests"] == 0


async def test_a_redeploy_under_load_loses_no_request(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    await app.deploy(revision(image, "sample--1"))
    stop = asyncio.Event()
    versions: list[str] = []

    async def visit(number: int) -> None:
        while not stop.is_set():
            if number % 2:
                answer = await client.get("/")
            else:
                answer = await client.post("/", content=b"x")
            assert answer.status_code in {200, 201}, answer.text
            versions.append(answer.json()["environment"]["VERSION"])

    async with asyncio.TaskGroup() as visitors:
        for number in range(8):
            visitors.create_task(visit(number))
        for count in range(2, 5):
            await met(lambda seen=f"sample--{count - 1}": seen in versions)
            await app.deploy(revision(image, f"sample--{count}"))
        await asyncio.gather(*app._retiring)
        versions.clear()
        await met(lambda: len(versions) > 20)
        stop.set()
    assert set(versions[8:]) == {"sample--4"}


async def test_the_old_revision_ends_its_requests_before_it_goes(
    app: App, client: httpx.AsyncClient, image: Image, tmp_path: Path
) -> None:
    await app.deploy(revision(image, "sample--1"))
    (old,) = replicas(app)
    held = asyncio.create_task(client.get("/hold"))
    await until_logged(tmp_path, client, "holding GET")
    await app.deploy(revision(image, "sample--2"))
    assert (await client.get("/")).json()["environment"]["VERSION"] == "sample--2"
    assert not held.done()
    async with httpx.AsyncClient(verify=PLAIN, timeout=PATIENCE) as direct:
        await direct.get(f"http://127.0.0.1:{old['port']}/release")
    assert (await held).json()["pid"] == old["pid"]
    await asyncio.gather(*app._retiring)
    with pytest.raises(ProcessLookupError):
        os.kill(old["pid"], 0)


async def test_a_broken_revision_takes_no_traffic(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    await app.deploy(revision(image, "sample--1"))
    with pytest.raises(RevisionFailed) as failed:
        await app.deploy(revision(image, "sample--2", environment={"BROKEN": "on purpose"}))
    assert "Revision sample--2 of sample did not become ready: exited with status 1" in str(
        failed.value
    )
    assert "deliberately broken: on purpose" in str(failed.value)
    assert (await client.get("/")).json()["environment"]["VERSION"] == "sample--1"
    assert app.health() == "healthy"
    assert app.status()["failedRevision"] == failed.value.message
    await app.deploy(revision(image, "sample--3"))
    assert (await client.get("/")).json()["environment"]["VERSION"] == "sample--3"
    assert app.status()["failedRevision"] is None


async def test_a_first_revision_that_fails_leaves_nothing_running(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    async def sick(_scope: object, _receive: object, send: Any) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body"})

    # Asked beside the app, at a port that answers at once: however long the app takes to start.
    asked = Listener(sick, 0)
    await asked.start()
    startup = probe("Startup", "/readyz", port=asked.port, failure_threshold=3)
    with pytest.raises(RevisionFailed, match="startup probe failed: GET /readyz answered 500"):
        await app.deploy(revision(image, probes=(startup,)))
    await asked.stop()
    assert app.health() == "failed"
    assert (await client.get("/")).status_code == 503
    await asyncio.gather(*app._retiring)


async def test_an_image_without_a_command_is_said(app: App, image: Image) -> None:
    with pytest.raises(CloudError, match="nothing to run"):
        await app.deploy(revision(replace(image, command=())))


async def test_a_declared_command_replaces_the_image_s(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    command = ("/usr/local/bin/python", "/srv/main.py")
    await app.deploy(revision(image, command=command))
    assert (await client.get("/")).status_code == 200


async def test_scale_to_zero_and_back(app: App, client: httpx.AsyncClient, image: Image) -> None:
    await app.deploy(revision(image, min_replicas=0, cooldown=0.1))
    await until(app, lambda: app.health() == "asleep")
    assert replicas(app) == []
    # Several at once wait for the one start.
    answers = await asyncio.gather(*(client.get("/") for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["pid"] for answer in answers}) == 1
    await until(app, lambda: app.health() == "asleep")
    # What was started for a client that gave up goes as well.
    impatient = asyncio.create_task(client.get("/hold"))
    await met(lambda: len(replicas(app)) == 1)
    impatient.cancel()
    await until(app, lambda: app.health() == "asleep")


async def test_load_adds_replicas_and_the_cool_down_takes_them(
    app: App, client: httpx.AsyncClient, image: Image, tmp_path: Path
) -> None:
    await app.deploy(revision(image, max_replicas=3, concurrent_requests=2, cooldown=0.1))
    held = [asyncio.create_task(client.get("/hold")) for _ in range(9)]
    await until(app, lambda: [r["state"] for r in replicas(app)] == ["ready"] * 3)
    await until_logged(tmp_path, client, "holding GET", times=9)
    async with httpx.AsyncClient(verify=PLAIN, timeout=PATIENCE) as direct:
        for running in replicas(app):
            await direct.get(f"http://127.0.0.1:{running['port']}/release")
    await asyncio.gather(*held)
    await until(app, lambda: len(replicas(app)) == 1)
    assert (await client.get("/")).status_code == 200


async def test_a_killed_replica_comes_back_and_shows(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    await app.deploy(revision(image))
    (before,) = replicas(app)
    os.kill(before["pid"], signal.SIGKILL)
    answer = await client.get("/")
    assert answer.json()["pid"] != before["pid"]
    (after,) = replicas(app)
    assert after["restarts"] == app.status()["restarts"] == 1
    assert after["lastExit"] == "killed by signal 9"
    # The second end in a row waits for its back-off.
    os.kill(after["pid"], signal.SIGKILL)
    await until(app, lambda: replicas(app)[0]["state"] == "waiting")
    assert app.health() == "starting"
    assert (await client.post("/", content=b"")).status_code == 201
    assert replicas(app)[0]["restarts"] == 2


async def test_a_refused_connection_goes_elsewhere_whatever_the_method(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    await app.deploy(revision(image, min_replicas=2, max_replicas=2))
    assert app._serving is not None
    first, second = app._serving.replicas
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        first.port = closed.getsockname()[1]
        answer = await client.post("/", content=b"x")
    assert answer.json()["pid"] == second.status()["pid"]


async def test_a_request_that_may_have_been_carried_out_is_not_repeated(
    app: App, client: httpx.AsyncClient, image: Image, tmp_path: Path
) -> None:
    await app.deploy(revision(image))
    post = asyncio.create_task(client.post("/hold", content=b"x"))
    await until_logged(tmp_path, client, "holding POST")
    get = asyncio.create_task(client.get("/hold"))
    await until_logged(tmp_path, client, "holding GET")
    os.kill(replicas(app)[0]["pid"], signal.SIGKILL)
    assert (await post).status_code == 503
    # A GET goes to the next one, and is held there.
    await until_logged(tmp_path, client, "holding GET", times=2)
    await client.get("/release")
    assert (await get).status_code == 200
    assert (tmp_path / "sample.log").read_text().count("holding POST") == 1


async def until_logged(
    folder: Path, client: httpx.AsyncClient, text: str, *, times: int = 1
) -> None:
    async with asyncio.timeout(PATIENCE):
        while (folder / "sample.log").read_text().count(text) < times:
            await client.get("/")


async def test_failed_readiness_takes_no_requests(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    await app.deploy(revision(image))
    await client.get("/unready")
    await until(app, lambda: replicas(app)[0]["state"] == "unready")
    assert app.health() == "failed"
    answer = await client.get("/")
    assert (answer.status_code, answer.text) == (503, "no healthy upstream")
    assert replicas(app)[0]["restarts"] == 0


async def test_failed_liveness_restarts(app: App, client: httpx.AsyncClient, image: Image) -> None:
    liveness = probe("Liveness", "/healthz", failure_threshold=2)
    await app.deploy(revision(image, probes=(STARTUP, liveness)))
    await client.get("/sick")
    await until(app, lambda: replicas(app)[0]["restarts"] == 1)
    assert replicas(app)[0]["lastExit"] == (
        "ended, since the liveness probe failed: GET /healthz answered 500"
    )
    await until(app, lambda: app.health() == "healthy")
    assert (await client.get("/healthz")).status_code == 200


async def test_without_probes_it_is_ready_when_it_listens(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    await app.deploy(revision(image, probes=()))
    assert (await client.get("/")).status_code == 200


async def test_a_probe_waits_for_a_process_that_listens_before_it_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        once = probe("Startup", "/readyz", failure_threshold=1)
        started = asyncio.get_running_loop().time()
        verdict = asyncio.create_task(
            anext(verdicts(once, listener.getsockname()[1], started=started))
        )
        connection, _ = await asyncio.to_thread(listener.accept)
        assert not verdict.done()
        with connection:
            asked = await asyncio.to_thread(connection.recv, 1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            assert asked.startswith(b"GET /readyz ")
            assert await verdict is None


async def test_a_probe_is_not_asked_before_its_time() -> None:
    """Nor sooner again, where nothing listened."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    three = probe("Startup", "/", initial_delay=0.1, period=0.2, failure_threshold=3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        reason = await anext(verdicts(three, silent.getsockname()[1], started=started))
    assert reason == "nothing listens"
    assert loop.time() - started >= 0.5


def test_a_container_app_has_the_probes_that_azure_adds() -> None:
    declared = {"type": "Liveness", "httpGet": {"path": "/healthz"}}
    template = {"containers": [{"name": "site", "image": "x", "probes": [declared]}]}
    ingress = {"configuration": {"ingress": {"targetPort": 8000}}}
    site = Resource(id="/site", token="", inputs={"template": template, **ingress})
    found = {one.kind: one for one in container_app.probes(site, 8000)}
    times = {kind: (one.path, one.initial_delay, one.period) for kind, one in found.items()}
    assert times == {
        "Liveness": ("/healthz", 1, 10),
        "Startup": ("", 1, 1),
        "Readiness": ("", 3, 5),
    }
    assert found["Startup"].failure_threshold == 240
    silent = Resource(id="/site", token="", inputs={"template": template})
    assert [one.kind for one in container_app.probes(silent, 80)] == ["Liveness"]


async def test_restore_does_not_wait_but_requests_do(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    await app.restore(revision(image))
    assert app.health() == "starting"
    assert (await client.get("/")).status_code == 200
    assert app.health() == "healthy"


async def test_a_start_that_takes_too_long_is_a_timeout(
    image: Image, make_app: Callable[[str, float], App]
) -> None:
    app = make_app("slow", 0.1)
    await app.start()
    never = revision(image, environment={"NEVER_READY": "1"}, probes=(READINESS,))
    with pytest.raises(RevisionFailed, match=r"not ready after 0\.1 s"):
        await app.deploy(never)
    await app.restore(never)
    async with httpx.AsyncClient(verify=PLAIN, timeout=PATIENCE) as client:
        answer = await client.get(f"http://127.0.0.1:{app.port}/")
    assert (answer.status_code, answer.text) == (504, "upstream request timeout")
    await app.stop()


async def test_a_cancelled_deploy_leaves_the_old_one(
    app: App, client: httpx.AsyncClient, image: Image, tmp_path: Path
) -> None:
    await app.deploy(revision(image, "sample--1"))
    never = revision(image, "sample--2", environment={"NEVER_READY": "1"}, probes=(READINESS,))
    deploying = asyncio.create_task(app.deploy(never))
    await until_logged(tmp_path, client, "deploying revision sample--2")
    deploying.cancel()
    await asyncio.gather(deploying, return_exceptions=True)
    await asyncio.gather(*app._retiring)
    assert (await client.get("/")).json()["environment"]["VERSION"] == "sample--1"


async def test_stop_does_not_wait_for_a_deploy(
    app: App, client: httpx.AsyncClient, image: Image, tmp_path: Path
) -> None:
    await app.deploy(revision(image, "sample--1"))
    never = revision(image, "sample--2", environment={"NEVER_READY": "1"}, probes=(READINESS,))
    deploying = asyncio.create_task(app.deploy(never))
    await until_logged(tmp_path, client, "deploying revision sample--2")
    await app.stop()
    with pytest.raises(RevisionFailed, match="the app was stopped"):
        await deploying


async def test_stop_ends_everything(app: App, image: Image, tmp_path: Path) -> None:
    await app.deploy(revision(image, min_replicas=2, max_replicas=2))
    pids = [running["pid"] for running in replicas(app)]
    await app.stop()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    async with httpx.AsyncClient(verify=PLAIN, timeout=PATIENCE) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{app.port}/")
    log = (tmp_path / "sample.log").read_text()
    assert "sample--1/1 * started (pid" in log
    assert "sample--1/2 | version sample--1" in log
