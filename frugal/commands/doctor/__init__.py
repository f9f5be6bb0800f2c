"""`frugal doctor`: report what is missing on this machine or in a subscription, with remedies."""

from typing import Annotated

import typer
from rich.console import Console

from frugal.commands.doctor import findings
from frugal.errors import FrugalError
from frugal.paths import checkout

app = typer.Typer()


@app.command("doctor")
def doctor(
    environment: Annotated[
        str | None, typer.Option("-s", "--stack", metavar="ENV", help="dev, prod: ask Azure.")
    ] = None,
    regions: Annotated[
        bool, typer.Option("--regions", help="Find a region that has what ENV needs; minutes.")
    ] = False,
) -> None:
    """Say what is missing on this machine or, with -s dev, in the subscription, and the remedy."""
    stderr = Console(stderr=True)

    def show_region(line: str) -> None:
        stderr.print(line, markup=False, highlight=False, soft_wrap=True)

    # Imported here, since `frugal --help` needs neither PostgreSQL's modules nor the program.
    if environment in (None, "local"):
        if regions:
            message = "--regions asks Azure for an environment: frugal doctor -s dev --regions"
            raise FrugalError(message, code=2)
        from frugal.commands.doctor import machine  # noqa: PLC0415

        found = machine.examine(checkout())
    else:
        from frugal.commands.doctor import subscription  # noqa: PLC0415

        with stderr.status("Asking Azure…"):
            found = subscription.examine(
                checkout(), environment, on_region=show_region if regions else None
            )
    if not findings.show(Console(), found):
        raise typer.Exit(1)
