"""An HTTP server for an ASGI application inside the daemon's running event loop."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable, Generator

import uvicorn

from frugal.cloud import connections
from frugal.cloud.errors import CloudError

_BACKLOG = 1024


class Listener:
    """Serves `app` (ASGI) on 127.0.0.1:`port`; port 0 takes a free one, see `.port` after `start`.

    Plain HTTP/1.1, or HTTPS where `ssl` is given. No lifespan events, no WebSockets, no Date or
    Server header of its own, and `X-Forwarded-*` unchanged: the app's response is sent as it is.
    `grace` (seconds) is how long `stop` waits for responses in progress before it cancels them.

    A head must arrive within 20 s; idle connections are closed after 75. None is accepted while
    `share` of the process's descriptors is in use: less for a server whose requests need more.
    """

    def __init__(
        self,
        app: Callable[..., Awaitable[None]],
        port: int,
        *,
        ssl: ssl.SSLContext | None = None,
        grace: int = 5,
        share: float = connections.SHARE,
    ) -> None:
        self.port = port
        self._share = share
        self._app = app
        self._ssl = ssl
        self._grace = grace
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return once connections are accepted. Raises CloudError when the port is taken."""
        sock = bind(self.port)
        self.port = int(sock.getsockname()[1])
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            loop="none",
            http=connections.Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            workers=1,
            timeout_keep_alive=connections.KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=self._grace,
        )
        # uvicorn makes a context of files alone; `load` would replace one given before.
        config.load()
        config.ssl = self._ssl
        server = _Server(config, self._share)
        self._server = server
        self._task = asyncio.create_task(server.serve([sock]), name=f"listener:{self.port}")
        listening = asyncio.create_task(server.listening.wait())
        await asyncio.wait((self._task, listening), return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if not server.listening.is_set():
            sock.close()
            await self._task

    async def stop(self) -> None:
        """Close the port, let responses in progress end (at most `grace` seconds), then return."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        await self._task
        self._server = self._task = None


class _Server(uvicorn.Server):
    """uvicorn without signal handlers (they belong to the daemon), and accepting by itself.

    asyncio's own server writes a traceback for each of the 1,024 connections of a full queue when
    there are no descriptors, every second (CPython 3.11, `_accept_connection`).
    """

    def __init__(self, config: uvicorn.Config, share: float) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._share = share
        self._accepting: asyncio.Task[None] | None = None
        self._opening: set[asyncio.Task[None]] = set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])
        (listening,) = sockets or []
        accepting = connections.accept(listening, self._open, share=self._share)
        self._accepting = asyncio.create_task(accepting)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        tasks = [*self._opening, *([self._accepting] if self._accepting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await super().shutdown(sockets)

    def _open(self, connection: socket.socket) -> None:
        opening = asyncio.create_task(self._serve_one(connection))
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    async def _serve_one(self, connection: socket.socket) -> None:
        """Hand a connection to the protocol; a client that fails at TLS is dropped."""
        context = self.config.ssl
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol,
                connection,
                ssl=context,
                ssl_handshake_timeout=connections.HEAD_SECONDS if context else None,
            )
        except OSError:
            connection.close()

    def _protocol(self) -> connections.Protocol:
        return connections.Protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


def bind(port: int) -> socket.socket:
    """Listen on 127.0.0.1:`port`, without blocking. Raises CloudError when the port is taken."""
    # With its protocol named, asyncio sets TCP_NODELAY: without it each answer waits 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # A restarted daemon takes its port back at once; a port someone listens on stays refused.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(_BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            message = (
                f"Port {port} on 127.0.0.1 is taken by another program. Stop that program "
                f"(`ss -ltnp` or `lsof -i :{port}` shows it) and run the command again, "
                "or delete .frugal/local/cloud/ports.json: this only changes the ports."
            )
            raise CloudError("PortInUse", message) from error
        raise
    return sock
