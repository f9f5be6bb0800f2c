"""The `frugal` command."""

import contextlib
import errno
import functools
import json
import os
import pwd
import shlex
import sys
import time
from typing import Annotated

import typer
from rich.console import Console

from frugal.local import daemon as daemons
from frugal.commands import status
from frugal.commands.doctor import findings
from frugal.local import environment as local
from frugal.cloud.logfile import Reader
from frugal.local.engine import FOREIGN
from frugal.errors import FrugalError
from frugal.paths import Checkout, checkout

app = typer.Typer(
    name="frugal",
    help="Small Python sites on Azure, and the same ones on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# What a program reads goes to standard output; everything told to a person, to standard error.
_out = Console()
_err = Console(stderr=True)


def _own_checkout() -> Checkout:
    """The checkout. Raises FrugalError where its environment is another user's."""
    place = checkout()
    try:
        owned = place.local if place.local.exists() else place.tool
    except PermissionError:
        owned = place.tool
    owner = owned.stat().st_uid if owned.exists() else os.geteuid()
    if os.geteuid() in (0, owner):
        return place
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = str(owner)
    raise FrugalError(
        f"The environment in {place.root} is the user {name}'s, and nobody else's to use or see. "
        "Clone the project into a folder of your own to have one."
    )


def _confirm(question: str) -> bool:
    """Ask on a terminal; elsewhere the answer is no."""
    return sys.stdin.isatty() and typer.confirm(question, err=True)


_LOGS = ("homepage", "translator", "postgres", "edge")


@app.command("up")
def up_command(
    accept_data_loss: Annotated[
        bool,
        typer.Option(
            "--accept-data-loss", help="Begin anew where the database's rows are gone already."
        ),
    ] = False,
) -> None:
    """Bring the local environment up: everything that the program declares, on this machine."""
    daemon, engine = local.up(_own_checkout(), _err, accept_data_loss=accept_data_loss)
    status.show_after_up(_out, daemon.status(), engine)


@app.command("down")
def down_command(
    yes: Annotated[bool, typer.Option("--yes", help="Delete the database's rows unasked.")] = False,
) -> None:
    """Take the local environment down to nothing: processes, ports, files and rows."""
    removed = local.down(_own_checkout(), _err, yes=yes, confirm=_confirm)
    if not removed:
        _out.print("Nothing is running, and nothing is left to remove.")
        return
    _out.print("The local environment is gone:")
    for line in removed:
        _out.print(f"  {line}", soft_wrap=True)


@app.command("status")
def status_command(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show addresses and health of what runs here; exit code 1 where nothing does."""
    place = _own_checkout()
    daemon = daemons.find(place)
    if daemon is None and daemons.find_unannounced(place):
        raise FrugalError(
            "A daemon runs here that can't be asked: it is starting or ending, or its file "
            "daemon.json is gone or damaged. `make up` puts that right; nothing is lost."
        )
    found = daemon.status() if daemon else status.NOTHING
    if as_json:
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    elif found["urls"]:
        status.show(_out, found)
    else:
        part = len(found.get("resources", []))
        _err.print(
            f"No site is running; {part} resources are there. `make up` goes on."
            if part
            else "Nothing is running. `make up` brings the local environment up."
        )
    if not found["urls"]:
        raise typer.Exit(1)


@app.command("logs")
def logs_command(
    name: Annotated[str, typer.Argument(metavar="|".join(_LOGS))],
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Stay, show what comes.")] = False,
) -> None:
    """Show what an app, the database or the edge wrote."""
    if name not in _LOGS:
        raise FrugalError(f"There is no log {name!r}. Allowed: {', '.join(_LOGS)}.", code=2)
    file = _own_checkout().logs / f"{name}.log"
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
            time.sleep(0.2)


@app.command("env")
def env_command() -> None:
    """Print the variables with which plain `pulumi ... -s local` works in your own shell.

    A sign-in to Azure that the shell holds is unset in it.

    Use: eval "$(.venv/bin/frugal env)"
    """
    settings = local.prepare_shell(_own_checkout(), _err).settings()
    sys.stdout.write(f"unset {' '.join(sorted(FOREIGN - settings.keys()))}\n")
    for name, value in settings.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


@app.command("doctor")
def doctor_command(
    environment: Annotated[
        str | None, typer.Option("-s", "--stack", metavar="ENV", help="dev, prod: ask Azure.")
    ] = None,
    regions: Annotated[
        bool, typer.Option("--regions", help="Find a region that has what ENV needs; minutes.")
    ] = False,
) -> None:
    """Say what is missing on this machine or, with -s dev, in the subscription, and the remedy."""
    # The program and azure-identity take half a second to import, and no other command needs them.
    from frugal.commands.doctor import machine, subscription  # noqa: PLC0415

    if environment in (None, "local"):
        if regions:
            message = "--regions asks Azure for an environment: frugal doctor -s dev --regions"
            raise FrugalError(message, code=2)
        found = machine.examine(checkout())
    else:
        with _err.status("Asking Azure…"):
            found = subscription.examine(
                checkout(), environment, on_region=_show_region if regions else None
            )
    if not findings.show(_out, found):
        raise typer.Exit(1)


def _show_region(line: str) -> None:
    _err.print(line, markup=False, highlight=False, soft_wrap=True)


_OTHERS = frozenset(command.name for command in app.registered_commands)


@functools.cache
def _add_costs() -> None:
    """Add the commands about money, which import as much as all the others together."""
    from frugal.commands.cost import cost  # noqa: PLC0415
    from frugal.commands.compare import compare  # noqa: PLC0415
    from frugal.commands.prices import app as prices  # noqa: PLC0415

    app.command("cost")(cost)
    app.command("compare")(compare)
    app.add_typer(prices, name="prices")


def main() -> None:
    """Run the command: every error one message, no traceback, an exit code that is not 0."""
    if _OTHERS.isdisjoint(sys.argv[1:2]):
        _add_costs()
    try:
        app()
    except FrugalError as error:
        _err.print(f"Error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.code)
    except OSError as error:
        where = error.filename or checkout().root
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            told = f"No space left on the disk of {where}. Make room, then run it again."
        elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            told = f"{where}: {error.strerror}. Its owner has to run this, or to give it to you."
        else:
            raise
        _err.print(f"Error: {told}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
