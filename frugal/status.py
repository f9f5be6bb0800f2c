"""What runs here, for people: addresses, health, and what the last update did."""

import json
from typing import Any, cast

from rich.console import Console
from rich.table import Table

from frugal.engine import LOCAL_STACK, Engine

NOTHING: dict[str, Any] = {"environment": "local", "urls": {}, "health": {}}
_COLOURS = {"healthy": "green", "starting": "yellow", "stopped": "yellow", "failed": "red"}


def table(found: dict[str, Any]) -> Table:
    """Addresses and health as a table; `found` as the daemon gives it."""
    result = Table("What", "Address on this machine", "Health")
    for name, url, health in _rows(found):
        result.add_row(name, url, health)
    return result


def show_after_up(console: Console, found: dict[str, Any], engine: Engine) -> None:
    """Print addresses and health, the stack's outputs as on Azure, and what the update changed."""
    console.print(table(found))
    outputs = json.loads(engine.run("stack", "output", "--json", "--stack", LOCAL_STACK))
    if outputs:
        declared = Table("Stack output", "As on Azure")
        for name, value in sorted(outputs.items()):
            shown = value if isinstance(value, str) else json.dumps(value)
            declared.add_row(name, shown)
        console.print(declared)
    console.print(f"Resources: {_changes(engine)}. `make down` takes everything down.")


def _rows(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    urls = cast("dict[str, str]", found["urls"])
    health = cast("dict[str, str]", found["health"])
    rows = [(name, url, _coloured(health.get(name, ""))) for name, url in sorted(urls.items())]
    rows += [(n, "", _coloured(state)) for n, state in sorted(health.items()) if n not in urls]
    return rows


def _coloured(state: str) -> str:
    return f"[{_COLOURS[state]}]{state}[/]" if state in _COLOURS else state


def _changes(engine: Engine) -> str:
    """What the last update did, as `3 created, 12 unchanged`."""
    words = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
    words["same"] = "unchanged"
    history = engine.run("stack", "history", "--json", "--page-size", "1", "--stack", LOCAL_STACK)
    updates = cast("list[dict[str, dict[str, int]]]", json.loads(history))
    last = updates[0].get("resourceChanges", {}) if updates else {}
    told = [f"{last[kind]} {word}" for kind, word in words.items() if last.get(kind)]
    return ", ".join(told) or "none"
