"""Measurement for all benchmarks: alternating kinds, one table of ratios."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

# Below this many seconds (of the smallest median) a table is in milliseconds.
_MILLISECONDS = 0.5


def timed(action: Callable[[], object]) -> float:
    """Seconds that `action` took."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def in_turns(
    kinds: Mapping[str, Callable[[], object]], rounds: int, tell: Callable[[str], None]
) -> dict[str, list[float]]:
    """Seconds of every run of every kind.

    The kinds alternate, every other round in reverse, so that a change of the machine's speed
    affects all of them. `tell` gets a line before each run.
    """
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    for turn in range(rounds):
        order = list(kinds.items())
        for kind, action in reversed(order) if turn % 2 else order:
            tell(f"{kind}, {turn + 1} of {rounds}")
            seconds[kind].append(timed(action))
    return seconds


def show(
    console: Console,
    title: str,
    measured: Mapping[str, Sequence[float]],
    *,
    base: Mapping[str, str] | str,
) -> None:
    """Print runs, minimum, median, maximum and the median's ratio to the base's.

    `measured`: seconds by kind. `base`: the kind to compare all others with, or a base by kind.
    """
    medians = {kind: statistics.median(values) for kind, values in measured.items()}
    unit, factor = ("ms", 1e3) if min(medians.values()) < _MILLISECONDS else ("s", 1.0)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column(unit)
    for header in ("runs", "minimum", "median", "maximum", "ratio"):
        table.add_column(header, justify="right")
    for kind, values in measured.items():
        other = base if isinstance(base, str) else base.get(kind)
        figures = [min(values), medians[kind], max(values)]
        ratio = f"{medians[kind] / medians[other]:.2f}" if other else ""
        table.add_row(kind, str(len(values)), *(f"{f * factor:.2f}" for f in figures), ratio)
    console.print(table)
