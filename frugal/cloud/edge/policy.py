"""Azure Front Door's rules for caching, as pure functions beside the RFC 9111 engine.

Sources: MicrosoftDocs/azure-docs, articles/frontdoor: front-door-caching.md (11/08/2023, commit
d25dac0), standard-premium/how-to-compression.md (12/19/2022), cache-purge.md (06/24/2026).
What they leave open is decided here, and marked *unconfirmed*:

- A response without a lifetime is kept one to three days; here always two (DEFAULT_LIFETIME), and
  only with a status that RFC 9110 calls heuristically cacheable (unconfirmed).
- `Vary` is ignored (learn.microsoft.com Q&A 1810823, 07/12/2024) but sent on. So that nobody gets
  an encoding that they did not ask for, gzip and identity are kept apart (unconfirmed).
- `Set-Cookie` goes from every cacheable response. It also goes under a plain `no-cache`, as users
  report (azure-docs#63615, 2020; doodle.uk, 06/21/2021) though the page says otherwise: a site that
  is right here is right either way.
- A visitor's own `Cache-Control` does not force a fetch (unconfirmed).
- `Authorization` reaches the origin (it was on the list of dropped headers in 2018, not in 2023),
  and RFC 9111 section 3.5 decides what may be kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import formatdate, mktime_tz, parsedate_tz
from typing import Literal
from urllib.parse import unquote

from hishel import Headers, Response

DEFAULT_LIFETIME = 2 * 24 * 3600
"""Seconds that a response without any lifetime is cached."""

DROPPED_REQUEST_HEADERS = frozenset(
    {b"accept", b"accept-charset", b"accept-language", b"content-length", b"transfer-encoding"}
    | {b"vary"}
)
"""Headers that a caching route drops before the origin (`Vary`: learn Q&A 5781347, 02/19/2026)."""

# What Front Door compresses: larger than 1 KB and smaller than 8 MB.
_COMPRESSED_SIZE = range(1024 + 1, 8 * 1024 * 1024)
# RFC 9110 section 15.1, without 206 (parts are not cached) and 501 (errors of the origin neither).
_DEFAULT_STATUSES = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414})
# Hides the origin's `Vary` from the RFC 9111 engine, which would apply it.
_VARY = "x-front-door-vary"
# Marks a directive that is for the engine alone and is never sent on.
_ADDED = "x-front-door-default"

QueryString = Literal[
    "IgnoreQueryString",
    "UseQueryString",
    "IgnoreSpecifiedQueryStrings",
    "IncludeSpecifiedQueryStrings",
]


@dataclass(frozen=True, kw_only=True)
class CachePolicy:
    """A route's `cacheConfiguration`: query parameters of the cache key, compressed types.

    `query_parameters` are names; `content_types` are media types without parameters.
    """

    query_string: QueryString = "IgnoreQueryString"
    query_parameters: tuple[str, ...] = ()
    compress: bool = False
    content_types: tuple[str, ...] = ()


def cache_url(host: str, path: str, query: str, policy: CachePolicy) -> str:
    """The identity of a page: host, path and the parameters that count, in any order."""
    parameters = sorted(p for p in query.split("&") if p and _counts(p, policy))
    return f"http://{host.lower()}{path}?{'&'.join(parameters)}"


def _counts(parameter: str, policy: CachePolicy) -> bool:
    name = unquote(parameter.partition("=")[0].replace("+", " "))
    match policy.query_string:
        case "IgnoreQueryString":
            return False
        case "UseQueryString":
            return True
        case "IgnoreSpecifiedQueryStrings":
            return name not in policy.query_parameters
        case "IncludeSpecifiedQueryStrings":
            return name in policy.query_parameters


def directives(cache_control: str) -> dict[str, str | None]:
    """The directives of a Cache-Control header by lower-case name, with their values if any."""
    found = re.findall(r'([\w-]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s,;]*))?', cache_control)
    return {name.lower(): value or None for name, value in found}


def is_private(headers: Headers) -> bool:
    """True for a response for one visitor only: X-Cache says PRIVATE_NOSTORE."""
    given = directives(headers.get("cache-control", ""))
    return "no-store" in given or ("private" in given and given["private"] is None)


def is_no_cache(headers: Headers) -> bool:
    """True for a response for one use only: `no-cache` without field names."""
    given = directives(headers.get("cache-control", ""))
    return "no-cache" in given and given["no-cache"] is None


def for_engine(status: int, headers: Headers, *, authorized: bool, now: float) -> Response:
    """Convert an origin's response for the RFC 9111 engine.

    `authorized`: the request carried credentials; `now` is in Unix seconds. `Set-Cookie` is gone,
    `Vary` hidden, a missing `Date` filled in, an `Age` counted in, and a lifetime that no directive
    names is made one. `from_engine` undoes what a visitor must not see.
    """
    lists = {name: headers.get_list(name) or [] for name in headers if name != "set-cookie"}
    if "vary" in lists:
        lists[_VARY] = lists.pop("vary")
    sent = http_seconds(headers.get("date", "")) or int(now)
    age = headers.get("age", "").split(",")[0].strip()
    # The engine counts from Date alone.
    made = min(sent, int(now) - int(age)) if age.isdecimal() else sent
    lists["date"] = [formatdate(made, usegmt=True)]
    implied = None if authorized else _implied_lifetime(status, headers, sent)
    if implied is not None:
        added = f"s-maxage={implied}, {_ADDED}"
        lists["cache-control"] = [*lists.get("cache-control", []), added]
    return Response(status_code=status, headers=Headers(lists))


def from_engine(headers: Headers) -> list[tuple[str, str]]:
    """A visitor's headers for a response cached by the engine."""
    return [
        ("vary" if name == _VARY else name, value)
        for name in headers
        for value in headers.get_list(name) or []
        if not value.endswith(_ADDED)
    ]


