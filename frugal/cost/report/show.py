"""Showing a report as it was asked for."""

import json
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum

from rich.console import Console
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text


class Format(StrEnum):
    """How a report is shown."""

    table = "table"
    json = "json"
    markdown = "markdown"
    html = "html"


def show(
    shown_as: Format,
    *,
    table: Callable[[Console], None],
    document: Callable[[], Mapping[str, object]],
    markdown: Callable[[], str],
    page: Callable[[], str],
) -> None:
    """Make the one report that is asked for, and write it to standard output."""
    match shown_as:
        case Format.table:
            table(Console())
        case Format.json:
            write_json(document())
        case Format.markdown:
            sys.stdout.write(markdown())
        case Format.html:
            sys.stdout.write(page())


def print_whole(console: Console, table: Table) -> None:
    """Print a table, wider than the terminal where its amounts need that: they are never cut."""
    width = console.width
    least = Measurement.get(console, console.options.update(max_width=1000), table).minimum
    console.width = max(width, least)
    console.print(table, crop=False)
    console.width = width


def indented(text: Text) -> Padding:
    """Below a title."""
    return Padding(text, (0, 0, 0, 2), expand=False)


def write_json(document: Mapping[str, object]) -> None:
    """Write a document for programs to standard output."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
