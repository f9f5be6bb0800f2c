"""The environment `local`: up, down, and what both do first when an earlier run was killed."""

import contextlib
import fcntl
import http.client
import json
import os
import shutil
import socket
import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

import psutil
from rich.console import Console

from frugal.local import daemon as daemons
from frugal.local import recovery
from frugal.cloud.ports import listens
from frugal.cloud.spawn import accounts
from frugal.local.daemon import Daemon
from frugal.local.engine import LOCAL_STACK, Engine, Interrupted, local_engine, read_settings
from frugal.errors import FrugalError, RowsAtStakeError
from frugal.paths import Checkout

# Apps start at once and together: on a slow or busy machine that takes minutes.
_HEALTH_SECONDS = 600.0
_POLL_SECONDS = 0.2
# How long a site that is healthy may need until it answers, and one answer of it: an app that was
# scaled to zero is started by it.
_ANSWERING_SECONDS = 60.0
_ANSWER_SECONDS = 300.0
# How long what an engine started may take to end after it.
_ENDING_SECONDS = 2.0
_LANGUAGE_HOST, _DYNAMIC_HOST = "pulumi-language-", "pulumi.dynamic"
# What the apps' packages, PostgreSQL and the logs take when they are new.
_SPACE = 500 * 1024**2
_LOG_LINES = 12
_ENV = "frugal env"
# No question, and no outputs: they are shown at the end, beside the addresses here.
_QUIETLY = ("--yes", "--suppress-outputs", "--stack", LOCAL_STACK)


def prepare(checkout: Checkout, console: Console, *, restore: bool = True) -> tuple[Daemon, Engine]:
    """Everything that an engine needs here: the CLI, the daemon, the stack `local`.

    With `restore`, for which the caller holds the checkout's lock, a lost store or state comes
    back from its copy. Raises RowsAtStakeError where rows are gone or out of reach.
    """
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
    if restore:
        daemon = daemons.start(checkout, lambda: recovery.restore_store(checkout, console))
    else:
        daemon = daemons.start(checkout)
    engine = local_engine(checkout, console, daemon.variables())
    if restore:
        recovery.restore_state(checkout, engine, daemon.status()["resources"], console)
    engine.run("stack", "select", LOCAL_STACK, "--create")
    return daemon, engine


def prepare_shell(checkout: Checkout, console: Console) -> Engine:
    """Prepare the engine for a user's own shell; say what `frugal up` would have to mend."""
    with _locked_if_free(checkout) as free:
        daemon, engine = prepare(checkout, console, restore=free)
    missing, strays = compare(checkout, daemon, read_state(engine))
    recovery.refuse_lost_databases(missing)
    if missing or strays:
        console.print(
            f"The engine's state and the local cloud differ: {len(missing)} resources are gone, "
            f"{len(strays)} are in no state. Unless another run is under way, `make up` mends it.",
            soft_wrap=True,
        )
    return engine


def up(
    checkout: Checkout, console: Console, *, accept_data_loss: bool = False
) -> tuple[Daemon, Engine]:
    """Bring everything that the program declares up, and wait until its sites answer.

    Mends first what a killed run left, and rebuilds what was lost. Raises FrugalError: another run
    is under way, the engine failed (it has shown why), an app is not healthy or does not answer;
    RowsAtStakeError: rows are gone or out of reach. With `accept_data_loss` it begins anew then.
    """
    again = (
        "Run `make up` again and it goes on where it stopped. `make down` takes all down, the "
        "database's rows too."
    )
    with _locked(checkout, console, "frugal up") as lock, _interruptible(again):
        try:
            daemon, engine = _prepare_up(checkout, console)
        except RowsAtStakeError as error:
            if not accept_data_loss:
                raise
            console.print(f"{error.what}\nBeginning anew, without those rows.", soft_wrap=True)
            daemons.stop_all(checkout)
            accounts.remove(checkout.cloud)
            _remove(checkout.local)
            daemon, engine = _prepare_up(checkout, console)
        rebuilt = _lost_images(daemon, engine, console)
        code = engine.follow("up", *_QUIETLY, *rebuilt, keep_open=(lock,))
        if code != 0:
            raise FrugalError(f"{_why(code, daemon)} {again}")
        _wait_until_healthy(checkout, daemon, console)
        _wait_until_answering(daemon)
        recovery.keep_copies(checkout, daemon, engine)
        for place in accounts.sweep():
            console.print(
                f"{place} holds the database of a checkout that was moved or deleted "
                f"({place}/environment says where it was). `make up` in its new place takes the "
                "database over; if the checkout is gone for good, remove that folder by hand.",
                soft_wrap=True,
            )
        return daemon, engine


def _prepare_up(checkout: Checkout, console: Console) -> tuple[Daemon, Engine]:
    daemon, engine = prepare(checkout, console)
    if daemon.status()["health"].get("postgres") == "failed":
        # A new start mends its data, or says what is wrong with it.
        daemons.stop_all(checkout)
        daemon, engine = prepare(checkout, console)
    mend(checkout, daemon, engine, console)
    return daemon, engine


