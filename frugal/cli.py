"""The `frugal` command: its subcommands, and errors as one message with an exit code."""

import errno
import importlib
import importlib.metadata
import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from frugal.errors import FrugalError, broken_sites
from frugal.help import Group
from frugal.paths import checkout
from frugal.terminal import say

if TYPE_CHECKING:
    import io

_COMMANDS = (
    "up", "down", "status", "logs", "new", "env", "doctor", "cost", "compare", "prices", "export",
)  # fmt: skip


class _Commands(Group):
    """Group that imports the module of a command when the command is used."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name) for name in _COMMANDS}

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
    say(Console(stderr=True), f"Error: {message}", "red")
    sys.exit(code)
