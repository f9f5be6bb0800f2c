"""`frugal status`: addresses, health, and the changes of the last update."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from frugal.errors import FrugalError
from frugal.help import Command
from frugal.local import daemon as daemons
from frugal.local.engine import LOCAL_STACK, Engine
from frugal.paths import own_checkout
from frugal.terminal import print_whole, say

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
    """Print addresses and health, and the way to own domains; `found` as the daemon gives it.

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
    # A daemon of an earlier version has none.
    domains = cast("dict[str, Any]", found.get("domains", {}))
    if domains.get("names"):
        _show_domains(console, domains, urls)


def _show_domains(console: Console, domains: dict[str, Any], urls: dict[str, str]) -> None:
    """Print each own domain with the command that opens it, and a browser for all of them."""
    here, authority = f"127.0.0.1:{domains['port']}", _shortest(Path(domains["authority"]))
    sites = {url: name for name, url in urls.items() if not name.endswith("_origin")}
    console.print()
    say(console, f"Own domains, served over TLS at {here} (certificate authority: {authority}):")
    for name, target in domains["names"].items():
        console.print()
        say(console, f"https://{name}/ ({sites.get(target, 'not running')})")
        # Without a host and port it holds for every address, so for what a redirect leads to.
        _say_command(
            console,
            f"curl --connect-to ::{here}",
            f"--cacert {shlex.quote(str(authority))}",
            f"https://{name}/",
        )
    console.print()
    say(console, "In a browser of its own (or google-chrome, which takes the same options):")
    options = (shlex.quote(option) for option in browser_options(domains))
    _say_command(console, 'chromium --user-data-dir="$(mktemp -d)"', *options)


def browser_options(domains: dict[str, Any]) -> list[str]:
    """Options with which Chromium finds the own domains here and trusts their authority.

    It ignores the second one without --user-data-dir.
    """
    rules = ", ".join(f"MAP {name} 127.0.0.1:{domains['port']}" for name in domains["names"])
    return [
        f"--host-resolver-rules={rules}",
        f"--ignore-certificate-errors-spki-list={domains['pin']}",
    ]


def _say_command(console: Console, *parts: str) -> None:
    """Print a command for a shell, on several lines where a terminal is narrower than it."""
    line = "  " + " ".join(parts)
    if console.is_terminal and len(line) > console.width:
        line = "  " + " \\\n    ".join(parts)
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def _shortest(path: Path) -> Path:
    """A path as seen from the current folder, if it is in there."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def show_after_up(
    console: Console, found: dict[str, Any], engine: Engine, engine_output: Path
) -> None:
    """Print the stack's outputs, the bill, the update's changes; at last addresses and health."""
    outputs = json.loads(engine.run("stack", "output", "--json", "-s", LOCAL_STACK))
    bill = outputs.pop("monthlyCost", None)
    say(console, "Outputs, as on Azure:")
    for name, value in outputs.items():
        text = value if isinstance(value, str) else json.dumps(value)
        say(console, f"  {name}: {text}")
    if any(name.endswith("DomainState") and outputs[name] == "pending" for name in outputs):
        text = "A domain's records that you make by hand are, here, lines of the file"
        say(console, f"{text} .frugal/local/cloud/dns.zone.")
    if bill:
        say(console, f"On Azure: {bill['shown']} (`frugal cost`).")
    say(console, f"Resources: {_changes(engine)}. `make down` takes everything down.")
    say(console, f"The engine's output, builds too: {engine_output}")
    console.print()
    show(console, found)


def _changes(engine: Engine) -> str:
    """Changes of the last update: `3 created, 12 unchanged`."""
    words = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}
    words["same"] = "unchanged"
    history = engine.run("stack", "history", "--json", "--page-size", "1", "--stack", LOCAL_STACK)
    updates = cast("list[dict[str, dict[str, int]]]", json.loads(history))
    last = updates[0].get("resourceChanges", {}) if updates else {}
    told = [f"{last[kind]} {word}" for kind, word in words.items() if last.get(kind)]
    return ", ".join(told) or "none"
