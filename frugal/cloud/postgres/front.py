"""The public face of a PostgreSQL: TLS and tokens in front of a server that has neither.

It speaks just as much of PostgreSQL's protocol as comes before a session is authenticated
(postgresql.org, "Frontend/Backend Protocol", version 18): requests for encryption, the start-up
packet, one clear-text password inside TLS, requests to cancel. From then on it moves bytes.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from frugal.cloud.listen import bind
from frugal.cloud.postgres.peer import Peer

_SSL_REQUEST = 80877103
_GSS_REQUEST = 80877104
_CANCEL_REQUEST = 80877102
_MAJOR = 3
_TLS_HANDSHAKE = b"\x16"
_ALPN = "postgresql"
# PostgreSQL's own limits: start-up packet, password, and how long a client may take to sign in.
_STARTUP_BYTES = range(8, 10_001)
_PASSWORD_BYTES = range(4, 65_536)
_SIGN_IN_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Login:
    """Who wants in: the role, the database, and the client's IPv4 address."""

    user: str
    database: str
    address: str


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A client turned away, with PostgreSQL's error code (SQLSTATE), a message and a detail."""

    def __init__(self, code: str, message: str, detail: str = "") -> None:
        super().__init__(f"{message}: {detail}" if detail else message)
        self.code = code
        self.message = message
        self.detail = detail


class Gatekeeper(Protocol):
    """Who decides on a login, and where the server behind listens."""

    def admit(self, login: Login) -> None:
        """Raises Refused for an address that may not come near."""

    async def authenticate(self, login: Login, password: str) -> None:
        """Raises Refused for a password that isn't the one for this role."""

    def backend(self) -> str:
        """The path of the server's Unix socket."""
        ...


class Front:
    """Listens on 127.0.0.1:`port`; port 0 takes a free one, shown by `.port` after `listen`.

    `note` gets one line for each refused login. It never gets a password.
    """

    def __init__(
        self, keeper: Gatekeeper, port: int, *, context: ssl.SSLContext, note: Callable[[str], None]
    ) -> None:
        context.set_alpn_protocols([_ALPN])
        # As PostgreSQL: its clients don't resume TLS sessions.
        context.num_tickets = 0
        self.port = port
        self._keeper = keeper
        self._context = context
        self._note = note
        self._tasks: set[asyncio.Task[None]] = set()
        self._sessions: set[Peer] = set()

    @property
    def sessions(self) -> int:
        """How many clients are signed in."""
        return len(self._sessions)

    async def listen(self) -> None:
        """Open the port. Raises CloudError when it is taken."""
        self._socket = bind(self.port)
        self.port = int(self._socket.getsockname()[1])
        self._start(self._accept())

    async def close(self) -> None:
        """Close the port and every session."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._socket.close()
        sessions = set(self._sessions)
        for peer in sessions:
            peer.transport.abort()
        await asyncio.gather(*(peer.closed.wait() for peer in sessions))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                client, address = await loop.sock_accept(self._socket)
            except OSError as error:
                # Out of file descriptors, say: others must end before this one can begin.
                self._note(f"a client could not be accepted: {error}")
                await asyncio.sleep(1)
                continue
            self._start(self._serve(client, str(address[0])))

    async def _serve(self, client: socket.socket, address: str) -> None:
        """Take one client to its session, or turn it away."""
        peer: Peer | None = None
        try:
            async with asyncio.timeout(_SIGN_IN_SECONDS):
                peer = await self._open(client)
                await self._sign_in(peer, address)
        except Refused as refused:
            self._note(f"FATAL: {refused}")
            if peer is not None:
                peer.transport.write(_error(refused))
        except (OSError, TimeoutError) as error:
            # The client went away, spoke no TLS, or took too long: nobody is there to be told.
            self._note(f"a client was dropped before it signed in: {error or type(error).__name__}")
        finally:
            if peer is None:
                client.close()
            elif peer not in self._sessions:
                peer.transport.close()

    async def _open(self, client: socket.socket) -> Peer:
        """A connection whose first bytes are still to come; TLS already where they are TLS's."""
        direct = await _peek(client) == _TLS_HANDSHAKE
        transport, peer = await asyncio.get_running_loop().connect_accepted_socket(
            Peer, client, ssl=self._context if direct else None
        )
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() != _ALPN:
            transport.abort()
            raise ConnectionResetError(f"TLS from the first byte needs ALPN '{_ALPN}'")
        return peer

    async def _sign_in(self, peer: Peer, address: str) -> None:
        while True:
            packet = await _read_packet(peer)
            (code,) = struct.unpack_from("!I", packet, 4)
            if code == _CANCEL_REQUEST:
                return await self._cancel(packet)
            encrypted = peer.transport.get_extra_info("ssl_object") is not None
            if code in (_SSL_REQUEST, _GSS_REQUEST) and not encrypted:
                if code == _GSS_REQUEST:
                    peer.transport.write(b"N")
                else:
                    peer.transport.write(b"S")
                    await peer.secure(self._context)
                continue
            login = _login(packet, address)
            if not encrypted:
                raise Refused("28000", no_entry(login, "no encryption"))
            self._keeper.admit(login)
            peer.transport.write(_message(b"R", struct.pack("!I", 3)))
            await self._keeper.authenticate(login, await _read_password(peer))
            return await self._join(peer, packet)

    async def _join(self, peer: Peer, startup: bytes) -> None:
        """Open the session behind and leave the two sides to each other."""
        backend = await self._connect()
        backend.transport.write(startup)
        self._sessions.add(peer)
        self._start(self._forget(peer))
        peer.join(backend)

    async def _forget(self, peer: Peer) -> None:
        try:
            await peer.closed.wait()
        finally:
            if peer.closed.is_set():
                self._sessions.discard(peer)

    async def _cancel(self, packet: bytes) -> None:
        """Hand a request to cancel on; its secret is the server's, which is the one to check it."""
        backend = await self._connect()
        backend.transport.write(packet)
        await backend.closed.wait()

    async def _connect(self) -> Peer:
        try:
            _, backend = await asyncio.get_running_loop().create_unix_connection(
                Peer, self._keeper.backend()
            )
        except OSError:
            raise Refused("57P03", "the database system is starting up") from None
        return backend


