"""The `frugal` command: its subcommands, and errors as one message with an exit code."""

import errno
import importlib
import sys
from typing import cast

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from frugal.errors import FrugalError
from frugal.paths import checkout

_COMMANDS = ("up", "down", "status", "logs", "new", "env", "doctor", "cost", "compare", "prices")


class _Commands(TyperGroup):
    """Group that imports the module of a command when the command is used."""

    def __init__(self, **attributes: object) -> None:
        super().__init__(**attributes)  # pyright: ignore[reportArgumentType] - typer's own
        self.commands = {name: TyperCommand(name) for name in _COMMANDS}

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ARG002
        if cmd_name not in self.commands:
            return None
        module = importlib.import_module(f"frugal.commands.{cmd_name}")
        return cast("TyperCommand | TyperGroup", get_command(module.app))


app = typer.Typer(
    name="frugal",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def frugal() -> None:
    """Small Python sites on Azure, and the same ones on this machine."""


def main() -> None:
    """Run the command; errors are one message without a traceback and a nonzero exit code."""
    try:
        app()
    except FrugalError as error:
        _fail(str(error), error.code)
    except OSError as error:
        place = error.filename or checkout().root
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            _fail(f"No space left on the disk of {place}. Make room, then run it again.", 1)
        elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            remedy = "Its owner has to run this, or to give it to you."
            _fail(f"{place}: {error.strerror}. {remedy}", 1)
        else:
            raise


def _fail(message: str, code: int) -> None:
    stderr = Console(stderr=True)
    stderr.print(f"Error: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)
