"""From the edge to an origin: finding it, asking it, and naming what went wrong."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import httpcore

from frugal.cloud.edge.exchange import Exchange
from frugal.cloud.headers import RawHeaders, end_to_end
from frugal.cloud.pool import Pool

# Final statuses that HTTP knows (RFC 9110 section 15): others cannot be passed on.
_STATUSES = range(200, 600)
_BROKEN = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A host that answers: its declared name, and the Host header that it is sent."""

    host: str
    host_header: str


class OriginError(Exception):
    """No origin gave an answer: 503 (not reached, or broke off) or 504 (took too long)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An origin's response whose body is still to come; `chunks` raises OriginError."""

    status: int
    headers: RawHeaders
    chunks: AsyncIterator[bytes]


class Origins:
    """The connections to origins. `connect` gives the address of a host name, None if not here."""

    def __init__(
        self,
        *,
        connect: Callable[[str], str | None],
        front_door_id: str,
        response_timeout: float,
    ) -> None:
        self._connect = connect
        self._front_door_id = front_door_id
        self._timeout = {"connect": 30.0, "read": response_timeout, "write": response_timeout}
        # A second idle at most, so that no origin closes a connection just as it is used again.
        self._pool = Pool(keep_idle=1)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    @contextlib.asynccontextmanager
    async def ask(
        self,
        exchange: Exchange,
        origins: Sequence[Origin],
        *,
        without: frozenset[bytes] = frozenset(),
        extra: Sequence[tuple[bytes, bytes]] = (),
    ) -> AsyncGenerator[Answer]:
        """Send an exchange's request to the first origin that can be reached.

        `without` names headers to leave out, `extra` are added. The body goes along as it comes,
        unless its length is left out. Raises OriginError, or ClientDisconnect if the visitor goes.
        """
        reason = "no origin is enabled"
        for origin in origins:
            address = self._connect(origin.host)
            if address is None:
                reason = f"{origin.host} is not running here"
                continue
            request = self._request(exchange, origin, address, without, extra)
            try:
                response = await self._pool.handle_async_request(request)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                reason = f"{origin.host} ({address}) refused the connection: {error}"
                continue
            except httpcore.TimeoutException as error:
                seconds = self._timeout["read"]
                message = f"The origin {origin.host} did not answer within {seconds:g} s."
                raise OriginError(504, message) from error
            except _BROKEN as error:
                raise _broken(origin, error) from error
            async with contextlib.aclosing(response):
                if response.status not in _STATUSES:
                    message = f"The origin {origin.host} answered {response.status}."
                    raise OriginError(503, message)
                yield Answer(
                    status=response.status,
                    headers=end_to_end(response.headers),
                    chunks=_chunks(origin, response),
                )
            return
        raise OriginError(503, f"The origin cannot be reached: {reason}.")

    def _request(
        self,
        exchange: Exchange,
        origin: Origin,
        address: str,
        without: frozenset[bytes],
        extra: Sequence[tuple[bytes, bytes]],
    ) -> httpcore.Request:
        headers = exchange.origin_headers(
            host_header=origin.host_header, front_door_id=self._front_door_id, without=without
        )
        sends_body = exchange.has_body and b"content-length" not in without
        if sends_body and not exchange.header("content-length"):
            headers.append((b"transfer-encoding", b"chunked"))
        return httpcore.Request(
            exchange.method,
            address,
            headers=[*headers, *extra],
            content=exchange.body() if sends_body else None,
            extensions={"target": exchange.target, "timeout": self._timeout},
        )


async def _chunks(origin: Origin, response: httpcore.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.aiter_stream():
            yield chunk
    except _BROKEN as error:
        raise _broken(origin, error) from error


def _broken(origin: Origin, error: Exception) -> OriginError:
    what = str(error) or type(error).__name__
    return OriginError(503, f"The origin {origin.host} broke off its answer: {what}")