def no_entry(login: Login, encryption: str) -> str:
    """PostgreSQL's words for a client that no rule lets in."""
    return (
        f'no pg_hba.conf entry for host "{login.address}", user "{login.user}", '
        f'database "{login.database}", {encryption}'
    )


async def _peek(client: socket.socket) -> bytes:
    """The first byte that a client sends, left where it is."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    client.setblocking(False)
    loop.add_reader(client, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(client)
    return client.recv(1, socket.MSG_PEEK)


async def _read_packet(peer: Peer) -> bytes:
    """One packet as they are before the start of a session: a length and a code, no type byte."""
    head = await peer.read(4)
    (size,) = struct.unpack("!I", head)
    if size not in _STARTUP_BYTES:
        raise Refused("08P01", "invalid length of startup packet")
    return head + await peer.read(size - 4)


async def _read_password(peer: Peer) -> str:
    kind, size = struct.unpack("!cI", await peer.read(5))
    if kind != b"p" or size not in _PASSWORD_BYTES:
        raise Refused("08P01", "expected password response")
    return (await peer.read(size - 4)).rstrip(b"\0").decode(errors="replace")


def _login(packet: bytes, address: str) -> Login:
    major, minor = struct.unpack_from("!HH", packet, 4)
    if major != _MAJOR:
        raise Refused("0A000", f"unsupported frontend protocol {major}.{minor}")
    fields = packet[8:].decode(errors="replace").split("\0")
    settings = dict(zip(fields[::2], fields[1::2], strict=False))
    user = settings.get("user", "")
    if not user:
        raise Refused("28000", "no PostgreSQL user name specified in startup packet")
    return Login(user=user, database=settings.get("database") or user, address=address)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _error(refused: Refused) -> bytes:
    fields = {"S": "FATAL", "V": "FATAL", "C": refused.code, "M": refused.message}
    if refused.detail:
        fields["D"] = refused.detail
    body = "".join(f"{name}{value}\0" for name, value in fields.items()) + "\0"
    return _message(b"E", body.encode())
