"""The local cloud's daemon, seen from the command: start it, ask it, stop it."""

import contextlib
import fcntl
import http.client
import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import psutil

from frugal.errors import FrugalError
from frugal.fingerprint import fingerprint
from frugal.paths import Checkout

# Seconds, for a machine that is busy with other things as well. Restarting everything that a stack
# declared is part of the start.
_START = 600.0
# Apps drain for up to 30 s, one after another at worst.
_STOP = 120.0
_KILL = 30.0
_ANSWER = 300.0
# A sweep waits for operations under way, and a deployment may take ten minutes.
_SWEEP = 900.0
_POLL = 0.05
_LAST_LINES = 12


@dataclass(frozen=True)
class Daemon:
    """A daemon that runs: its process and how to reach it."""

    pid: int
    http: int
    admin_token: str
    identity_header: str
    code: str

    def variables(self) -> dict[str, str]:
        """Environment with which the program calls this daemon, and signs in to it."""
        address = f"127.0.0.1:{self.http}"
        return {
            "ARM_METADATA_HOSTNAME": address,
            "IDENTITY_ENDPOINT": f"http://{address}/msi/token",
            "IDENTITY_HEADER": self.identity_header,
            "ARM_USE_MSI": "true",
        }

    def status(self) -> dict[str, Any]:
        """Addresses, health and details of what runs."""
        return self._ask("GET", "/frugal/status")

    def sweep(self, project: str, known: list[str]) -> list[str]:
        """Delete what a project's failed run created and its state does not know; return its ids.

        `known`: the ids of the resources in the state. Other projects' resources stay.
        """
        body = {"project": project, "known": known}
        answer = self._ask("POST", "/frugal/sweep", body, seconds=_SWEEP)
        return cast("list[str]", answer["removed"])

    def days(self, days: Mapping[str, Mapping[str, float]]) -> None:
        """Switch on these bad days of Azure's, for tests, and all others off; {} ends them all.

        By name with their parameters, as frugal.cloud.days.DAYS has them:
        `{"server-busy": {"seconds": 20}, "throttled": {"every": 5}, "no-builds": {}}`.
        """
        self._ask("PUT", "/frugal/days", days)

    def _ask(
        self, method: str, path: str, body: object = None, *, seconds: float = _ANSWER
    ) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=seconds)
        headers = {"Authorization": f"Bearer {self.admin_token}"}
        try:
            connection.request(method, path, body=json.dumps(body), headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status == http.client.OK:
                return cast("dict[str, Any]", json.loads(text))
            reason = f"{answer.status} {text}"
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = str(error)
        finally:
            connection.close()
        raise FrugalError(
            f"The local cloud (pid {self.pid}) did not answer {path}: {reason}. "
            "Its log is .frugal/local/cloud/daemon.log."
        )


def find(checkout: Checkout) -> Daemon | None:
    """The daemon that serves this checkout; None where none does, whatever a killed one left."""
    try:
        told = json.loads((checkout.cloud / "daemon.json").read_text())
        daemon = Daemon(
            int(told["pid"]),
            int(told["http"]),
            told["admin_token"],
            told["identity_header"],
            told["code"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return daemon if is_running(daemon.pid) and _is_ours(daemon.pid, checkout) else None


def start(checkout: Checkout) -> Daemon:
    """The running daemon; starts one where none is. Raises FrugalError with its last words.

    One that was started from other code (before an update of this checkout) gives way to a new
    one: parts of its own code may be gone.
    """
    checkout.tool.mkdir(exist_ok=True)
    with (checkout.tool / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        daemon = find(checkout)
        if daemon is not None and daemon.code != fingerprint():
            stop(family(daemon.pid))
            daemon = None
        return daemon or _launch(checkout)


def _launch(checkout: Checkout) -> Daemon:
    checkout.make_local()
    checkout.cloud.mkdir(exist_ok=True)
    (checkout.cloud / "daemon.json").unlink(missing_ok=True)
    log = checkout.cloud / "daemon.log"
    log.touch(mode=0o600)
    command = [checkout.python, "-P", "-m", "frugal.cloud", checkout.cloud]
    with log.open("ab") as output:
        begin = output.tell()
        process = subprocess.Popen(
            command,
            cwd=checkout.cloud,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            umask=0o077,
        )
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        daemon = find(checkout)
        if daemon is not None:
            return daemon
        if process.poll() is not None:
            raise FrugalError(f"The local cloud did not start: {_last_words(checkout, begin)}")
        time.sleep(_POLL)
    process.kill()
    process.wait()
    raise FrugalError(
        f"The local cloud did not serve within {_START:.0f} s: {_last_words(checkout, begin)}"
    )


def _last_words(checkout: Checkout, begin: int) -> str:
    with (checkout.cloud / "daemon.log").open("rb") as log:
        log.seek(begin)
        lines = log.read().decode(errors="replace").strip().splitlines()
    # A traceback is for the log; its end, and what the daemon says itself, are for the user.
    if any(line.startswith("Traceback") for line in lines):
        lines = [*lines[-1:], "(all of it is in .frugal/local/cloud/daemon.log)"]
    return "\n".join(lines[-_LAST_LINES:]) or "it said nothing."


def family(pid: int) -> list[psutil.Process]:
    """The daemon `pid`, first, and every process that it has started; empty where it is gone."""
    try:
        daemon = psutil.Process(pid)
        return [daemon, *daemon.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def stop(processes: list[psutil.Process]) -> None:
    """End a daemon and see that its whole family has ended.

    Asks the daemon, the first of them (SIGTERM, up to two minutes), then kills. Raises FrugalError
    naming what would not end.
    """
    for daemon in processes[:1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            daemon.terminate()
    _gone, alive = psutil.wait_procs(processes, timeout=_STOP)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _gone, alive = psutil.wait_procs(alive, timeout=_KILL)
    left = [p.pid for p in alive if is_running(p.pid)]
    if left:
        raise FrugalError(f"These processes would not end: {', '.join(map(str, left))}.")


def is_running(pid: int) -> bool:
    """Whether the process lives; one that ended and was not yet collected does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_ours(pid: int, checkout: Checkout) -> bool:
    """Whether `pid` is still the daemon of this folder, and not a later process of that number."""
    with contextlib.suppress(psutil.Error):
        arguments = psutil.Process(pid).cmdline()
        return "frugal.cloud" in arguments and os.fspath(checkout.cloud) in arguments
    return False
