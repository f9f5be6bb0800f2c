"""One PostgreSQL server process and its data folder."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from frugal.cloud.errors import CloudError
from frugal.cloud.postgres.binaries import Installation, choose, installations
from frugal.cloud.running import Health
from frugal.cloud.spawn import Accounts, Reaper, RunAs
from frugal.cloud.spawn.accounts import give, is_open
from frugal.cloud.spawn.reaper import DAEMON
from frugal.cloud.tasks import cancel

SUPERUSER = "azuresu"
"""Azure's name for the role that is its own alone (learn.microsoft.com, "Describe built-in Azure
Database for PostgreSQL server roles", read in November 2026)."""

_PORT = 5432
# Given at every start, so that a newer Frugal's hold for older data too. No TCP: the socket lies
# in the data folder, which is its owner's alone; that's why those who get there are trusted.
_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "max_connections": "50",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "logging_collector": "off",
    "log_destination": "stderr",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_LOCALES = ("C.UTF-8", "C")
# Nothing of the user's environment: PGOPTIONS, LANG or a time zone would change the server.
# A locale is named because macOS looks one up, in a thread, where none is.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}
# What sun_path of a Unix socket's address holds, less its closing zero, where it is shortest.
_SOCKET_PATH_BYTES = 103

# Long enough for recovery after a kill on a slow disk.
_READY_SECONDS = 300.0
_POLL_SECONDS = 0.02
_STOP_SECONDS = 20.0
# Half a minute of delays in all.
_ATTEMPTS = 9
_FIRST_DELAY, _LAST_DELAY = 0.1, 30.0
# Up for this long, and the next crash is taken for a new one.
_SOUND_SECONDS = 60.0
_LOG_LINES = 12


