"""Serve the translator with uvicorn: `python -m translator` binds HOST and PORT."""

import logging
from typing import TYPE_CHECKING, Final

import uvicorn

from translator import logs
from translator.app import create_app
from translator.settings import load

if TYPE_CHECKING:
    import socket

_GRACE: Final = 25
"""Seconds for requests under way after SIGTERM: the platform kills after 30."""
_KEEP_ALIVE: Final = 75
"""Seconds; longer than a proxy keeps idle connections, so that it is never we who close."""


class Server(uvicorn.Server):
    """uvicorn, saying where it listens: with PORT=0 nobody else can know."""

    async def startup(self, sockets: "list[socket.socket] | None" = None) -> None:
        """Listen, and log the address."""
        await super().startup(sockets)
        for listener in (listener for server in self.servers for listener in server.sockets):
            host, port, *_ = listener.getsockname()
            fields = {"address": f"http://{host}:{port}"}
            logging.getLogger("translator").info("listening", extra={"fields": fields})


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = load()
    logs.configure()
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        workers=1,
        log_config=None,
        access_log=False,
        server_header=False,
        # The container is reached through the platform's ingress alone.
        proxy_headers=True,
        forwarded_allow_ips="*",
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_GRACE,
    )
    Server(config).run()


if __name__ == "__main__":
    main()
