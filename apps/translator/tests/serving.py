"""The app's programs as processes of their own.

A program is forked from a process that has imported the app already: dozens of tests start one, and
the imports are nine tenths of a start. Which Python, environment and folder it would have anyway it
has here too. That it starts by its image's command is in `test_process.py`.
"""

import json
import multiprocessing
import os
import runpy
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from playing import PATIENCE, PLAIN

APP = Path(__file__).resolve().parents[1]

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["msal", "translator.app", "translator.migrate", "translator.translation.azure"]
)


class Process:
    """`python -m PROGRAM`, with nothing of our environment but PATH.

    `changed`: what else than usual is at a module's place, such as "translator.database._WAIT".
    """

    def __init__(
        self,
        program: str,
        *,
        environment: Mapping[str, str],
        log: Path,
        changed: Mapping[str, object] | None = None,
    ) -> None:
        self._log = log
        log.touch()
        whole = {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": "0", **environment}
        self._process = _FORKS.Process(
            target=_run, args=(program, whole, str(log), dict(changed or {})), daemon=True
        )
        with pytest.MonkeyPatch.context() as patch:
            # Where the process that all are forked from, and that starts now, finds the app.
            patch.setenv("PYTHONPATH", str(APP))
            self._process.start()
        self._client: httpx.Client | None = None

    @property
    def address(self) -> str:
        """The base URL that the process says it listens on."""
        return next(str(line["address"]) for line in self.lines() if "address" in line)

    @property
    def client(self) -> httpx.Client:
        """A client of it, always the same one."""
        if self._client is None:
            self._client = self.visitor()
        return self._client

    def visitor(self, **headers: str) -> httpx.Client:
        """A client of somebody who was never here."""
        return httpx.Client(verify=PLAIN, base_url=self.address, timeout=PATIENCE, headers=headers)

    def lines(self) -> list[dict[str, Any]]:
        """The log so far: every whole line of it must be a JSON object."""
        whole = self.text().rpartition("\n")[0]
        assert all(line.startswith("{") for line in whole.splitlines()), whole
        return [json.loads(line) for line in whole.splitlines()]

    def text(self) -> str:
        """The log as it is."""
        return self._log.read_text()

    def listening(self) -> Self:
        """Itself, once it has said where it listens."""
        self.wait_for_line('"address": ')
        return self

    def wait_for_line(self, wanted: str) -> None:
        """Return once `wanted` stands in the log; fail when the process ends or time is up."""
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.text():
            assert self._process.is_alive(), self.text()
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.01)

    def terminate(self) -> None:
        """Ask the process to stop, as the platform does."""
        self._process.terminate()

    def wait(self) -> int:
        """Return the process's exit code."""
        self._process.join(PATIENCE)
        assert self._process.exitcode is not None, self.text()
        return self._process.exitcode

    def kill(self) -> None:
        """End the process so that it notices nothing."""
        self._process.kill()
        self._process.join()
        if self._client is not None:
            self._client.close()


def _run(program: str, environment: dict[str, str], log: str, changed: dict[str, object]) -> None:
    """Run the app in the forked process."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(APP)
    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    for place, value in changed.items():
        module, _, name = place.rpartition(".")
        assert hasattr(import_module(module), name)
        setattr(import_module(module), name, value)
    runpy.run_module(program, run_name="__main__", alter_sys=True)
