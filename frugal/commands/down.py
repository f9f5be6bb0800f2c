"""`frugal down`: take the local environment down."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from frugal.help import Command
from frugal.local import environment
from frugal.paths import own_checkout
from frugal.terminal import say

app = typer.Typer(add_completion=False)


@app.command("down", cls=Command)
def down(
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete the database's rows without confirmation.")
    ] = False,
) -> None:
    """Take the local environment down: processes, ports, files and rows."""
    removed = environment.down(own_checkout(), Console(stderr=True), yes=yes, confirm=_confirm)
    console = Console()
    if not removed:
        say(console, "Nothing is running, and nothing is left to remove.")
        return
    say(console, "The local environment is gone:")
    for line in removed:
        say(console, f"  {line}")


def _confirm(question: str) -> bool:
    """Ask for confirmation on a terminal; elsewhere decline."""
    return sys.stdin.isatty() and typer.confirm(question, err=True)
