"""Connections to PostgreSQL that mend themselves.

The database may be away when the app starts and at any time after: a caller then gets psycopg's
OperationalError within seconds, and the first call after its return succeeds.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncGenerator, Generator
from typing import Any, Final

import certifi
from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool

from translator import schema
from translator.settings import Settings
from translator.tokens import Tokens

_MAX_CONNECTIONS: Final = 4
"""A replica's. The smallest server (B1ms) has 35 for all of them (Microsoft's limits, 2026-11)."""
_MAX_WAITING: Final = 200
_WAIT_SECONDS: Final = 5.0
"""For a free connection, a new one's making included."""
_CONNECT_SECONDS: Final = 5
_STATEMENT_SECONDS: Final = 5
_CHECK_SECONDS: Final = 1.0
_GRACE_SECONDS: Final = 1.0
"""What the server has beyond its own time-out before we hang up."""


class Database:
    """A pool of connections as the role that the environment names."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tokens = Tokens(settings.azure_client_id) if settings.identity_endpoint else None
        self._pool: AsyncConnectionPool[AsyncConnection] = AsyncConnectionPool(
            kwargs=self._parameters,
            open=False,
            min_size=1,
            max_size=_MAX_CONNECTIONS,
            max_waiting=_MAX_WAITING,
            timeout=_WAIT_SECONDS,
            # Attempts follow each other more and more slowly until this many seconds have gone;
            # then the next caller starts them again. So a database that is back is soon found.
            reconnect_timeout=_WAIT_SECONDS,
            reconnect_failed=self._start_over,
            configure=schema.prepare,
            check=_check,
        )

    async def open(self) -> None:
        """Start connecting, without waiting for it."""
        await self._pool.open()

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    @contextlib.asynccontextmanager
    async def connection(self, *, wait: float = _WAIT_SECONDS) -> AsyncGenerator[AsyncConnection]:
        """A connection in autocommit, tested just now; raises OperationalError after `wait` s.

        Statements end after five seconds, and a server that has stopped answering altogether is
        hung up on one second later: both are OperationalErrors.
        """
        async with self._pool.connection(timeout=wait) as connection:
            with _deadline(connection, _STATEMENT_SECONDS + _GRACE_SECONDS):
                yield connection

    async def ping(self, *, wait: float) -> None:
        """Ask the database for an answer; raises OperationalError."""
        async with self.connection(wait=wait) as connection:
            await connection.execute("SELECT 1")

    async def _parameters(self) -> dict[str, Any]:
        """What a new connection is told; the rest libpq reads from the environment."""
        parameters: dict[str, Any] = {
            "application_name": "translator",
            "autocommit": True,
            "connect_timeout": _CONNECT_SECONDS,
            "gssencmode": "disable",
            "options": f"-c statement_timeout={_STATEMENT_SECONDS}s"
            f" -c idle_in_transaction_session_timeout={_STATEMENT_SECONDS}s",
            "sslmode": self._settings.pgsslmode,
            "sslrootcert": self._settings.pgsslrootcert or certifi.where(),
        }
        if self._tokens is not None:
            parameters["password"] = await self._tokens.get()
        return parameters

    def _start_over(self, _pool: AsyncConnectionPool[Any]) -> None:
        """After a series of failures: perhaps the server does not take the token we keep."""
        if self._tokens is not None:
            self._tokens.forget()


async def _check(connection: AsyncConnection) -> None:
    with _deadline(connection, _CHECK_SECONDS):
        await AsyncConnectionPool.check_connection(connection)


@contextlib.contextmanager
def _deadline(connection: AsyncConnection, seconds: float) -> Generator[None]:
    """Hang up on a server that has not answered within `seconds`; it then raises OperationalError.

    Cancelling would not do: psycopg first asks the same silent server, for up to ten seconds, to
    cancel the query.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _hang_up, connection)
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: AsyncConnection) -> None:
    with (
        contextlib.suppress(OperationalError, OSError),
        socket.socket(fileno=os.dup(connection.fileno())) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)
