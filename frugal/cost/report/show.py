"""Output of a report in the requested format."""

import json
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum

from rich.console import Console

from frugal.cost.report.markdown import markdown
from frugal.cost.report.parts import Report
from frugal.cost.report.terminal import print_report


class Format(StrEnum):
    """Formats of a report."""

    table = "table"
    json = "json"
    markdown = "markdown"
    html = "html"


FORMATS = f"{', '.join(Format)}."
"""The formats, for the help of an option."""


def show(
    shown_as: Format,
    report: Report,
    data: Callable[[], Mapping[str, object]],
    *,
    details: bool = True,
) -> None:
    """Write a report to standard output.

    `data`: gives the JSON format; it is not called for another. `details`: with its details, in the
    table format.
    """
    match shown_as:
        case Format.table:
            # Of emoji rich would load all names, a twentieth of the command's own time.
            print_report(Console(emoji=False), report, details=details)
        case Format.json:
            write_json(data())
        case Format.markdown:
            sys.stdout.write(markdown(report))
        case Format.html:
            # Jinja2 and the template take a tenth of a second.
            from frugal.cost.report.html import page  # noqa: PLC0415

            sys.stdout.write(page(report))


def write_json(document: Mapping[str, object]) -> None:
    """Write a document for programs to standard output."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
