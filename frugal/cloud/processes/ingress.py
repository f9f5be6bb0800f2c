"""The ingress of an app: takes HTTP requests, hands them to a replica, streams both ways.

Headers added as Azure's does: X-Forwarded-For, -Proto; a request has 240 seconds to be answered
(learn.microsoft.com, Ingress in Azure Container Apps, read November 2026). That page has
X-Forwarded-Host too, which the ingress no longer adds (azure-container-apps#1623, December 2025);
one that was sent passes, as at App Service (unconfirmed for Container Apps).
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine
from typing import Any

import httpcore
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from frugal.cloud.processes.replica import Replica
from frugal.cloud.proxy import BROKEN, Exchange, RawHeaders, Unavailable, end_to_end

# Expect is answered here; the others are ours to set.
_OWN_REQUEST_HEADERS = frozenset({b"expect", b"host", b"x-forwarded-for", b"x-forwarded-proto"})
# May be sent twice without harm (RFC 9110, 9.2.2), when there is no body to send again.
_REPEATABLE = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}
_CONNECT_SECONDS = 5.0


class Ingress:
    """An ASGI application in front of replicas.

    `acquire` waits for a replica that takes the request (none of those in the set) and counts it
    there, or raises Unavailable; `release` counts the end. `timeout`: seconds to the first answer.
    `front_doors` gives the ids (X-Azure-FDID) of the edges whose word on the visitor's scheme
    counts: they come here over plain HTTP, on Azure over https.
    """

    def __init__(
        self,
        *,
        acquire: Callable[[set[Replica]], Coroutine[Any, Any, Replica]],
        release: Callable[[Replica], None],
        timeout: float,
        front_doors: Callable[[], Collection[str]],
    ) -> None:
        self._acquire = acquire
        self._release = release
        self._timeout = timeout
        self._front_doors = front_doors

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
                        await self._forward(exchange, replica, until_answered)
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

    async def _forward(
        self, exchange: Exchange, replica: Replica, until_answered: asyncio.Timeout
    ) -> None:
        """Send the request to a replica and its answer to the client, chunk by chunk."""
        request = exchange.request(
            f"http://127.0.0.1:{replica.port}",
            self._request_headers(exchange),
            timeout={"connect": _CONNECT_SECONDS},
        )
        async with contextlib.aclosing(
            await replica.pool.handle_async_request(request)
        ) as response:
            until_answered.reschedule(None)
            headers = end_to_end(response.headers)
            await exchange.stream(response.status, headers, response.aiter_stream())

    def _request_headers(self, exchange: Exchange) -> RawHeaders:
        scheme = exchange.scheme
        if exchange.header("x-azure-fdid") in self._front_doors():
            scheme = exchange.header("x-forwarded-proto") or scheme
        own = {
            # HTTP/1.0 may come without a host; HTTP/1.1 to the replica must have one.
            "host": exchange.header("host"),
            "x-forwarded-for": exchange.forwarded_for,
            "x-forwarded-proto": scheme,
        }
        passed = [h for h in end_to_end(exchange.headers) if h[0] not in _OWN_REQUEST_HEADERS]
        return [*((n.encode(), v.encode("latin-1")) for n, v in own.items()), *passed]


def _is_repeatable(exchange: Exchange) -> bool:
    """True if the request may be sent once more after a connection broke."""
    unsent = exchange.status is None and not exchange.body_begun
    return unsent and exchange.method in _REPEATABLE
