"""Connections to PostgreSQL that recover by themselves.

The database may be away when the app starts and at any time after: a caller then gets an error of
`AWAY` within seconds, and the first call after its return succeeds.
"""

import asyncio
import contextlib
import os
import select
import socket
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractContextManager
from typing import Any, Final, cast

import certifi
import psycopg
from sqlalchemy import CursorResult, Executable, PoolProxiedConnection, event, exc, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from translator.settings import DatabaseSettings
from translator.tokens import DATABASE, TokenError, Tokens

_MAX_CONNECTIONS: Final = 4
"""A replica's. The smallest server (B1ms) has 35 for all of them (Microsoft's limits, 2026-11)."""
WAIT_SECONDS: Final = 10.0
"""For a free connection: under load, waiting is better than a refusal."""
CONNECT_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 5
CHECK_SECONDS: Final = 1.0
_FRESH_SECONDS: Final = 2.0
_USED: Final = "translator.used"
GRACE_SECONDS: Final = 1.0
"""Time beyond the server's own time-out before the connection is closed."""

AWAY: Final = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, exc.DisconnectionError)
"""Errors of a database that is away, frozen or too slow; TimeoutError only when all our connections
are in use."""


class Database:
    """A pool of connections as the role that the environment names."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        tokens = Tokens(settings.azure_client_id, DATABASE) if settings.identity_endpoint else None
        self._tokens = tokens
        self._engine = create_async_engine(
            "postgresql+psycopg://",
            async_creator=self._connect,
            pool_size=_MAX_CONNECTIONS,
            max_overflow=0,
            pool_timeout=WAIT_SECONDS,
            hide_parameters=True,  # of errors: they go to the log
        )
        self._autocommit = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(self._engine.sync_engine, "checkout", _check)
        self._ping: asyncio.Task[str | None] | None = None

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        """A transaction, committed at its end; raises one of `AWAY`.

        Statements end after five seconds; the connection to a server that does not answer at all is
        closed one second later.
        """
        async with self._engine.connect() as connection:
            with _limited(await connection.get_raw_connection()):
                async with (
                    AsyncSession(connection, expire_on_commit=False) as session,
                    session.begin(),
                ):
                    yield session

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """As `writing`, but each statement stands alone, which saves two trips to the server."""
        async with self._autocommit.connect() as connection:
            with _limited(await connection.get_raw_connection()):
                yield connection

    async def execute(
        self, statement: Executable, **parameters: object
    ) -> CursorResult[*tuple[Any, ...]]:
        """Carry out one statement by itself: one trip to the server; raises one of `AWAY`."""
        async with self.reading() as connection:
            return await connection.execute(statement, parameters)

    async def version(self, *, wait: float) -> str | None:
        """Version of the tables, None where there are none; raises one of `AWAY` after `wait` s.

        Concurrent calls share one query.
        """
        if self._ping is None or self._ping.done():
            self._ping = asyncio.create_task(self._version())
            self._ping.add_done_callback(seen)
        try:
            return await asyncio.wait_for(asyncio.shield(self._ping), wait)
        except TimeoutError:
            raise exc.DisconnectionError("The database has not answered in time.") from None

    async def _version(self) -> str | None:
        async with self.reading() as connection:
            there = await connection.scalar(text("SELECT to_regclass('alembic_version')::text"))
            if there is None:
                return None
            return await connection.scalar(text("SELECT version_num FROM alembic_version"))

    async def parameters(self) -> dict[str, Any]:
        """Return the parameters of a new connection; libpq reads others from the environment.

        Raises psycopg.OperationalError if no token can be fetched.
        """
        parameters: dict[str, Any] = {
            "application_name": "translator",
            "connect_timeout": CONNECT_SECONDS,
            "gssencmode": "disable",
            "sslmode": self._settings.pgsslmode,
            "sslrootcert": self._settings.pgsslrootcert or certifi.where(),
        }
        if self._tokens is not None:
            try:
                parameters["password"] = await self._tokens.get()
            except TokenError as error:
                raise psycopg.OperationalError(f"no access token: {error}") from error
        return parameters

    async def _connect(self) -> psycopg.AsyncConnection:
        parameters = await self.parameters()
        options = (
            f"-c statement_timeout={STATEMENT_SECONDS}s"
            f" -c idle_in_transaction_session_timeout={STATEMENT_SECONDS}s"
        )
        try:
            return await psycopg.AsyncConnection.connect(**parameters, options=options)
        except psycopg.OperationalError:
            # Perhaps the server refuses the cached token.
            if self._tokens is not None:
                self._tokens.forget()
            raise


def seen(task: asyncio.Task[Any]) -> None:
    """Retrieve a task's exception, as every caller may have been cancelled."""
    if not task.cancelled():
        task.exception()


def _limited(raw: PoolProxiedConnection) -> AbstractContextManager[None]:
    """Close the connection to a server that does not end a statement in time."""
    driver = cast("psycopg.AsyncConnection", raw.driver_connection)  # as `_connect` made it
    return _deadline(driver, STATEMENT_SECONDS + GRACE_SECONDS)


def _check(connection: Any, record: Any, _proxy: Any) -> None:  # noqa: ANN401  # SQLAlchemy's event
    """Check a connection before it is used.

    One that was used recently needs no query: if the server has closed it, it is readable.
    """
    last = record.info.get(_USED, 0.0)
    record.info[_USED] = now = time.monotonic()
    if now - last < _FRESH_SECONDS and not _readable(connection.driver_connection):
        return
    try:
        connection.run_async(_answers)
    except psycopg.Error as error:
        # Invalidates older connections too and opens a new one, whose failure reaches the caller.
        raise exc.InvalidatePoolError from error


def _readable(connection: psycopg.AsyncConnection) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


async def _answers(connection: psycopg.AsyncConnection) -> None:
    with _deadline(connection, CHECK_SECONDS):
        # A query in autocommit begins no transaction.
        before = connection.autocommit
        await connection.set_autocommit(True)
        await connection.execute("")
        await connection.set_autocommit(before)


@contextlib.contextmanager
def _deadline(connection: psycopg.AsyncConnection, seconds: float) -> Generator[None]:
    """Close the connection after `seconds`; the pending query then raises OperationalError.

    Cancelling is not enough: psycopg first asks the same silent server, for up to ten seconds, to
    cancel the query.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _hang_up, connection)
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: psycopg.AsyncConnection) -> None:
    with (
        contextlib.suppress(psycopg.OperationalError, OSError),
        socket.socket(fileno=os.dup(connection.fileno())) as line,
    ):
        line.shutdown(socket.SHUT_RDWR)
