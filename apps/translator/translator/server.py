"""uvicorn, configured for the translator."""

import logging
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from translator import connections
from translator.app import create_app

if TYPE_CHECKING:
    import socket
    from types import FrameType

    from fastapi import FastAPI

    from translator.settings import Settings

_GRACE: Final = 15
"""Seconds for requests under way after SIGTERM; then hops have nine, and after 30 we are killed."""


class Server(uvicorn.Server):
    """uvicorn that logs its address, which with PORT=0 only it knows."""

    def __init__(self, config: uvicorn.Config, app: "FastAPI") -> None:
        super().__init__(config)
        self._player: Any = app.state.parts.player

    async def startup(self, sockets: "list[socket.socket] | None" = None) -> None:
        """Listen, and log the address."""
        await super().startup(sockets)
        for listener in (listener for server in self.servers for listener in server.sockets):
            host, port, *_ = listener.getsockname()
            fields = {"address": f"http://{host}:{port}"}
            logging.getLogger("translator").info("listening", extra={"fields": fields})

    def handle_exit(self, sig: int, frame: "FrameType | None") -> None:
        """Start no new hops and end the streams, which would last as long as their rounds."""
        self._player.stop()
        super().handle_exit(sig, frame)


def serve(settings: "Settings", listener: "socket.socket") -> None:
    """Run until SIGTERM or SIGINT, and close the listener."""
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        workers=1,
        http=connections.Protocol,
        log_config=None,
        access_log=False,
        server_header=False,
        # `translator.callers` does this.
        proxy_headers=False,
        timeout_keep_alive=connections.KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACE,
    )
    Server(config, app).run(sockets=[listener])
