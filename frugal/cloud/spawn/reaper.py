"""Child processes that die with the daemon, even when it is killed."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frugal.cloud.spawn import gate, guard
from frugal.cloud.tasks import cancel

# Isolated and without site packages: starts in some ten milliseconds, and nothing is imported
# from where the daemon or the app happens to stand.
_SCRIPT = (sys.executable, "-I", "-S")


@dataclass(frozen=True, kw_only=True)
class RunAs:
    """The user and the groups of a process, the first of them its main one.

    Numbers, which need no name on this machine. Without them the process has the daemon's.
    """

    user: int | None = None
    groups: tuple[int, ...] = ()

    def __str__(self) -> str:
        """The form that the gate takes."""
        return "-" if self.user is None else ":".join(map(str, (self.user, *self.groups)))


DAEMON = RunAs()
"""The daemon's own user and groups."""


class Reaper:
    """Starts children, each in a session and process group of its own, and sees that they end.

    A guard process (guard.py) kills their groups once this process is gone. A child begins behind
    a gate (gate.py) that opens only after the guard was told of it, so no moment is uncovered. A
    process that leaves its group (a daemon of its own making) is out of reach.
    """

    def __init__(self) -> None:
        self._guard: Process | None = None
        self._guarding: asyncio.Task[None] | None = None
        self._children: dict[int, Process] = {}
        self._watchers: dict[int, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Start the guard; a guard that is killed is replaced."""
        self._guard = await _start_guard()
        self._guarding = asyncio.create_task(self._keep_guard(), name="reaper:guard")

    async def stop(self) -> None:
        """Kill the children that are left, wait for them, and end the guard."""
        for process in list(self._children.values()):
            self.kill(process)
        await asyncio.gather(*self._watchers.values())
        if self._guarding is not None:
            await cancel(self._guarding)
            self._guarding = None
        if self._guard is not None:
            if self._guard.stdin is not None:
                self._guard.stdin.close()
            await self._guard.wait()
            self._guard = None

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        log: Path | int,
        user: RunAs = DAEMON,
    ) -> Process:
        """Start a program with exactly the environment `env`; its PATH finds `argv[0]`.

        Standard output and error are appended to `log` (a file, or an open descriptor), standard
        input is empty. The umask is 022. If the program can't be run, the status is 127 and the log
        says why. wait() of the process ends when the program does; the rest of its group is killed
        then.
        """
        if self._guard is None:
            message = "The reaper has not been started."
            raise RuntimeError(message)
        program = argv[0]
        if "/" not in program:
            program = shutil.which(program, path=env.get("PATH", os.defpath)) or program
        words = (
            *_SCRIPT,
            gate.__file__,
            str(user),
            # A Python started without a locale sets this one for itself (PEP 538).
            "-" if "LC_CTYPE" in env else "LC_CTYPE",
            program,
            *argv[1:],
        )
        output = log if isinstance(log, int) else os.open(log, _APPEND, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                cwd=cwd,
                env=env,
                stdin=PIPE,
                stdout=output,
                stderr=STDOUT,
                start_new_session=True,
            )
        finally:
            if output != log:
                os.close(output)
        self._children[process.pid] = process
        self._tell(f"+{process.pid}\n")
        self._watchers[process.pid] = asyncio.create_task(self._watch(process))
        if process.stdin is not None:
            process.stdin.write(b"\n")
            process.stdin.close()
        return process

    def kill(self, process: Process) -> None:
        """Send SIGKILL to the child and all of its group, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)

    async def terminate(self, process: Process, *, grace: float, by: int = signal.SIGTERM) -> int:
        """Send a signal, after `grace` seconds SIGKILL to its group; return the exit status."""
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(by)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                return await process.wait()
        self.kill(process)
        return await process.wait()

    async def _watch(self, process: Process) -> None:
        await process.wait()
        self.kill(process)
        self._tell(f"-{process.pid}\n")
        del self._children[process.pid]
        del self._watchers[process.pid]

    async def _keep_guard(self) -> None:
        while self._guard is not None:
            await self._guard.wait()
            self._guard = await _start_guard()
            for pid in self._children:
                self._tell(f"+{pid}\n")

    def _tell(self, line: str) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.write(line.encode())


_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND


async def _start_guard() -> Process:
    return await asyncio.create_subprocess_exec(
        *_SCRIPT,
        guard.__file__,
        cwd="/",
        stdin=PIPE,
        stdout=DEVNULL,
        stderr=DEVNULL,
        start_new_session=True,
    )
