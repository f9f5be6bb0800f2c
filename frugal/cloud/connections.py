"""Limits of connections to this process: time for a request's head, and open descriptors."""

import asyncio
import contextlib
import logging
import os
import resource
import socket
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 20.0
"""From a connection's start, or its next request's first byte, to the end of the head."""
KEEP_ALIVE_SECONDS = 75
"""Idle between two requests. Longer than our clients keep a connection, so that the server never
closes it under a request."""
_MOST_DESCRIPTORS = 65_536
_MOST_ON_MACOS = 10_240
"""`OPEN_MAX` of macOS (setrlimit(2) there): more is refused whatever the hard limit says."""
SHARE = 0.9
"""Of all descriptors, those that may be open when one more connection is accepted."""
_LOOK_SECONDS = 0.1
_LATE = b"""\
HTTP/1.1 408 Request Timeout\r
content-type: text/plain; charset=utf-8\r
connection: close\r
\r
The request's headers did not arrive in time.
"""

_log = logging.getLogger("frugal.connections")


def raise_limit() -> None:
    """Let this process, and all that it starts, open as many descriptors as the hard limit allows.

    At most 65,536. Where the system refuses, the limit stays as it is.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for most in (_MOST_DESCRIPTORS, _MOST_ON_MACOS):
        wanted = most if hard == resource.RLIM_INFINITY else min(hard, most)
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            return
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return


async def accept(
    listening: socket.socket, serve: Callable[[socket.socket], object], *, share: float
) -> None:
    """Accept connections without an end; pause while `share` of all descriptors is in use.

    Clients then wait in the socket's queue. `serve` takes a non-blocking socket and starts a task
    for anything slow.
    """
    loop = asyncio.get_running_loop()
    paused = False
    while True:
        if not _are_left(listening, share):
            if not paused:
                name = "{}:{}".format(*listening.getsockname())
                _log.warning("%s accepts no connections: too many descriptors are open", name)
            paused = True
            await asyncio.sleep(_LOOK_SECONDS)
            continue
        paused = False
        try:
            connection, _address = await loop.sock_accept(listening)
        except OSError:
            # The client left at once, or another part of the process took the last descriptor.
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            serve(connection)


def _are_left(some: socket.socket, share: float) -> bool:
    """True if a new descriptor is below `share` of the limit: it gets the lowest free number."""
    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return True
    try:
        lowest = os.dup(some.fileno())
    except OSError:
        return False
    os.close(lowest)
    return lowest < share * limit


class Protocol(H11Protocol):
    """uvicorn's HTTP/1.1, with a time limit for heads and without two lengths for one body."""

    _late: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self.conn = _Connection(h11.SERVER)

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as in uvicorn
        """Start the time limit of the first request's head."""
        super().connection_made(transport)
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
    def next_event(self) -> Any:  # noqa: ANN401 - h11's own
        """The next event. Raises RemoteProtocolError for a body with two lengths.

        Whoever sends both may mean two requests where we see one (RFC 9112 section 6.1).
        """
        event = super().next_event()
        if isinstance(event, h11.Request):
            names = {name for name, _value in event.headers}
            if {b"content-length", b"transfer-encoding"} <= names:
                raise h11.RemoteProtocolError("Content-Length and Transfer-Encoding together")
        return event
