"""`frugal up`: bring the local environment up."""

from typing import Annotated

import typer
from rich.console import Console

from frugal.commands.export import SITE, fill_local_site
from frugal.commands.status import show_after_up
from frugal.help import Command
from frugal.local import environment
from frugal.paths import own_checkout
from frugal.terminal import say

app = typer.Typer(add_completion=False)


@app.command("up", cls=Command)
def up(
    accept_data_loss: Annotated[
        bool,
        typer.Option(
            "--accept-data-loss", help="Start over if the database's rows are lost already."
        ),
    ] = False,
) -> None:
    """Bring the local environment up: all declared resources, on this machine."""
    place, console = own_checkout(), Console(stderr=True)
    daemon, engine, run = environment.up(place, console, accept_data_loss=accept_data_loss)
    found = daemon.status()
    if any(resource["urn"].endswith(f":StaticSite::{SITE}") for resource in found["resources"]):
        say(console, fill_local_site(place, engine.run))
    show_after_up(Console(), found, run, place.engine_output)
