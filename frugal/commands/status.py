"""`frugal status`: addresses, health, and the changes of the last update."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from frugal.errors import FrugalError
from frugal.help import Command
from frugal.local import daemon as daemons
from frugal.paths import own_checkout
from frugal.terminal import print_whole, say

if TYPE_CHECKING:
    from frugal.local.engine import Run

_NOTHING: dict[str, Any] = {"environment": "local", "urls": {}, "health": {}}
_HEALTH = {
    "healthy": ("healthy", "green"),
    "asleep": ("asleep (wakes on a visit)", "green"),
    "starting": ("starting", "yellow"),
    "stopped": ("stopped", "yellow"),
    "failed": ("failed", "red"),
}
"""Words and colour of each health."""

app = typer.Typer(add_completion=False)


@app.command("status", cls=Command)
def status(
    as_json: Annotated[
        bool, typer.Option("--json", help="Show all of it as JSON, for programs.")
    ] = False,
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
        say(
            Console(stderr=True),
            f"No site is running; {part} resources exist. `make up` continues."
            if part
            else "Nothing is running. `make up` brings the local environment up.",
        )
    if not found["urls"]:
        raise typer.Exit(1)


def show(console: Console, found: dict[str, Any]) -> None:
    """Print addresses and health; `found` as the daemon gives it.

    Addresses are never wrapped, so that they can be copied.
    """
    urls, health = cast("dict[str, str]", found["urls"]), cast("dict[str, str]", found["health"])
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for header, no_wrap in (("Name", True), ("Address here", True), ("Health", False)):
        table.add_column(header, no_wrap=no_wrap)
    for name in sorted({*urls, *health}):
        words, colour = _HEALTH.get(health.get(name, ""), ("", ""))
        table.add_row(name, urls.get(name, ""), Text(words, colour))
    print_whole(console, table)


def show_after_up(console: Console, found: dict[str, Any], run: "Run", engine_output: Path) -> None:
    """Print the stack's outputs, the bill, the update's changes; at last addresses and health."""
    outputs = dict(run.outputs)
    bill = outputs.pop("monthlyCost", None)
    say(console, "Outputs, as on Azure:")
    for name, value in outputs.items():
        text = value if isinstance(value, str) else json.dumps(value)
        say(console, f"  {name}: {text}")
    if bill:
        say(console, f"On Azure: {bill['shown']} (`frugal cost`).")
    say(console, f"Resources: {_changes(run)}. `make down` takes everything down.")
    say(console, f"The engine's output, builds too: {engine_output}")
    console.print()
    show(console, found)


def _changes(run: "Run") -> str:
    """Changes of an update: `3 created, 12 unchanged`."""
    words = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
    words["same"] = "unchanged"
    told = [f"{run.changes[kind]} {word}" for kind, word in words.items() if run.changes.get(kind)]
    return ", ".join(told) or "none"
