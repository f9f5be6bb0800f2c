"""A clone of the project with a small program, driven as a user drives it: make and frugal."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from frugal.local import daemon as daemons
from frugal.paths import Checkout

PROGRAM = """\
import pulumi
import pulumi_azure_native as azure
from pathlib import Path
from typing import Any
from infra.hold import Hold

group = azure.resources.ResourceGroup("platform")
gate = Path(__file__).parent.parent / "gate"
hold = gate.with_name("hold")
held = Hold(f"held-{hold.read_text()}", {"gate": str(gate)}) if hold.exists() else None
identity = azure.managedidentity.UserAssignedIdentity(
    "identity",
    resource_group_name=group.name,
    opts=pulumi.ResourceOptions(depends_on=[held] if held else []),
)
pulumi.export("group", group.name)
"""

# Creating it takes until the file `gate` is there: a run can be caught in the middle, every time.
HOLD = """\
import time
from pathlib import Path
from pulumi.dynamic import CreateResult, Resource
from infra.components.dynamic_provider import Provider

class HoldProvider(Provider):
    def create(self, props):
        gate = Path(props["gate"])
        gate.with_name("reached").touch()
        while not gate.exists():
            time.sleep(0.02)
        return CreateResult(id_="held", outs=props)

class Hold(Resource, module="frugal", name="Hold"):
    def __init__(self, name, props, opts=None):
        super().__init__(HoldProvider(), name, props, opts)
