"""PostgreSQL's public side: TLS and tokens in front of a server that has neither.

It implements only the part of PostgreSQL's protocol before a session is authenticated
(postgresql.org, "Frontend/Backend Protocol", version 18): requests for encryption, the start-up
packet, one clear-text password inside TLS, requests to cancel. From then on it moves bytes.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from frugal.cloud import connections
from frugal.cloud.listen import bind
from frugal.cloud.postgres.connection import Connection
from frugal.cloud.tasks import Tasks, cancel

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
    """A client that signs in: its role, its database, and its IPv4 address."""

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


class PostgresProxy:
    """Listens on 127.0.0.1:`port`; port 0 takes a free one, shown by `.port` after `listen`.

    `admit` refuses an address, `authenticate` a password, both by raising Refused; `backend` gives
    the path of the server's Unix socket. `note` gets one line for each refused login. It never gets
    a password.
    """

    def __init__(
        self,
        port: int,
        *,
        context: ssl.SSLContext,
        admit: Callable[[Login], None],
        authenticate: Callable[[Login, str], Awaitable[None]],
        backend: Callable[[], str],
        note: Callable[[str], None],
    ) -> None:
        context.set_alpn_protocols([_ALPN])
        # As PostgreSQL: its clients don't resume TLS sessions.
        context.num_tickets = 0
        self.port = port
        self._context = context
        self._admit = admit
        self._authenticate = authenticate
        self._backend = backend
        self._note = note
        self._tasks = Tasks()
        self._sessions: set[Connection] = set()

    @property
    def sessions(self) -> list[Connection]:
        """The connections of the clients that are signed in."""
        return [connection for connection in self._sessions if not connection.closed.is_set()]

    async def listen(self) -> None:
        """Open the port. Raises CloudError when it is taken."""
        self._socket = bind(self.port)
        self.port = int(self._socket.getsockname()[1])
        accepting = connections.accept(
            self._socket,
            lambda client: self._tasks.start(self._serve(client)),
            share=connections.SHARE,
        )
        self._tasks.start(accepting)

    async def close(self) -> None:
        """Close the port and every session."""
        await cancel(*self._tasks)
        self._socket.close()
        for connection in self.sessions:
            connection.transport.abort()
        await asyncio.gather(*(connection.closed.wait() for connection in self._sessions))

    async def _serve(self, client: socket.socket) -> None:
        """Take one client to its session, or turn it away."""
        connection: Connection | None = None
        try:
            address = str(client.getpeername()[0])
            async with asyncio.timeout(_SIGN_IN_SECONDS):
                connection = await self._open(client)
                await self._sign_in(connection, address)
        except Refused as refused:
            self._note(f"FATAL: {refused}")
            if connection is not None:
                connection.transport.write(_error(refused))
        except (OSError, TimeoutError) as error:
            # The client left, did not speak TLS, or took too long: no error can be sent.
            self._note(f"a client was dropped before it signed in: {error or type(error).__name__}")
        finally:
            if connection is None:
                client.close()
            elif connection not in self._sessions:
                connection.transport.close()

    async def _open(self, client: socket.socket) -> Connection:
        """Open a connection whose first bytes are unread, over TLS if they begin a handshake."""
        direct = await _peek(client) == _TLS_HANDSHAKE
        transport, connection = await asyncio.get_running_loop().connect_accepted_socket(
            Connection, client, ssl=self._context if direct else None
        )
        tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() != _ALPN:
            transport.abort()
            raise ConnectionResetError(f"TLS from the first byte needs ALPN '{_ALPN}'")
        return connection

    async def _sign_in(self, connection: Connection, address: str) -> None:
        while True:
            packet = await _read_packet(connection)
            (code,) = struct.unpack_from("!I", packet, 4)
            if code == _CANCEL_REQUEST:
                # Forwarded as it is: the server checks its secret.
                await (await self._connect(packet)).closed.wait()
                return
            encrypted = connection.transport.get_extra_info("ssl_object") is not None
            if code in (_SSL_REQUEST, _GSS_REQUEST) and not encrypted:
                if code == _GSS_REQUEST:
                    connection.transport.write(b"N")
                else:
                    connection.transport.write(b"S")
                    await connection.secure(self._context)
                continue
            login = _login(packet, address)
            if not encrypted:
                raise Refused("28000", no_entry(login, "no encryption"))
            self._admit(login)
            connection.transport.write(_message(b"R", struct.pack("!I", 3)))
            await self._authenticate(login, await _read_password(connection))
            backend = await self._connect(packet)
            self._sessions = {*self.sessions, connection}
            connection.join(backend)
            return

    async def _connect(self, packet: bytes) -> Connection:
        """Connect to the server, and send it a client's first packet."""
        try:
            _, backend = await asyncio.get_running_loop().create_unix_connection(
                Connection, self._backend()
            )
        except OSError:
            raise Refused("57P03", "the database system is starting up") from None
        backend.transport.write(packet)
        return backend


def no_entry(login: Login, encryption: str) -> str:
    """PostgreSQL's error for a client that no rule admits."""
    return (
        f'no pg_hba.conf entry for host "{login.address}", user "{login.user}", '
        f'database "{login.database}", {encryption}'
    )


async def _peek(client: socket.socket) -> bytes:
    """Return the first byte from a client without consuming it."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(client, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(client)
    return client.recv(1, socket.MSG_PEEK)


async def _read_packet(connection: Connection) -> bytes:
    """Read a packet of the start-up phase: a length and a code, no type byte."""
    head = await connection.read(4)
    (size,) = struct.unpack("!I", head)
    if size not in _STARTUP_BYTES:
        raise Refused("08P01", "invalid length of startup packet")
    return head + await connection.read(size - 4)


async def _read_password(connection: Connection) -> str:
    kind, size = struct.unpack("!cI", await connection.read(5))
    if kind != b"p" or size not in _PASSWORD_BYTES:
        raise Refused("08P01", "expected password response")
    return (await connection.read(size - 4)).rstrip(b"\0").decode(errors="replace")


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
