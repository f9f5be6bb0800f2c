"""The ingress of an app: takes HTTP requests, hands them to a replica, streams both ways.

Headers added as Azure's does: X-Forwarded-For, -Proto, -Host; a request has 240 seconds to be
answered (learn.microsoft.com, Ingress in Azure Container Apps, read November 2026).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any

import httpcore

from frugal.cloud.headers import RawHeaders, end_to_end
from frugal.cloud.processes.replica import Replica

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

# Expect is answered here; the others are what we say of the client.
_OWN_REQUEST_HEADERS = frozenset(
    {b"expect", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}
)
# May be sent twice without harm (RFC 9110, 9.2.2), when there is no body to send again.
_REPEATABLE = {b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"}
_CONNECT_SECONDS = 5.0


class Unavailable(Exception):  # noqa: N818 - what the platform calls it
    """No replica can take the request: the status to answer with, and a line of text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class _ClientGone(Exception):  # noqa: N818 - nobody's error
    """The client went away before its request was whole."""


class Ingress:
    """An ASGI application in front of replicas.

    `acquire` waits for a replica that takes the request (none of those in the set) and counts it
    there, or raises Unavailable; `release` counts the end. `timeout`: seconds to the first answer.
    """

    def __init__(
        self,
        *,
        acquire: Callable[[set[Replica]], Coroutine[Any, Any, Replica]],
        release: Callable[[Replica], None],
        timeout: float,
    ) -> None:
        self._acquire = acquire
        self._release = release
        self._timeout = timeout

    async def __call__(
        self, scope: "Scope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        """Answer one request; a client that goes away ends it at the replica too."""
        if scope["type"] != "http":
            return
        exchange = _Exchange(scope, receive, send)
        answering = asyncio.create_task(self._answer(exchange))
        leaving = asyncio.create_task(exchange.client_leaves())
        try:
            await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                with contextlib.suppress(_ClientGone):
                    answering.result()
        finally:
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)

    async def _answer(self, exchange: "_Exchange") -> None:
        refused: set[Replica] = set()
        try:
            async with asyncio.timeout(self._timeout) as until_answered:
                while True:
                    replica = await self._acquire(refused)
                    try:
                        await exchange.forward(replica, until_answered)
                    except (httpcore.ConnectError, httpcore.ConnectTimeout):
                        # Nothing was sent yet: any request may go elsewhere.
                        refused.add(replica)
                    except (httpcore.NetworkError, httpcore.ProtocolError):
                        if not exchange.repeatable:
                            raise
                        refused.add(replica)
                    else:
                        return
                    finally:
                        self._release(replica)
        except TimeoutError:
            await exchange.refuse(504, "upstream request timeout")
        except Unavailable as unavailable:
            await exchange.refuse(unavailable.status, str(unavailable))
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            await exchange.refuse(503, f"upstream connect error or disconnect ({error!r})")


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, scope: "HTTPScope", receive: "ASGIReceiveCallable", send: "ASGISendCallable"
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._method = scope["method"].encode()
        self._headers = list(scope["headers"])
        names = {name for name, _ in self._headers}
        self._has_body = bool(names & {b"content-length", b"transfer-encoding"})
        self._body_read = asyncio.Event()
        self._body_begun = False
        self._answered = False
        if not self._has_body:
            self._body_read.set()

    @property
    def repeatable(self) -> bool:
        """Whether the request may be sent once more after a connection broke."""
        return not self._answered and not self._body_begun and self._method in _REPEATABLE

    async def client_leaves(self) -> None:
        """Return when the client has gone away."""
        await self._body_read.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def forward(self, replica: Replica, until_answered: asyncio.Timeout) -> None:
        """Send the request to a replica and its answer to the client, chunk by chunk."""
        scope = self._scope
        target = scope.get("raw_path") or scope["path"].encode()
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        request = httpcore.Request(
            self._method,
            httpcore.URL(scheme=b"http", host=b"127.0.0.1", port=replica.port, target=target),
            headers=self._request_headers(),
            content=self._body() if self._has_body else None,
            extensions={"timeout": {"connect": _CONNECT_SECONDS}},
        )
        response = await replica.pool.handle_async_request(request)
        try:
            until_answered.reschedule(None)
            self._answered = True
            await self._send(
                {
                    "type": "http.response.start",
                    "status": response.status,
                    "headers": end_to_end(response.headers),
                    "trailers": False,
                }
            )
            async for chunk in response.aiter_stream():
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        finally:
            await response.aclose()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def refuse(self, status: int, text: str) -> None:
        """Answer for the platform itself. An answer under way is broken off instead."""
        if self._answered:
            message = f"The replica broke off its answer: {text}"
            raise ConnectionError(message)
        self._answered = True
        body = text.encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": headers,
                "trailers": False,
            }
        )
        content = b"" if self._method == b"HEAD" else body
        await self._send({"type": "http.response.body", "body": content, "more_body": False})

    def _request_headers(self) -> RawHeaders:
        client = self._scope["client"]
        headers = [
            (name, value)
            for name, value in end_to_end(self._headers)
            if name not in _OWN_REQUEST_HEADERS
        ]
        given = dict(self._headers)
        before = [v for n, v in self._headers if n == b"x-forwarded-for"]
        addresses = [*before, client[0].encode()] if client else before
        headers.append((b"x-forwarded-for", b", ".join(addresses)))
        headers.append((b"x-forwarded-proto", self._scope["scheme"].encode()))
        if b"host" in given:
            headers.append((b"x-forwarded-host", given[b"host"]))
        else:
            # HTTP/1.0 may come without one; HTTP/1.1 to the replica must have it.
            headers.append((b"host", b""))
        if self._has_body and b"content-length" not in given:
            headers.append((b"transfer-encoding", b"chunked"))
        return headers

    async def _body(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] != "http.request":
                raise _ClientGone
            self._body_begun = True
            more = message.get("more_body", False)
            if message.get("body"):
                yield message["body"]
        self._body_read.set()
