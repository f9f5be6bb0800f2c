"""`frugal status`: addresses, health, and the changes of the last update."""

import json
import sys
from typing import Annotated, Any, cast

import typer
from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from frugal.errors import FrugalError
from frugal.local import daemon as daemons
from frugal.local.engine import LOCAL_STACK, Engine
from frugal.paths import own_checkout

_NOTHING: dict[str, Any] = {"environment": "local", "urls": {}, "health": {}}
_COLOURS = {"healthy": "green", "starting": "yellow", "stopped": "yellow", "failed": "red"}

app = typer.Typer()


@app.command("status")
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show addresses and health of what runs here; exit code 1 if nothing does."""
    place = own_checkout()
    daemon = daemons.find(place)
    if daemon is None and daemons.find_unannounced(place):
        raise FrugalError(
            "The daemon that runs here does not respond: it is starting or stopping, or its file "
            "daemon.json is missing or damaged. `make up` repairs that; nothing is lost."
        )
    found = daemon.status() if daemon else _NOTHING
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    elif found["urls"]:
        show(Console(), found)
    else:
        part = len(found.get("resources", []))
        Console(stderr=True).print(
            f"No site is running; {part} resources exist. `make up` continues."
            if part
            else "Nothing is running. `make up` brings the local environment up."
        )
    if not found["urls"]:
        raise typer.Exit(1)


def show(console: Console, found: dict[str, Any], outputs: dict[str, object] | None = None) -> None:
    """Print addresses and health; `found` as the daemon gives it.

    `outputs`: the stack's, with addresses as on Azure; each is shown beside its local one. Long
    addresses are never wrapped, so that they can be copied.
    """
    urls = cast("dict[str, str]", found["urls"])
    health = cast("dict[str, str]", found["health"])
    declared = dict(outputs or {})
    table = Table(box=box.SIMPLE_HEAD)
    for header in ("What", "Health", "On this machine", *(["As on Azure"] if declared else [])):
        table.add_column(header, no_wrap=True)
    for name in sorted({*urls, *health}):
        on_azure = declared.pop(_output_name(name), "")
        row = [name, _coloured(health.get(name, "")), urls.get(name, ""), _text(on_azure)]
        table.add_row(*row[: len(table.columns)])
    for name, value in sorted(declared.items()):
        table.add_row(name, "", "", _text(value))
    wide = Measurement.get(console, console.options.update(max_width=1000), table).maximum
    narrow = console.width
    console.width = max(narrow, wide)
    console.print(table, crop=False)
    console.width = narrow


def show_after_up(console: Console, found: dict[str, Any], engine: Engine) -> None:
    """Print addresses and health, local and as on Azure, the bill, and the update's changes."""
    outputs = json.loads(engine.run("stack", "output", "--json", "-s", LOCAL_STACK))
    bill = outputs.pop("monthlyCost", None)
    show(console, found, outputs)
    if bill:
        console.print(f"On Azure: {bill['shown']} (`frugal cost`).")
    console.print(f"Resources: {_changes(engine)}. `make down` takes everything down.")


def _output_name(name: str) -> str:
    """The program's output for an address: `homepage_origin` is declared as homepageOriginUrl."""
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest) + "Url"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _coloured(state: str) -> str:
    return f"[{_COLOURS[state]}]{state}[/]" if state in _COLOURS else state


def _changes(engine: Engine) -> str:
    """Changes of the last update: `3 created, 12 unchanged`."""
    words = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
    words["same"] = "unchanged"
    history = engine.run("stack", "history", "--json", "--page-size", "1", "--stack", LOCAL_STACK)
    updates = cast("list[dict[str, dict[str, int]]]", json.loads(history))
    last = updates[0].get("resourceChanges", {}) if updates else {}
    told = [f"{last[kind]} {word}" for kind, word in words.items() if last.get(kind)]
    return ", ".join(told) or "none"
