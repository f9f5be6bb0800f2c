"""Time of `pulumi preview` of dev, against that of an empty program.

Both by `frugal.local.engine.preview_from_nothing`, without a login. A run includes making its state
(half a second, the same for both).
"""

from rich.console import Console

from benchmarks.projects import empty_program
from benchmarks.timing import in_turns, show
from frugal.local.engine import preview_from_nothing
from frugal.paths import checkout

_ROUNDS = 5
_STACK = "dev"


def run(out: Console, progress: Console) -> None:
    """Measure and print the table."""
    with empty_program(_STACK) as empty:
        kinds = {
            "empty program": lambda: preview_from_nothing(empty, progress, _STACK),
            "dev": lambda: preview_from_nothing(checkout(), progress, _STACK),
        }
        for first in kinds.values():  # installs the plugin, compiles modules
            first()
        seconds = in_turns(kinds, _ROUNDS, lambda line: progress.print(f"preview: {line}"))
    show(out, "Preview of dev, no login", seconds, base="empty program")
