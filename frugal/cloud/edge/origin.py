"""Requests from the edge to origins, and their errors."""

import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass

import httpcore

from frugal.cloud.edge.exchange import EdgeExchange
from frugal.cloud.pool import Pool
from frugal.cloud.proxy import BROKEN, Unavailable

# Final statuses that HTTP knows (RFC 9110 section 15): others cannot be passed on.
_STATUSES = range(200, 600)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """An origin: its declared host name, and the Host header for it."""

    host: str
    host_header: str


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
        exchange: EdgeExchange,
        origins: Sequence[Origin],
        *,
        without: frozenset[bytes] = frozenset(),
        extra: Sequence[tuple[bytes, bytes]] = (),
    ) -> AsyncGenerator[httpcore.Response]:
        """Send an exchange's request to the first origin that can be reached.

        `without` names headers to leave out, `extra` are added. The body goes along as it comes,
        unless its length is left out. Raises Unavailable, or ClientDisconnect if the visitor goes.
        """
        reason = "no origin is enabled"
        for origin in origins:
            address = self._connect(origin.host)
            if address is None:
                reason = f"{origin.host} is not running here"
                continue
            headers = exchange.origin_headers(
                host_header=origin.host_header, front_door_id=self._front_door_id, without=without
            )
            request = exchange.request(
                address,
                [*headers, *extra],
                timeout=self._timeout,
                with_body=b"content-length" not in without,
            )
            try:
                response = await self._pool.handle_async_request(request)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                reason = f"{origin.host} ({address}) refused the connection: {error}"
                continue
            except httpcore.TimeoutException as error:
                seconds = self._timeout["read"]
                message = f"The origin {origin.host} did not answer within {seconds:g} s."
                raise Unavailable(504, message) from error
            except BROKEN as error:
                raise _broken(origin, error) from error
            async with contextlib.aclosing(response):
                if response.status not in _STATUSES:
                    message = f"The origin {origin.host} answered {response.status}."
                    raise Unavailable(503, message)
                try:
                    yield response
                except BROKEN as error:
                    raise _broken(origin, error) from error
            return
        raise Unavailable(503, f"The origin cannot be reached: {reason}.")


def _broken(origin: Origin, error: Exception) -> Unavailable:
    what = str(error) or type(error).__name__
    return Unavailable(503, f"The origin {origin.host} aborted its response: {what}")
