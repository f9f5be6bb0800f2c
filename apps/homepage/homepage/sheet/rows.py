"""Conversion of a worksheet's rows to the items on the pages.

A row is a mapping of column to text. People edit spreadsheets: cells may be missing or empty and
columns unknown. A row without a title, or whose `include` says no, is left out, and only http(s)
links are taken. A row with a date in an unknown form is left out too, and named in the log.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain, count
from typing import Final, TypeVar
from urllib.parse import urlsplit

Row = Mapping[str, str]

_NO: Final = frozenset({"no", "n", "false", "0"})
# Neither HTML nor XML can hold them.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_DATES: Final = {"yyyy-mm-dd": "%Y-%m-%d", "d.m.yyyy": "%d.%m.%Y", "m/d/yyyy": "%m/%d/%Y"}
"""Forms of a date, and how `strptime` writes them; no text has two of them."""
_FORMS: Final = ", ".join(_DATES)
_UNSAFE_IN_LINKS: Final = re.compile(r'[\s"<>\\^`{|}]')
_MOST_NAMED: Final = 20
_LONGEST_NAMED: Final = 60
"""Rows, and characters of each of their cells, in one line of the log."""

_log: Final = logging.getLogger("homepage.sheet")


@dataclass(frozen=True, kw_only=True)
class Item:
    """Fields of every row. `anchor`: its fragment identifier, unique on its page."""

    title: str
    date: date | None
    anchor: str = ""


@dataclass(frozen=True, kw_only=True)
class Talk(Item):
    """A past or future talk; links are None where there is none."""

    description: str
    location: str
    slides: str | None
    video: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Project(Item):
    """A project."""

    description: str
    homepage: str | None
    source: str | None


@dataclass(frozen=True, kw_only=True)
class Interview(Item):
    """A conversation published elsewhere."""

    url: str | None


AnItem = TypeVar("AnItem", bound=Item)


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """All worksheets at one moment, each newest first; `as_of` (UTC) is when they were read."""

    as_of: datetime
    talks: tuple[Talk, ...]
    projects: tuple[Project, ...]
    interviews: tuple[Interview, ...]

    @property
    def years(self) -> dict[int | None, list[Talk]]:
        """Talks by year, newest first; those without a date come last, under None."""
        years: dict[int | None, list[Talk]] = {}
        for talk in self.talks:
            years.setdefault(talk.date.year if talk.date else None, []).append(talk)
        return years

    @property
    def changed(self) -> date:
        """The date of the newest past item, else that of the reading."""
        today = self.as_of.date()
        return max((day for _, day, _ in self.news if day <= today), default=today)

    @property
    def news(self) -> list[tuple[str, date, Talk | Project | Interview]]:
        """Everything with a date, newest first, with the name of its worksheet and its date."""
        worksheets = {"talks": self.talks, "projects": self.projects, "interviews": self.interviews}
        found = [
            (name, item.date, item)
            for name, items in worksheets.items()
            for item in items
            if item.date
        ]
        return sorted(found, key=lambda news: news[1], reverse=True)


def sheet(as_of: datetime, worksheets: Mapping[str, Iterable[Row]]) -> Sheet:
    """The worksheets `talks`, `projects` and `interviews` as read at `as_of` (UTC)."""
    return Sheet(
        as_of=as_of,
        talks=talks(worksheets["talks"]),
        projects=projects(worksheets["projects"]),
        interviews=interviews(worksheets["interviews"]),
    )


def talks(rows: Iterable[Row]) -> tuple[Talk, ...]:
    """The talks of a worksheet, newest first."""
    found = [
        Talk(
            title=_text(row, "title"),
            date=day,
            description=_text(row, "description"),
            location=_text(row, "location"),
            slides=as_link(_text(row, "slides")),
            video=as_link(_text(row, "video")),
            tags=tuple(tag for tag in map(str.strip, _text(row, "tags").split(",")) if tag),
        )
        for row, day in _shown("talks", rows)
    ]
    return _ordered(found)


def projects(rows: Iterable[Row]) -> tuple[Project, ...]:
    """The projects of a worksheet, newest first."""
    found = [
        Project(
            title=_text(row, "title"),
            date=day,
            description=_text(row, "description"),
            homepage=as_link(_text(row, "homepage")),
            source=as_link(_text(row, "source")),
        )
        for row, day in _shown("projects", rows)
    ]
    return _ordered(found)


def interviews(rows: Iterable[Row]) -> tuple[Interview, ...]:
    """The interviews of a worksheet, newest first."""
    found = [
        Interview(
            title=_text(row, "title"),
            date=day,
            url=as_link(_text(row, "url")),
        )
        for row, day in _shown("interviews", rows)
    ]
    return _ordered(found)


def _ordered(items: Iterable[AnItem]) -> tuple[AnItem, ...]:
    """Sort newest first, undated last; drop duplicates and give each item its anchor."""
    once = dict.fromkeys(items)
    ordered = sorted(once, key=lambda i: i.date.toordinal() if i.date else 0, reverse=True)
    taken: set[str] = set()
    found: list[AnItem] = []
    for item in ordered:
        names = (f"{_anchor(item)}{ending}" for ending in chain([""], map("-{}".format, count(2))))
        anchor = next(name for name in names if name not in taken)
        taken.add(anchor)
        found.append(replace(item, anchor=anchor))
    return tuple(found)


def _anchor(item: Item) -> str:
    """Date and title, of letters, digits and hyphens."""
    words = re.findall(r"\w+", item.title.casefold())
    return "-".join([*([item.date.isoformat()] if item.date else []), *words]) or "untitled"


def _shown(worksheet: str, rows: Iterable[Row]) -> Iterator[tuple[Row, date | None]]:
    """The rows to show, each with its date; logs those whose date cannot be read."""
    unread: list[str] = []
    for number, row in enumerate(rows, start=2):  # as in the spreadsheet, where 1 has the names
        title, day = _text(row, "title"), _text(row, "date")
        if not title or _text(row, "include").lower() in _NO:
            continue
        try:
            found = as_date(day) if day else None
        except ValueError:
            unread.append(f"row {number} ({title[:_LONGEST_NAMED]}) {day[:_LONGEST_NAMED]!r}")
        else:
            yield row, found
    if unread:
        # In the message, which the export of files shows too.
        message = "%s: rows left out (%d), as their dates have none of the forms %s: %s"
        _log.warning(message, worksheet, len(unread), _FORMS, "; ".join(unread[:_MOST_NAMED]))


def _text(row: Row, column: str) -> str:
    return _CONTROL.sub("", row.get(column, "")).strip()


def as_date(text: str) -> date:
    """The date that a text names in one of three forms; ValueError for any other text."""
    for form in _DATES.values():
        with suppress(ValueError):
            return datetime.strptime(text, form).date()  # noqa: DTZ007  # a day has no zone
    raise ValueError(f"must have one of the forms {_FORMS}, or be empty")


def as_link(text: str) -> str | None:
    """The text if it is an http(s) address, else None."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    web = parts.scheme in {"http", "https"} and parts.hostname
    return text if web and not _UNSAFE_IN_LINKS.search(text) else None
