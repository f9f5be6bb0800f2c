"""One execution of a job: a program run to completion."""

import asyncio
import contextlib
from asyncio.subprocess import Process
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from typing_extensions import override

from frugal.cloud.processes.log import AppLog
from frugal.cloud.processes.program import Program, describe_exit
from frugal.cloud.running import Running
from frugal.cloud.spawn import Reaper, printing

Status = Literal["Running", "Succeeded", "Failed", "Stopped"]

_LAST_LINES = 20
# Seconds between SIGTERM and SIGKILL for a try that is stopped.
_GRACE = 30.0


class Execution(Running):
    """Runs a program until it succeeds or its tries are used up; it begins at once.

    `program`: in place of one, the reason for which there is none; the execution has failed then.
    `timeout`: seconds that each try has; one that takes longer has failed. `retries`: how often a
    failed try is repeated. What it prints goes to `log` under the execution's name.
    """

    def __init__(
        self,
        name: str,
        program: Program | str,
        *,
        timeout: float,
        retries: int,
        reaper: Reaper,
        log: Path,
    ) -> None:
        self.name = name
        self.status: Status = "Running"
        self.started = datetime.now(UTC)
        self.ended: datetime | None = None
        self.exit_code: int | None = None
        self.reason = ""
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._timeout = timeout
        self._retries = retries
        self._reaper = reaper
        self._log = AppLog(log)
        self._task = asyncio.create_task(self._run(program), name=f"execution:{name}")

    async def wait(self) -> None:
        """Return when it has ended for any reason."""
        await asyncio.wait((self._task,))

    @override
    async def stop(self) -> None:
        """End it, if it still runs."""
        self._task.cancel()
        await self.wait()

    async def _run(self, program: Program | str) -> None:
        try:
            if isinstance(program, str):
                self.status, self.reason = "Failed", program
                return
            for note in program.notes:
                self._log.platform(self.name, f"note: {note}")
            for tries_left in range(self._retries, -1, -1):
                await self._try(program)
                if self.status == "Succeeded" or not tries_left:
                    break
                self._log.platform(self.name, f"{self.reason}; trying again")
                self.status = "Running"
        except asyncio.CancelledError:
            self.status, self.reason = "Stopped", "stopped before its end"
            raise
        finally:
            self.ended = datetime.now(UTC)
            self._log.platform(self.name, f"{self.status}: {self.reason}")
            self._log.close()

    async def _try(self, program: Program) -> None:
        """One process, from its start to its end."""
        self.last_lines.clear()
        running = printing(
            self._reaper,
            program.command,
            cwd=program.workdir,
            env=program.environment,
            take=self._print,
            user=program.run_as,
        )
        try:
            async with running as process:
                in_time = await self._ends_in_time(process)
        except OSError as error:
            self.status, self.reason = "Failed", f"could not be run: {error}"
            return
        ending = describe_exit(self.exit_code or 0)
        self.reason = ending if in_time else f"took longer than {self._timeout:g} s"
        self.status = "Succeeded" if in_time and self.exit_code == 0 else "Failed"

    async def _ends_in_time(self, process: Process) -> bool:
        self._log.platform(self.name, f"started (pid {process.pid})")
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timeout):
                    self.exit_code = await process.wait()
        finally:
            in_time = process.returncode is not None
            if not in_time:
                self.exit_code = await self._reaper.terminate(process, grace=_GRACE)
        return in_time

    def _print(self, line: str) -> None:
        self.last_lines.append(line)
        self._log.printed(self.name, line)
