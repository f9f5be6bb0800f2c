"""HTTP proxy that tunnels (CONNECT) from an app to a host that this machine emulates.

Apps get it by HTTPS_PROXY, which every usual client reads, and so use the declared address: one
asks for `NAME.cognitiveservices.azure.com`, port 443, and the tunnel ends at the
daemon's own TLS server for that name. Any other host is reached as without a proxy, except the
loopback: a connection to the daemon's own gRPC port would there be the daemon's user's.
CONNECT: RFC 9110, section 9.3.6.
"""

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable

from frugal.cloud.listen import bind
from frugal.cloud.tasks import Tasks, cancel

_HEAD_BYTES = 16 * 1024
_HEAD_SECONDS = 30
_CONNECT_SECONDS = 30
_CHUNK = 64 * 1024
_HTTPS = 443


class Tunnel:
    """Listens on 127.0.0.1:`port`; port 0 takes a free one, shown by `.port` after `start`.

    `find` gives the local port that emulates a host name, None for one that is somewhere else.
    """

    def __init__(self, port: int, *, find: Callable[[str], int | None]) -> None:
        self.port = port
        self._find = find
        self._server: asyncio.Server | None = None
        self._open = Tasks()

    async def start(self) -> None:
        """Accept connections; do nothing if started. Raises CloudError if the port is taken."""
        if self._server is None:
            self._server = await asyncio.start_server(
                lambda reader, writer: self._open.start(self._serve(reader, writer)),
                sock=bind(self.port),
                limit=_HEAD_BYTES,
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every tunnel."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await cancel(*self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._tunnel(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # the client is gone, or said nothing that is a request
        finally:
            writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        host, _, port = rest.partition(" ")[0].rpartition(":")
        if method != "CONNECT" or not host or not port.isdigit():
            await _say(writer, "405 Method Not Allowed")
            return
        emulated = self._find(host.lower()) if int(port) == _HTTPS else None
        address = (host.strip("[]"), int(port)) if emulated is None else ("127.0.0.1", emulated)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                far_reader, far_writer = await asyncio.open_connection(*address)
        except (OSError, TimeoutError):
            await _say(writer, "502 Bad Gateway")
            return
        try:
            if emulated is None and is_loopback(far_writer.get_extra_info("peername")[0]):
                await _say(writer, "403 Forbidden")
                return
            await _say(writer, "200 Connection established")
            await asyncio.gather(_move(reader, far_writer), _move(far_reader, writer))
        finally:
            far_writer.close()


def is_loopback(address: str) -> bool:
    """True for an IP address that leads to this machine's loopback."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


async def _say(writer: asyncio.StreamWriter, status: str) -> None:
    writer.write(f"HTTP/1.1 {status}\r\n\r\n".encode())
    await writer.drain()


async def _move(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on data until its end, then the end."""
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
