"""`frugal new site`: a site's folder, its stack module and its entry in the list of sites."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from frugal.errors import FrugalError
from frugal.help import Command, Group
from frugal.paths import checkout
from frugal.terminal import say


class Framework(StrEnum):
    """Frameworks that there is an app for to begin with."""

    flask = "flask"
    fastapi = "fastapi"


app = typer.Typer(name="new", cls=Group, add_completion=False)


@app.callback()
def new() -> None:
    """Add a site to the project."""


@app.command("site", cls=Command)
def site(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Lower-case letters and digits: blog.")
    ],
    framework: Annotated[
        Framework | None, typer.Option("--framework", help="The app to begin with; else flask.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="Copy an app: a folder with a Dockerfile."),
    ] = None,
) -> None:
    """Add a site: apps/NAME, infra/stacks/NAME.py and an entry in infra/stacks/__init__.py.

    Every environment has it at its next update. docs/adding-a-site.md has the way back.
    """
    if source and framework:
        raise FrugalError("--from copies an app: give it without --framework.", code=2)
    # Imported here, since the rules of names need the program.
    from frugal.commands.new.writing import add, existing, template  # noqa: PLC0415

    place, stdout = checkout(), Console()
    chosen = existing(place.root, source) if source else template(framework or Framework.flask)
    for line in add(place, name, chosen):
        say(stdout, line)
