"""Findings of `frugal doctor`: a line each, with the remedy if something is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.text import Text

from frugal.terminal import wrap

State = Literal["ok", "missing", "note"]
_COLORS = {"ok": "green", "missing": "red", "note": "yellow"}
_INDENT = 8  # characters: the longest state and a space


@dataclass(frozen=True)
class Finding:
    """Result of a check: `missing` prevents the deployment, a `note` does not.

    `remedy`: a sentence; `commands`: lines for a shell, in their order.
    """

    state: State
    subject: str
    found: str
    remedy: str = ""
    commands: tuple[str, ...] = ()


def show(console: Console, findings: Sequence[Finding]) -> bool:
    """Print the findings; return True if nothing is missing.

    Sentences are wrapped to the terminal's width. Commands are not, and begin their lines, so that
    several can be copied at once.
    """
    for finding in findings:
        state = f"{finding.state:{_INDENT}}"
        line = Text(_wrapped(console, f"{state}{finding.subject}: {finding.found}"))
        line.stylize(_COLORS[finding.state], 0, _INDENT)
        console.print(line, soft_wrap=True)
        if finding.remedy:
            remedy = _wrapped(console, f"{'':{_INDENT}}→ {finding.remedy}")
            console.print(Text(remedy), soft_wrap=True)
        for command in finding.commands:
            console.print(Text(f"{'':{_INDENT}}{command}"), soft_wrap=True)
    return all(finding.state != "missing" for finding in findings)


def _wrapped(console: Console, text: str) -> str:
    if not console.is_terminal:
        return text
    return "\n".join(wrap(text, console.width, " " * (_INDENT + 2)))
