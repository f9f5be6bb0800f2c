"""The `frugal` command: its subcommands, and errors as one message with an exit code."""

import errno
import importlib
import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from frugal.errors import FrugalError, broken_sites
from frugal.help import Group
from frugal.paths import checkout
from frugal.terminal import say

if TYPE_CHECKING:
    import io

COMMANDS = {
    "up": "Bring the local environment up: all declared resources, on this machine.",
    "down": "Take the local environment down: processes, ports, files and rows.",
    "status": "Show addresses and health of what runs here; exit code 1 if nothing does.",
    "logs": "Show the log of an app, the database or the edge: time (UTC), level, message, fields.",
    "new": "Add a site to the project.",
    "env": "Print the variables with which plain `pulumi` works in your own shell, as on Azure.",
    "doctor": "Say what is missing on this machine or, with -s, in the subscription, and the "
    "remedy.",
    "cost": "Show the monthly cost of a plan: before, after, the change and its reason.",
    "compare": "Show the bill with a site on each host, with and without the edge, as the site "
    "grows.",
    "prices": "The prices that estimates use, with region, date and source.",
    "export": "Write the files of a site whose host is staticSite, after `pulumi up`.",
}
"""Commands with the first paragraph of their help, so that a list of them imports none."""


class _Commands(Group):
    """Group that imports the module of a command when the command is used."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=text) for name, text in COMMANDS.items()}

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ARG002
        if cmd_name not in self.commands:
            return None
        module = importlib.import_module(f"frugal.commands.{cmd_name}")
        return cast("TyperCommand | TyperGroup", get_command(module.app))


app = typer.Typer(
    name="frugal",
    cls=_Commands,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def frugal(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version of this tool.")
    ] = False,
) -> None:
    """Small Python sites on Azure, and the same ones on this machine.

    For example:

      frugal up
      frugal logs homepage -f
      frugal cost -s prod
    """
    if version:
        import importlib.metadata  # noqa: PLC0415 - a third of the time of a help page

        typer.echo(f"frugal {importlib.metadata.version('frugal')}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command; errors are one message without a traceback and a nonzero exit code."""
    # A terminal's character set may lack a bill's arrows. Standard error replaces by itself.
    encoding = getattr(sys.stdout, "encoding", None)
    if encoding and encoding.lower() != "utf-8":
        cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="replace")
    try:
        sys.exit(app(prog_name="frugal", standalone_mode=False))
    except FrugalError as error:
        _fail(str(error), error.code)
    except typer.TyperException as error:
        _fail(_usage(error), error.exit_code)
    except typer.Abort:
        _fail("Stopped: there is no answer to the question.", 130)
    except OSError as error:
        place = error.filename or checkout().root
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            _fail(f"No space left on the disk of {place}. Make room, then run it again.", 1)
        elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            remedy = "Its owner has to run this, or to give it to you."
            _fail(f"{place}: {error.strerror}. {remedy}", 1)
        else:
            raise
    except Exception as error:
        if (broken := broken_sites(error)) is None:
            raise
        _fail(str(broken), broken.code)


def _usage(error: typer.TyperException) -> str:
    """Message about wrong arguments, and the help page that lists the allowed ones."""
    message = error.format_message().replace("Value error, ", "").rstrip(".")
    path = getattr(getattr(error, "ctx", None), "command_path", "frugal COMMAND")
    return f"{message}. `{path} -h` shows what is allowed."


def _fail(message: str, code: int) -> None:
    from rich.console import Console  # noqa: PLC0415 - a third of the time of a help page

    say(Console(stderr=True), f"Error: {message}", "red")
    sys.exit(code)
