"""Write the generated blocks of README.md and docs/ (`make docs`).

A block stands between `<!-- make docs: NAME -->` and `<!-- end -->`.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from frugal.cloud.contract import model
from frugal.cloud.days import DAYS
from frugal.cloud.types import TYPES
from frugal.commands.doctor.account import providers
from frugal.cost.meters import METERS

ROOT: Final = Path(__file__).parents[1]
FILES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK: Final = re.compile(
    r"(?P<start><!-- make docs: (?P<name>[^\n]+?) -->\n)(?P<content>.*?)(?P<end><!-- end -->)",
    re.DOTALL,
)

Blocks = Mapping[str, Callable[[], str]]


def find(text: str) -> dict[str, str]:
    """Return the content of each block by its name."""
    return {match["name"]: match["content"] for match in _BLOCK.finditer(text)}


def renew(text: str, blocks: Blocks) -> str:
    """Return the text with the content of these blocks renewed; others stay."""

    def renewed(match: re.Match[str]) -> str:
        content = blocks.get(match["name"], lambda: match["content"])()
        return f"{match['start']}{content}{match['end']}"

    return _BLOCK.sub(renewed, text)


def _table(header: str, rows: Iterable[str]) -> str:
    rule = "|" + "---|" * (header.count("|") - 1)
    return "".join(f"{line}\n" for line in (header, rule, *rows))


def _types() -> str:
    models = [model(token) for token in sorted(TYPES)]
    rows = dict.fromkeys(f"| `{one.arm_type}` | {one.api_version} |" for one in models)
    return _table("| type | API version |", rows)


def _days() -> str:
    rows = (
        f"| `{name}` | {day.code or '–'} | {'yes' if day.takes else 'no'} |"  # noqa: RUF001
        for name, day in DAYS.items()
    )
    return _table("| day | Azure's code | passes |", rows)


def _usage() -> str:
    rows = (
        f"| `{kind}` | `{key}` | {'follows' if one.follows else one.value} | {one.why} |"
        for kind, meter in sorted(METERS.items())
        for key, one in meter.usage.items()
    )
    return _table("| type | key | small site | why |", rows)


def _providers() -> str:
    names = " ".join(name.removeprefix("Microsoft.") for name in providers())
    command = "az provider register --namespace Microsoft.$p --wait"
    return f"```\nfor p in {names}; do\n  {command}\ndone\n```\n"


TABLES: Final[Blocks] = {
    "resource types": _types,
    "bad days": _days,
    "usage keys": _usage,
    "resource providers": _providers,
}
"""Blocks that are derived from the code alone."""


def _bill(environment: str) -> str:
    """Return the head of an environment's report, up to its folded details."""
    command = [Path(sys.executable).with_name("frugal"), "cost", "-s", environment]
    done = subprocess.run(
        [*command, "--format", "markdown"], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.partition("<details>")[0]


BILLS: Final[Blocks] = {f"bill of {name}": partial(_bill, name) for name in ("dev", "prod")}
"""Blocks that depend on the prices; each runs a preview."""


def main() -> None:
    """Renew every block."""
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        file.write_text(renew(text, {**TABLES, **BILLS}), encoding="utf-8")


if __name__ == "__main__":
    main()
