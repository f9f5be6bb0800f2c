"""Limits of connections: time for a request's head, and open descriptors."""

import asyncio
import resource
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 20.0
"""From a connection's start, or its next request's first byte, to the end of the head."""
KEEP_ALIVE_SECONDS: Final = 75
"""Idle between requests. Longer than proxies keep idle connections, so that they close first."""
SPARE_DESCRIPTORS: Final = 64
"""For the database, files and outgoing calls. A connection that would take one of them is closed:
asyncio writes hundreds of tracebacks a second when none is left (CPython 3.11)."""
_LATE: Final = b"""\
HTTP/1.1 408 Request Timeout\r
content-type: text/plain; charset=utf-8\r
connection: close\r
\r
The request's headers did not arrive in time.
"""


class Protocol(H11Protocol):
    """uvicorn's HTTP/1.1, with these limits and without two lengths for one body."""

    _late: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # uvicorn's own
        super().__init__(*arguments, **named)
        self.conn = _Connection(h11.SERVER)

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]  # as in uvicorn
        """Start the time limit of the first request's head."""
        super().connection_made(transport)
        limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        number = transport.get_extra_info("socket").fileno()
        # A new descriptor gets the lowest free number.
        if limit != resource.RLIM_INFINITY and number >= limit - SPARE_DESCRIPTORS:
            transport.abort()
        self._mind_head()

    def data_received(self, data: bytes) -> None:
        """Process the data; it does not extend the time limit of an unfinished head."""
        super().data_received(data)
        self._mind_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the time limit."""
        super().connection_lost(exc)
        self._stop_waiting()

    def _mind_head(self) -> None:
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._stop_waiting()
        elif self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        begun, _closed = self.conn.trailing_data
        if begun:
            self.transport.write(_LATE)
        self.transport.close()


class _Connection(h11.Connection):
    def next_event(self) -> Any:  # noqa: ANN401  # h11's own
        """The next event. Raises RemoteProtocolError for a body with two lengths.

        Whoever sends both may mean two requests where we see one (RFC 9112 section 6.1).
        """
        event = super().next_event()
        if isinstance(event, h11.Request):
            names = {name for name, _value in event.headers}
            if {b"content-length", b"transfer-encoding"} <= names:
                raise h11.RemoteProtocolError("Content-Length and Transfer-Encoding together")
        return event
