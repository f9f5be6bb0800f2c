"""Kills at an event, from inside the daemon of a clone (`tests/faults/kills.py` installs it there).

An event is a call of the engine that begins or ends, a process that the daemon starts, or a file or
folder that it renames or removes. While the clone has a file `kill.json`, events are counted and
written to the file `events`; at the one whose number is `at`, the file goes and `whom` is killed:
the daemon, the engine or both.
"""

import functools
import json
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

METHODS = ("Check", "Diff", "Create", "Read", "Update", "Delete")
AUDITED = {"os.rename": 1, "os.rmdir": 0, "shutil.rmtree": 0, "subprocess.Popen": 0}
"""Events of Python's own, and which of their arguments names what is concerned."""


class Killer:
    def __init__(self, clone: Path) -> None:
        self._plan, self._events = clone / "kill.json", clone / "events"
        self._pulumi = str(clone / ".frugal" / "bin" / "pulumi")
        self._lock, self._inside = threading.Lock(), threading.local()

    def happen(self, name: str) -> None:
        # What is done here is no event.
        if getattr(self._inside, "here", False) or not self._plan.exists():
            return
        self._inside.here = True
        try:
            with self._lock:
                self._count(name)
        finally:
            self._inside.here = False

    def _count(self, name: str) -> None:
        plan = json.loads(self._plan.read_text())
        number = len(self._events.read_text().splitlines()) + 1 if self._events.exists() else 1
        # An engine is killed at the first event from there on at which one runs.
        engines = self._engines() if plan["at"] and number >= plan["at"] else []
        strikes = 0 < plan["at"] <= number and (plan["whom"] != "engine" or engines)
        with self._events.open("a") as events:
            events.write(f"{'KILL ' if strikes else ''}{number} {name}\n")
        if not strikes:
            return
        self._plan.unlink()
        if plan["whom"] != "daemon":
            for pid in engines:
                os.kill(pid, signal.SIGKILL)
        if plan["whom"] != "engine":
            os.kill(os.getpid(), signal.SIGKILL)

    def _engines(self) -> list[int]:
        import psutil  # noqa: PLC0415 - seldom needed

        found = psutil.process_iter(["cmdline"])
        return [p.pid for p in found if (p.info["cmdline"] or [""])[0] == self._pulumi]

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in AUDITED:
            name = Path(os.fsdecode(arguments[AUDITED[event]])).name
            # A module is compiled at its first import alone: later runs have fewer events.
            if not name.endswith(".pyc"):
                self.happen(f"{event} {name}")

    def wrap(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        @functools.wraps(method)
        async def wrapped(provider: object, request: Any, context: object) -> object:
            what = f"{method.__name__} {request.urn.rsplit('::', 1)[-1]}"
            self.happen(f"begin {what}")
            answer = await method(provider, request, context)
            self.happen(f"end {what}")
            return answer

        return wrapped


def install() -> None:
    from frugal.cloud.provider import Provider  # noqa: PLC0415 - of the clone, in its daemon alone

    killer = Killer(Path(sys.orig_argv[-1]).parents[2])
    for name in METHODS:
        setattr(Provider, name, killer.wrap(getattr(Provider, name)))
    sys.addaudithook(killer.audit)


if "frugal.cloud" in sys.orig_argv:
    install()
