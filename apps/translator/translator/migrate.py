"""The migration job: `python -m translator.migrate`.

It runs as an administrator of the server (PGUSER, AZURE_CLIENT_ID). It creates or upgrades the
tables, the key of the visitors' cookies, and the role APP_ROLE, which may read and write the tables
and which the identity with object id APP_OBJECT_ID signs in as. Exit codes: 0 success, 1 failure,
2 a wrong variable.
"""

import asyncio
import logging
import sys
import time
from typing import Final
from uuid import UUID

import psycopg
from pydantic import Field
from sqlalchemy import exc

from translator import logs, migrations
from translator.database import Database
from translator.migrations.roles import OwnershipError
from translator.settings import DatabaseSettings, load

_PATIENCE: Final = 60
"""Seconds in which the database has to answer: a new server's firewall rule may take a while."""
_PAUSE: Final = 2

_log: Final = logging.getLogger("translator.migrate")


class RoleError(Exception):
    """The app's role is bound to another identity; the message says what to do."""


class JobSettings(DatabaseSettings):
    """Settings of the job."""

    app_role: str = Field(min_length=1, max_length=63)
    app_object_id: UUID


def main() -> int:
    """Run the migration; return the exit code."""
    try:
        settings = load(JobSettings)
    except SystemExit as wrong:
        print(wrong, file=sys.stderr)  # before there are logs
        return 2
    logs.configure()
    try:
        asyncio.run(_run(settings))
    except (psycopg.Error, exc.DBAPIError, OwnershipError, RoleError) as error:
        _log.error("migration failed: %s", " ".join(str(error).split()))  # one line
        return 1
    _log.info("migration done")
    return 0


async def _run(settings: JobSettings) -> None:
    database = Database(settings)
    await _make_role(database, settings)
    parameters = await database.parameters()
    await asyncio.to_thread(migrations.upgrade, parameters, app_role=settings.app_role)


async def _make_role(database: Database, settings: JobSettings) -> None:
    """Create the role, or bind an existing one, in the database `postgres`.

    Only that database has Azure's functions for it (Microsoft's guide, 2026-11).
    """
    async with await _connected(database, "postgres") as connection:
        if await _there(connection, settings.app_role):
            await _bind(connection, settings.app_role, settings.app_object_id)
            return
        try:
            await connection.execute(
                "SELECT pgaadauth_create_principal_with_oid(%s, %s, 'service', false, false)",
                (settings.app_role, str(settings.app_object_id)),
            )
        except psycopg.Error:
            # Another job may have been quicker.
            if not await _there(connection, settings.app_role):
                raise
        else:
            _log.info("made the role %s", settings.app_role)


async def _there(connection: psycopg.AsyncConnection, role: str) -> bool:
    found = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
    return await found.fetchone() is not None


async def _bind(connection: psycopg.AsyncConnection, role: str, principal: UUID) -> None:
    """Bind the role to the app's identity: a recreated identity has a new object id."""
    # Microsoft's page and the server spell the columns differently: role, type, object id, ….
    listed = await connection.execute("SELECT * FROM pgaadauth_list_principals(false)")
    bound = next((row[2] for row in await listed.fetchall() if row[0] == role), None)
    if bound is not None and UUID(bound) == principal:
        return
    try:
        await connection.execute(
            "SELECT pgaadauth_update_principal_with_oid(%s, %s, 'service', false, false)",
            (role, str(principal)),
        )
    except psycopg.Error as error:
        raise RoleError(
            f"The role {role} is bound to {bound or 'no principal'}, not to the app's identity, and"
            f" the server refuses a change ({' '.join(str(error).split())}). As an administrator"
            f' of the server, run:  SECURITY LABEL FOR "pgaadauth" ON ROLE "{role}"'
            f" IS 'aadauth,oid={principal},type=service'"
        ) from None
    _log.info("bound the role %s to the app's identity (before: %s)", role, bound or "none")


async def _connected(database: Database, name: str) -> psycopg.AsyncConnection:
    """Connect in autocommit mode, retrying until `_PATIENCE` is over."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            parameters = await database.parameters()
            return await psycopg.AsyncConnection.connect(**parameters, dbname=name, autocommit=True)
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise
            _log.warning("no connection yet: %s", " ".join(str(error).split()))
            await asyncio.sleep(_PAUSE)


if __name__ == "__main__":
    sys.exit(main())
