"""Parts of a streaming reverse proxy over ASGI and httpcore, for the ingress and the edge."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from email.utils import formatdate
from typing import Any

import httpcore
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from frugal.cloud.tasks import cancel

RawHeaders = list[tuple[bytes, bytes]]

BROKEN = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
"""Errors of a server behind the proxy that cannot be reached, breaks off or takes too long."""

_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"te", b"trailer"}
    | {b"proxy-authorization", b"transfer-encoding", b"upgrade"}
)


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Headers, their names in lower case, less those of one connection (RFC 9110 section 7.6.1)."""
    lowered = [(n.lower(), v) for n, v in headers]
    named = {t.strip().lower() for n, v in lowered if n == b"connection" for t in v.split(b",")}
    return [(n, v) for n, v in lowered if n not in _HOP_BY_HOP and n not in named]


class Unavailable(Exception):  # noqa: N818 - reads as what it is
    """No server behind the proxy gave an answer: the status to answer with, and a line of text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Exchange:
    """A client's HTTP request and the answer to it, streamed in both directions.

    `path` is decoded, `raw_path` as sent; names in `headers` are in lower case; `client` is an IP
    address. `body_begun`: some of the request's body was read, so it cannot be sent a second time.
    `status` is set once an answer has begun.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.scheme: str = scope["scheme"]
        self.path: str = scope["path"]
        self.raw_path: str = (scope["raw_path"] or self.path.encode()).decode("latin-1")
        self.query: str = scope["query_string"].decode("latin-1")
        self.headers: RawHeaders = [(n.lower(), v) for n, v in scope["headers"]]
        self.client: str = scope["client"][0] if scope["client"] else "127.0.0.1"
        self.body_begun = False
        self.status: int | None = None
        self._receive = receive
        self._send = send
        self._body_read = asyncio.Event()
        if not self.has_body:
            self._body_read.set()

    @property
    def has_body(self) -> bool:
        """True for a request with a body, even an empty one."""
        return any(n in {b"content-length", b"transfer-encoding"} for n, _ in self.headers)

    @property
    def forwarded_for(self) -> str:
        """The value of `X-Forwarded-For` for the server behind: as sent, and the client."""
        return ", ".join(filter(None, [self.header("x-forwarded-for"), self.client]))

    def header(self, name: str) -> str:
        """The values of a request header, joined by commas; empty if there are none."""
        wanted = name.encode()
        return ", ".join(v.decode("latin-1") for n, v in self.headers if n == wanted)

    def request(
        self,
        address: str,
        headers: RawHeaders,
        *,
        timeout: Mapping[str, float],
        with_body: bool = True,
    ) -> httpcore.Request:
        """The request for the server at `address` (http://host:port), with `headers` alone.

        Path and query are the client's byte by byte; the body is read from the client as it is
        sent on. `timeout` in seconds, as httpcore takes them.
        """
        sends_body = with_body and self.has_body
        if sends_body and not self.header("content-length"):
            headers = [*headers, (b"transfer-encoding", b"chunked")]
        query = f"?{self.query}" if self.query else ""
        return httpcore.Request(
            self.method,
            address,
            headers=headers,
            content=self._body() if sends_body else None,
            extensions={"target": (self.raw_path + query).encode("latin-1"), "timeout": timeout},
        )

    async def run(self, answering: Coroutine[Any, Any, None]) -> None:
        """Run `answering` to its end; cancel it and raise ClientDisconnect if the client goes.

        A stream may have no end of its own.
        """
        task = asyncio.ensure_future(answering)
        leaving = asyncio.ensure_future(self._disconnected())
        try:
            await asyncio.wait((task, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ClientDisconnect
        finally:
            await cancel(task, leaving)
        task.result()

    async def start(self, status: int, headers: RawHeaders) -> None:
        """Begin the answer."""
        self.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, chunk: bytes, *, last: bool) -> None:
        """Send a piece of the answer's body; the server leaves it out where the method is HEAD."""
        await self._send({"type": "http.response.body", "body": chunk, "more_body": not last})

    async def stream(self, status: int, headers: RawHeaders, chunks: AsyncIterator[bytes]) -> None:
        """Answer with a body that is passed on as it comes."""
        await self.start(status, headers)
        async for chunk in chunks:
            await self.write(chunk, last=False)
        await self.write(b"", last=True)

    async def refuse(self, status: int, text: str) -> None:
        """Answer with an error of the proxy's own.

        Does nothing where an answer has begun: the server then cuts the connection.
        """
        if self.status is not None:
            return
        body = text.encode()
        headers = {
            "date": formatdate(usegmt=True),
            "content-type": "text/plain; charset=utf-8",
            "content-length": str(len(body)),
            "cache-control": "no-store",
        }
        await self.start(status, [(n.encode(), v.encode()) for n, v in headers.items()])
        await self.write(body, last=True)

    async def _body(self) -> AsyncIterator[bytes]:
        """The request's body as it comes. Raises ClientDisconnect when the client goes away."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise ClientDisconnect
            self.body_begun = True
            more = message["more_body"]
            if message["body"]:
                yield message["body"]
        self._body_read.set()

    async def _disconnected(self) -> None:
        """Return when the client has gone; only after the request's body was read."""
        await self._body_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
