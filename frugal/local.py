"""The environment `local`: up, down, and what both do first when an earlier run was killed."""

import contextlib
import fcntl
import json
import os
import shutil
import socket
import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import psutil
from rich.console import Console

from frugal import daemon as daemons
from frugal.cloud.ports import listens
from frugal.cloud.spawn import accounts
from frugal.daemon import Daemon
from frugal.engine import LOCAL_STACK, Engine, Interrupted, local_engine, read_settings
from frugal.errors import FrugalError
from frugal.paths import Checkout

# Apps start at once and together: on a slow or busy machine that takes minutes.
_HEALTH_SECONDS = 600.0
_POLL_SECONDS = 0.2
# How long what an engine started may take to end after it.
_ENDING_SECONDS = 2.0
_LANGUAGE_HOST, _DYNAMIC_HOST = "pulumi-language-", "pulumi.dynamic"
# What the apps' packages, PostgreSQL and the logs take when they are new.
_SPACE = 500 * 1024**2
_LOG_LINES = 12
# No question, and no outputs: they are shown at the end, beside the addresses here.
_QUIETLY = ("--yes", "--suppress-outputs", "--stack", LOCAL_STACK)


def prepare(checkout: Checkout, console: Console) -> tuple[Daemon, Engine]:
    """Everything that an engine needs here: the CLI, the daemon, the stack `local`."""
    free = shutil.disk_usage(checkout.root).free
    if free < _SPACE and not checkout.local.exists():
        raise FrugalError(
            f"No space: {free // 1024**2} MB are free where {checkout.root} is, and the local "
            f"environment needs about {_SPACE // 1024**2} MB. Make room and run the command again."
        )
    settings = checkout.root / f"Pulumi.{LOCAL_STACK}.yaml"
    if not settings.exists():
        raise FrugalError(f"{settings.name} is missing. Get it back: git checkout {settings.name}")
    for file in (checkout.root / "Pulumi.yaml", settings):
        read_settings(file)
    # First the CLI, which may have to be built: no daemon is left behind when that fails.
    local_engine(checkout, console, {})
    daemon = daemons.start(checkout)
    engine = local_engine(checkout, console, daemon.variables())
    engine.run("stack", "select", LOCAL_STACK, "--create")
    return daemon, engine


def up(checkout: Checkout, console: Console) -> tuple[Daemon, Engine]:
    """Bring everything that the program declares up, and wait until it is healthy.

    Mends first what a killed run left. Raises FrugalError: another run is under way, the engine
    failed (it has shown why), an app is not healthy.
    """
    again = "Run `make up` again and it goes on where it stopped; `make down` takes all down."
    with _locked(checkout, console, "frugal up") as lock, _interruptible(again):
        daemon, engine = prepare(checkout, console)
        mend(checkout, daemon, engine, console)
        code = engine.follow("up", *_QUIETLY, keep_open=(lock,))
        if code != 0:
            raise FrugalError(f"The environment is not up; the engine says why above. {again}")
        _wait_until_healthy(checkout, daemon, console)
        for place in accounts.sweep():
            console.print(
                f"{place} holds the database of a checkout that was moved or deleted "
                f"({place}/environment says where it was). `make up` in its new place takes the "
                "database over; if the checkout is gone for good, remove that folder by hand.",
                soft_wrap=True,
            )
        return daemon, engine


def mend(checkout: Checkout, daemon: Daemon, engine: Engine, console: Console) -> None:
    """Bring state and cloud together again after a killed run; does nothing after any other.

    Order matters: what exists and the state does not know would never be found again once the
    engine's pending operations are cleared.
    """
    locks = list((engine.backend / ".pulumi" / "locks").rglob("*.json"))
    for lock in locks:
        _refuse_if_running(lock)
    recorded = read_state(engine)
    if not locks and not recorded.pending:
        return
    console.print("Mending what an interrupted run left.")
    if locks:
        engine.run("cancel", "--yes", "--stack", LOCAL_STACK)
    project = read_settings(checkout.root / "Pulumi.yaml")["name"]
    for stray in daemon.sweep(str(project), recorded.ids):
        console.print(f"  removed, since no state knew it: {stray}", soft_wrap=True)
    engine.run("refresh", "--yes", "--clear-pending-creates", "--stack", LOCAL_STACK)


def end_orphaned_hosts(checkout: Checkout) -> None:
    """End the hosts in this checkout whose engine was killed.

    The official language host looks for its engine every five minutes (CLI 3.274, its main.go), and
    holds the checkout's lock until then. A dynamic provider's host that has loaded one of this
    program's providers ends by itself (`infra/components/dynamic_provider.py`), any other never.
    """
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or [""]
        if not Path(command[0]).name.startswith(_LANGUAGE_HOST) and _DYNAMIC_HOST not in command:
            continue
        with contextlib.suppress(psutil.Error):
            orphaned = all(parent.name() != "pulumi" for parent in process.parents())
            if orphaned and Path(process.cwd()) == checkout.root:
                process.kill()


@dataclass(frozen=True)
class State:
    """What the engine has recorded: the resources' ids, and how many operations never ended."""

    ids: list[str]
    pending: int


