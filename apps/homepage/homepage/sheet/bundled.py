"""The copy of the spreadsheet that comes with the package."""

import json
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from homepage.sheet.rows import Sheet, sheet


@cache
def bundled() -> Sheet:
    """Return the bundled content; its date is that of its oldest worksheet."""
    worksheets = {name: _worksheet(name) for name in ("talks", "projects", "interviews")}
    as_of = min(datetime.fromisoformat(one["as_of"]) for one in worksheets.values())
    return sheet(as_of.astimezone(UTC), {name: one["rows"] for name, one in worksheets.items()})


def _worksheet(name: str) -> dict[str, Any]:
    file = resources.files("homepage.sheet") / "data" / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8"))
