"""gunicorn, configured for the homepage."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from homepage import logs
from homepage.app import create_app
from homepage.worker import Worker

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from flask import Flask
    from gunicorn.arbiter import Arbiter

    from homepage.settings import Settings

_THREADS: Final = 8
_GRACE: Final = 25
"""Seconds for requests under way after SIGTERM: the platform kills after 30."""
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108  # a folder of the system, not of ours
_KEEP_ALIVE: Final = 75
"""Seconds; longer than a proxy keeps idle connections, so that it is never we who close."""

_LONGEST_LINE: Final = 8190
"""Bytes; the most that gunicorn allows. Charts have long addresses, longest with letters that are
not ASCII: each is six or more."""


class _Log(Logger):
    """gunicorn's log without a line for each request: the app writes one with the request's id."""

    def access(self, *_: object, **__: object) -> None:
        """Write nothing. Below its level the line would still be composed."""


class Server(BaseApplication):
    """gunicorn with one worker of threads, configured here alone. It closes the listener."""

    def __init__(self, settings: "Settings", listener: "socket.socket") -> None:
        self._settings = settings
        self._listener = listener
        super().__init__()

    def load_config(self) -> None:
        """Give gunicorn its options; it calls this once."""
        options: Mapping[str, Any] = {
            "bind": f"fd://{self._listener.detach()}",
            "workers": 1,
            "threads": _THREADS,
            "worker_class": Worker,
            "graceful_timeout": _GRACE,
            "keepalive": _KEEP_ALIVE,
            "limit_request_line": _LONGEST_LINE,
            # A broken app ends the process at once and with its own error.
            "preload_app": True,
            "control_socket_disable": True,
            # The worker's sign of life is a file; in memory it needs no writable disk.
            "worker_tmp_dir": _SHARED_MEMORY if Path(_SHARED_MEMORY).is_dir() else None,
            "logconfig_dict": logs.CONFIG,
            "logger_class": _Log,
            "when_ready": _announce,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    # The stubs of gunicorn and Werkzeug write the types of WSGI differently.
    def load(self) -> "Flask":  # pyright: ignore[reportIncompatibleMethodOverride]
        """Give gunicorn the application; it calls this once, before it starts its worker."""
        return create_app(self._settings)


def _announce(arbiter: "Arbiter") -> None:
    """Say where we listen: with PORT=0 nobody else can know."""
    for listener in arbiter.LISTENERS:
        fields = {"address": str(listener)}
        logging.getLogger("homepage").info("listening", extra={"fields": fields})
