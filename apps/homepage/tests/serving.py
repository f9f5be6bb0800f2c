"""An app as a real process, started by the command of its image."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATIENCE = 60
"""Seconds that a busy machine is given; only a failure takes that long."""


class Process:
    """`python -m PACKAGE` on a free port of 127.0.0.1, with nothing of our environment but PATH.

    `before`: statements that are carried out first, in the same process.
    """

    def __init__(
        self,
        package: str,
        *,
        folder: Path,
        environment: Mapping[str, str],
        log: Path,
        before: str = "",
    ) -> None:
        self._log = log
        run = f"{before}; import runpy; runpy.run_module({package!r}, run_name='__main__')"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, *(("-c", run) if before else ("-m", package))],
                cwd=folder,
                env={"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": "0", **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The id of the first process; those that serve are its children."""
        return self._process.pid

    @property
    def address(self) -> str:
        """The base URL that the process says it listens on."""
        return next(str(line["address"]) for line in self.lines() if "address" in line)

    def lines(self) -> list[dict[str, Any]]:
        """The log so far: every line of it is a JSON object, or this raises ValueError."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def text(self) -> str:
        """The log as it is."""
        return self._log.read_text()

    def wait_until_listening(self) -> None:
        """Return once the process has said where it listens."""
        self.wait_for_line('"address": ')

    def wait_for_line(self, wanted: str) -> None:
        """Return once `wanted` stands in the log; fail when the process ends or time is up."""
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.text():
            assert self._process.poll() is None, self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.01)

    def terminate(self) -> None:
        """Ask the process to stop, as the platform does."""
        self._process.terminate()

    def wait(self) -> int:
        """Return the process's exit code."""
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """End it and its children, whatever they do."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
