"""What `frugal doctor` says: one line a matter, and the remedy where something is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.markup import escape

State = Literal["ok", "missing", "note"]
_MARKS = {"ok": "[green]ok[/]     ", "missing": "[red]missing[/]", "note": "[yellow]note[/]   "}


@dataclass(frozen=True)
class Finding:
    """One matter: `missing` keeps the environment from coming up, a `note` does not."""

    state: State
    subject: str
    found: str
    remedy: str = ""


def show(console: Console, findings: Sequence[Finding]) -> bool:
    """Print the findings; return whether nothing is missing."""
    for finding in findings:
        mark = _MARKS[finding.state]
        console.print(f"{mark} {escape(finding.subject)}: {escape(finding.found)}", soft_wrap=True)
        if finding.remedy:
            console.print(f"        → {escape(finding.remedy)}", soft_wrap=True, highlight=False)
    return all(finding.state != "missing" for finding in findings)
