"""Connections to PostgreSQL that mend themselves.

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
from typing import Any, Final, cast

import certifi
import psycopg
from sqlalchemy import event, exc, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from translator.settings import DatabaseSettings
from translator.tokens import DATABASE, Tokens

_MAX_CONNECTIONS: Final = 4
"""A replica's. The smallest server (B1ms) has 35 for all of them (Microsoft's limits, 2026-11)."""
WAIT_SECONDS: Final = 10.0
"""For a free connection: in a rush it is better to wait than to be sent away."""
CONNECT_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 5
CHECK_SECONDS: Final = 1.0
_FRESH_SECONDS: Final = 2.0
_USED: Final = "translator.used"
GRACE_SECONDS: Final = 1.0
"""What the server has beyond its own time-out before we hang up."""

AWAY: Final = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, exc.DisconnectionError)
"""What is raised when the database is away, frozen or too slow; TimeoutError alone when all our
connections are in use."""


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

        Statements end after five seconds, and a server that has stopped answering altogether is
        hung up on one second later.
        """
        async with (
            self._engine.connect() as connection,
            _session(connection) as session,
            session.begin(),
        ):
            yield session

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        """As `writing`, but each statement stands alone, which saves two trips to the server."""
        async with self._autocommit.connect() as connection, _session(connection) as session:
            yield session

    async def version(self, *, wait: float) -> str | None:
        """Version of the tables, None where there are none; raises one of `AWAY` after `wait` s.

        However many ask at once, the database is asked once.
        """
        if self._ping is None or self._ping.done():
            self._ping = asyncio.create_task(self._version())
            self._ping.add_done_callback(seen)
        try:
            return await asyncio.wait_for(asyncio.shield(self._ping), wait)
        except TimeoutError:
            raise exc.DisconnectionError("The database has not answered in time.") from None

    async def _version(self) -> str | None:
        async with self.reading() as session:
            there = await session.scalar(text("SELECT to_regclass('alembic_version')::text"))
            if there is None:
                return None
            return await session.scalar(text("SELECT version_num FROM alembic_version"))

    async def parameters(self) -> dict[str, Any]:
        """What a new connection is told; the rest libpq reads from the environment.

        Raises psycopg.OperationalError where there is no token.
        """
        parameters: dict[str, Any] = {
            "application_name": "translator",
            "connect_timeout": CONNECT_SECONDS,
            "gssencmode": "disable",
            "sslmode": self._settings.pgsslmode,
            "sslrootcert": self._settings.pgsslrootcert or certifi.where(),
        }
        if self._tokens is not None:
            from azure.core.exceptions import AzureError  # noqa: PLC0415  # slow to import

            try:
                parameters["password"] = await self._tokens.get()
            except AzureError as error:
                raise psycopg.OperationalError(f"There is no token: {error}") from error
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
            # Perhaps the server does not take the token that we keep.
            if self._tokens is not None:
                self._tokens.forget()
            raise


def seen(task: asyncio.Task[Any]) -> None:
    """Look at a task's end: nobody else may be there any more to do it."""
    if not task.cancelled():
        task.exception()


@contextlib.asynccontextmanager
async def _session(connection: AsyncConnection) -> AsyncGenerator[AsyncSession]:
    raw = await connection.get_raw_connection()
    driver = cast("psycopg.AsyncConnection", raw.driver_connection)  # as `_connect` made it
    with _deadline(driver, STATEMENT_SECONDS + GRACE_SECONDS):
        async with AsyncSession(connection, expire_on_commit=False) as session:
            yield session


def _check(connection: Any, record: Any, _proxy: Any) -> None:  # noqa: ANN401  # SQLAlchemy's event
    """Before a connection is used, see that it is still good.

    One that was used just now has no need to be asked: if the server has closed it, there is
    something to read.
    """
    last = record.info.get(_USED, 0.0)
    record.info[_USED] = now = time.monotonic()
    if now - last < _FRESH_SECONDS and not _readable(connection.driver_connection):
        return
    try:
        connection.run_async(_answers)
    except psycopg.Error as error:
        # All that are older go too, and a new one is made: if that fails, it is the caller's error.
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
    """Hang up on a server that has not answered within `seconds`; it then raises OperationalError.

    Cancelling would not do: psycopg first asks the same silent server, for up to ten seconds, to
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
