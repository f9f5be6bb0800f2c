"""State of the stack `local`: comparison with the local cloud, and repair."""

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from rich.console import Console

from frugal.errors import FrugalError
from frugal.local import daemon as daemons
from frugal.local import recovery
from frugal.local.daemon import Daemon
from frugal.local.engine import LOCAL_STACK, Engine
from frugal.paths import Checkout
from frugal.stack_files import read_file
from frugal.terminal import say


@dataclass(frozen=True)
class State:
    """The engine's record: ids of the resources, and the number of pending operations.

    `standing`: types by id of Azure's resources, without those whose deletion had begun.
    """

    ids: list[str]
    pending: int
    standing: dict[str, str]


def read_state(checkout: Checkout) -> State:
    """Read the engine's state of the stack `local`. Raises FrugalError if it is damaged."""
    content = recovery.read_recorded(checkout)
    if content is None:
        raise FrugalError(
            "The engine's state can't be read. The rows are safe; move "
            f"{checkout.state / '.pulumi'} away and run `make up`: it takes the copy of the state."
        )
    resources = cast("list[dict[str, str]]", content.get("resources") or [])
    ids = [r["id"] for r in resources if "id" in r and not r["type"].startswith("pulumi:")]
    pending = cast("list[dict[str, Any]]", content.get("pending_operations") or [])
    going = {p["resource"].get("id") for p in pending if p["type"] == "deleting"}
    azure = [r for r in resources if "id" in r and r["type"].startswith("azure-native:")]
    standing = {r["id"]: r["type"] for r in azure if r["id"] not in going}
    return State(ids, len(pending), standing)


def compare(
    checkout: Checkout, daemon: Daemon, recorded: State
) -> tuple[dict[str, str], list[str]]:
    """Compare state and cloud: types by id of what the cloud lacks; ids that the state lacks."""
    resources = cast("list[dict[str, str]]", daemon.status()["resources"])
    ids = {r["id"].lower() for r in resources}
    missing = {i: kind for i, kind in recorded.standing.items() if i.lower() not in ids}
    known = {i.lower() for i in recorded.ids}
    project = _project(checkout)
    own = [r["id"] for r in resources if r["urn"].split("::")[1:2] == [project]]
    return missing, [i for i in own if i.lower() not in known]


def _project(checkout: Checkout) -> str:
    return str(read_file(checkout.root / "Pulumi.yaml")["name"])


def mend(
    checkout: Checkout,
    daemon: Daemon,
    engine: Engine,
    console: Console,
    *,
    with_rows: bool = False,
) -> None:
    """Reconcile state and cloud, for instance after a killed run.

    Order matters: resources that are not in the state could not be found after the engine's pending
    operations are cleared. Raises RowsAtStakeError before any rows are lost, unless `with_rows`.
    """
    # By any name: a full disk leaves locks under names of temporary files. The file `.attrs`
    # beside each is not a lock.
    files = (engine.backend / ".pulumi" / "locks").rglob("*")
    locks = [file for file in files if file.is_file() and file.suffix != ".attrs"]
    for lock in locks:
        _refuse_if_running(lock)
    recorded = read_state(checkout)
    missing, strays = compare(checkout, daemon, recorded)
    if not locks and not recorded.pending and not missing and not strays:
        return
    if not with_rows:
        recovery.refuse_lost_databases(missing)
    say(console, "Repairing what an interrupted run left.")
    if locks:
        engine.run("cancel", "--yes", "--stack", LOCAL_STACK)
    for stray in daemon.sweep(_project(checkout), recorded.ids, with_rows=with_rows):
        say(console, f"  removed, since it is not in the state: {stray}")
    for resource_id in missing:
        say(console, f"  missing, created again: {resource_id}")
    engine.run("refresh", "--yes", "--clear-pending-creates", "--stack", LOCAL_STACK)


def _refuse_if_running(lock: Path) -> None:
    """Raise FrugalError while the engine that wrote this lock file runs."""
    with suppress(OSError, ValueError, KeyError):
        held = json.loads(lock.read_text())
        if held.get("hostname") == socket.gethostname() and daemons.is_running(int(held["pid"])):
            raise FrugalError(
                f"A pulumi (pid {held['pid']}) is already working on this environment. "
                "Wait until it has ended, then run the command again."
            )


def rebuild_options(checkout: Checkout, daemon: Daemon, console: Console) -> list[str]:
    """Options of `pulumi up` that rebuild images which apps need and the registry lacks."""
    waiting = cast("dict[str, str]", daemon.status()["waiting"])
    if not waiting:
        return []
    options: list[str] = []
    recorded = recovery.read_recorded(checkout) or {}
    for resource in cast("list[dict[str, Any]]", recorded.get("resources") or []):
        image: object = resource.get("outputs", {}).get("image")
        # Each message names the whole reference, `server/repository@digest`.
        if isinstance(image, str) and any(f"'{image}'" in text for text in waiting.values()):
            say(console, f"{image} is gone and is built again.")
            options += ["--replace", resource["urn"]]
    return options
