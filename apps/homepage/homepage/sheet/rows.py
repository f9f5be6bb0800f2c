"""From rows of a worksheet to what the pages show.

A row is a mapping of column to text. People edit spreadsheets: cells may be missing or empty and
columns unknown. A row without a title, or whose `include` says no, is left out, and only http(s)
links are taken.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlsplit

Row = Mapping[str, str]

_NO: Final = frozenset({"no", "n", "false", "0"})


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A talk that was given or will be; links are None where there is nothing to see."""

    title: str
    date: date | None
    description: str
    location: str
    slides: str | None
    video: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Project:
    """Something made."""

    title: str
    date: date | None
    description: str
    homepage: str | None
    source: str | None


@dataclass(frozen=True, kw_only=True)
class Interview:
    """A conversation published elsewhere."""

    title: str
    date: date | None
    url: str | None


def talks(rows: Iterable[Row]) -> tuple[Talk, ...]:
    """The talks of a worksheet, newest first."""
    found = [
        Talk(
            title=_text(row, "title"),
            date=_date(row, "date"),
            description=_text(row, "description"),
            location=_text(row, "location"),
            slides=_link(row, "slides"),
            video=_link(row, "video"),
            tags=tuple(tag for tag in map(str.strip, _text(row, "tags").split(",")) if tag),
        )
        for row in rows
        if _shown(row)
    ]
    return tuple(sorted(found, key=_newest_first))


def projects(rows: Iterable[Row]) -> tuple[Project, ...]:
    """The projects of a worksheet, newest first."""
    found = [
        Project(
            title=_text(row, "title"),
            date=_date(row, "date"),
            description=_text(row, "description"),
            homepage=_link(row, "homepage"),
            source=_link(row, "source"),
        )
        for row in rows
        if _shown(row)
    ]
    return tuple(sorted(found, key=_newest_first))


def interviews(rows: Iterable[Row]) -> tuple[Interview, ...]:
    """The interviews of a worksheet, newest first."""
    found = [
        Interview(title=_text(row, "title"), date=_date(row, "date"), url=_link(row, "url"))
        for row in rows
        if _shown(row)
    ]
    return tuple(sorted(found, key=_newest_first))


def _newest_first(item: Talk | Project | Interview) -> int:
    return -item.date.toordinal() if item.date else 0


def _shown(row: Row) -> bool:
    return bool(_text(row, "title")) and _text(row, "include").lower() not in _NO


def _text(row: Row, column: str) -> str:
    return row.get(column, "").strip()


def _date(row: Row, column: str) -> date | None:
    try:
        return date.fromisoformat(_text(row, column))
    except ValueError:
        return None


def _link(row: Row, column: str) -> str | None:
    text = _text(row, column)
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in {"http", "https"} and parts.netloc else None
