"""Roles of a server, bound to principals of Microsoft Entra ID whose tokens sign in to them.

Stored in a table of the database `postgres` by the role's oid, so that a role recreated under an
old name does not accept the old one's token. The table is hidden from users, as on Azure.
"""

from typing import LiteralString

import psycopg
from psycopg import sql

ADMINISTRATORS = "azure_pg_admin"
"""Azure's role of a server's administrators; it owns the databases."""

PRINCIPAL_OF: LiteralString = (
    "SELECT p.object_id FROM frugal.principals p JOIN pg_roles r ON r.oid = p.role"
    " WHERE r.rolname = %s"
)

_CREATE_GROUP: LiteralString = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'azure_pg_admin') THEN
    CREATE ROLE azure_pg_admin NOLOGIN;
  END IF;
END $$
"""
_TABLE: tuple[LiteralString, ...] = (
    "CREATE SCHEMA IF NOT EXISTS frugal",
    "CREATE TABLE IF NOT EXISTS frugal.principals (role oid PRIMARY KEY, object_id text NOT NULL)",
)
# Signature, place and answer: learn.microsoft.com, "Manage Microsoft Entra users in Azure Database
# for PostgreSQL"; that an administrator's object id gets no second role: Azure/ARO-HCP issue 5833
# (both read in November 2026). It acts as its owner, so its search path is its own.
_FUNCTIONS: tuple[LiteralString, ...] = (
    """
CREATE OR REPLACE FUNCTION pg_catalog.pgaadauth_create_principal_with_oid(
  rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean
) RETURNS text LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF lower(objecttype) NOT IN ('user', 'group', 'service') THEN
    RAISE invalid_parameter_value
      USING MESSAGE = format('object type %L: it must be user, group or service', objecttype);
  END IF;
  IF objectid !~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' THEN
    RAISE invalid_parameter_value
      USING MESSAGE = format('object id %L: it must be a GUID', objectid);
  END IF;
  IF ismfa THEN
    RAISE feature_not_supported
      USING MESSAGE = 'the local cloud knows no multi-factor authentication: give isMfa false';
  END IF;
  IF EXISTS (
    SELECT FROM frugal.principals p JOIN pg_roles r ON r.oid = p.role
    WHERE p.object_id = lower(objectid) AND pg_has_role(r.oid, 'azure_pg_admin', 'member')
  ) THEN
    RAISE duplicate_object
      USING MESSAGE = format('%s is an administrator of this server already', objectid);
  END IF;
  EXECUTE format('CREATE ROLE %I LOGIN', rolename);
  IF isadmin THEN
    EXECUTE format('ALTER ROLE %I CREATEDB CREATEROLE', rolename);
    EXECUTE format('GRANT azure_pg_admin TO %I WITH ADMIN OPTION', rolename);
  END IF;
  INSERT INTO frugal.principals (role, object_id)
    SELECT oid, lower(objectid) FROM pg_roles WHERE rolname = rolename;
  RETURN format('Created role for %I', rolename);
END $$
""",
    # Columns without data here are null. They are named as the server names them, which is not as
    # Microsoft's page does (digdir/dialogporten, provisioning of roles, September 2026).
    """
CREATE OR REPLACE FUNCTION pg_catalog.pgaadauth_list_principals(isadminvalue boolean)
RETURNS TABLE (
  rolname text, principaltype text, objectid text, tenantid text, ismfa integer, isadmin integer
) LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.rolname, NULL, p.object_id, NULL, 0, pg_has_role(r.oid, 'azure_pg_admin', 'member')::int
  FROM frugal.principals p JOIN pg_roles r ON r.oid = p.role
  WHERE pg_has_role(r.oid, 'azure_pg_admin', 'member') OR NOT isadminvalue
$$
""",
    # Binds an existing role to another principal. Azure has it, and does not document it.
    """
CREATE OR REPLACE FUNCTION pg_catalog.pgaadauth_update_principal_with_oid(
  rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean
) RETURNS text LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF objecttype <> 'service' OR isadmin OR ismfa THEN
    RAISE feature_not_supported
      USING MESSAGE = 'the local cloud rebinds roles of services that administer nothing';
  END IF;
  INSERT INTO frugal.principals (role, object_id)
    SELECT oid, lower(objectid) FROM pg_roles WHERE pg_roles.rolname = rolename
    ON CONFLICT (role) DO UPDATE SET object_id = excluded.object_id;
  IF NOT FOUND THEN
    RAISE undefined_object USING MESSAGE = format('role %I does not exist', rolename);
  END IF;
  RETURN format('Updated role for %I', rolename);
