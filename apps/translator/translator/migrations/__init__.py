"""Migrations of the tables.

Every migration works with the code before and after it, as old and new processes run side by side
during a deploy: it adds columns with defaults, and drops unused ones a deploy later.
"""

import logging
import secrets
import time
from pathlib import Path
from typing import Any, Final

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, exc, text
from sqlalchemy.pool import NullPool

_LOCK: Final = 0x7E1E_0001
"""Any number, the same in every process that migrates."""
_LOCK_SECONDS: Final = 60
_TABLE_LOCK_SECONDS: Final = 3
"""A statement that waits for a table lock blocks all later ones, so it gives up and is retried."""
_TRIES: Final = 20
_KEY_BYTES: Final = 32

_log: Final = logging.getLogger("translator.migrations")


def config(connection: Connection) -> Config:
    """Alembic's configuration, for this connection."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def upgrade(parameters: dict[str, Any], *, app_role: str | None = None) -> None:
    """Upgrade the tables to the current version; idempotent, and safe to run concurrently.

    Tables of a later version stay unchanged: they work with this one, so a rollback is possible.

    `parameters`: of psycopg.connect. `app_role`: the role to grant access to, if it is not the one
    that migrates; ownership of existing tables is taken first. Raises sqlalchemy.exc.DBAPIError.
    """
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(**parameters),
        poolclass=NullPool,
        hide_parameters=True,
    )
    for attempt in range(1, _TRIES + 1):
        try:
            with engine.begin() as connection:
                _upgrade(connection, app_role)
        except exc.OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable) or attempt == _TRIES:
                raise
            _log.warning("a table is in use, attempt %d", attempt)
            time.sleep(attempt / 10)
        else:
            return


def _upgrade(connection: Connection, app_role: str | None) -> None:
    # Time-outs of the whole transaction; the advisory lock has its own.
    connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    connection.execute(text(f"SET LOCAL lock_timeout = '{_TABLE_LOCK_SECONDS}s'"))
    if app_role is not None:
        from translator.migrations import roles  # noqa: PLC0415  # imports this package's tables

        roles.take_over(connection)
    now = MigrationContext.configure(connection).get_current_revision()
    if now is None or now in _known(connection):
        command.upgrade(config(connection), "head")
    else:
        _log.warning("the tables are of a later version (%s) and stay unchanged", now)
    connection.execute(
        text("INSERT INTO secrets (name, value) VALUES ('visitors', :key) ON CONFLICT DO NOTHING"),
        {"key": secrets.token_bytes(_KEY_BYTES)},
    )
    if app_role is not None:
        from translator.migrations import roles  # noqa: PLC0415

        roles.grant(connection, app_role)


def _known(connection: Connection) -> set[str]:
    """Revisions that this version of the app has."""
    scripts = ScriptDirectory.from_config(config(connection))
    return {script.revision for script in scripts.walk_revisions()}
