"""`frugal env`: environment variables for plain `pulumi` in a user's shell."""

import shlex
import sys

import typer
from rich.console import Console

from frugal.help import Command
from frugal.local import environment
from frugal.local.engine import FOREIGN
from frugal.paths import own_checkout

app = typer.Typer(add_completion=False)


@app.command("env", cls=Command)
def env() -> None:
    """Print the variables with which plain `pulumi` works in your own shell, as on Azure.

    Variables of a sign-in to Azure are unset.

    For example:

      eval "$(.venv/bin/frugal env)"
      pulumi preview -s local
    """
    settings = environment.prepare_shell(own_checkout(), Console(stderr=True)).settings()
    sys.stdout.write(f"unset {' '.join(sorted(FOREIGN - settings.keys()))}\n")
    for name, value in settings.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")
