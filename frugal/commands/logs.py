"""`frugal logs`: what an app, the database or the edge wrote."""

import contextlib
import sys
import time
from typing import Annotated

import typer

from frugal.cloud.logfile import Reader
from frugal.errors import FrugalError
from frugal.paths import own_checkout

_LOGS = ("homepage", "translator", "postgres", "edge")
_PAUSE = 0.2  # seconds between two looks at a log that is followed

app = typer.Typer()


@app.command("logs")
def logs(
    name: Annotated[str, typer.Argument(metavar="|".join(_LOGS))],
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Stay, show what comes.")] = False,
) -> None:
    """Show what an app, the database or the edge wrote."""
    if name not in _LOGS:
        raise FrugalError(f"There is no log {name!r}. Allowed: {', '.join(_LOGS)}.", code=2)
    file = own_checkout().logs / f"{name}.log"
    if not file.exists():
        raise FrugalError(f"There is no log of {name}: it has not run yet. `make up` starts it.")
    log = Reader(file)
    # A log that is gone went with its environment.
    with contextlib.suppress(FileNotFoundError):
        while True:
            sys.stdout.write(log.read())
            sys.stdout.flush()
            if not follow:
                return
            time.sleep(_PAUSE)
