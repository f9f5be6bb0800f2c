"""Connection pool of the proxies, for thousands of requests."""

import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from typing import Any, cast

import httpcore


class Pool:
    """As httpcore.AsyncConnectionPool, for HTTP/1.1 without limits, in the same time for any size.

    httpcore's own goes through all its connections several times a request: with 400 event streams
    open, that takes more time than everything else (httpcore 1.0.9). Idle connections are closed
    after `keep_idle` seconds, when the next request comes.
    """

    def __init__(self, *, keep_idle: float) -> None:
        self._keep_idle = keep_idle
        self._idle: defaultdict[str, deque[httpcore.AsyncHTTPConnection]] = defaultdict(deque)
        self._busy: set[httpcore.AsyncHTTPConnection] = set()

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; the response must be closed. Raises what httpcore raises."""
        kept = self._idle[str(request.url.origin)]
        connection = await _last(kept) or httpcore.AsyncHTTPConnection(
            request.url.origin, keepalive_expiry=self._keep_idle
        )
        self._busy.add(connection)
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            # It has closed itself.
            self._busy.discard(connection)
            raise

        def release() -> None:
            self._busy.discard(connection)
            if connection.is_idle():
                kept.append(connection)

        return httpcore.Response(
            response.status,
            headers=response.headers,
            content=_Body(response, release),
            extensions=cast("dict[str, Any]", response.extensions),  # pyright: ignore[reportUnknownMemberType]
        )

    async def aclose(self) -> None:
        """Close all connections, those in use too."""
        idle = [connection for kept in self._idle.values() for connection in kept]
        self._idle.clear()
        for connection in (*idle, *self._busy):
            await connection.aclose()


async def _last(
    kept: deque[httpcore.AsyncHTTPConnection],
) -> httpcore.AsyncHTTPConnection | None:
    """Take the most recently used usable connection; close those idle for too long."""
    while kept and kept[0].has_expired():
        await kept.popleft().aclose()
    while kept:
        connection = kept.pop()
        if not connection.has_expired():
            return connection
        await connection.aclose()
    return None


class _Body:
    """A response's body that gives its connection back when it is closed."""

    def __init__(self, response: httpcore.Response, release: Callable[[], None]) -> None:
        self._response = response
        self._release = release
        self._closed = False

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        # `aiter_stream` would do it once for this response and once for the one around it.
        chunks = cast("AsyncIterable[bytes]", self._response.stream)
        async for chunk in chunks:
            yield chunk

    async def aclose(self) -> None:
        """Close it, discarding what was not read."""
        if self._closed:
            return
        self._closed = True
        with contextlib.ExitStack() as last:
            last.callback(self._release)
            await self._response.aclose()
