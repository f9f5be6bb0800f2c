"""gunicorn's worker of threads, with a time limit for a request's head."""

import socket
import time
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from gunicorn.workers import gthread

if TYPE_CHECKING:
    from gunicorn.http import Request
    from gunicorn.workers.gthread import TConn

HEAD_SECONDS: Final = 20.0
"""From a head's first byte to its end. It is looked at once a second."""


class Worker(gthread.ThreadWorker):
    """Eight clients that send their heads bit by bit would else hold all eight threads for ever."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # gunicorn's own
        super().__init__(*arguments, **named)
        self._readable: dict[TConn, float] = {}
        self._reading: dict[TConn, float] = {}

    def enqueue_req(self, conn: "TConn") -> None:
        """Give a thread to a connection that has something to read: a new one may have nothing."""
        if conn.initialized or conn.data_ready:
            self._readable[conn] = time.monotonic()
            super().enqueue_req(conn)
            return
        nothing: Future[Any] = Future()
        # As its own wait of five seconds for a first byte ends, in a thread.
        nothing.set_result(vars(gthread)["_DEFER"])
        self.finish_request(conn, nothing)

    def handle(self, conn: "TConn") -> bool:
        """Serve one request, in a thread."""
        now = time.monotonic()
        # A head that has waited for a thread is there, or else too late after a last second.
        self._reading[conn] = max(self._readable.pop(conn, now), now - HEAD_SECONDS + 1)
        try:
            return super().handle(conn)
        finally:
            self._reading.pop(conn, None)

    def handle_request(self, req: "Request", conn: "TConn") -> bool:
        """Answer a request whose head is there."""
        self._reading.pop(conn, None)
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Cut connections that have been waited for long enough; gunicorn calls this once a second.

        Their threads then read an end and go on.
        """
        super().murder_pending()
        late = time.monotonic() - HEAD_SECONDS
        for conn, since in list(self._reading.items()):
            if since < late:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)
