"""`python -m benchmarks [NAME…]`: all benchmarks, or those named. `make bench` runs all."""

import platform
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from types import FrameType
from typing import Annotated

import psutil
import typer
from rich.console import Console

from benchmarks import chain, cold_start, container, cost, edge, homepage, preview, translator, up
from frugal.errors import FrugalError

# Width of a table without a terminal.
_WIDTH = 110

Benchmark = Callable[[Console, Console], None]


class Name(StrEnum):
    """A benchmark; quick ones first."""

    edge = "edge"
    chain = "chain"
    cost = "cost"
    preview = "preview"
    homepage = "homepage"
    cold_start = "cold_start"
    translator = "translator"
    up = "up"
    container = "container"


def main(
    names: Annotated[list[Name] | None, typer.Argument(metavar="[NAME]...")] = None,
    with_build: Annotated[
        bool, typer.Option("--with-build", help="up: with empty caches, which builds the CLI.")
    ] = False,
) -> None:
    """Measure: edge, chain, cost, preview, homepage, cold_start, translator, up, container.

    Unnamed: all. Prints minimum, median, maximum and ratios of one run. Asserts nothing, leaves
    nothing, and does not touch the environment `local` of this checkout.
    """
    benchmarks: dict[Name, Benchmark] = {
        Name.edge: edge.run,
        Name.chain: chain.run,
        Name.cost: cost.run,
        Name.preview: preview.run,
        Name.homepage: homepage.run,
        Name.cold_start: cold_start.run,
        Name.translator: translator.run,
        Name.up: partial(up.run, empty_caches=with_build),
        Name.container: container.run,
    }
    # On SIGTERM too, clones are taken down.
    signal.signal(signal.SIGTERM, _end)
    out, progress = Console(highlight=False), Console(stderr=True, style="dim", highlight=False)
    if not out.is_terminal:
        out.width = _WIDTH
    out.print(_machine())
    began = time.monotonic()
    for name in names or benchmarks:
        benchmarks[name](out, progress)
        progress.print(f"{time.monotonic() - began:.0f} s so far")


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit("Ended; taking down what was brought up.")


def _machine() -> str:
    load, _, _ = psutil.getloadavg()
    memory = psutil.virtual_memory().total / 1024**3
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} {platform.machine()}, "
        f"{psutil.cpu_count()} processors, {memory:.0f} GiB, Python {platform.python_version()}, "
        f"load {load:.1f} at the start"
    )


if __name__ == "__main__":
    try:
        typer.run(main)
    except FrugalError as problem:
        sys.exit(f"Error: {problem}")
