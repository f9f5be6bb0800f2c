"""Kill engine, daemon or both at an event of up, change and destroy; run it again; compare.

    .venv/bin/python -m tests.faults.kills [--whole] [--points N] [--jobs N]

Works in clones of its own (one a job) below the folder for temporary files. Events are counted
first, in one round without kills; then N points are spread over those of each command, and the
daemon, the engine and both are killed in turn. Afterwards the same command must end well, the row
written before be there, the cloud have what the state has, nothing be pending and no process be
left over. Prints one line a point and ends with 1 unless all hold.
"""

import argparse
import contextlib
import json
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from frugal.local import daemon as daemons
from tests.engine.clone import PATIENCE
from tests.environment import copy_checkout
from tests.faults.damage import Environment

KINDS = ("up", "change", "destroy")
VICTIMS = ("daemon", "engine", "both")
CHANGE = "  frugal:translator:\n    host: containerApp\n"
"""Settings of the change: one app is created, another one deleted."""


def be_interruptible() -> None:
    """Let SIGTERM interrupt as SIGINT does, and SIGINT even where a shell's `&` turned it off."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)


@contextlib.contextmanager
def small_or_whole(*, whole: bool) -> Iterator[Environment]:
    """A clone that is set up, with nothing running; it is taken down at the end."""
    be_interruptible()
    with tempfile.TemporaryDirectory(prefix="frugal-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        root = Path(folder).resolve() / "clone"
        copy_checkout(root)
        if not whole:
            program = Path(__file__).with_name("small_program.py")
            shutil.copy(program, root / "infra" / "__main__.py")
        e = Environment(root, whole=whole)
        done = e.clone.run("make", "setup")
        assert done.returncode == 0, done.stderr
        try:
            yield e
        finally:
            e.clone.frugal("down", "--yes")


def install_killer(e: Environment) -> None:
    packages = next((e.clone.root / ".venv" / "lib").glob("python3*/site-packages"))
    shutil.copy(Path(__file__).with_name("killer.py"), packages / "frugal_killer.py")
    # Read after that which makes the package `frugal` known.
    (packages / "zz_frugal_killer.pth").write_text(
        'import sys; "frugal.cloud" in sys.orig_argv and __import__("frugal_killer")\n'
    )


@dataclass
class Rounds:
    """Rounds of up, change and destroy, each killed once and run again."""

    e: Environment
    counts: dict[str, int]
    killed: Counter[str] = field(default_factory=Counter[str])
    failed: list[str] = field(default_factory=list[str])

    def run(self, *command: str) -> tuple[int, str]:
        try:
            done = self.e.clone.frugal(*command)
        except subprocess.TimeoutExpired:
            return -1, f"no end within {PATIENCE} s"
        return done.returncode, done.stdout + done.stderr

    def command(self, kind: str) -> list[str]:
        return ["down", "--yes"] if kind == "destroy" else ["up"]

    def change(self, kind: str) -> None:
        """Make the program what it is to be for this kind."""
        mark, settings = self.e.clone.root / "changed", self.e.clone.root / "Pulumi.local.yaml"
        if kind == "up":
            mark.unlink(missing_ok=True)
            settings.write_text(settings.read_text().replace(CHANGE, ""))
        elif kind == "change" and self.e.whole:
            settings.write_text(settings.read_text() + CHANGE)
        elif kind == "change":
            mark.touch()

    def armed(self, kind: str, at: int, whom: str) -> tuple[int, str, list[str]]:
        """Run the command with a kill on its way; return code, output and events."""
        plan, events = self.e.clone.root / "kill.json", self.e.clone.root / "events"
        events.unlink(missing_ok=True)
        plan.write_text(json.dumps({"at": at, "whom": whom}))
        code, said = self.run(*self.command(kind))
        plan.unlink(missing_ok=True)
        return code, said, events.read_text().splitlines() if events.exists() else []

    def count(self) -> None:
        """One round without a kill: how many events each command has."""
        for kind in KINDS:
            self.change(kind)
            code, said, events = self.armed(kind, 0, "")
            assert (code, bool(events)) == (0, True), said
            self.counts[kind] = len(events)
            if kind == "up":
                self.e.write_row()
            wrong = self.wrong(kind)
            assert not wrong, wrong

    def attempt(self, kind: str, at: int, whom: str) -> bool:
        """Kill once and run again. False where the environment can't be gone on with."""
        self.change(kind)
        began = time.monotonic()
        code, said, events = self.armed(kind, at, whom)
        kill = next((line for line in events if line.startswith("KILL")), "")
        wrong = [] if kill else [f"only {len(events)} events, nothing was killed"]
        if "Traceback" in said:
            wrong.append(f"the killed command shows a traceback: {said[-500:]}")
        if code == -1:
            wrong.append(said)
        again, said_again = self.run(*self.command(kind))
        if again != 0:
            wrong.append(f"run again: exit code {again}: {said_again[-700:]}")
        if "Traceback" in said_again:
            wrong.append(f"run again: a traceback: {said_again[-500:]}")
        if again == 0:
            wrong += self.wrong(kind)
            if kind == "up":
                self.e.write_row()
        self.killed[kind] += bool(kill)
        seconds = time.monotonic() - began
        where = kill.removeprefix("KILL ") or f"{at} -"
        print(
            f"{kind:8} {whom:7} of {self.counts[kind]:3} events at {where:45} exit {code:3}, then "
            f"{again}  {seconds:4.0f} s  {'; '.join(wrong) or 'survived'}",
            flush=True,
        )
        if wrong:
            self.failed.append(f"{kind} {whom} {where}: {'; '.join(wrong)}")
        return again == 0

    def wrong(self, kind: str) -> list[str]:
        """Invariants broken after a successful command."""
        e = self.e
        if kind == "destroy":
            found = [f"{e.local} is there"] if e.local.exists() else []
            return found + left_over(e.clone.root, [])
        # What is to change after an `up` has only just been declared.
        found = e.faults(preview=kind == "change")
        if e.clone.state().get("pending_operations"):
            found.append("operations are pending")
        if kind == "change" and not e.has_row():
            found.append("the row is gone")
        # After it: a preview ends a moment before its plugins.
        return found + left_over(e.clone.root, daemons.find_unannounced(e.place))


