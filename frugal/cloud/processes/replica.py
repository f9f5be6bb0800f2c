"""One replica: a process of a revision, probed, restarted when it ends, drained when it must go."""

import asyncio
import contextlib
import socket
from asyncio.subprocess import Process
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Literal, NoReturn

from frugal.cloud.images.server_command import rebind
from frugal.cloud.pool import Pool
from frugal.cloud.processes.listeners import EXPECTED, Listener, elsewhere, listeners
from frugal.cloud.processes.log import AppLog
from frugal.cloud.processes.probing import verdicts
from frugal.cloud.processes.program import Program, describe_exit
from frugal.cloud.processes.revision import Probe, Revision
from frugal.cloud.spawn import Reaper, printing
from frugal.cloud.tasks import cancel

State = Literal["starting", "ready", "unready", "waiting", "draining", "ended"]

# Seconds before the first, second, … restart in a row; the last one is repeated.
BACK_OFF = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
# Seconds of life after which an end counts as the first one again.
SETTLED = 60.0
# Ends in a row after which a revision counts as failed.
TRIES = 3

_LAST_LINES = 20
# Seconds in which the exit of a killed process is reported, on a busy machine.
_END_IS_TOLD = 1.0
# Idle connections are closed sooner than usual servers close them (gunicorn: 2 s).
_KEEP_IDLE = 1.0
# Seconds between two looks at the listeners of a process that starts, and of one that is ready.
_LOOK, _LOOK_WHEN_READY = 0.5, 4.0
# Seconds in which a process may listen on the loopback alone before it does where it has to.
_ELSEWHERE = 2.0


