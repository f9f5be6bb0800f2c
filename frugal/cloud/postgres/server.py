"""A flexible server on this machine: a real PostgreSQL behind TLS, tokens and a firewall."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from typing_extensions import override

from frugal.cloud.errors import CloudError
from frugal.cloud.logfile import LogFile
from frugal.cloud.postgres import principals
from frugal.cloud.postgres.cluster import SUPERUSER, Cluster
from frugal.cloud.postgres.postgres_proxy import Login, PostgresProxy, Refused, no_entry
from frugal.cloud.postgres.principals import ADMINISTRATORS
from frugal.cloud.running import Health, Report, Running
from frugal.cloud.spawn import Accounts, Reaper
from frugal.cloud.tls import Authority
from frugal.cloud.tokens import InvalidToken, Tokens

RESOURCE = "https://ossrdbms-aad.database.windows.net"
"""The audience of PostgreSQL's tokens (learn.microsoft.com, "Use Microsoft Entra ID for
authentication with Azure Database for PostgreSQL", read in November 2026)."""

_DATABASE: LiteralString = "SELECT 1 FROM pg_database WHERE datname = %s"
_DATABASES: LiteralString = (
    "SELECT datname, datcollate FROM pg_database WHERE datallowconn AND datname !~ '^template'"
)
_TABLES: LiteralString = (
    "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'r' AND n.nspname NOT IN ('information_schema', 'frugal')"
    " AND n.nspname !~ '^pg_' ORDER BY 1, 2"
)
# PostgreSQL's databases and Azure's.
_RESERVED_DATABASES = {"postgres", "template0", "template1", "azure_maintenance", "azure_sys"}
# Both ends of the rule that admits Azure's own services.
_AZURE = IPv4Address(0)


