"""The ingress of an app: takes HTTP requests, hands them to a replica, streams both ways.

Headers added as Azure's does: X-Forwarded-For, -Proto, -Host; a request has 240 seconds to be
answered (learn.microsoft.com, Ingress in Azure Container Apps, read November 2026).
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import httpcore
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from frugal.cloud.processes.replica import Replica
from frugal.cloud.proxy import BROKEN, Exchange, RawHeaders, Unavailable, end_to_end

# Expect is answered here; the others are ours to set.
_OWN_REQUEST_HEADERS = frozenset(
    {b"expect", b"host", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"}
)
# May be sent twice without harm (RFC 9110, 9.2.2), when there is no body to send again.
_REPEATABLE = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}
_CONNECT_SECONDS = 5.0


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that goes away ends it at the replica too."""
        if scope["type"] != "http":
            return
        exchange = Exchange(scope, receive, send)
        with contextlib.suppress(ClientDisconnect):
            await exchange.run(self._answer(exchange))

    async def _answer(self, exchange: Exchange) -> None:
        refused: set[Replica] = set()
        try:
            async with asyncio.timeout(self._timeout) as until_answered:
                while True:
                    replica = await self._acquire(refused)
                    try:
                        await _forward(exchange, replica, until_answered)
                    except (httpcore.ConnectError, httpcore.ConnectTimeout):
                        # Nothing was sent yet: any request may go elsewhere.
                        refused.add(replica)
                    except (httpcore.NetworkError, httpcore.ProtocolError):
                        if not _is_repeatable(exchange):
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
        except BROKEN as error:
            await exchange.refuse(503, f"upstream connect error or disconnect ({error!r})")


async def _forward(exchange: Exchange, replica: Replica, until_answered: asyncio.Timeout) -> None:
    """Send the request to a replica and its answer to the client, chunk by chunk."""
    request = exchange.request(
        f"http://127.0.0.1:{replica.port}",
        _request_headers(exchange),
        timeout={"connect": _CONNECT_SECONDS},
    )
    async with contextlib.aclosing(await replica.pool.handle_async_request(request)) as response:
        until_answered.reschedule(None)
        headers = end_to_end(response.headers)
        await exchange.stream(response.status, headers, response.aiter_stream())


def _is_repeatable(exchange: Exchange) -> bool:
    """True if the request may be sent once more after a connection broke."""
    unsent = exchange.status is None and not exchange.body_begun
    return unsent and exchange.method in _REPEATABLE


def _request_headers(exchange: Exchange) -> RawHeaders:
    # HTTP/1.0 may come without a host; HTTP/1.1 to the replica must have one.
    host = exchange.header("host")
    own = {
        "host": host,
        "x-forwarded-for": exchange.forwarded_for,
        "x-forwarded-proto": exchange.scheme,
        "x-forwarded-host": host,
    }
    passed = [h for h in end_to_end(exchange.headers) if h[0] not in _OWN_REQUEST_HEADERS]
    return [*((n.encode(), v.encode("latin-1")) for n, v in own.items()), *passed]
