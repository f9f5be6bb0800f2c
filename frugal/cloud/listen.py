"""An HTTP server for an ASGI application inside the daemon's running event loop."""

import asyncio
import errno
import socket
import ssl

import uvicorn
from starlette.types import ASGIApp

from frugal.cloud import connections
from frugal.cloud.errors import CloudError
from frugal.cloud.tasks import Tasks, cancel

_BACKLOG = 1024


class Listener:
    """Serves `app` (ASGI) on 127.0.0.1:`port`; port 0 takes a free one, see `.port` after `start`.

    Plain HTTP/1.1, or HTTPS where `ssl` is given. No lifespan events, no WebSockets, no Date or
    Server header of its own, and `X-Forwarded-*` unchanged: the app's response is sent as it is.
    `grace` (seconds) is how long `stop` waits for responses in progress before it cancels them.

    A head must arrive within 20 s; idle connections are closed after 75. None is accepted while
    `share` of the process's descriptors is in use: less for a server whose requests need more.

    Of uvicorn's server it uses connections and shutdown alone. Signals belong to the daemon, and
    asyncio's own way to accept writes a traceback for each of the 1,024 connections of a full queue
    when there are no descriptors, every second (CPython 3.11, `_accept_connection`).
    """

    def __init__(
        self,
        app: ASGIApp,
        port: int,
        *,
        ssl: ssl.SSLContext | None = None,
        grace: int = 5,
        share: float = connections.SHARE,
    ) -> None:
        self.app = app
        self.port = port
        self._share = share
        self._ssl = ssl
        self._grace = grace
        self._server: uvicorn.Server | None = None
        self._tasks = Tasks()

    async def start(self) -> None:
        """Return once connections are accepted. Raises CloudError when the port is taken."""
        self._socket = bind(self.port)
        self.port = int(self._socket.getsockname()[1])
        config = uvicorn.Config(
            self.app,
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
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup([])
        self._server = server

        def accept(connection: socket.socket) -> None:
            self._tasks.start(_serve(server, connection))

        self._tasks.start(connections.accept(self._socket, accept, share=self._share))

    async def stop(self) -> None:
        """Close the port, let responses in progress end (at most `grace` seconds), then return."""
        server, self._server = self._server, None
        if server is not None:
            await cancel(*self._tasks)
            await server.shutdown([self._socket])


async def _serve(server: uvicorn.Server, connection: socket.socket) -> None:
    """Hand a connection to the protocol; a client that fails at TLS is dropped."""
    context = server.config.ssl
    try:
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: connections.Protocol(
                config=server.config, server_state=server.server_state, app_state={}
            ),
            connection,
            ssl=context,
            ssl_handshake_timeout=connections.HEAD_SECONDS if context else None,
        )
    except OSError:
        connection.close()


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
