"""One request at an edge: its forwarding to the origin, and the visitor's response."""

import re
import secrets
import time
from collections.abc import Iterable

from starlette.types import Receive, Scope, Send
from typing_extensions import override

from frugal.cloud.edge.policy import http_seconds
from frugal.cloud.proxy import Exchange, RawHeaders, end_to_end

# Front Door sets these itself, whatever a visitor or an origin sends.
_OWN_REQUEST_HEADERS = frozenset(
    {b"host", b"expect", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"}
    | {b"x-azure-clientip", b"x-azure-socketip", b"x-azure-ref", b"x-azure-fdid"}
    | {b"x-azure-requestchain"}
)
_OWN_RESPONSE_HEADERS = frozenset({b"x-azure-ref", b"x-cache"})
# A 304 describes no body (RFC 9110 section 15.4.5); the rest of the headers may be sent.
_BODY_HEADERS = frozenset({"content-length", "content-type", "content-encoding", "content-range"})


class EdgeExchange(Exchange):
    """A visitor's request and the answer to it, with the headers that Front Door adds to both.

    `ref` is the value of `X-Azure-Ref` on both sides, `x_cache` that of `X-Cache`. `refusal` is
    set when the edge itself had to refuse.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        super().__init__(scope, receive, send)
        self.ref = time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime()) + secrets.token_hex(16)
        self.x_cache = "CONFIG_NOCACHE"
        self.refusal = ""
        self._version = scope["http_version"]

    def origin_headers(
        self, *, host_header: str, front_door_id: str, without: Iterable[bytes] = ()
    ) -> RawHeaders:
        """The request's headers as the origin gets them.

        Source: MicrosoftDocs/azure-docs front-door-http-headers-protocol.md (03/27/2024).
        `X-Forwarded-Proto` and `-Host` are what the visitor really used: on this machine plain
        HTTP and `localhost:PORT`, so that the links an app builds from them open.
        """
        dropped = _OWN_REQUEST_HEADERS | set(without)
        via = self.header("via")
        own = {
            "host": host_header,
            "via": ", ".join(filter(None, [via, f"{self._version} Azure"])),
            "x-forwarded-for": self.forwarded_for,
            "x-forwarded-host": self.header("host"),
            "x-forwarded-proto": self.scheme,
            "x-azure-clientip": self.forwarded_for.split(",")[0].strip() or self.client,
            "x-azure-socketip": self.client,
            "x-azure-ref": self.ref,
            "x-azure-fdid": front_door_id,
            "x-azure-requestchain": "hops=1",
        }
        passed = [h for h in end_to_end(self.headers) if h[0] not in dropped]
        passed = [h for h in passed if not h[0].startswith(b"x-fd-")]
        return [*((n.encode(), v.encode("latin-1")) for n, v in own.items()), *passed]

    @override
    async def start(self, status: int, headers: RawHeaders) -> None:
        """Begin the answer; `X-Cache` and `X-Azure-Ref` are added."""
        passed = [h for h in headers if h[0] not in _OWN_RESPONSE_HEADERS]
        own = [(b"x-azure-ref", self.ref.encode()), (b"x-cache", self.x_cache.encode())]
        await super().start(status, [*passed, *own])

    async def answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer with a whole body, or the part that the visitor's headers ask for."""
        if status == 200:  # noqa: PLR2004
            if self._is_unmodified(headers):
                status, body = 304, b""
                headers = [h for h in headers if h[0] not in _BODY_HEADERS]
            else:
                status, headers, body = self._ranged(headers, body)
        await self.start(status, [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers])
        await self.write(body, last=True)

    @override
    async def refuse(self, status: int, text: str) -> None:
        """Answer with an error of the edge itself, or note it where an answer has begun."""
        self.refusal = text
        await super().refuse(status, f"{status} {text}\nReference: {self.ref}\n")

    def _is_unmodified(self, headers: list[tuple[str, str]]) -> bool:
        given = dict(headers)
        wanted = self.header("if-none-match")
        if wanted:
            tag = _opaque(given.get("etag", ""))
            tags = {_opaque(t) for t in re.findall(r'(?:W/)?"[^"]*"', wanted)}
            return wanted.strip() == "*" or (bool(tag) and tag in tags)
        since = self.header("if-modified-since")
        asked, changed = http_seconds(since), http_seconds(given.get("last-modified", ""))
        return asked is not None and changed is not None and changed <= asked

    def _ranged(
        self, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """One range of bytes as a 206 or 416; several, or an outdated If-Range, get the whole."""
        given = dict(headers)
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.header("range").replace(" ", ""))
        condition = self.header("if-range")
        weak = condition.strip().startswith("W/")
        current = {given.get("etag", ""), given.get("last-modified", "")}
        if self.method != "GET" or not asked or condition not in {"", *current} or weak:
            return 200, headers, body
        first, last = asked.groups()
        size = len(body)
        if not first + last or (first and last and int(last) < int(first)):
            return 200, headers, body
        start = int(first) if first else max(0, size - int(last))
        end = min(int(last), size - 1) if first and last else size - 1
        rest = [h for h in headers if h[0] != "content-length"]
        if start >= size:
            rest = [h for h in rest if h[0] not in _BODY_HEADERS]
            return 416, [*rest, ("content-range", f"bytes */{size}"), ("content-length", "0")], b""
        part = body[start : end + 1]
        span = ("content-range", f"bytes {start}-{end}/{size}")
        return 206, [*rest, span, ("content-length", str(len(part)))], part


def _opaque(etag: str) -> str:
    return etag.strip().removeprefix("W/")
