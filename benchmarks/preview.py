"""Time of `pulumi preview` and `frugal cost` of dev, against a plain program of the same resources.

All but the command by `frugal.local.engine.preview_from_nothing`, without a login. A run includes
making its state. The plain program (`benchmarks/plain_program.py`) and the empty one have the same
virtualenv, CLI and stack's file. Of `frugal --help` the processor's time is measured.
"""

import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks.projects import program
from benchmarks.timing import in_turns, show
from frugal.errors import FrugalError
from frugal.local.engine import preview_from_nothing
from frugal.paths import Checkout, checkout

_ROUNDS = 5
_HELPS = 10
_STACK = "dev"
_PLAIN = Path(__file__).with_name("plain_program.py")


def run(out: Console, progress: Console) -> None:
    """Measure and print two tables."""
    with program(_STACK) as empty, program(_STACK, _PLAIN.read_text()) as plain:
        kinds = {
            "plain program": partial(_preview, plain, progress),
            "empty program": partial(_preview, empty, progress),
            _STACK: partial(_preview, checkout(), progress),
            f"frugal cost -s {_STACK}": partial(_frugal, "cost", "-s", _STACK),
        }
        for first in kinds.values():  # installs the plugin, compiles modules
            first()
        seconds = in_turns(kinds, _ROUNDS, lambda line: progress.print(f"preview: {line}"))
    base = dict.fromkeys(kinds, "plain program") | {f"frugal cost -s {_STACK}": _STACK}
    show(out, f"Preview of {_STACK}, no login", seconds, base=base)
    used = {"frugal --help": [_processor_time("--help") for _ in range(_HELPS)]}
    show(out, "Processor time", used, base={})


def _preview(place: Checkout, progress: Console) -> None:
    done = preview_from_nothing(place, progress, _STACK)
    if done.returncode != 0:
        raise FrugalError(f"The preview of {place.root} failed: {done.stdout}{done.stderr}")


def _frugal(*arguments: str) -> None:
    command = Path(sys.executable).with_name("frugal")
    subprocess.run([command, *arguments], check=True, capture_output=True)


def _processor_time(*arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _frugal(*arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