class Cluster:
    """A PostgreSQL data folder (`folder`/data) and the process that serves it.

    Restarted with growing delays when it dies. Its output goes to `log`, where `note` adds lines of
    ours.
    """

    health: Health = "stopped"

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        log: Path,
        reaper: Reaper,
        accounts: Accounts,
        note: Callable[[str], None],
    ) -> None:
        self.name = name
        self.folder = folder
        self.data = folder / "data"
        self.installation: Installation | None = None
        self.restarts = 0
        self._log = log
        self._reaper = reaper
        self._accounts = accounts
        self._note = note
        self._process: Process | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._data_descriptor: int | None = None
        self._stranger: int | None = None

    @property
    def pid(self) -> int | None:
        """The server's process id, None while there is none."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self, *, declared: str, existing: bool) -> None:
        """Initialize missing data, and serve it; returns once it accepts connections.

        `declared` is the major version to prefer. Raises CloudError with PostgreSQL's message;
        `DataLost` or `DataDamaged` where data is `existing` and can't be served.
        """
        if self._watcher is not None:
            return
        if existing:
            self._check_data()
        made_by = self.data / "PG_VERSION"
        required = made_by.read_text().strip() if made_by.exists() else None
        installation = choose(await installations(), declared=declared, required=required)
        if self._accounts.number(self._account) is not None and not is_open(
            installation.folder / "postgres"
        ):
            installation = await asyncio.to_thread(installation.copied, self._accounts)
        self.installation = installation
        self.health = "starting"
        try:
            if required is None:
                await self._initialise(installation)
            self._stranger = await self._end_orphan()
            process = await self._launch_patiently(installation)
        except BaseException:
            await self.stop()
            raise
        self._watcher = asyncio.create_task(
            self._watch(installation, process), name=f"postgres:{self.name}"
        )

    async def stop(self) -> None:
        """Shut down with a checkpoint, terminating the sessions."""
        if self._watcher is not None:
            await cancel(self._watcher)
            self._watcher = None
        process, self._process = self._process, None
        if process is not None:
            await self._end(process)
        if self._data_descriptor is not None:
            os.close(self._data_descriptor)
            self._data_descriptor = None
        self.health = "stopped"

    async def drop(self) -> None:
        """Stop and delete the folder."""
        await self.stop()
        if self.folder.exists():
            await asyncio.to_thread(shutil.rmtree, self.folder)
        self._accounts.release(self._account)

    def socket(self) -> str:
        """The path of the Unix socket, short enough for its address however deep the folder lies.

        Raises CloudError on a system without a short path to a deep folder.
        """
        name = f".s.PGSQL.{_PORT}"
        path = f"{self.data}/{name}"
        if len(os.fsencode(path)) <= _SOCKET_PATH_BYTES:
            return path
        if sys.platform != "linux":
            raise CloudError(
                "PathTooLong",
                f"{path} is too long for a Unix socket ({_SOCKET_PATH_BYTES} bytes). Move the "
                "checkout to a shorter path.",
            )
        if self._data_descriptor is None:
            self._data_descriptor = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)
        return f"/proc/self/fd/{self._data_descriptor}/{name}"

    async def connect(self, database: str = "postgres") -> psycopg.AsyncConnection:
        """Connect as the superuser, in autocommit. Raises psycopg.OperationalError."""
        return await psycopg.AsyncConnection.connect(
            host=str(Path(self.socket()).parent),
            # Else libpq would take the user's PGHOSTADDR.
            hostaddr="",
            # A user's open transaction must not make everyone wait at the door.
            options="-c lock_timeout=10s",
            port=_PORT,
            user=SUPERUSER,
            dbname=database,
            autocommit=True,
        )

    def _check_data(self) -> None:
        """Restore a lost PG_VERSION from a database's copy of it; refuse incomplete data.

        The folder is not changed when it is refused.
        """
        if not self.data.is_dir() or not any(self.data.iterdir()):
            raise CloudError(
                "DataLost",
                f"The data of the database server {self.name} is gone ({self.data}), and with it "
                "all its rows.",
            )
        version, copied = (self.data / p for p in ("PG_VERSION", "base/1/PG_VERSION"))
        if not _holds_a_number(version) and _holds_a_number(copied):
            self._note("PG_VERSION was lost or damaged: copying it from base/1")
            owner = self.data.stat()
            version.write_bytes(copied.read_bytes())
            version.chmod(0o600)
            os.chown(version, owner.st_uid, owner.st_gid)
        for name in ("PG_VERSION", "global/pg_control"):
            if not (self.data / name).exists() or not (self.data / name).stat().st_size:
                raise CloudError(
                    "DataDamaged",
                    f"The data of the database server {self.name} is damaged: "
                    f"{self.data / name} is gone or empty. The rows are still in that folder, "
                    "which was not changed. Restore the file from a backup of the folder, or "
                    "recreate it with PostgreSQL's pg_resetwal (see its documentation; run it as "
                    "the folder's owner), and run `frugal up` again.",
                )

    async def _initialise(self, installation: Installation) -> None:
        """Initialize the data folder atomically."""
        self.folder.mkdir(parents=True, exist_ok=True)
        maker = self._user()
        if maker.user is not None:
            # initdb wants a user that has a name; the server does not.
            maker = RunAs(user=_named_user(), groups=maker.groups[1:])
            self.folder.chmod(0o711)
        fresh = self.folder / "data.new"
        output = self.folder / "initdb.log"
        for locale in _LOCALES:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            if maker.user is not None:
                os.chown(fresh, maker.user, -1)
            output.write_bytes(b"")
            process = await self._spawn(
                [
                    installation.folder / "initdb",
                    f"--pgdata={fresh}",
                    f"--username={SUPERUSER}",
                    "--auth-local=trust",
                    "--auth-host=reject",
                    "--encoding=UTF8",
                    f"--locale={locale}",
                    "--data-checksums",
                ],
                user=maker,
                log=output,
            )
            if await process.wait() == 0:
                fresh.rename(self.data)
                output.unlink()
                return
        raise CloudError(
            "ServerCreationFailed", f"initdb failed for {self.name}: {_tail(output, 0)}"
        )

    async def _launch(self, installation: Installation) -> Process:
        """Start the server; returns once it takes connections. Raises CloudError."""
        user = self._user()
        if user.user is not None and self.data.stat().st_uid != user.user:
            # New, or made by another version or user.
            await asyncio.to_thread(give, self.data, user.user)
        settings = {**_SETTINGS, "cluster_name": self.name[:63]}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        written = self._log.stat().st_size if self._log.exists() else 0
        process = await self._spawn(
            [installation.folder / "postgres", "-D", self.data, *options],
            user=user,
            log=self._log,
        )
        started = time.monotonic()
        while process.returncode is None and time.monotonic() - started < _READY_SECONDS:
            # As pg_ctl reads it.
            lock = self._lock()
            if lock[:1] == [str(process.pid)] and lock[-1] == "ready":
                self.health = "healthy"
                return process
            await asyncio.sleep(_POLL_SECONDS)
        await self._end(process)
        raise CloudError(
            "ServerNotAccessible",
            f"PostgreSQL {installation.version} for {self.name} did not start: "
            f"{_tail(self._log, written)}",
        )

    async def _launch_patiently(self, installation: Installation) -> Process:
        """Start with retries: after a kill, sessions of the old server hold its memory a moment."""
        killed = bool(self._lock())
        for attempt in range(_ATTEMPTS - 1 if killed else 0):
            with contextlib.suppress(CloudError):
                return await self._launch(installation)
            await asyncio.sleep(_FIRST_DELAY * 2**attempt)
        return await self._launch(installation)

    async def _watch(self, installation: Installation, process: Process) -> None:
        """Restart the server whenever it ends, at once at first, then with growing delays."""
        delay = _FIRST_DELAY
        while True:
            up = time.monotonic()
            code = await process.wait()
            if time.monotonic() - up > _SOUND_SECONDS:
                delay = _FIRST_DELAY
            self.health = "starting"
            while True:
                self._note(f"the server ended with {code}; restarting it in {delay:.1f} s")
                await asyncio.sleep(delay)
                delay = min(2 * delay, _LAST_DELAY)
                self.restarts += 1
                try:
                    process = await self._launch(installation)
                    break
                except (CloudError, OSError) as error:
                    self.health = "failed"
                    self._note(str(error))
                    code = "an error"

    async def _spawn(self, command: Sequence[str | Path], *, user: RunAs, log: Path) -> Process:
        env = dict(_ENVIRONMENT)
        if self._stranger is not None:
            # What pg_ctl says of its own caller: this process id is no other server's.
            env["PG_GRANDPARENT_PID"] = str(self._stranger)
        argv = [str(part) for part in command]
        spawning = asyncio.create_task(
            self._reaper.spawn(argv, cwd=self.folder, env=env, log=log, user=user)
        )
        try:
            process = await asyncio.shield(spawning)
        except asyncio.CancelledError:
            # Registered for `stop` in any case: a leftover process would write to deleted files.
            self._process = await spawning
            raise
        self._process = process
        return process

    @property
    def _account(self) -> str:
        return f"server {self.name}"

    def _user(self) -> RunAs:
        """The server's own user; the daemon's, if that is an ordinary one."""
        number = self._accounts.number(self._account)
        if number is None:
            return DAEMON
        return RunAs(user=number, groups=(number, self._accounts.group))

    async def _end(self, process: Process) -> None:
        """Shut down fast, then immediately (PostgreSQL's words), then by SIGKILL."""
        with contextlib.suppress(ProcessLookupError, TimeoutError):
            process.send_signal(signal.SIGINT)
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        await self._reaper.terminate(process, grace=5, by=signal.SIGQUIT)

    async def _end_orphan(self) -> int | None:
        """End a server on our data that a lost daemon left.

        Returns the process id that the data's lock file names when that is another program's by
        now: PostgreSQL would take it for a server of its own and refuse to start.
        """
        try:
            pid = int(self._lock()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            # No such file, no such process, or one of another user, which PostgreSQL sees as well.
            return None
        try:
            _, writer = await asyncio.open_unix_connection(self.socket())
        except (FileNotFoundError, ConnectionRefusedError):
            return pid
        writer.close()
        self._note(f"stopping a leftover server (process {pid})")
        # If it does not end, PostgreSQL refuses to start with its own message.
        with contextlib.suppress(ProcessLookupError, TimeoutError):
            os.kill(pid, signal.SIGQUIT)
            async with asyncio.timeout(_STOP_SECONDS):
                while True:
                    await asyncio.sleep(_POLL_SECONDS)
                    os.kill(pid, 0)
        return None

    def _lock(self) -> list[str]:
        """The lines of the data's lock file: process id first, state last; empty without one."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line.strip() for line in lines]


def _holds_a_number(file: Path) -> bool:
    return file.is_file() and file.read_bytes().strip().isdigit()


def _named_user() -> int:
    """The id of a user that has a name and isn't root: the system's `postgres`, else `nobody`."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise CloudError(
        "NoAccount",
        "PostgreSQL doesn't run as root, and this machine has neither a user `postgres` nor a user "
        "`nobody` to run it as. Run the command as an ordinary user.",
    )


def _tail(log: Path, offset: int) -> str:
    """The last lines that came into a log after `offset` (bytes)."""
    with log.open("rb") as content:
        content.seek(offset)
        lines = content.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-_LOG_LINES:]) or "it said nothing"
