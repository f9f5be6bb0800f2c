"""Parsing of a blog's feed: RSS 2.0 (rssboard.org/rss-specification) or Atom (RFC 4287).

With the standard library: feedparser (6.0.14) looks for a DOCTYPE in time that is quadratic in the
line breaks before the first element, which for a megabyte of them is hours.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from markupsafe import Markup

from homepage.failures import BadAnswerError
from homepage.sheet.rows import as_link

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_MOST: Final = 5
"""Posts that are kept."""
_LONGEST: Final = 200
"""Characters of a title."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """A post of the blog."""

    title: str
    url: str
    date: date | None


@dataclass(frozen=True, kw_only=True)
class Blog:
    """A blog: the address of its own page, if the feed has it, and its newest posts."""

    url: str | None
    posts: tuple[Post, ...]


class _NoDoctype(ET.TreeBuilder):
    """Refuse a document type declaration, and with it every entity that could expand."""

    def doctype(self, *_declaration: str | None) -> None:
        """Raise BadAnswerError; the parser calls this where a declaration begins."""
        raise BadAnswerError("it has a document type declaration, which no feed needs")


def parse(body: bytes, address: str) -> Blog:
    """The blog of a feed that was read from `address`; without posts that lack title or link.

    Raises BadAnswerError for anything but a feed.
    """
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314  # without DOCTYPE no entities
    try:
        parser.feed(body)
        root = parser.close()
    except (ET.ParseError, ValueError, LookupError) as error:  # or an unknown encoding
        raise BadAnswerError(f"not XML: {error}") from None
    channel = root.find("channel") if root.tag == "rss" else None
    if channel is not None:
        link = channel.findtext("link", "")
        posts = [_from_rss(item, address) for item in channel.iterfind("item")]
    elif root.tag == f"{_ATOM}feed":
        link = _alternate(root)
        posts = [_from_atom(entry, address) for entry in root.iterfind(f"{_ATOM}entry")]
    else:
        raise BadAnswerError("neither RSS 2.0 nor Atom")
    return Blog(url=_absolute(link, address), posts=_newest(posts))


def _newest(posts: Iterable[Post | None]) -> tuple[Post, ...]:
    found = [post for post in posts if post]
    return tuple(sorted(found, key=lambda post: post.date or date.min, reverse=True)[:_MOST])


def _from_rss(item: ET.Element, address: str) -> Post | None:
    guid = item.find("guid")
    permanent = guid is not None and guid.get("isPermaLink", "true") == "true"
    link = item.findtext("link") or (item.findtext("guid", "") if permanent else "")
    # The specification leaves open if a title is HTML. Tags are left as they are: they may be
    # what the post is about.
    title = html.unescape(item.findtext("title", "")[: 2 * _LONGEST])
    return _post(title, _absolute(link, address), _mail_date(item.findtext("pubDate", "")))


def _from_atom(entry: ET.Element, address: str) -> Post | None:
    element = entry.find(f"{_ATOM}title")
    title = "" if element is None else "".join(element.itertext())[: 2 * _LONGEST]
    if element is not None and element.get("type") == "html":
        title = Markup(title).striptags()  # noqa: S704  # taken apart, not put on the page
    when = entry.findtext(f"{_ATOM}published") or entry.findtext(f"{_ATOM}updated", "")
    return _post(title, _absolute(_alternate(entry), address), _iso_date(when))


def _post(title: str, url: str | None, day: date | None) -> Post | None:
    title = " ".join(title.split())
    if len(title) > _LONGEST:
        title = f"{title[: _LONGEST - 1]}…"
    return Post(title=title, url=url, date=day) if title and url else None


def _alternate(element: ET.Element) -> str:
    """The address of the page that a feed or an entry describes."""
    for link in element.iterfind(f"{_ATOM}link"):
        if link.get("rel", "alternate") == "alternate":
            return link.get("href", "")
    return ""


def _absolute(link: str, address: str) -> str | None:
    try:
        return as_link(urljoin(address, link.strip())) if link.strip() else None
    except ValueError:
        return None


def _mail_date(text: str) -> date | None:
    """The day of a date and time as in e-mail, where its author was; None if it is none."""
    try:
        return parsedate_to_datetime(text.strip()).date()
    except (ValueError, OverflowError):
        return None


def _iso_date(text: str) -> date | None:
    """The day of a date and time as in RFC 3339, where its author was; None if it is none."""
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError:
        return None
