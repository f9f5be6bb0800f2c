"""Apps that listen on the address that is given, by whatever way, and apps that do not."""

import asyncio
import os
import signal
import socket

import httpx
import pytest

from frugal.cloud.errors import CloudError
from frugal.cloud.images import Image
from frugal.cloud.processes import App, RevisionFailed, replica
from frugal.cloud.processes.listeners import Listener, elsewhere
from tests.cloud import test_processes
from tests.cloud.test_processes import replicas, revision, until

app, client, image = test_processes.app, test_processes.client, test_processes.image
make_app, places = test_processes.make_app, test_processes.places
doors = test_processes.doors

# Stands for the server: it accepts the flag alone, and serves main.py.
GUNICORN = """\
#!/usr/bin/env python
import os, runpy, sys
flag, address, app = sys.argv[1:]
assert (flag, app) == ("--bind", "main:app"), sys.argv
os.environ["HOST"], os.environ["PORT"] = address.rsplit(":", 1)
runpy.run_path("main.py")
"""
ELSEWHERE = """\
import signal, socket
other = socket.create_server(("{host}", {port}))
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.pause()
"""
BOTH = """\
import os, runpy, socket
inside = socket.create_server(("127.0.0.1", 0))
os.environ["VERSION"] = str(inside.getsockname()[1])
runpy.run_path("main.py")
"""
LATER = """\
import runpy, signal, socket
others = []
signal.signal(signal.SIGUSR1, lambda *_: others.append(socket.create_server(("0.0.0.0", 0))))
runpy.run_path("main.py")
"""


@pytest.fixture
def free() -> int:
    """A port that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.parametrize("form", [("/bin/sh", "-c"), ()])
async def test_flags_of_a_server_give_way_to_the_address_here(
    app: App, client: httpx.AsyncClient, image: Image, form: tuple[str, ...]
) -> None:
    (image.programs / "gunicorn").write_text(GUNICORN)
    (image.programs / "gunicorn").chmod(0o755)
    words = ("gunicorn", "main:app", "--bind", "0.0.0.0:8000")
    command = (*form, " ".join(("exec", *words))) if form else words
    await app.deploy(revision(image, command=command))
    assert (await client.get("/")).status_code == 200
    notes = app.status()["notes"]
    assert isinstance(notes, list)
    assert any("0.0.0.0:8000 is replaced" in note for note in notes)


async def test_a_port_that_azure_would_not_reach_is_refused(app: App, image: Image) -> None:
    command = ("gunicorn", "--bind", "0.0.0.0:80", "main:app")
    with pytest.raises(CloudError, match=r"sample listens on port 80, but its target port is 8000"):
        await app.deploy(revision(image, command=command))


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
async def test_who_listens_elsewhere_is_refused_at_once(
    app: App, image: Image, host: str, free: int
) -> None:
    command = ("python", "-c", ELSEWHERE.format(host=host, port=free))
    before = asyncio.get_running_loop().time()
    with pytest.raises(RevisionFailed) as failed:
        await app.deploy(revision(image, command=command))
    assert asyncio.get_running_loop().time() - before < 5
    assert f"it listens on {host}:{free}, expected 127.0.0.1:" in failed.value.message
    assert "; read HOST and PORT." in failed.value.message
    # Killed, since it takes no notice of SIGTERM.
    await asyncio.gather(*app._retiring)
    with socket.socket() as again:
        again.bind((host, free))


async def test_a_second_listener_of_the_loopback_does_not_matter(
    app: App, client: httpx.AsyncClient, image: Image
) -> None:
    await app.deploy(revision(image, command=("python", "-c", BOTH)))
    other = int((await client.get("/")).json()["environment"]["VERSION"])
    socket.create_connection(("127.0.0.1", other)).close()


async def test_a_listener_that_is_opened_later_ends_the_process(
    app: App, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "_LOOK_WHEN_READY", 0.05)
    await app.deploy(revision(image, command=("python", "-c", LATER)))
    os.kill(replicas(app)[0]["pid"], signal.SIGUSR1)
    await until(app, lambda: replicas(app)[0]["restarts"] == 1)
    assert "it listens on 0.0.0.0:" in str(replicas(app)[0]["lastExit"])


@pytest.mark.parametrize(
    ("found", "places"),
    [
        ([], None),
        ([("127.0.0.1", 80)], None),
        ([("127.0.0.1", 80), ("::1", 81), ("::ffff:127.0.0.1", 82)], None),
        ([("127.0.0.1", 80), ("::", 80)], "[::]:80"),
        ([("::ffff:0.0.0.0", 80)], "[::ffff:0.0.0.0]:80"),
        ([("127.0.0.2", 80), ("192.0.2.1", 81)], "192.0.2.1:81"),
        ([("127.0.0.1", 81), ("::1", 80)], "127.0.0.1:81, [::1]:80"),
    ],
)
def test_what_counts_as_elsewhere(found: list[tuple[str, int]], places: str | None) -> None:
    reason = elsewhere({Listener(*one) for one in found}, 80)
    expected = f"it listens on {places}, expected 127.0.0.1:80; read HOST and PORT"
    assert reason == (expected if places else None)
