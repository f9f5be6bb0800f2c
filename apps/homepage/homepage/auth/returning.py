"""Return path after sign-in: a path of this site, never anything else."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from flask import request

_LONGEST: Final = 512
"""Characters; it travels in a cookie of four kilobytes."""
_PLAIN: Final = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z_a-z~\[\]]+")
_SIGN_IN: Final = re.compile(r"/(login|logout|auth_response|me)/?", re.IGNORECASE)


def local_path(given: str | None, default: str = "/") -> str:
    r"""`given` if it is the path of a page here, with or without a query; else `default`.

    Strict, because browsers are not: they read `\` as `/`, drop tabs and line ends, resolve dots,
    and take two slashes for another host.
    """
    if not given or len(given) > _LONGEST or not _PLAIN.fullmatch(given):
        return default
    path = re.split(r"[?#]", given, maxsplit=1)[0]
    # What a proxy in between may decode, even twice.
    forms = (path, unquote(path), unquote(unquote(path)))
    safe = path.startswith("/") and all(map(_is_flat, forms)) and not _SIGN_IN.fullmatch(forms[-1])
    return given if safe else default


def _is_flat(path: str) -> bool:
    odd = "//" in path or "\\" in path or not path.isprintable()
    return not odd and not {".", ".."} & set(path.split("/"))


def requested_path() -> str:
    """The path and query of the current request, as its sender wrote them; `/` comes first."""
    query = request.query_string.decode("latin-1")
    path = str(request.environ.get("RAW_URI", request.path)).partition("?")[0]
    if not path.startswith("/"):
        # The whole address, as a proxy is asked (RFC 9112 section 3.2.2): its path alone.
        path = f"/{urlsplit(path).path.lstrip('/')}"
    return f"{path}?{query}" if query else path
