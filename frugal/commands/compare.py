"""`frugal compare`: one site on each host, with and without the edge."""

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from frugal.commands.compared_sizes import sizes
from frugal.cost import UNPRICED, load_usage, usual
from frugal.cost.compare.result import compared
from frugal.cost.compare.ways import Costs
from frugal.cost.prices.sheet import load
from frugal.cost.report.comparison import comparison_report
from frugal.cost.report.data import comparison_data
from frugal.cost.report.show import Format, show
from frugal.local.engine import LOCAL_STACK
from frugal.paths import checkout


class SiteName(StrEnum):
    """What can be compared."""

    homepage = "homepage"
    translator = "translator"


app = typer.Typer()


@app.command("compare")
def compare(
    site: Annotated[SiteName, typer.Argument(metavar="SITE", help="homepage|translator")],
    *,
    environment: Annotated[
        str,
        typer.Option("-s", "--stack", metavar="ENV", help="Whose region and sizes: local, dev, …"),
    ] = LOCAL_STACK,
    usage_file: Annotated[
        Path | None, typer.Option("--usage", metavar="FILE", help="Your own figures of use.")
    ] = None,
    shown_as: Annotated[Format, typer.Option("--format", help="How it is shown.")] = Format.table,
) -> None:
    """Show what a site costs a month on each host, with and without the edge, as it grows.

    At its usage, at 10 and at 100 times of it. The usage is that of its own app in the usage file
    (homepage-app, translator-app: requests, egress_gb, active_seconds; translator-web: egress_gb),
    else a small site's.
    Exit codes: 2 wrong input, 4 something is unpriced.
    """
    of_environment, configured = sizes(checkout(), environment)
    costs = Costs(
        of_environment,
        load_usage(usage_file or configured),
        load(),
        usual(dt.datetime.now(tz=dt.UTC).date()),
    )
    found = compared(site.value, costs)
    show(shown_as, comparison_report(found), comparison_data(found))
    missing = [row.way.name for row in found.rows if row.unpriced]
    if missing:
        told = f"Unpriced in {found.region}: {', '.join(missing)}."
        Console(stderr=True).print(told, style="red", markup=False, highlight=False)
        raise typer.Exit(UNPRICED)
