"""Client of the local cloud's daemon: start it, query it, stop it."""

import contextlib
import http.client
import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import psutil

from frugal.errors import FrugalError, RowsAtStakeError
from frugal.fingerprint import fingerprint
from frugal.local.file_lock import locked
from frugal.paths import Checkout

# Seconds, for a busy machine. The start includes restarting every declared app and server.
_START = 600.0
# Apps drain for up to 30 s, in the worst case one after another.
_STOP = 120.0
_KILL = 30.0
_ANSWER = 300.0
# A sweep waits for running operations, and a deployment may take ten minutes.
_SWEEP = 900.0
_POLL = 0.05
_LAST_LINES = 12
# The daemon's exit code where a database's data is gone or damaged (frugal/cloud/__main__.py).
_ROWS_AT_STAKE = 3


@dataclass(frozen=True)
class Daemon:
    """A running daemon: its process and address."""

    pid: int
    http: int
    admin_token: str
    identity_header: str
    code: str

    def variables(self) -> dict[str, str]:
        """Environment variables with which the program calls and signs in to this daemon."""
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

    def rows(self) -> dict[str, int]:
        """Count the rows beyond the migration's, by server, database and table."""
        return cast("dict[str, int]", self._ask("GET", "/frugal/rows"))

    def save(self) -> None:
        """Write the store, even without changes."""
        self._ask("POST", "/frugal/save")

    def sweep(self, project: str, known: list[str], *, with_rows: bool = False) -> list[str]:
        """Delete resources of a project that its state does not have; return their ids.

        `known`: the ids of the resources in the state. Other projects' resources stay. Raises
        RowsAtStakeError for a database with rows beyond the migration's, unless `with_rows`.
        """
        body = {"project": project, "known": known, "with_rows": with_rows}
        answer = self._ask("POST", "/frugal/sweep", body, seconds=_SWEEP)
        return cast("list[str]", answer["removed"])

    def days(self, days: Mapping[str, Mapping[str, float]]) -> None:
        """Enable these emulated failures of Azure, for tests, and disable all others.

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
            if "RowsAtStake" in text:
                raise RowsAtStakeError(
                    json.loads(text)["error"]["message"] + " To keep the rows, adopt it: eval "
                    '"$(.venv/bin/frugal env)", then pulumi import -s local TYPE NAME ID.'
                )
            reason = f"{answer.status} {text}"
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = str(error)
        finally:
            connection.close()
        if not is_running(self.pid):
            raise FrugalError(ended(self))
        raise FrugalError(
            f"The local cloud (pid {self.pid}) did not answer {path}: {reason}. Its log is "
            ".frugal/local/cloud/daemon.log. Run the command again."
        )


def ended(daemon: Daemon) -> str:
    """Message about a daemon that ended or was killed during a command."""
    return (
        f"The local cloud's daemon (pid {daemon.pid}) has ended or was killed. What it had stored "
        "is safe. Run `make up` again: it starts the daemon and continues. The "
        "daemon's log is .frugal/local/cloud/daemon.log."
    )


def find(checkout: Checkout) -> Daemon | None:
    """The daemon that serves this checkout; None if there is none, ignoring stale files."""
    try:
        announced = json.loads((checkout.cloud / "daemon.json").read_text())
        daemon = Daemon(**{field.name: announced[field.name] for field in fields(Daemon)})
        # Not a later process with its number.
        is_ours = _serves(psutil.Process(daemon.pid).cmdline(), checkout)
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return daemon if is_ours and is_running(daemon.pid) else None


def find_unannounced(checkout: Checkout) -> list[int]:
    """Process ids of this checkout's daemons, even without their daemon.json."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if _serves(process.info["cmdline"] or [], checkout)
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def start(checkout: Checkout, before_launch: Callable[[], None] | None = None) -> Daemon:
    """Return the running daemon, started if necessary. Raises FrugalError with its last log.

    `before_launch` is called before one is started. A daemon that was started from other code
    (before an update of this checkout) is replaced, since parts of its code may be gone; so is one
    that lost daemon.json or its lock. Raises RowsAtStakeError if a database's data is missing or
    damaged.
    """
    checkout.tool.mkdir(exist_ok=True)
    with locked(checkout.tool / "start.lock"):
        daemon = find(checkout)
        has_lock = (checkout.cloud / "daemon.lock").exists()
        if daemon is not None and daemon.code == fingerprint() and has_lock:
            return daemon
        stop_all(checkout)
        if before_launch is not None:
            before_launch()
        return _launch(checkout)


def stop_all(checkout: Checkout) -> None:
    """Stop every daemon of this checkout, with all processes that it started."""
    for pid in find_unannounced(checkout):
        stop(family(pid))


def _launch(checkout: Checkout) -> Daemon:
    checkout.make_local()
    checkout.cloud.mkdir(exist_ok=True)
    (checkout.cloud / "daemon.json").unlink(missing_ok=True)
    log = checkout.cloud / "daemon.log"
    log.touch(mode=0o600)
    with log.open("ab") as output:
        begin = output.tell()
        process = subprocess.Popen(
            [checkout.python, "-P", "-m", "frugal.cloud", checkout.cloud],
            cwd=checkout.cloud,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            umask=0o077,
        )
    deadline = time.monotonic() + _START
    while process.poll() is None and time.monotonic() < deadline:
        if daemon := find(checkout):
            return daemon
        time.sleep(_POLL)
    words = _last_words(log, begin)
    if process.returncode == _ROWS_AT_STAKE:
        raise RowsAtStakeError(words)
    if process.returncode is not None:
        raise FrugalError(f"The local cloud did not start: {words}")
    process.kill()
    process.wait()
    raise FrugalError(f"The local cloud did not serve within {_START:.0f} s: {words}")


def _last_words(log: Path, begin: int) -> str:
    with log.open("rb") as content:
        content.seek(begin)
        lines = content.read().decode(errors="replace").strip().splitlines()
    # A traceback stays in the log; the user gets its last line and the daemon's own messages.
    if any(line.startswith("Traceback") for line in lines):
        lines = [*lines[-1:], "(all of it is in .frugal/local/cloud/daemon.log)"]
    return "\n".join(lines[-_LAST_LINES:]) or "it said nothing."


def family(pid: int) -> list[psutil.Process]:
    """The daemon `pid`, first, and every process that it has started; empty if it has ended."""
    try:
        daemon = psutil.Process(pid)
        return [daemon, *daemon.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def stop(processes: list[psutil.Process]) -> None:
    """Stop a daemon and all its descendants.

    Sends SIGTERM to the daemon, the first of them, and kills all after two minutes. Raises
    FrugalError with the processes that are left.
    """
    for daemon in processes[:1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            daemon.terminate()
    _gone, alive = psutil.wait_procs(processes, timeout=_STOP)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _gone, alive = psutil.wait_procs(alive, timeout=_KILL)
    if left := [str(p.pid) for p in alive if is_running(p.pid)]:
        raise FrugalError(f"These processes could not be stopped: {', '.join(left)}.")


def is_running(pid: int) -> bool:
    """True if the process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _serves(arguments: list[str], checkout: Checkout) -> bool:
    return "frugal.cloud" in arguments and os.fspath(checkout.cloud) in arguments
