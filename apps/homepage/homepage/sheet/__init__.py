"""The content of the site: a spreadsheet with one worksheet for each kind of thing."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from homepage.sheet.rows import Interview, Project, Talk, interviews, projects, talks

__all__ = ["Interview", "Project", "Sheet", "Talk", "bundled"]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """All worksheets at one moment; `as_of` (UTC) is the age of the oldest of them."""

    as_of: datetime
    talks: tuple[Talk, ...]
    projects: tuple[Project, ...]
    interviews: tuple[Interview, ...]


@cache
def bundled() -> Sheet:
    """The copy that comes with the package: what the site shows when nothing newer can be had."""
    worksheets = {name: _worksheet(name) for name in ("talks", "projects", "interviews")}
    return Sheet(
        as_of=min(
            datetime.fromisoformat(worksheet["as_of"]).astimezone(UTC)
            for worksheet in worksheets.values()
        ),
        talks=talks(worksheets["talks"]["rows"]),
        projects=projects(worksheets["projects"]["rows"]),
        interviews=interviews(worksheets["interviews"]["rows"]),
    )


def _worksheet(name: str) -> dict[str, Any]:
    file = resources.files("homepage.sheet") / "bundled" / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8"))
