"""docs/local-cloud.md lists the types and the bad days that there are."""

from pathlib import Path

from frugal.cloud.contract import model
from frugal.cloud.days import DAYS
from frugal.cloud.types import TYPES

DOCUMENT = Path(__file__).parents[2] / "docs" / "local-cloud.md"


def test_every_type_and_its_api_version_is_listed() -> None:
    rows = ["| type | API version |", "|---|---|"]
    types = [f"| `{model(t).arm_type}` | {model(t).api_version} |" for t in sorted(TYPES)]
    rows += list(dict.fromkeys(types))
    listed = DOCUMENT.read_text().partition("## Resource types\n")[2].strip().splitlines()
    assert listed == rows


def test_every_bad_day_is_listed() -> None:
    rows = [
        f"| `{name}` | {day.code or '–'} | {'yes' if day.takes else 'no'} |"  # noqa: RUF001
        for name, day in DAYS.items()
    ]
    section = DOCUMENT.read_text().partition("## Azure's bad days\n")[2].partition("\n## ")[0]
    listed = [line for line in section.splitlines() if line.startswith("| `")]
    assert listed == rows
