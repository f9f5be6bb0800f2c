"""`frugal compare`: one site on each host, with and without the edge."""

import datetime as dt
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from frugal.cost.commands import Format
from frugal.cost.compare.environment import sizes
from frugal.cost.compare.result import Compared, compared
from frugal.cost.compare.ways import Costs
from frugal.cost.limit import UNPRICED
from frugal.cost.month import usual
from frugal.cost.prices.sheet import load
from frugal.cost.usage import NO_USAGE
from frugal.cost.usage import load as load_usage
from frugal.engine import LOCAL_STACK
from frugal.paths import checkout


class SiteName(StrEnum):
    """What can be compared."""

    homepage = "homepage"
    translator = "translator"


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
    chosen = usage_file or configured
    costs = Costs(
        of_environment,
        load_usage(chosen) if chosen else NO_USAGE,
        load(),
        usual(dt.datetime.now(tz=dt.UTC).date()),
    )
    found = compared(site.value, costs)
    _show(found, shown_as)
    missing = [row.way.name for row in found.rows if row.unpriced]
    if missing:
        told = f"Unpriced in {found.region}: {', '.join(missing)}."
        Console(stderr=True).print(told, style="red", markup=False, highlight=False)
        raise typer.Exit(UNPRICED)


def _show(found: Compared, shown_as: Format) -> None:
    # Each kind of report imports what it needs, and no more.
    match shown_as:
        case Format.table:
            from frugal.cost.report.comparison_table import show  # noqa: PLC0415

            show(Console(), found)
        case Format.json:
            from frugal.cost.report.comparison_document import document  # noqa: PLC0415

            sys.stdout.write(json.dumps(document(found), indent=2) + "\n")
        case Format.markdown:
            from frugal.cost.report.comparison_markdown import markdown  # noqa: PLC0415

            sys.stdout.write(markdown(found))
        case Format.html:
            from frugal.cost.report.comparison_html import page  # noqa: PLC0415

            sys.stdout.write(page(found))
