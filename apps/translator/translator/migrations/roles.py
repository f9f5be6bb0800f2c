"""Ownership of the tables, and privileges of the app's role."""

import logging
from typing import Final

import psycopg
from sqlalchemy import Connection, exc, text

from translator.tables import Base

READ_ONLY: Final = frozenset({"alembic_version", "secrets"})
_TABLES: Final = (*Base.metadata.tables, "alembic_version")

_ADMINISTRATORS: Final = "azure_pg_admin"
"""Azure's role whose members are a server's administrators."""

_log: Final = logging.getLogger("translator.migrations")

_OWNERS: Final = text(
    "SELECT c.relname, pg_get_userbyid(c.relowner) FROM pg_class c"
    " WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(:tables)"
    " AND c.relkind = 'r' AND c.relowner <> (SELECT oid FROM pg_roles WHERE rolname = current_user)"
)


class OwnershipError(Exception):
    """Tables belong to a role we cannot become a member of; the message says what to do."""


def take_over(connection: Connection) -> None:
    """Take ownership of existing tables: the first version's app created its own."""
    found = connection.execute(_OWNERS, {"tables": list(_TABLES)}).all()
    me = connection.scalar(text("SELECT current_user"))
    assert me is not None  # noqa: S101  # SQL
    for owner in sorted({owner for _, owner in found}):
        tables = [table for table, its_owner in found if its_owner == owner]
        _become_member(connection, owner, me, tables)
        for table in tables:
            connection.exec_driver_sql(f"ALTER TABLE {table} OWNER TO {_quoted(me)}")
            _log.info("took over the table %s of %s", table, owner)


def _become_member(connection: Connection, owner: str, me: str, tables: list[str]) -> None:
    """Become a member of `owner`; raises OwnershipError.

    Since PostgreSQL 16 this needs ADMIN OPTION (before, CREATEROLE was enough). On Azure nobody has
    that on another administrator's role, but an owner who is still an administrator may give its
    tables to the administrators' role.
    """
    statement = f"GRANT {_quoted(owner)} TO {_quoted(me)}"
    member = text("SELECT pg_has_role(current_user, :owner, 'USAGE')")
    if connection.scalar(member, {"owner": owner}):
        return
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(statement)
    except exc.ProgrammingError as error:
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        give = "; ".join(f"ALTER TABLE {table} OWNER TO {_ADMINISTRATORS}" for table in tables)
        raise OwnershipError(
            f"Tables belong to {owner!r}, and {me!r} has no ADMIN OPTION on that role. Either make"
            f" {owner!r} an administrator of the server (again) and run as {owner!r} in this"
            f" database: {give}; or run as a role with ADMIN OPTION on {owner!r}: {statement}"
        ) from None


def grant(connection: Connection, role: str) -> None:
    """Grant `role` access to the tables and to nothing else in this database."""
    name = _quoted(role)
    database = _quoted(connection.scalar(text("SELECT current_database()")) or "")
    for statement in (
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC, {name}",
        f"GRANT CONNECT ON DATABASE {database} TO {name}",
        f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {name}",
        f"GRANT USAGE ON SCHEMA public TO {name}",
    ):
        _as_far_as_we_may(connection, statement)
    for table in _TABLES:
        rights = "SELECT" if table in READ_ONLY else "SELECT, INSERT, UPDATE, DELETE"
        connection.exec_driver_sql(f"REVOKE ALL ON {table} FROM PUBLIC, {name}")
        connection.exec_driver_sql(f"GRANT {rights} ON {table} TO {name}")


def _as_far_as_we_may(connection: Connection, statement: str) -> None:
    """Run a statement; log it where the database or schema belongs to the platform."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(statement)
    except exc.ProgrammingError as error:
        if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            raise
        _log.warning("not permitted, left to the platform: %s", statement)


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
