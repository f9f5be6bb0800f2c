"""`frugal doctor`: report what is missing on this machine or in a subscription, with remedies."""

from typing import Annotated

import typer
from rich.console import Console

from frugal.commands.doctor import findings
from frugal.errors import FrugalError
from frugal.help import Command
from frugal.paths import checkout
from frugal.terminal import progress, say

app = typer.Typer(add_completion=False)


@app.command("doctor", cls=Command)
def doctor(
    environment: Annotated[
        str | None,
        typer.Option(
            "-s",
            "--stack",
            metavar="ENV",
            help="Ask Azure about dev, prod, or another with a Pulumi.ENV.yaml.",
        ),
    ] = None,
    regions: Annotated[
        bool,
        typer.Option(
            "--regions", help="Look for a region that has all that ENV needs; takes minutes."
        ),
    ] = False,
) -> None:
    """Say what is missing on this machine or, with -s, in the subscription, and the remedy.

    Exit code 1: something is missing.

    For example:

      frugal doctor -s dev --regions
    """
    stderr = Console(stderr=True)

    def show_region(line: str) -> None:
        say(stderr, line)

    # Imported here, since `frugal --help` needs neither PostgreSQL's modules nor the program.
    if environment in (None, "local"):
        if regions:
            message = "--regions asks Azure for an environment: frugal doctor -s dev --regions"
            raise FrugalError(message, code=2)
        from frugal.commands.doctor import machine  # noqa: PLC0415

        found = machine.examine(checkout())
    else:
        from frugal.commands.doctor import subscription  # noqa: PLC0415

        with progress(stderr, every=0) as show_step:
            on_region = show_region if regions else None
            found = subscription.examine(
                checkout(), environment, on_step=show_step, on_region=on_region
            )
    if not findings.show(Console(), found):
        raise typer.Exit(1)
