"""One end of a database session: buffered reads at first, then joined to the other end."""

import asyncio
import ssl
from typing import cast

from typing_extensions import override

# Far more than a client has to send before it is signed in.
_UNREAD_BYTES = 128 * 1024


class Connection(asyncio.Protocol):
    """A connection with a small buffer for the start, and a straight pipe after `join`."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self._unread = bytearray()
        self._arrived = asyncio.Event()
        self._other: Connection | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        if self._other is not None:
            self._other.transport.write(data)
            return
        self._unread += data
        self._arrived.set()
        if len(self._unread) > _UNREAD_BYTES:
            self.transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
        self._arrived.set()
        if self._other is not None:
            # Sends what is still to be sent, then closes.
            self._other.transport.close()

    @override
    def pause_writing(self) -> None:
        # This end's buffer is full: pause reading from the other one.
        if self._other is not None:
            self._other.transport.pause_reading()

    @override
    def resume_writing(self) -> None:
        if self._other is not None:
            self._other.transport.resume_reading()

    async def read(self, size: int) -> bytes:
        """The next `size` bytes. Raises ConnectionResetError when the other side is gone."""
        while len(self._unread) < size:
            if self.closed.is_set():
                raise ConnectionResetError("the client went away")
            self._arrived.clear()
            await self._arrived.wait()
        data = bytes(self._unread[:size])
        del self._unread[:size]
        return data

    async def secure(self, context: ssl.SSLContext) -> None:
        """Switch to TLS, as the server. Raises OSError (ssl.SSLError among them)."""
        if self._unread:
            # Sent in plain text before TLS began: must not count as protected by TLS.
            raise ConnectionResetError("data in clear after the request for TLS")
        transport = await asyncio.get_running_loop().start_tls(
            self.transport, self, context, server_side=True
        )
        self.transport = cast("asyncio.Transport", transport)

    def join(self, other: "Connection") -> None:
        """Pass everything between two ends; when one closes, close the other."""
        self.send_to(other)
        other.send_to(self)

    def send_to(self, other: "Connection") -> None:
        """Pass on buffered and future data."""
        self._other = other
        if self._unread:
            other.transport.write(bytes(self._unread))
            self._unread.clear()
        if self.closed.is_set():
            other.transport.close()
