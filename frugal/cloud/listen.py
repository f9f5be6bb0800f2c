"""An HTTP server for an ASGI application inside the daemon's running event loop."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable, Generator

import uvicorn

from frugal.cloud.errors import CloudError

# Longer than any client of ours keeps an idle connection: it is never we who close under a request.
_KEEP_ALIVE = 75
_BACKLOG = 1024


class Listener:
    """Serves `app` (ASGI) on 127.0.0.1:`port`; port 0 takes a free one, see `.port` after `start`.

    Plain HTTP/1.1, or HTTPS where `ssl` is given. No lifespan events, no WebSockets, no Date or
    Server header of its own, and `X-Forwarded-*` left as they came: what the app says is what goes
    out. `grace` (seconds) is how long `stop` waits for responses under way before it cancels them.
    """

    def __init__(
        self,
        app: Callable[..., Awaitable[None]],
        port: int,
        *,
        ssl: ssl.SSLContext | None = None,
        grace: int = 5,
    ) -> None:
        self.port = port
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
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            workers=1,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=self._grace,
            ssl_context_factory=_always(self._ssl),
        )
        server = _Server(config)
        self._server = server
        self._task = asyncio.create_task(server.serve([sock]), name=f"listener:{self.port}")
        listening = asyncio.create_task(server.listening.wait())
        await asyncio.wait((self._task, listening), return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        if not server.listening.is_set():
            sock.close()
            await self._task

    async def stop(self) -> None:
        """Close the port, let responses under way end (at most `grace` seconds), then return."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        await self._task
        self._server = self._task = None


class _Server(uvicorn.Server):
    """uvicorn without signal handlers (they belong to the daemon), and telling when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


def _always(
    context: ssl.SSLContext | None,
) -> Callable[[uvicorn.Config, Callable[[], ssl.SSLContext]], ssl.SSLContext] | None:
    """Wrap a ready TLS context: uvicorn takes one only through a function."""
    if context is None:
        return None

    def factory(_config: uvicorn.Config, _default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        return context

    return factory


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
                f"Port {port} on 127.0.0.1 is taken by another program. End that program "
                f"(`ss -ltnp` or `lsof -i :{port}` shows it) and run the command again, "
                "or delete .frugal/local/cloud/ports.json: all get new ports, and keep all else."
            )
            raise CloudError("PortInUse", message) from error
        raise
    return sock