END $$
""",
    *(
        statement
        for function in (
            "pgaadauth_create_principal_with_oid",
            "pgaadauth_list_principals",
            "pgaadauth_update_principal_with_oid",
        )
        for statement in (
            f"REVOKE ALL ON FUNCTION pg_catalog.{function} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION pg_catalog.{function} TO azure_pg_admin",
        )
    ),
)

_ADMINISTRATOR_ROLES_OF: LiteralString = (
    "SELECT r.rolname FROM frugal.principals p JOIN pg_roles r ON r.oid = p.role"
    " WHERE p.object_id = %s AND pg_has_role(r.oid, 'azure_pg_admin', 'member')"
)
_BIND: LiteralString = (
    "INSERT INTO frugal.principals (object_id, role)"
    " SELECT %s, oid FROM pg_roles WHERE rolname = %s"
    " ON CONFLICT (role) DO UPDATE SET object_id = excluded.object_id"
)
_UNBIND: LiteralString = (
    "DELETE FROM frugal.principals p USING pg_roles r WHERE r.oid = p.role AND r.rolname = %s"
)
# Shared dependencies: what the role owns in any database of the server.
_OWNS_OBJECTS: LiteralString = (
    "SELECT 1 FROM pg_shdepend d JOIN frugal.principals p ON p.role = d.refobjid"
    " WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o' AND p.object_id = %s LIMIT 1"
)
_END_SESSIONS: LiteralString = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"
)


async def install(connection: psycopg.AsyncConnection) -> None:
    """Install Azure's administrators' role, our table and Azure's functions on a server."""
    for statement in (_CREATE_GROUP, *_TABLE, *_FUNCTIONS):
        await connection.execute(statement)


async def arm(connection: psycopg.AsyncConnection, role: str, object_id: str) -> None:
    """Make `role` an administrator that signs in with tokens of `object_id`, in one transaction.

    An existing role gets its rights back, and its objects with them. A principal administers by one
    role: its other one is disarmed.
    """
    name, group = sql.Identifier(role), sql.Identifier(ADMINISTRATORS)
    async with connection.transaction():
        found = await connection.execute(_ADMINISTRATOR_ROLES_OF, (object_id.lower(),))
        for (other,) in await found.fetchall():
            if other != role:
                await _disarm(connection, other)
        found = await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
        verb = sql.SQL("ALTER" if await found.fetchone() else "CREATE")
        await connection.execute(sql.SQL("{} ROLE {} LOGIN CREATEDB CREATEROLE").format(verb, name))
        await connection.execute(sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(group, name))
        await connection.execute(_BIND, (object_id.lower(), role))


async def owns_objects(connection: psycopg.AsyncConnection, object_id: str) -> bool:
    """Return True where a role of the principal `object_id` owns anything in any database."""
    found = await connection.execute(_OWNS_OBJECTS, (object_id.lower(),))
    return await found.fetchone() is not None


async def disarm(connection: psycopg.AsyncConnection, object_id: str) -> None:
    """Take from the principal `object_id` the role by which it administers; none is no error.

    The role can't sign in any more, leaves azure_pg_admin, and its sessions end. It stays, because
    its tables do. Other roles of the same principal stay as they are.
    """
    async with connection.transaction():
        found = await connection.execute(_ADMINISTRATOR_ROLES_OF, (object_id.lower(),))
        for (role,) in await found.fetchall():
            await _disarm(connection, role)


async def _disarm(connection: psycopg.AsyncConnection, role: str) -> None:
    name, group = sql.Identifier(role), sql.Identifier(ADMINISTRATORS)
    await connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN NOCREATEDB NOCREATEROLE").format(name))
    # What it granted to others by this membership goes with it.
    await connection.execute(sql.SQL("REVOKE {} FROM {} CASCADE").format(group, name))
    await connection.execute(_UNBIND, (role,))
    await connection.execute(_END_SESSIONS, (role,))