class Replica:
    """A process slot. `changed` is called whenever it becomes ready or unready."""

    def __init__(
        self,
        name: str,
        revision: Revision,
        *,
        program: Program,
        reaper: Reaper,
        log: AppLog,
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.state: State = "starting"
        self.in_flight = 0
        self.restarts = 0
        self.last_exit: str | None = None
        # Consecutive exits before it settled; a failed startup probe counts as all tries.
        self.failures = 0
        self.last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self.pool = Pool(keep_idle=_KEEP_IDLE)
        self.port = 0
        self._revision = revision
        self._program = program
        self._reaper = reaper
        self._log = log
        self._changed = changed
        self._process: Process | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._task = asyncio.create_task(self._supervise(), name=f"replica:{name}")

    @property
    def ready(self) -> bool:
        """True if requests may be sent to it."""
        return self.state == "ready"

    @property
    def failed(self) -> bool:
        """True if it ended so often in a row that waiting will not help."""
        return self.failures >= TRIES

    def enter(self) -> None:
        """Count a request that is sent to it."""
        self.in_flight += 1
        self._idle.clear()

    def leave(self) -> None:
        """Count the end of a request."""
        self.in_flight -= 1
        if self.in_flight == 0:
            self._idle.set()

    def status(self) -> dict[str, object]:
        """Return what `frugal status` shows of it."""
        return {
            "name": self.name,
            "state": self.state,
            "pid": None if self._process is None else self._process.pid,
            "port": self.port,
            "requests": self.in_flight,
            "restarts": self.restarts,
            "lastExit": self.last_exit,
        }

    async def drain(self) -> None:
        """Send it no more requests, let its own end, then stop it; each within the grace time."""
        self._become("draining")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._revision.termination_grace):
                await self._idle.wait()
        await self.end()

    async def end(self) -> None:
        """End it: SIGTERM, after the grace time SIGKILL to all that it started."""
        self._become("draining")
        await cancel(self._task)
        self._become("ended")

    def _become(self, state: State) -> None:
        if self.state in {state, "ended"} or (self.state == "draining" and state != "ended"):
            return
        self.state = state
        self._changed()

    def _say(self, line: str) -> None:
        self._log.platform(self.name, line)

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                reason = await self._live()
            except OSError as error:
                reason = f"could not be run: {error}"
            if loop.time() - began >= SETTLED:
                self.failures = 0
            delay = BACK_OFF[min(self.failures, len(BACK_OFF) - 1)]
            self.failures += 1
            self.restarts += 1
            self.last_exit = reason
            self._say(f"{reason}; starting again" + (f" in {delay:g} s" if delay else ""))
            self._become("waiting")
            # Also when it was waiting already: one more failure may be what is waited for.
            self._changed()
            await asyncio.sleep(delay)
            self._become("starting")

    async def _live(self) -> str:
        """Start the process and wait for its exit; return the reason."""
        self.last_lines.clear()
        self.port = _free_port()
        self.pool = Pool(keep_idle=_KEEP_IDLE)
        running = printing(
            self._reaper,
            rebind(self._program.command, EXPECTED, self.port),
            cwd=self._program.workdir,
            env={**self._program.environment, "HOST": EXPECTED, "PORT": str(self.port)},
            take=self._print,
            user=self._program.run_as,
        )
        async with running as process:
            return await self._stay(process)

    async def _stay(self, process: Process) -> str:
        """Probe a process until it exits; end it when its probes fail or on request."""
        self._process = process
        self._say(f"started (pid {process.pid}, port {self.port})")
        watching = asyncio.create_task(self._watch())
        minding = asyncio.create_task(self._mind_listeners())
        ending = asyncio.create_task(process.wait())
        tasks = (watching, minding, ending)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if ending.done():
                return describe_exit(ending.result())
            self._become("waiting")
            grace = 0 if minding.done() else self._revision.termination_grace
            await self._reaper.terminate(process, grace=grace)
            return f"ended, since {(minding if minding.done() else watching).result()}"
        except asyncio.CancelledError:
            status = await self._reaper.terminate(process, grace=self._revision.termination_grace)
            self._say(f"stopped ({describe_exit(status)})")
            raise
        finally:
            self._process = None
            await cancel(*tasks)
            await self.pool.aclose()

    async def _mind_listeners(self) -> str:
        """Return where the process listens once that is wrong; it has failed for good then."""
        loop = asyncio.get_running_loop()
        since: float | None = None
        while True:
            found = await self._listeners()
            reason = elsewhere(found, self.port)
            since = (since or loop.time()) if reason else None
            is_open = any(one.is_open for one in found)
            if reason and since and (is_open or loop.time() - since >= _ELSEWHERE):
                self.failures = TRIES
                return reason
            await asyncio.sleep(_LOOK_WHEN_READY if self.ready else _LOOK)

    async def _let_in(self) -> None:
        """Become ready, unless the process listens where it must not, which ends it soon."""
        if not elsewhere(await self._listeners(), self.port):
            self._become("ready")

    async def _listeners(self) -> set[Listener]:
        process = self._process
        return await asyncio.to_thread(listeners, process.pid) if process else set()

    async def _watch(self) -> str:
        """Carry out the probes; return why the process has to go."""
        revision = self._revision
        started = asyncio.get_running_loop().time()
        liveness, readiness = revision.probe("Liveness"), revision.probe("Readiness")
        startup = revision.probe("Startup")
        if startup is None and readiness is None:
            startup = _LISTENS
        if startup is not None and (reason := await anext(self._verdicts(startup, started))):
            self.failures = TRIES
            return f"the startup probe failed: {reason}"
        following = asyncio.create_task(self._follow_readiness(readiness, started))
        try:
            if liveness is None:
                await _for_ever()
            living = self._verdicts(liveness, started)
            while (reason := await anext(living)) is None:
                pass
            return f"the liveness probe failed: {reason}"
        finally:
            following.cancel()

    async def _follow_readiness(self, probe: Probe | None, started: float) -> None:
        if probe is None:
            while not self.ready:
                await self._let_in()
                await asyncio.sleep(_LOOK)
            return
        async for reason in self._verdicts(probe, started):
            if reason is None and not self.ready:
                await self._let_in()
            elif reason is not None and self.ready:
                # A process that has just exited fails its probe too. Its exit is reported shortly,
                # cancels this task, and lets requests wait for the restart instead of failing.
                await asyncio.sleep(_END_IS_TOLD)
                self._say(f"takes no requests: the readiness probe failed: {reason}")
                self._become("unready")

    def _verdicts(self, probe: Probe, started: float) -> AsyncGenerator[str | None]:
        """Probe the process, on its own port where the probe names the declared one."""
        declared = {0, self._revision.target_port}
        port = self.port if probe.port in declared else probe.port
        return verdicts(probe, port, started=started)

    def _print(self, line: str) -> None:
        self.last_lines.append(line)
        self._log.printed(self.name, line)


# Where nothing is declared: ready when it accepts connections, four minutes to get there.
_LISTENS = Probe(kind="Startup", path="", port=0, period=0.1, timeout=30, failure_threshold=2400)


async def _for_ever() -> NoReturn:
    while True:
        await asyncio.Event().wait()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
