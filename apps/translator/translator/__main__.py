"""Serve the translator with uvicorn: `python -m translator` binds HOST and PORT."""

import gc
import socket
from typing import Final

from translator import logs, telemetry
from translator.settings import Settings, load

_BACKLOG: Final = 2048
"""Connections that wait to be accepted; uvicorn's own number."""


def listen(host: str, port: int) -> socket.socket:
    """Bind and listen; raises SystemExit where the machine refuses the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = f"HOST={host!r}, PORT={port}: {error.strerror}. Change one of them."
        raise SystemExit(reason) from None
    # Connections inherit it. asyncio sets it only where a socket names its protocol, which this
    # one does not; without it a response's second packet waits 40 ms for the first's receipt.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = load(Settings)
    # Before the imports that take most of the start: who connects meanwhile is answered at its
    # end, and a probe need not come again.
    listener = listen(settings.host, settings.port)
    logs.configure()
    telemetry.configure()
    # What is imported stays. Collecting garbage meanwhile takes a seventh of the start, and looking
    # through the modules again later would stop all requests for 50 ms now and then.
    gc.disable()
    from translator.server import serve  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    serve(settings, listener)


if __name__ == "__main__":
    main()