def should_compress(policy: CachePolicy, headers: Headers, size: int) -> bool:
    """True if the edge itself compresses a body of `size` bytes for who accepts it."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return (
        policy.compress
        and size in _COMPRESSED_SIZE
        and media_type in {t.lower() for t in policy.content_types}
        and "content-encoding" not in headers
        and "no-transform" not in directives(headers.get("cache-control", ""))
    )


def accepts_gzip(accept_encoding: str) -> bool:
    """True if an Accept-Encoding header names gzip (or `*`) with a weight above zero."""
    for item in accept_encoding.lower().split(","):
        coding, _, weight = item.partition(";")
        if coding.strip() in {"gzip", "x-gzip", "*"}:
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False


def purge_matches(path: str, patterns: Sequence[str]) -> bool:
    """True if a decoded path falls under a purge: `/a/b`, `/a/*` or `/*`, in any case."""
    folded = path.casefold()
    wanted = [unquote(pattern).casefold() for pattern in patterns]
    return any(
        folded == each or (each.endswith("*") and folded.startswith(each[:-1])) for each in wanted
    )


def _implied_lifetime(status: int, headers: Headers, sent: int) -> int | None:
    """Seconds that no directive names: up to `Expires`, or the default; None if one does."""
    given = directives(headers.get("cache-control", ""))
    if "s-maxage" in given or "max-age" in given:
        return None
    if "expires" in headers:
        # An invalid date means the past (RFC 9111 section 5.3).
        return max(0, (http_seconds(headers["expires"]) or sent) - sent)
    return DEFAULT_LIFETIME if status in _DEFAULT_STATUSES else None


def http_seconds(date: str) -> int | None:
    """Unix seconds of an HTTP date; None if it is not one."""
    parsed = parsedate_tz(date)
    try:
        return None if parsed is None else int(mktime_tz(parsed))
    except (ValueError, OverflowError):
        return None
