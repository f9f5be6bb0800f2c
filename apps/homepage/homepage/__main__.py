"""Serve the homepage with gunicorn: `python -m homepage` binds HOST and PORT."""

import socket
from typing import Final

from homepage import logs
from homepage.settings import load

_BACKLOG: Final = 2048
"""Connections that wait to be accepted; gunicorn's own number."""


def _listen(host: str, port: int) -> socket.socket:
    """Bind and listen; raises SystemExit where the machine refuses the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = f"HOST={host!r}, PORT={port}: {error.strerror}. Change one of them."
        raise SystemExit(reason) from None
    # Connections inherit it. gunicorn sets it later, and on a connection made before that a
    # response's second packet waits 40 ms for the first one's receipt.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = load()
    # Before the imports that take most of the start: who connects meanwhile is answered at its
    # end, and a probe need not come again.
    listener = _listen(settings.host, settings.port)
    logs.configure()
    from homepage.server import Server  # noqa: PLC0415

    Server(settings, listener).run()


if __name__ == "__main__":
    main()
