"""Write the generated blocks of README.md and docs/ (`make docs`).

A block stands between `<!-- make docs: NAME -->` and `<!-- end -->`.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Final

from frugal.cloud.contract import model
from frugal.cloud.days import DAYS
from frugal.cloud.types import TYPES
from frugal.commands.doctor.account import providers
from frugal.cost.meters import METERS
from frugal.cost.meters.base import Free
from frugal.cost.meters.free import FREE
from frugal.cost.prices.table import Table
from tools.sdk_inputs import types

ROOT: Final = Path(__file__).parents[1]
FILES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
_BLOCK: Final = re.compile(
    r"(?P<start><!-- make docs: (?P<name>[^\n]+?) -->\n)(?P<content>.*?)(?P<end><!-- end -->)",
    re.DOTALL,
)

# Resource, low, expected, high.
_ROW: Final = re.compile(r"^\| (.+) \| \S+ \| (\S+) \| \S+ \|$", re.MULTILINE)

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


def _priced_types() -> str:
    """Types that a reader can give charges for; one that never does is free."""
    priced = {
        kind for kind, meter in METERS.items() if meter.read.__annotations__["return"] != Free
    }
    free = {*FREE, *METERS} - priced
    modules: dict[str, list[str]] = {}
    for kind in types():
        modules.setdefault(kind.partition(":")[0], []).append(kind)
    rows: list[str] = []
    only_free: list[str] = []
    for module, kinds in modules.items():
        names = [f"`{kind.partition(':')[2]}`" for kind in kinds if kind in priced]
        costless = sum(kind in free for kind in kinds)
        if names:
            missing = len(kinds) - len(names) - costless
            rows.append(f"| `{module}` | {' '.join(names)} | {costless} | {missing} |")
        elif costless:
            only_free.append(f"`{module}` {costless}")
    count = f"{len(priced)} are priced, {len(free)} cost nothing by themselves"
    table = _table("| module | priced | free | without a price |", rows)
    return (
        f"Of {len(types()):,} types {count}, the others have no price.\n\n{table}\n"
        f"Free types of other modules: {', '.join(only_free)}.\n"
    )


def _regions() -> str:
    table = Table()
    regions: dict[str, set[str]] = {}
    for meter in table.meters():
        regions.setdefault(meter.service, set()).update(table.prices(meter))
    services: dict[str, list[str]] = {}
    for service, found in regions.items():
        services.setdefault(", ".join(sorted(found)), []).append(service)
    rows = (f"| {where} | {', '.join(names)} |" for where, names in services.items())
    return _table("| regions | services |", rows)


TABLES: Final[Blocks] = {
    "priced types": _priced_types,
    "regions of prices": _regions,
    "resource types": _types,
    "bad days": _days,
    "usage keys": _usage,
    "resource providers": _providers,
}
"""Blocks that are derived from the code alone."""


@cache
def _bill(environment: str) -> str:
    """Return the head of an environment's report, up to its folded details."""
    command = [Path(sys.executable).with_name("frugal"), "cost", "-s", environment]
    done = subprocess.run(
        [*command, "--format", "markdown"], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.partition("<details>")[0]


def short_bill(bills: Mapping[str, str]) -> str:
    """Return a table of the resources that cost something, from each environment's report."""
    expected: dict[str, dict[str, str]] = {}
    for environment, bill in bills.items():
        for name, amount in _ROW.findall(bill):
            if re.search("[1-9]", amount):
                expected.setdefault(name, {})[environment] = amount
    names = sorted(expected, key=lambda name: "Total" in name)
    rows = [["USD a month", *bills], ["---", *("--:" for _ in bills)]]
    rows += [[name, *(expected[name].get(one, "") for one in bills)] for name in names]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


_ENVIRONMENTS: Final = ("dev", "prod")

BILLS: Final[Blocks] = {
    **{f"bill of {name}": partial(_bill, name) for name in _ENVIRONMENTS},
    "short bill": lambda: short_bill({name: _bill(name) for name in _ENVIRONMENTS}),
}
"""Blocks that depend on the prices; each environment takes a preview."""


def main() -> None:
    """Renew every block."""
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        file.write_text(renew(text, {**TABLES, **BILLS}), encoding="utf-8")


if __name__ == "__main__":
    main()
