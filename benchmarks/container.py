"""Time of the development container's steps, run as a script.

Each run is in a fresh clone with empty caches. The official Pulumi distribution's layout is on
PATH, as the container's image has it, so nothing is compiled.
"""

import json
import tempfile
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmarks.projects import fresh_clone
from benchmarks.timing import show, timed
from frugal.paths import checkout
from tests.distribution import lay_out

_RUNS = 2
_STEPS = ("onCreateCommand", "postStartCommand")


def run(out: Console, progress: Console) -> None:
    """Measure and print the table."""
    definition = json.loads((checkout().root / ".devcontainer" / "devcontainer.json").read_text())
    seconds: dict[str, list[float]] = {step: [] for step in _STEPS}
    with tempfile.TemporaryDirectory(prefix="frugal-bench-") as folder:
        distribution = lay_out(Path(folder) / "pulumi")
        for turn in range(_RUNS):
            with fresh_clone(empty_caches=True, distribution=distribution) as clone:
                for step, values in seconds.items():
                    progress.print(f"container: {step}, {turn + 1} of {_RUNS}")
                    values.append(timed(partial(clone.run, "sh", "-c", definition[step])))
    show(out, "Development container (caches empty)", seconds, base={})
