"""Recovery of the environment `local` after lost or damaged files.

The engine's state and the daemon's store describe the same resources. A successful `frugal up`
leaves a copy of each beside the other, so that no single folder has both. Nothing here deletes
rows: RowsAtStakeError reports those that are lost or cannot be read.
docs/reliability.md has the table of damages.
"""

import functools
import json
from pathlib import Path
from typing import Any, cast

import yaml
from rich.console import Console

from frugal.atomic import atomic_write
from frugal.cloud import store
from frugal.errors import RowsAtStakeError
from frugal.local.daemon import Daemon
from frugal.local.engine import LOCAL_STACK, Engine
from frugal.paths import Checkout
from frugal.terminal import say

_META = "version: 1\n"  # version of Pulumi's file backend, in its meta.yaml
_DATABASE_TYPES = ("azure-native:dbforpostgresql:Server", "azure-native:dbforpostgresql:Database")

Deployment = dict[str, Any]
"""The engine's checkpoint of a stack: `resources`, `pending_operations` and more."""


def keep_copies(checkout: Checkout, daemon: Daemon) -> None:
    """Copy the engine's state beside the daemon's store, and the store beside the state."""
    atomic_write(checkout.state_copy, _stack_file(checkout).read_text())
    daemon.save()
    store.copy(checkout.cloud, checkout.store_copy)


def restore_store(checkout: Checkout, console: Console) -> None:
    """Restore a lost or damaged store from its copy; leave an intact one.

    Call it while no daemon runs. Raises RowsAtStakeError if there is a database and no copy.
    """
    if store.read_ids(checkout.cloud) is not None:
        return
    recorded = read_recorded(checkout)
    known = _recorded_ids(recorded or {})
    damaged = (checkout.cloud / store.FILE).exists()
    copied = store.read_ids(checkout.store_copy)
    if not damaged and not known and copied is None:
        return
    what = f"{checkout.cloud / store.FILE}, the local cloud's record of its resources, is "
    what += "damaged" if damaged else "gone"
    if copied is None:
        if damaged or any(kind in _DATABASE_TYPES for kind in known.values()):
            _refuse_with_databases(checkout, f"{what}, and there is no copy of it.")
        (checkout.cloud / store.FILE).unlink(missing_ok=True)
        say(console, f"{what}. Everything is created again.")
        return
    store.restore(
        checkout.cloud,
        checkout.store_copy,
        # Do not restore resources that the engine has deleted since the copy.
        wanted=lambda resource_id, urn: not urn or recorded is None or resource_id.lower() in known,
    )
    say(console, f"{what}. It was restored from its copy.")


def restore_state(
    checkout: Checkout, engine: Engine, resources: list[dict[str, str]], console: Console
) -> None:
    """Restore a lost or damaged state of the engine; leave an intact one.

    `resources`: those of the local cloud. The readable copy that matches them best is used. Raises
    RowsAtStakeError if there is a database and no readable copy.
    """
    _mend_backend(checkout)
    recorded = read_recorded(checkout)
    if recorded is not None and (_recorded_ids(recorded) or recorded.get("pending_operations")):
        return
    file = _stack_file(checkout)
    own = {r["id"].lower() for r in resources if r["urn"]}
    damaged = file.exists() and recorded is None
    if not own:
        if damaged:
            file.unlink()
        return
    what = f"{file}, the engine's state, is {'damaged' if damaged else 'gone'}"
    # The engine's own backup has the state before its last change.
    backup = file.with_name(f"{file.name}.bak")
    copies = (_read_state(checkout.state_copy), _read_state(backup))
    usable = [copy for copy in copies if copy is not None and _recorded_ids(copy)]
    if not usable:
        _refuse_with_databases(checkout, f"{what}, and no copy of it can be read.")
    if file.exists():
        file.replace(file.with_name(f"{file.name}.damaged"))
    if not usable:
        say(console, f"{what}. Everything is created again.")
        return
    best = min(usable, key=lambda copy: len(own ^ _recorded_ids(copy).keys()))
    engine.run("stack", "select", LOCAL_STACK, "--create")
    export = checkout.state / "import.json"
    atomic_write(export, json.dumps({"version": 3, "deployment": best}))
    engine.run("stack", "import", "--file", str(export), "--stack", LOCAL_STACK)
    export.unlink()
    say(console, f"{what}. It was restored from a copy.")


def refuse_lost_databases(missing: dict[str, str]) -> None:
    """Raise RowsAtStakeError if a server or database is missing from the local cloud.

    `missing`: types by id of resources in the engine's state that the local cloud lacks.
    """
    lost = [i for i, kind in missing.items() if kind in _DATABASE_TYPES]
    if lost:
        raise RowsAtStakeError(
            f"The engine's state has {lost[0]}, and the local cloud no longer does: its rows are "
            "lost."
        )


def databases(checkout: Checkout) -> list[Path]:
    """PostgreSQL's data folders."""
    found = sorted(checkout.cloud.glob("postgres/*/data"))
    return [folder for folder in found if any(folder.iterdir())]


def read_recorded(checkout: Checkout) -> Deployment | None:
    """Read the engine's state without the engine; None if it is missing or damaged."""
    return _read_state(_stack_file(checkout))


def _refuse_with_databases(checkout: Checkout, what: str) -> None:
    found = databases(checkout)
    if found:
        raise RowsAtStakeError(
            f"{what} The rows of the database are still in {found[0]}. To keep them, put the file "
            "back from a backup and run `frugal up` again; or copy that folder, serve it "
            "with PostgreSQL and take the rows out with pg_dump."
        )


def _mend_backend(checkout: Checkout) -> None:
    """Write meta.yaml again, without which the engine reads no state.

    Beside each file the engine keeps a file `.attrs`, which it writes in place: a kill may leave it
    empty, and then the file itself is not read ("EOF"). Without one it is (gocloud.dev 0.46,
    fileblob/attrs.go, read in November 2026).
    """
    meta = checkout.state / ".pulumi" / "meta.yaml"
    if not meta.parent.exists():
        return
    for attributes in meta.parent.rglob("*.attrs"):
        try:
            json.loads(attributes.read_text())
        except (OSError, ValueError):
            attributes.unlink(missing_ok=True)
    try:
        content = yaml.safe_load(meta.read_text())
    except (OSError, ValueError, yaml.YAMLError):
        content = None
    if not isinstance(content, dict) or "version" not in content:
        atomic_write(meta, _META)


def _stack_file(checkout: Checkout) -> Path:
    return checkout.state / ".pulumi" / "stacks" / _project(checkout) / f"{LOCAL_STACK}.json"


@functools.cache
def _project(checkout: Checkout) -> str:
    return yaml.safe_load((checkout.root / "Pulumi.yaml").read_text())["name"]


def _read_state(file: Path) -> Deployment | None:
    """The deployment in a stack's file or an export of it; {} if nothing has been deployed."""
    try:
        content = json.loads(file.read_text())
        deployment = content.get("deployment") or content["checkpoint"].get("latest")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return cast("Deployment", deployment or {})


def _recorded_ids(deployment: Deployment) -> dict[str, str]:
    """Azure's resources in a deployment: types by id, in lower case."""
    found = cast("list[dict[str, str]]", deployment.get("resources") or [])
    azure = [r for r in found if "id" in r and r["type"].startswith("azure-native:")]
    return {r["id"].lower(): r["type"] for r in azure}