def read_state(engine: Engine) -> State:
    """What the engine's state says of the stack `local`. Raises FrugalError if it is damaged."""
    try:
        content = json.loads(engine.run("stack", "export", "--stack", LOCAL_STACK))
    except FrugalError as error:
        anew = "`make down` takes all down, the database too, and `make up` begins anew."
        raise FrugalError(f"The engine can't read its state ({error}). {anew}") from error
    deployment = cast("dict[str, list[dict[str, str]]]", content["deployment"] or {})
    resources = deployment.get("resources") or []
    ids = [r["id"] for r in resources if "id" in r and not r["type"].startswith("pulumi:")]
    return State(ids, len(deployment.get("pending_operations") or []))


def _refuse_if_running(lock: Path) -> None:
    """Raise FrugalError while the engine that wrote this lock file lives."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        held = json.loads(lock.read_text())
        if held.get("hostname") == socket.gethostname() and daemons.is_running(int(held["pid"])):
            raise FrugalError(
                f"A pulumi (pid {held['pid']}) is already working on this environment. "
                "Wait until it has ended, then run the command again."
            )


def down(checkout: Checkout, console: Console) -> list[str]:
    """Destroy by the engine, stop the daemon, remove the folder; return what was removed.

    An empty list: there was nothing. Raises FrugalError when the engine's destroy failed (all is
    removed nonetheless) or something would not go.
    """
    if not checkout.local.exists():
        return [str(place) for place in accounts.remove(checkout.cloud)]
    again = "Run `make down` again and it goes on where it stopped."
    failure = ""
    with _locked(checkout, console, "frugal down") as lock, _interruptible(again):
        count = 0
        ports: set[int] = set()
        family: list[psutil.Process] = []
        try:
            daemon, engine = prepare(checkout, console)
            mend(checkout, daemon, engine, console)
            ports = {daemon.http, *daemon.status().get("ports", [])}
            family = daemons.family(daemon.pid)
            count = len(read_state(engine).ids)
            code = engine.follow("destroy", *_QUIETLY, keep_open=(lock,))
            failure = "The engine could not destroy everything (above)." if code else ""
        except FrugalError as error:
            failure = f"The engine could not be used: {error}"
            running = daemons.find(checkout)
            family = daemons.family(running.pid) if running else family
        daemons.stop(family)
        size = sum(f.lstat().st_size for f in checkout.local.rglob("*") if f.is_file())
        # First what lies outside: it is found by what lies here.
        outside = accounts.remove(checkout.cloud)
        _remove(checkout.local)
        open_ports = sorted(port for port in ports if listens(port))
    if open_ports:
        raise FrugalError(f"Something still listens on 127.0.0.1, port {open_ports}.")
    if failure:
        raise FrugalError(
            f"{failure} The environment's processes and its folder {checkout.local} are gone "
            "all the same, so nothing is left."
        )
    return [
        f"{count} resources, destroyed by the engine",
        f"{len(family)} processes, ended",
        f"{len(ports)} ports, free",
        f"{checkout.local} ({size // 1024**2} MB)",
        *map(str, outside),
    ]


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise FrugalError(
            f"{error.filename} could not be removed ({error.strerror}). Remove {folder} by hand."
        ) from error


@contextlib.contextmanager
def _locked(checkout: Checkout, console: Console, doing: str) -> Generator[int]:
    """Hold the checkout's lock; yield its descriptor.

    The engine gets that descriptor too. Where only the command was killed, its engine goes on and
    keeps the lock: then the next run waits for that engine instead of breaking into its work. Its
    hosts get the descriptor too, so those that outlived their engine are ended first.
    """
    checkout.tool.mkdir(exist_ok=True)
    end_orphaned_hosts(checkout)
    with checkout.lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid, _, what = file.read().partition(" ")
            if pid.isdigit() and daemons.is_running(int(pid)):
                raise FrugalError(
                    f"`{what}` is already running in this checkout (pid {pid}). "
                    "Wait until it has ended, then run the command again."
                ) from None
            if not _free_soon(file):
                told = "The engine of a run that was killed still works. Waiting for its end."
                console.print(told)
                fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"{os.getpid()} {doing}")
        file.flush()
        yield file.fileno()


def _free_soon(file: IO[str]) -> bool:
    """Take the lock that a run's last processes are about to give up; False if it stays locked."""
    deadline = time.monotonic() + _ENDING_SECONDS
    while time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False


@contextlib.contextmanager
def _interruptible(again: str) -> Generator[None]:
    try:
        yield
    except (Interrupted, KeyboardInterrupt):
        raise FrugalError(f"Stopped; nothing is lost. {again}", code=130) from None


def _wait_until_healthy(checkout: Checkout, daemon: Daemon, console: Console) -> None:
    deadline = time.monotonic() + _HEALTH_SECONDS
    with console.status("Waiting until everything is healthy"):
        while True:
            health: dict[str, str] = daemon.status()["health"]
            waiting = [name for name, state in health.items() if state == "starting"]
            if not waiting or time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
    failed = [name for name, state in health.items() if state == "failed"] + waiting
    if failed:
        words = "\n".join(f"{name}: {_tail(checkout.logs / f'{name}.log')}" for name in failed)
        raise FrugalError(
            f"Not healthy: {', '.join(failed)}. The last lines of each log "
            f"(`frugal logs APP` shows all):\n{words}"
        )


def _tail(log: Path) -> str:
    if not log.exists():
        return "(no log)"
    with log.open(errors="replace") as lines:
        return "".join(deque(lines, maxlen=_LOG_LINES)).rstrip("\n")
