"""Cold start: the first request to an app that is scaled to zero.

Compared with the app's own start, by its image's command until it says that it is ready; with a
request to the running app; and with the start of a bare server of the same framework (one constant
route) from the app's own virtualenv until its first response. Both apps run as container apps of
the real program in a clone of its own; the cold one includes the ingress, the probes as declared
and, for the translator, the database. Only the cool-down is shorter: 1 s.
"""

import http.client
import os
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import psutil
import yaml
from rich.console import Console

from benchmarks.projects import Clone, fresh_clone
from benchmarks.timing import show
from frugal.errors import FrugalError

_ROUNDS = 5
_ASLEEP_WITHIN = 60.0
_OWN = "own start, until ready"

# Each takes a listening socket by its descriptor, so that a request can be sent at once.
_FLASK = """\
from flask import Flask
app = Flask(__name__)
app.add_url_rule("/", view_func=lambda: "hello")
"""
_FASTAPI = """\
import socket
import sys
import uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/")
async def hello() -> str:
    return "hello"
if __name__ == "__main__":
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    server.run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
"""
_GUNICORN = ("-m", "gunicorn", "--bind", "fd://{socket}", "--threads", "8", "bare:app")
_BARE = {
    "homepage": ("bare Flask under gunicorn", _FLASK, _GUNICORN),
    "translator": ("bare FastAPI under uvicorn", _FASTAPI, ("bare.py", "{socket}")),
}


def run(out: Console, progress: Console) -> None:
    """Measure and print a table for each app."""
    with fresh_clone() as clone:
        _let_sleep(clone.place.root / "Pulumi.local.yaml")
        progress.print("cold start: bringing up a clone whose apps sleep soon")
        clone.set_up()
        clone.up()
        for app, (bare, module, words) in _BARE.items():
            kinds = (bare, _OWN, "cold request", "warm request")
            seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
            address = _status(clone)["urls"][f"{app}_origin"]
            command = _command(clone, app, address)
            for turn in range(_ROUNDS):
                progress.print(f"cold start: {app}, {turn + 1} of {_ROUNDS}")
                _until_asleep(clone, app)
                seconds["cold request"].append(_ask(address))
                _ask(address)
                seconds["warm request"].append(_ask(address))
                seconds[bare].append(_start_bare(Path(command.words[0]), module, words))
                seconds[_OWN].append(_start_own(command))
            show(out, f"Cold start of {app}", seconds, base=_OWN)


def _let_sleep(settings: Path) -> None:
    content = yaml.safe_load(settings.read_text())
    config = cast("dict[str, dict[str, Any]]", content["config"])
    config.setdefault("frugal:homepage", {})["cooldownSeconds"] = 1
    config.setdefault("frugal:translator", {}).update(host="containerApp", cooldownSeconds=1)
    settings.write_text(yaml.safe_dump(content))


def _status(clone: Clone) -> dict[str, Any]:
    return clone.daemon().status()


def _until_asleep(clone: Clone, app: str) -> None:
    deadline = time.monotonic() + _ASLEEP_WITHIN
    while _status(clone)["apps"][app]["replicas"]:
        if time.monotonic() > deadline:
            raise FrugalError(f"{app} did not go to sleep within {_ASLEEP_WITHIN:.0f} s.")
        time.sleep(0.1)


@dataclass(frozen=True)
class _Command:
    """The process of a replica, to start it again."""

    words: list[str]
    environment: dict[str, str]
    folder: str
    user: int
    group: int
    more_groups: list[int]


def _command(clone: Clone, app: str, address: str) -> _Command:
    """The command of the app's image, read from its running process."""
    _ask(address)
    running = psutil.Process(_status(clone)["apps"][app]["replicas"][0]["pid"])
    groups = Path(f"/proc/{running.pid}/status").read_text().partition("\nGroups:")[2]
    return _Command(
        words=running.cmdline(),
        environment=running.environ(),
        folder=running.cwd(),
        user=running.uids().real,
        group=running.gids().real,
        more_groups=[int(group) for group in groups.partition("\n")[0].split()],
    )


def _start_own(command: _Command) -> float:
    """Seconds from starting the app, without the platform, until it says that it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    # Root's platform gives each app a user of its own.
    as_whom: dict[str, Any] = (
        {"user": command.user, "group": command.group, "extra_groups": command.more_groups}
        if command.user != os.getuid()
        else {}
    )
    began = time.perf_counter()
    app = subprocess.Popen(
        command.words,
        cwd=command.folder,
        env={**command.environment, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **as_whom,
    )
    try:
        while True:
            try:
                _ask(f"http://127.0.0.1:{port}", "/readyz")
            except ConnectionError:
                if app.poll() is not None:
                    raise FrugalError(f"{command.words} ended with {app.returncode}.") from None
                time.sleep(0.002)
            else:
                return time.perf_counter() - began
    finally:
        app.terminate()
        app.wait()


def _ask(address: str, path: str = "/") -> float:
    """Seconds of one GET over a connection of its own. Raises FrugalError if it is not a 200."""
    began = time.perf_counter()
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=120)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise FrugalError(f"{address} answered {answer.status}.")
    return time.perf_counter() - began


def _start_bare(python: Path, module: str, command: tuple[str, ...]) -> float:
    """Seconds from starting a bare server to its first whole answer."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as taken:
        Path(folder, "bare.py").write_text(module)
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        words = (word.format(socket=taken.fileno()) for word in command)
        began = time.perf_counter()
        server = subprocess.Popen(
            [python, *words],
            cwd=folder,
            env={"PATH": f"{python.parent}:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
            pass_fds=[taken.fileno()],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _ask(address)
            return time.perf_counter() - began
        finally:
            server.terminate()
            server.wait()
