"""`frugal up`: bring the local environment up."""

from typing import Annotated

import typer
from rich.console import Console

from frugal.commands.status import show_after_up
from frugal.help import Command
from frugal.local import environment
from frugal.paths import own_checkout

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
    place = own_checkout()
    daemon, engine = environment.up(place, Console(stderr=True), accept_data_loss=accept_data_loss)
    show_after_up(Console(), daemon.status(), engine, place.engine_output)
