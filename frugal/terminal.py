"""Output for people, in a terminal of any width or piped."""

import math
import textwrap
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def wrap(text: str, columns: int, indent: str = "") -> list[str]:
    """Lines of a text, divided at spaces alone: a longer word has a line of its own.

    All lines but the first begin with `indent`.
    """
    return textwrap.wrap(
        text, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def say(console: "Console", text: str, style: str = "") -> None:
    """Print sentences: wrapped on a terminal, and lines as they are elsewhere."""
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        parts = wrap(line, console.width, indent) if console.is_terminal and line else [line]
        for part in parts:
            console.print(part, style=style, markup=False, highlight=False, soft_wrap=True)


def print_whole(console: "Console", table: "Table") -> None:
    """Print a table; what must not wrap is not cut either, even if it is wider than the console."""
    width = console.width
    least = console.measure(table, options=console.options.update(max_width=1000)).minimum
    console.width = max(width, least)
    console.print(table, crop=False)
    console.width = width


@contextmanager
def progress(console: "Console", *, every: float = 20.0) -> Generator[Callable[[str], None]]:
    """Yield a function that shows the present step of a long task.

    On a terminal in one line that is replaced and at last removed; elsewhere on lines of their own,
    at most one in `every` seconds.
    """
    shown = -math.inf
    with console.status("") as status:

        def show(step: str) -> None:
            nonlocal shown
            status.update(step)
            if not console.is_terminal and time.monotonic() - shown >= every:
                shown = time.monotonic()
                say(console, step)

        yield show
