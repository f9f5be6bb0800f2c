"""`frugal logs`: the log of an app, the database or the edge."""

import contextlib
import sys
import time
from typing import Annotated

import typer

from frugal.cloud.logfile import Reader
from frugal.errors import FrugalError
from frugal.paths import own_checkout

_PAUSE = 0.2  # seconds between two polls of a followed log

app = typer.Typer()


@app.command("logs")
def logs(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An app, postgres or edge.")],
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Follow the log.")] = False,
) -> None:
    """Show the log of an app, the database or the edge."""
    place = own_checkout()
    apps = {file.parent.name for file in place.root.glob("apps/*/Dockerfile")}
    written = {file.stem for file in place.logs.glob("*.log")}
    allowed = ", ".join(sorted({*apps, *written, "postgres", "edge"}))
    if name not in allowed.split(", "):
        raise FrugalError(f"There is no log {name!r}. Allowed: {allowed}.", code=2)
    file = place.logs / f"{name}.log"
    if not file.exists():
        raise FrugalError(f"There is no log of {name}: it has not run yet. `make up` starts it.")
    log = Reader(file)
    # The log was removed with its environment.
    with contextlib.suppress(FileNotFoundError):
        while True:
            sys.stdout.write(log.read())
            sys.stdout.flush()
            if not follow:
                return
            time.sleep(_PAUSE)