def left_over(root: Path, daemon_pids: list[int]) -> list[str]:
    """Processes in or of a clone that no daemon has started; those about to end have 10 s."""
    deadline = time.monotonic() + 10
    while True:
        family = {p.pid for pid in daemon_pids for p in daemons.family(pid)}
        found: list[str] = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                line = " ".join(process.cmdline())
                inside = f"{root}/" in line or Path(process.cwd()).is_relative_to(root)
                if inside and process.pid not in family and process.status() != "zombie":
                    found.append(f"process {process.pid} is left over: {line[:120]}")
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def spread(points: int, events: int) -> list[int]:
    """The numbers of `points` events, evenly spread."""
    return [1 + (2 * number + 1) * events // (2 * points) for number in range(points)]


def work(rounds: Rounds, numbers: "queue.SimpleQueue[int]", points: int) -> None:
    """Do the rounds of these numbers until there are no more."""
    with contextlib.suppress(queue.Empty):
        while True:
            number = numbers.get_nowait()
            for kind in KINDS:
                at = spread(points, rounds.counts[kind])[number]
                if not rounds.attempt(kind, at, VICTIMS[number % len(VICTIMS)]):
                    rounds.e.stop()
                    rounds.run("down", "--yes")
                    break


def main() -> int:
    """Kill at all points; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--whole", action="store_true", help="the whole program")
    parser.add_argument("--points", type=int, help="of each command: 30, of the whole program 10")
    parser.add_argument("--jobs", type=int, default=1, help="clones that work at once")
    given = parser.parse_args()
    points = given.points or (10 if given.whole else 30)
    numbers = queue.SimpleQueue[int]()
    for number in range(points):
        numbers.put(number)
    all_rounds: list[Rounds] = []
    with contextlib.ExitStack() as clones:
        counts: dict[str, int] = {}
        for _ in range(given.jobs):
            e = clones.enter_context(small_or_whole(whole=given.whole))
            install_killer(e)
            all_rounds.append(Rounds(e, counts))
        all_rounds[0].count()
        print("events:", ", ".join(f"{k} {n}" for k, n in counts.items()), flush=True)
        # Not Thread.join: interrupted once, it takes the thread for ended (CPython 3.11).
        with ThreadPoolExecutor(given.jobs) as pool:
            workers = [pool.submit(work, rounds, numbers, points) for rounds in all_rounds]
            try:
                wait(workers)
            except KeyboardInterrupt:
                print("Stopping after the rounds under way.", flush=True)
                with contextlib.suppress(queue.Empty):
                    while True:
                        numbers.get_nowait()
        for worker in workers:
            worker.result()
    killed = sum((rounds.killed for rounds in all_rounds), Counter[str]())
    failed = [failure for rounds in all_rounds for failure in rounds.failed]
    for failure in failed:
        print(f"FAILED {failure}")
    total, each = killed.total(), ", ".join(f"{killed[kind]} of {kind}" for kind in KINDS)
    print(f"{total - len(failed)} of {total} kills survived ({each}).")
    return 1 if failed or total < points * len(KINDS) else 0


if __name__ == "__main__":
    sys.exit(main())
