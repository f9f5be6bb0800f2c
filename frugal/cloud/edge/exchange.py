"""One request at an edge: what is forwarded to the origin, and how the visitor is answered."""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterable
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect

from frugal.cloud.edge.policy import http_seconds
from frugal.cloud.headers import RawHeaders, end_to_end

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope

# Front Door sets these itself, whatever a visitor or an origin sends.
_OWN_REQUEST_HEADERS = frozenset(
    {b"host", b"expect", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"}
    | {b"x-azure-clientip", b"x-azure-socketip", b"x-azure-ref", b"x-azure-fdid"}
    | {b"x-azure-requestchain"}
)
_OWN_RESPONSE_HEADERS = frozenset({b"x-azure-ref", b"x-cache"})
# A 304 describes no body (RFC 9110 section 15.4.5); the rest of the headers may be sent.
_BODY_HEADERS = frozenset({"content-length", "content-type", "content-encoding", "content-range"})


class Exchange:
    """A visitor's request and the answer to it.

    `path` is decoded, `raw_path` as sent. `ref` is the value of `X-Azure-Ref` on both sides.
    `status` and `x_cache` are set once an answer has begun, `trouble` when the edge itself had to
    refuse.
    """

    def __init__(
        self, scope: "HTTPScope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        self.method = scope["method"]
        self.path = scope["path"]
        self.raw_path = (scope["raw_path"] or self.path.encode()).decode("latin-1")
        self.query = scope["query_string"].decode("latin-1")
        self.scheme = scope["scheme"]
        self.headers: RawHeaders = [(n.lower(), v) for n, v in scope["headers"]]
        self.ref = time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime()) + secrets.token_hex(16)
        self.status: int | None = None
        self.x_cache = "CONFIG_NOCACHE"
        self.trouble = ""
        self._version = scope["http_version"]
        self._socket_ip = scope["client"][0] if scope["client"] else "127.0.0.1"
        self._receive = receive
        self._send = send
        self._received = asyncio.Event()

    @property
    def target(self) -> bytes:
        """Path and query byte by byte as the visitor sent them."""
        query = f"?{self.query}" if self.query else ""
        return (self.raw_path + query).encode("latin-1")

    @property
    def has_body(self) -> bool:
        """Whether the request has a body, be it empty."""
        return any(n in {b"content-length", b"transfer-encoding"} for n, _ in self.headers)

    def header(self, name: str) -> str:
        """The values of a request header, joined by commas; empty if there are none."""
        wanted = name.encode()
        return ", ".join(v.decode("latin-1") for n, v in self.headers if n == wanted)

    def origin_headers(
        self, *, host_header: str, front_door_id: str, without: Iterable[bytes] = ()
    ) -> RawHeaders:
        """The request's headers as the origin gets them.

        Source: MicrosoftDocs/azure-docs front-door-http-headers-protocol.md (03/27/2024).
        `X-Forwarded-Proto` and `-Host` are what the visitor really used: on this machine plain
        HTTP and `localhost:PORT`, so that the links an app builds from them open.
        """
        dropped = _OWN_REQUEST_HEADERS | set(without)
        forwarded_for = self.header("x-forwarded-for")
        client_ip = forwarded_for.split(",")[0].strip() or self._socket_ip
        via = self.header("via")
        own = {
            "host": host_header,
            "via": ", ".join(filter(None, [via, f"{self._version} Azure"])),
            "x-forwarded-for": ", ".join(filter(None, [forwarded_for, self._socket_ip])),
            "x-forwarded-host": self.header("host"),
            "x-forwarded-proto": self.scheme,
            "x-azure-clientip": client_ip,
            "x-azure-socketip": self._socket_ip,
            "x-azure-ref": self.ref,
            "x-azure-fdid": front_door_id,
            "x-azure-requestchain": "hops=1",
        }
        kept = [h for h in end_to_end(self.headers) if h[0] not in dropped]
        kept = [h for h in kept if not h[0].startswith(b"x-fd-")]
        return [*((n.encode(), v.encode("latin-1")) for n, v in own.items()), *kept]

    async def body(self) -> AsyncIterator[bytes]:
        """The request's body as it comes. Raises ClientDisconnect when the visitor goes away."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise ClientDisconnect
            more = message["more_body"]
            if message["body"]:
                yield message["body"]
        self._received.set()

    async def disconnected(self) -> None:
        """Return when the visitor has gone; only after the request's body was read."""
        if self.has_body:
            await self._received.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def start(self, status: int, headers: RawHeaders, *, x_cache: str) -> None:
        """Begin the answer; `X-Cache` and `X-Azure-Ref` are added."""
        self.status, self.x_cache = status, x_cache
        kept = [h for h in headers if h[0] not in _OWN_RESPONSE_HEADERS]
        own = [(b"x-azure-ref", self.ref.encode()), (b"x-cache", x_cache.encode())]
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*kept, *own],
                "trailers": False,
            }
        )

    async def write(self, chunk: bytes, *, last: bool) -> None:
        """Send a piece of the answer's body."""
        await self._send({"type": "http.response.body", "body": chunk, "more_body": not last})

    async def answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, *, x_cache: str
    ) -> None:
        """Answer with a whole body, or as much of it as the visitor's headers ask for.

        The server leaves the body out where the method is HEAD.
        """
        if status == 200:  # noqa: PLR2004
            if self._has_it_already(headers):
                status, body = 304, b""
                headers = [h for h in headers if h[0] not in _BODY_HEADERS]
            else:
                status, headers, body = self._ranged(headers, body)
        raw = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers]
        await self.start(status, raw, x_cache=x_cache)
        await self.write(body, last=True)

    async def refuse(self, status: int, message: str) -> None:
        """Answer with an error of the edge itself."""
        self.trouble = message
        body = f"{status} {message}\nReference: {self.ref}\n".encode()
        headers = [
            ("date", formatdate(usegmt=True)),
            ("content-type", "text/plain; charset=utf-8"),
            ("cache-control", "no-store"),
            ("content-length", str(len(body))),
        ]
        await self.answer(status, headers, body, x_cache="CONFIG_NOCACHE")

    def _has_it_already(self, headers: list[tuple[str, str]]) -> bool:
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
        current = {given.get("etag", ""), given.get("last-modified", "")}
        if self.method != "GET" or not asked or condition not in {"", *current} or _weak(condition):
            return 200, headers, body
        first, last = asked.groups()
        size = len(body)
        if first:
            start, end = int(first), min(int(last or size), size - 1)
        elif last:
            start, end = max(0, size - int(last)), size - 1
        else:
            return 200, headers, body
        if last and first and int(last) < start:
            return 200, headers, body
        rest = [h for h in headers if h[0] != "content-length"]
        if start >= size:
            rest = [h for h in rest if h[0] not in _BODY_HEADERS]
            return 416, [*rest, ("content-range", f"bytes */{size}"), ("content-length", "0")], b""
        part = body[start : end + 1]
        span = ("content-range", f"bytes {start}-{end}/{size}")
        return 206, [*rest, span, ("content-length", str(len(part)))], part


def _weak(etag: str) -> bool:
    return etag.strip().startswith("W/")


def _opaque(etag: str) -> str:
    return etag.strip().removeprefix("W/")