class Server(Running):
    """One flexible server: `host` is its declared name, `port` its port on 127.0.0.1.

    With port 0 it takes a free one at `start`. Every address but those of `set_firewall` is
    refused, so all are before its first call. Methods raise CloudError.
    """

    serves_apps = True

    def __init__(
        self,
        name: str,
        *,
        host: str,
        port: int,
        folder: Path,
        log: Path,
        reaper: Reaper,
        accounts: Accounts,
        authority: Authority,
        tokens: Tokens,
    ) -> None:
        self.name = name
        self.host = host
        self.port = port
        self._log = log
        self._authority = authority
        self._tokens = tokens
        self._cluster = Cluster(
            name, folder, log=log, reaper=reaper, accounts=accounts, note=self._note
        )
        self._proxy: PostgresProxy | None = None
        self._declared = ""
        self._rules: list[tuple[IPv4Address, IPv4Address]] = []
        self._databases: dict[str, str] = {}
        self._changing = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._connection: psycopg.AsyncConnection | None = None

    async def start(self, *, version: str, existing: bool = False) -> None:
        """Serve the existing data if there is any; do nothing if running.

        `version` is the declared major version (`17`). `existing`: there must be data; raises
        CloudError `DataLost` or `DataDamaged` where it is not.
        """
        async with self._changing:
            self._declared = version
            if self._proxy is not None:
                return
            proxy = PostgresProxy(
                self.port,
                context=self._authority.context(self.host),
                admit=self._admit,
                authenticate=self._authenticate,
                backend=self._cluster.socket,
                note=self._note,
            )
            await proxy.listen()
            try:
                await self._cluster.start(declared=version, existing=existing)
                async with self._ask() as connection, connection.transaction():
                    await principals.install(connection)
                    await self._list_databases(connection)
            except BaseException:
                await proxy.close()
                await self._cluster.stop()
                raise
            self._proxy = proxy
            self.port = proxy.port

    @override
    async def stop(self) -> None:
        """Close every session and shut down; the data stays."""
        async with self._changing:
            if self._connection is not None:
                await self._connection.close()
                self._connection = None
            await self._cluster.stop()
            if self._proxy is not None:
                await self._proxy.close()
                self._proxy = None

    async def drop(self) -> None:
        """Stop, and delete the data."""
        await self.stop()
        await self._cluster.drop()

    def health(self) -> Health:
        """The health of its process."""
        return self._cluster.health

    @override
    def report(self, report: Report) -> None:
        """Add its health, binaries and sessions."""
        report.add_health("postgres", self.health())
        report.postgres[self.name] = self.status()

    def status(self) -> dict[str, object]:
        """Details for `frugal status`: binaries and declared version, process, sessions."""
        found = self._cluster.installation
        return {
            "host": self.host,
            "port": self.port,
            "health": self.health(),
            "binaries": str(found.folder) if found else None,
            "source": found.source if found else None,
            "version": found.version if found else None,
            "declared": self._declared,
            "differs": bool(found and self._declared and found.major != self._declared),
            "pid": self._cluster.pid,
            "restarts": self._cluster.restarts,
            "sessions": len(self._proxy.sessions) if self._proxy else 0,
            "data": str(self._cluster.data),
            "databases": dict(self._databases),
        }

    async def create_database(self, name: str, *, charset: str, collation: str) -> None:
        """Create a database owned by azure_pg_admin; an existing one is not changed.

        Where this machine lacks the collation it gets the server's own (`status` shows which).
        """
        _check_database(name)
        create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING {}").format(
            sql.Identifier(name), sql.Identifier(ADMINISTRATORS), sql.Literal(charset)
        )
        localised = sql.SQL("{} LC_COLLATE {} LC_CTYPE {}").format(
            create, sql.Literal(collation), sql.Literal(collation)
        )
        async with self._ask() as connection:
            found = await connection.execute(_DATABASE, (name,))
            if await found.fetchone():
                return
            try:
                await connection.execute(localised)
            except psycopg.errors.WrongObjectType:
                self._note(f"database {name}: no collation {collation} on this machine")
                await connection.execute(create)
            await self._list_databases(connection)

    async def drop_database(self, name: str) -> None:
        """Drop a database and its sessions; a missing one is no error."""
        _check_database(name)
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        async with self._ask() as connection:
            await connection.execute(drop)
            await self._list_databases(connection)

    async def rows(self) -> dict[str, int]:
        """Count the rows of every table (`database.schema.table`) but the server's own."""
        async with self._ask() as connection:
            await self._list_databases(connection)
        found: dict[str, int] = {}
        for database in self._databases:
            try:
                async with await self._cluster.connect(database) as connection:
                    tables = await (await connection.execute(_TABLES)).fetchall()
                    for schema, table in tables:
                        count = sql.SQL("SELECT count(*) FROM {}").format(
                            sql.Identifier(schema, table)
                        )
                        row = await (await connection.execute(count)).fetchone()
                        found[f"{database}.{schema}.{table}"] = int(row[0]) if row else 0
            except psycopg.Error as error:
                raise CloudError("ServerNotAccessible", f"{self.name}: {error}") from error
        return found

    def set_firewall(self, rules: Iterable[tuple[str, str]]) -> None:
        """Admit addresses of these ranges (first and last IPv4 address) and no others.

        A range that holds 127.0.0.1 admits this machine's programs, and so does Azure's rule for
        its own services, 0.0.0.0 to 0.0.0.0. Open sessions continue.
        """
        self._rules = [address_range(*rule) for rule in rules]

    async def add_administrator(self, *, role: str, object_id: str) -> None:
        """Let the principal `object_id` sign in as `role`, an administrator: `principals.arm`."""
        if role in {SUPERUSER, ADMINISTRATORS} or role.startswith("pg_"):
            raise CloudError("InvalidParameterValue", f"'{role}' is a role of the server's own.")
        async with self._ask() as connection:
            await principals.arm(connection, role, object_id)

    async def remove_administrator(self, *, object_id: str) -> None:
        """Disarm the role by which the principal `object_id` administers: `principals.disarm`."""
        async with self._ask() as connection:
            await principals.disarm(connection, object_id)

    async def owns_objects(self, object_id: str) -> bool:
        """Return True where a role of the principal `object_id` owns anything in any database."""
        async with self._ask() as connection:
            return await principals.owns_objects(connection, object_id)

    def _admit(self, login: Login) -> None:
        """Refuse an address that no firewall rule admits."""
        address = IPv4Address(login.address)
        for first, last in self._rules:
            if first <= address <= last or (first == last == _AZURE and address.is_loopback):
                return
        raise Refused("28000", no_entry(login, "SSL encryption"))

    async def _authenticate(self, login: Login, password: str) -> None:
        """Refuse a password that isn't a token of the role's principal."""
        failed = f'password authentication failed for user "{login.user}"'
        try:
            claims = self._tokens.verify(password, resource=RESOURCE)
        except InvalidToken as error:
            raise Refused("28P01", failed, str(error)) from None
        try:
            async with self._ask() as connection:
                found = await connection.execute(principals.PRINCIPAL_OF, (login.user,))
                row = await found.fetchone()
        except CloudError:
            raise Refused("57P03", "the database system is starting up") from None
        if row is None:
            detail = f'There is no role "{login.user}" that signs in with a token.'
            raise Refused("28P01", failed, detail)
        if row[0] != claims.object_id.lower():
            raise Refused("28P01", failed, "The access token belongs to another principal.")

    async def _list_databases(self, connection: psycopg.AsyncConnection) -> None:
        found = await connection.execute(_DATABASES)
        self._databases = dict(await found.fetchall())

    @contextlib.asynccontextmanager
    async def _ask(self) -> AsyncGenerator[psycopg.AsyncConnection]:
        """Use the superuser's connection, one caller at a time. Raises CloudError."""
        async with self._asking:
            try:
                yield await self._connected()
            except psycopg.OperationalError as error:
                raise CloudError(
                    "ServerNotAccessible", f"Server {self.name} is not accessible: {error}"
                ) from error
            except psycopg.Error as error:
                raise CloudError("InvalidParameterValue", f"{self.name}: {error}") from error

    async def _connected(self) -> psycopg.AsyncConnection:
        # Another name: `stop` may take the connection away at each wait.
        connection = self._connection
        if connection is not None:
            # Checked first: the server may have been killed since.
            with contextlib.suppress(psycopg.OperationalError):
                await connection.execute("SELECT 1")
                return connection
            await connection.close()
        self._connection = await self._cluster.connect()
        return self._connection

    def _note(self, text: str) -> None:
        """A line in the server's log, in the form of PostgreSQL's own."""
        moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        log = LogFile(self._log)
        log.write(f"{moment} UTC [{self.name}] {text}")
        log.close()


def address_range(first: str, last: str) -> tuple[IPv4Address, IPv4Address]:
    """Parse the two addresses of a firewall rule. Raises CloudError."""
    try:
        return IPv4Address(first), IPv4Address(last)
    except AddressValueError as error:
        raise CloudError("InvalidParameterValue", f"Not an IPv4 address: {error}.") from None


def _check_database(name: str) -> None:
    if name in _RESERVED_DATABASES:
        raise CloudError("InvalidParameterValue", f"'{name}' is a database of the server's own.")
