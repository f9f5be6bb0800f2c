"""`frugal up`: bring the local environment up."""

from typing import Annotated

import typer
from rich.console import Console

from frugal.commands.export import fill_local_site
from frugal.commands.status import show_after_up
from frugal.local import environment
from frugal.paths import own_checkout

app = typer.Typer()


@app.command("up")
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
    daemon, engine = environment.up(place, console, accept_data_loss=accept_data_loss)
    found = daemon.status()
    if any("/staticSites/" in resource["id"] for resource in found["resources"]):
        console.print(fill_local_site(place, engine.run), soft_wrap=True)
    show_after_up(Console(), found, engine)