def _why(code: int, daemon: Daemon) -> str:
    """Why the engine's run failed, as far as it can't say so itself."""
    if code < 0:
        return f"The engine was killed (signal {-code}); what it had recorded is safe."
    if not daemons.is_running(daemon.pid):
        return daemons.ended(daemon)
    return "The environment is not up; the engine says why above."


def _lost_images(daemon: Daemon, engine: Engine, console: Console) -> list[str]:
    """The engine's options that build images again which apps wait for."""
    waiting = cast("dict[str, str]", daemon.status()["waiting"])
    if not waiting:
        return []
    content = json.loads(engine.run("stack", "export", "--stack", LOCAL_STACK))
    resources = cast("list[dict[str, Any]]", content["deployment"].get("resources") or [])
    options: list[str] = []
    for resource in resources:
        image: object = resource.get("outputs", {}).get("image")
        # Each message names the whole reference, `server/repository@digest`.
        if isinstance(image, str) and any(f"'{image}'" in said for said in waiting.values()):
            console.print(f"{image} is gone and is built again.", soft_wrap=True)
            options += ["--replace", resource["urn"]]
    return options


def mend(
    checkout: Checkout,
    daemon: Daemon,
    engine: Engine,
    console: Console,
    *,
    with_rows: bool = False,
) -> None:
    """Bring state and cloud together again where they differ, as after a killed run.

    Order matters: what exists and the state does not know would never be found again once the
    engine's pending operations are cleared. Raises RowsAtStakeError before it loses any, unless
    `with_rows`.
    """
    # Whatever their names are: a full disk leaves locks under those of temporary files. A file
    # `.attrs` stands beside each and is none.
    files = (engine.backend / ".pulumi" / "locks").rglob("*")
    locks = [file for file in files if file.is_file() and file.suffix != ".attrs"]
    for lock in locks:
        _refuse_if_running(lock)
    recorded = read_state(engine)
    missing, strays = compare(checkout, daemon, recorded)
    if not locks and not recorded.pending and not missing and not strays:
        return
    if not with_rows:
        recovery.refuse_lost_databases(missing)
    console.print("Mending what an interrupted run left.")
    if locks:
        engine.run("cancel", "--yes", "--stack", LOCAL_STACK)
    project = _project(checkout)
    for stray in daemon.sweep(project, recorded.ids, with_rows=with_rows):
        console.print(f"  removed, since no state knew it: {stray}", soft_wrap=True)
    for resource_id in missing:
        console.print(f"  gone, and made again: {resource_id}", soft_wrap=True)
    engine.run("refresh", "--yes", "--clear-pending-creates", "--stack", LOCAL_STACK)


def compare(
    checkout: Checkout, daemon: Daemon, recorded: "State"
) -> tuple[dict[str, str], list[str]]:
    """What the state has and the cloud has not (types by id); ids of what no state knows."""
    there = cast("list[dict[str, str]]", daemon.status()["resources"])
    ids = {r["id"].lower() for r in there}
    missing = {i: kind for i, kind in recorded.standing.items() if i.lower() not in ids}
    known = {i.lower() for i in recorded.ids}
    own = [r["id"] for r in there if r["urn"].split("::")[1:2] == [_project(checkout)]]
    return missing, [i for i in own if i.lower() not in known]


def _project(checkout: Checkout) -> str:
    return str(read_settings(checkout.root / "Pulumi.yaml")["name"])


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
    """What the engine has recorded: the resources' ids, and how many operations never ended.

    `standing`: types by id of Azure's resources, without those whose deletion had begun.
    """

    ids: list[str]
    pending: int
    standing: dict[str, str]


def read_state(engine: Engine) -> State:
    """What the engine's state says of the stack `local`. Raises FrugalError if it is damaged."""
    try:
        content = json.loads(engine.run("stack", "export", "--stack", LOCAL_STACK))
    except FrugalError as error:
        raise FrugalError(
            f"The engine can't read its state ({error}). The rows are safe; move "
            f"{engine.backend / '.pulumi'} away and run `make up`: it takes the copy of the state."
        ) from error
    deployment = cast("dict[str, list[dict[str, Any]]]", content["deployment"] or {})
    resources = deployment.get("resources") or []
    ids = [r["id"] for r in resources if "id" in r and not r["type"].startswith("pulumi:")]
    pending = deployment.get("pending_operations") or []
    going = {p["resource"].get("id") for p in pending if p["type"] == "deleting"}
    azure = [r for r in resources if "id" in r and r["type"].startswith("azure-native:")]
    standing = {r["id"]: r["type"] for r in azure if r["id"] not in going}
    return State(ids, len(pending), standing)