"""


DECLARED = ["ResourceGroup", "UserAssignedIdentity"]
"""Types of what PROGRAM declares."""

# Seconds after which a wait has failed. Not what it should take: the machine may be busy.
PATIENCE = 600


def until(condition: Callable[[], object]) -> None:
    """Poll until `condition` holds; fail when that takes so long that it never will."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class Clone:
    """A checkout somewhere else, whose name has a space.

    `distribution`: a folder with a Pulumi distribution that comes first on its user's PATH.
    """

    def __init__(self, root: Path, distribution: Path | None = None) -> None:
        self.root = root
        self.cloud = root / ".frugal" / "local" / "cloud"
        self._distribution = distribution

    def environment(self) -> dict[str, str]:
        dropped = ("PULUMI_", "PYTHONDONTWRITEBYTECODE", "MAKE", "MFLAGS")
        variables = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
        if self._distribution is not None:
            variables["PATH"] = f"{self._distribution}{os.pathsep}{variables['PATH']}"
        return variables

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment() | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def frugal(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.root / ".venv" / "bin" / "frugal"), *arguments)

    def ensure_up(self) -> None:
        """Run `frugal up`, unless the small program is up just as that leaves it.

        For what a test presumes: a run without changes takes three seconds of CPU.
        """
        if not self._is_up():
            done = self.frugal("up")
            assert done.returncode == 0, done.stdout + done.stderr

    def _is_up(self) -> bool:
        """True if state, cloud and the copies of both records have what PROGRAM declares."""
        copy = self.cloud / "state.json"
        if not (copy.exists() and (self.cloud.parent / "state" / "store").exists()):
            return False
        if daemons.find(Checkout(self.root)) is None or self.resources() != DECLARED:
            return False
        state, copied = self.state(), json.loads(copy.read_text())["checkpoint"]["latest"]
        recorded, kept = ({r["urn"] for r in one.get("resources", ())} for one in (state, copied))
        # Stack and provider besides.
        declared = len(recorded) == 2 + len(DECLARED)
        return recorded == kept and declared and not state.get("pending_operations")

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `frugal` and go on at once; its output goes to the file `output`."""
        with (self.root / "output").open("w") as output:
            return subprocess.Popen(
                [self.root / ".venv" / "bin" / "frugal", *arguments],
                cwd=self.root,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def hold(self) -> None:
        """Make the next run stop in the middle, at a resource that is new to it."""
        (self.root / "hold").write_text(str(time.time_ns()))

    def begin_held(self) -> "subprocess.Popen[str]":
        """Start `frugal up` and return when it is in the middle of creating."""
        self.hold()
        running = self.begin("up")
        until(lambda: (self.root / "reached").exists() or running.poll() is not None)
        assert running.poll() is None, (self.root / "output").read_text()
        return running

    def begin_held_on_terminal(self) -> "tuple[subprocess.Popen[bytes], int, bytearray]":
        """Like `begin_held`, on a terminal: with the end to type at, and what it shows."""
        self.hold()
        keyboard, screen = pty.openpty()
        running = subprocess.Popen(
            # Opening a terminal makes it the one that controls a new session.
            ["sh", "-c", 'exec .venv/bin/frugal up <"$1" >"$1" 2>"$1"', "sh", os.ttyname(screen)],
            cwd=self.root,
            env=self.environment() | {"TERM": "xterm"},
            start_new_session=True,
        )
        shown = bytearray()
        threading.Thread(target=_watch, args=(keyboard, shown), daemon=True).start()
        until(lambda: (self.root / "reached").exists() or running.poll() is not None)
        # Not before the command has it open: a terminal that nobody has open ends the reading.
        os.close(screen)
        return running, keyboard, shown

    def forget(self) -> None:
        """Hold nothing any more: the next run takes the held resource away."""
        for name in ("gate", "hold", "reached", "output"):
            (self.root / name).unlink(missing_ok=True)

    def release(self) -> None:
        """Let what is held go on."""
        (self.root / "gate").touch()

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The plain tool in a shell that has run `eval "$(frugal env)"`."""
        line = 'eval "$(.venv/bin/frugal env)" && exec pulumi "$@" --non-interactive'
        return self.run("sh", "-c", line, "sh", *arguments)

    def open_shell(self) -> None:
        """Take the variables of `frugal env` for `in_shell`; they hold until the daemon ends."""
        done = self.frugal("env")
        assert done.returncode == 0, done.stderr
        (self.root / "shell").write_text(done.stdout)

    def in_shell(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the user's shell that `open_shell` opened."""
        return self.run("sh", "-c", '. ./shell && exec "$@" --non-interactive', "sh", *command)

    def engine_pids(self) -> list[int]:
        """The pulumi processes of this clone."""
        own = str(self.root / ".frugal" / "bin" / "pulumi")
        return [p.pid for p in psutil.process_iter(["cmdline"]) if own in (p.info["cmdline"] or [])]

    def daemon_pid(self) -> int:
        return int(json.loads((self.cloud / "daemon.json").read_text())["pid"])

    def stop_daemon(self) -> None:
        """End the daemon as a reboot would."""
        process = psutil.Process(self.daemon_pid())
        process.terminate()
        until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)

    def processes(self) -> list[str]:
        """Command lines of all that still runs for this clone."""
        found: list[str] = []
        for process in psutil.process_iter(["cmdline", "status"]):
            line = " ".join(process.info["cmdline"] or [])
            if str(self.root) in line and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(line)
        return found

    def state(self) -> dict[str, Any]:
        """The engine's state of the stack, read from its file."""
        stacks = self.root / ".frugal" / "local" / "state" / ".pulumi" / "stacks"
        content = json.loads((stacks / "frugal" / "local.json").read_text())
        return content["checkpoint"]["latest"]

    def status(self) -> dict[str, Any]:
        """The document of `frugal status --json`, from the daemon itself, which is quicker."""
        daemon = daemons.find(Checkout(self.root))
        assert daemon is not None, "no daemon runs"
        return daemon.status()

    def resources(self) -> list[str]:
        """Types of all that exists in the local cloud."""
        return sorted(r["type"].rsplit(":", 1)[-1] for r in self.status()["resources"])


def _watch(terminal: int, shown: bytearray) -> None:
    """Read what is shown until nobody has the terminal open; unread, it would stop the writer."""
    with contextlib.suppress(OSError):
        while True:
            shown.extend(os.read(terminal, 4096))


def kill(pid: int) -> None:
    """End a process as the kernel would when memory runs out; returns when it is dead."""
    os.kill(pid, signal.SIGKILL)
    until(lambda: not daemons.is_running(pid))


def plugins(clone: Clone) -> list[str]:
    """Command lines of what the engine started for this clone: language host, dynamic host."""
    names = ("frugal.local.hosts", "pulumi.dynamic", "pulumi-language-python-exec")
    return [line for line in clone.processes() if any(name in line for name in names)]