def _refuse_if_running(lock: Path) -> None:
    """Raise FrugalError while the engine that wrote this lock file lives."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        held = json.loads(lock.read_text())
        if held.get("hostname") == socket.gethostname() and daemons.is_running(int(held["pid"])):
            raise FrugalError(
                f"A pulumi (pid {held['pid']}) is already working on this environment. "
                "Wait until it has ended, then run the command again."
            )


def down(
    checkout: Checkout, console: Console, *, yes: bool, confirm: Callable[[str], bool]
) -> list[str]:
    """Destroy by the engine, stop the daemon, remove the folder; return what was removed.

    An empty list: there was nothing. Without `yes`, `confirm` is asked before rows are deleted
    that no migration wrote. Raises FrugalError when it declines, when the engine's destroy failed
    (all is removed nonetheless) or something would not go.
    """
    if not checkout.local.exists():
        return [str(place) for place in accounts.remove(checkout.cloud)]
    again = "Run `make down` again and it goes on where it stopped."
    with _locked(checkout, console, "frugal down") as lock, _interruptible(again):
        prepared, failure = None, ""
        try:
            prepared = prepare(checkout, console)
            rows = [f"{table}: {count} rows" for table, count in prepared[0].rows().items()]
        except FrugalError as error:
            failure = _unusable(error)
            found = recovery.databases(checkout)
            rows = [f"{folder}: a database that can't be asked for its rows" for folder in found]
        if rows:
            console.print("This deletes, for good:")
            for line in rows:
                console.print(f"  {line}", soft_wrap=True)
            if not yes and not confirm("Delete these rows?"):
                raise FrugalError(
                    "Nothing was deleted. To delete the rows above and all the rest: "
                    "frugal down --yes (make down YES=1)."
                )
        count = 0
        ports: set[int] = set()
        family = [p for pid in daemons.find_unannounced(checkout) for p in daemons.family(pid)]
        if prepared is not None and not failure:
            daemon, engine = prepared
            try:
                mend(checkout, daemon, engine, console, with_rows=True)
                ports = {daemon.http, *daemon.status().get("ports", [])}
                family = daemons.family(daemon.pid)
                count = len(read_state(engine).ids)
                code = engine.follow("destroy", *_QUIETLY, keep_open=(lock,))
                failure = "The engine could not destroy everything (above)." if code else ""
            except FrugalError as error:
                failure = _unusable(error)
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
        *rows,
        f"{count} resources, destroyed by the engine",
        f"{len(family)} processes, ended",
        f"{len(ports)} ports, free",
        f"{checkout.local} ({size // 1024**2} MB)",
        *map(str, outside),
    ]


def _unusable(error: FrugalError) -> str:
    what = error.what if isinstance(error, RowsAtStakeError) else error
    return f"The engine could not be used: {what}"


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
            if what != _ENV and pid.isdigit() and daemons.is_running(int(pid)):
                raise FrugalError(
                    f"`{what}` is already running in this checkout (pid {pid}). "
                    "Wait until it has ended, then run the command again."
                ) from None
            if what == _ENV:  # takes a few seconds
                fcntl.flock(file, fcntl.LOCK_EX)
            elif not _free_soon(file):
                told = "The engine of a run that was killed still works. Waiting for its end."
                console.print(told)
                fcntl.flock(file, fcntl.LOCK_EX)
        _sign(file, doing)
        yield file.fileno()


@contextlib.contextmanager
def _locked_if_free(checkout: Checkout) -> Generator[bool]:
    """Hold the checkout's lock for a shell's variables; yield False while another run has it."""
    checkout.tool.mkdir(exist_ok=True)
    end_orphaned_hosts(checkout)
    with checkout.lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        _sign(file, _ENV)
        yield True


def _sign(file: IO[str], doing: str) -> None:
    file.truncate(0)
    file.write(f"{os.getpid()} {doing}")
    file.flush()


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


def _wait_until_answering(daemon: Daemon) -> None:
    """Ask every site at its address, as a visitor does. Raises FrugalError for one that fails."""
    found = daemon.status()
    for said in found["waiting"].values():
        raise FrugalError(f"An app does not run: {said}")
    urls = cast("dict[str, str]", found["urls"])
    for name, url in urls.items():
        deadline = time.monotonic() + _ANSWERING_SECONDS
        if name.removesuffix("_origin") != name and name.removesuffix("_origin") in urls:
            continue
        while (answer := _ask(url)) != "" and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        if answer:
            raise FrugalError(
                f"{name} is healthy and does not answer: {url} gives {answer}. "
                f"`frugal logs {name}` may say why; `make up` tries again."
            )


def _ask(url: str) -> str:
    """How a site fails to answer; empty where it does, be it with a refusal of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", urlsplit(url).path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return str(status) if status >= http.client.INTERNAL_SERVER_ERROR else ""


def _tail(log: Path) -> str:
    if not log.exists():
        return "(no log)"
    with log.open(errors="replace") as lines:
        return "".join(deque(lines, maxlen=_LOG_LINES)).rstrip("\n")
