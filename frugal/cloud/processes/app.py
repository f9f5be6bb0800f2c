"""An app in single-revision mode: processes on this machine behind an ingress of its own."""

import asyncio
import contextlib
from collections.abc import Callable, Collection
from pathlib import Path

from typing_extensions import override

from frugal.cloud.errors import CloudError
from frugal.cloud.images.server_command import address
from frugal.cloud.listen import Listener
from frugal.cloud.processes.ingress import Ingress
from frugal.cloud.processes.log import AppLog
from frugal.cloud.processes.program import Program, prepare
from frugal.cloud.processes.replica import Replica
from frugal.cloud.processes.replica_set import ReplicaSet
from frugal.cloud.processes.revision import Revision, RevisionFailed
from frugal.cloud.proxy import Unavailable
from frugal.cloud.running import Health, Report, Site
from frugal.cloud.spawn import Reaper
from frugal.cloud.tasks import Tasks

# Seconds that a request may wait for its answer, the start of a replica included.
REQUEST_TIMEOUT = 240.0
# Seconds that a new revision has to become ready.
DEPLOY_TIMEOUT = 600.0
# Seconds that requests in progress have when the app is stopped.
_STOP_GRACE = 10
# Of all descriptors; each request here takes one more, and what comes by an edge two more before.
_SHARE = 0.75
# Seconds before a replica that refused a connection is tried again, if no other comes up.
_REFUSED_PAUSE = 0.2


class App(Site):
    """One app, reached at 127.0.0.1:`port`. `host` is its declared name, for people to read.

    `log`: the file for what it prints. `home`: the home folder of its processes, made
    if need be. `user`: the user id that is its own; None where the platform isn't root.
    `front_doors`: as in Ingress.
    """

    def __init__(
        self,
        name: str,
        *,
        host: str,
        port: int,
        reaper: Reaper,
        log: Path,
        home: Path,
        user: int | None,
        front_doors: Callable[[], Collection[str]],
        request_timeout: float = REQUEST_TIMEOUT,
        deploy_timeout: float = DEPLOY_TIMEOUT,
    ) -> None:
        self.name = name
        self.host = host
        self._reaper = reaper
        self._log = AppLog(log)
        self._home = home
        self._user = user
        self._deploy_timeout = deploy_timeout
        ingress = Ingress(
            acquire=self._acquire,
            release=self._release,
            timeout=request_timeout,
            front_doors=front_doors,
        )
        self.listener = Listener(ingress, port, grace=_STOP_GRACE, share=_SHARE)
        self._serving: ReplicaSet | None = None
        self._coming: ReplicaSet | None = None
        self._deploying = asyncio.Lock()
        self._retiring = Tasks()
        self._stopping = False
        self._waiting = 0
        self._change = asyncio.Event()
        self._failure: str | None = None
        self._notes: tuple[str, ...] = ()

    async def start(self) -> None:
        """Let the ingress listen. Raises CloudError when the port is taken."""
        try:
            await self.listener.start()
        except BaseException:
            self._log.close()
            raise

    @override
    async def stop(self) -> None:
        """Accept no more requests, let those in progress end, then stop every process."""
        self._stopping = True
        self._changed()
        await self.listener.stop()
        async with self._deploying:
            replica_set, self._serving = self._serving, None
            if replica_set is not None:
                await replica_set.drain()
            await asyncio.gather(*self._retiring)
        self._log.close()

    async def deploy(self, revision: Revision) -> None:
        """Start a revision; return once it is ready and takes the requests.

        The revision before it keeps serving until then and drains afterwards. Raises
        CloudError, RevisionFailed when the new one is not ready in time; nothing has changed then.
        """
        async with self._deploying:
            replica_set = await self._make_replicas(revision)
            self._coming = replica_set
            replica_set.start()
            self._say(f"deploying revision {revision.name}")
            try:
                async with asyncio.timeout(self._deploy_timeout):
                    await self._until_ready(replica_set)
            except BaseException as error:
                self._retire(replica_set, drain=False)
                if isinstance(error, TimeoutError):
                    why = f"it was not ready after {self._deploy_timeout:g} s"
                    error = _failed(self.name, replica_set, why)
                if isinstance(error, RevisionFailed):
                    self._failure = error.message
                    self._say(f"revision {revision.name} failed")
                    raise error from None
                raise
            finally:
                self._coming = None
            self._switch(replica_set)

    async def restore(self, revision: Revision) -> None:
        """Start a revision and give it the requests at once, as after the daemon's own start."""
        async with self._deploying:
            replica_set = await self._make_replicas(revision)
            replica_set.start()
            self._switch(replica_set)

    @override
    def health(self) -> Health:
        """Return how the app is; `asleep` when it is scaled to zero."""
        replica_set = self._serving
        if replica_set is None:
            if self._coming is not None:
                return "starting"
            return "stopped" if self._failure is None else "failed"
        if any(replica.ready for replica in replica_set.replicas):
            return "healthy"
        if not replica_set.replicas:
            return "asleep"
        return "failed" if replica_set.failed else "starting"

    @override
    def report(self, report: Report) -> None:
        """Add its address, health and replicas."""
        super().report(report)
        report.apps[self.name] = self.status()

    def status(self) -> dict[str, object]:
        """Return what `frugal status` shows; nothing of it is secret."""
        replicas = [] if self._serving is None else self._serving.replicas
        return {
            "name": self.name,
            "host": self.host,
            "port": self.port,
            "health": self.health(),
            "revision": None if self._serving is None else self._serving.revision.name,
            "replicas": [replica.status() for replica in replicas],
            "restarts": sum(replica.restarts for replica in replicas),
            "failedRevision": self._failure,
            "notes": list(self._notes),
        }

    def _say(self, line: str) -> None:
        self._log.platform(self.name, line)

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    async def _make_replicas(self, revision: Revision) -> ReplicaSet:
        program = prepare(
            self.name,
            revision.image,
            command=revision.command,
            environment=revision.environment,
            home=self._home,
            user=self._user,
        )
        self._notes = (*program.notes, *_address_notes(self.name, program, revision.target_port))
        for note in self._notes:
            self._say(f"note: {note}")

        def make(name: str) -> Replica:
            return Replica(
                name,
                revision,
                program=program,
                reaper=self._reaper,
                log=self._log,
                changed=self._changed,
            )

        replica_set = ReplicaSet(revision, make=make, load=lambda: self._load(replica_set))
        return replica_set

    def _load(self, replica_set: ReplicaSet) -> int:
        waiting = self._waiting if replica_set is self._serving else 0
        return waiting + sum(replica.in_flight for replica in replica_set.replicas)

    async def _until_ready(self, replica_set: ReplicaSet) -> None:
        while not all(replica.ready for replica in replica_set.replicas):
            if self._stopping:
                raise _failed(self.name, replica_set, "the app was stopped")
            hopeless = next((r for r in replica_set.replicas if r.failed and not r.ready), None)
            if hopeless is not None and hopeless.last_exit is not None:
                raise _failed(self.name, replica_set, hopeless.last_exit)
            await self._change.wait()

    def _switch(self, replica_set: ReplicaSet) -> None:
        before, self._serving = self._serving, replica_set
        self._failure = None
        self._say(f"revision {replica_set.revision.name} takes the requests")
        self._changed()
        replica_set.rescale()
        if before is not None:
            self._retire(before, drain=True)

    def _retire(self, replica_set: ReplicaSet, *, drain: bool) -> None:
        self._retiring.start(replica_set.drain() if drain else replica_set.end())

    async def _acquire(self, refused: set[Replica]) -> Replica:
        """Wait until a replica can take a request. Raises Unavailable when none will soon."""
        self._waiting += 1
        try:
            while True:
                if self._serving is None and self._coming is None:
                    raise Unavailable(503, "The app is stopped: it has no running revision.")
                if self._serving is not None:
                    self._serving.rescale()
                    replica = self._serving.pick(refused)
                    if replica is not None:
                        replica.enter()
                        return replica
                    if self._serving.failed:
                        raise Unavailable(503, "no healthy upstream")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_REFUSED_PAUSE if refused else None):
                        await self._change.wait()
                refused.clear()
        finally:
            self._waiting -= 1
            # A client that gave up takes its load away: what was started for it may cool down.
            if self._serving is not None:
                self._serving.rescale()

    def _release(self, replica: Replica) -> None:
        replica.leave()
        if self._serving is not None:
            self._serving.rescale()


def _address_notes(app: str, program: Program, target_port: int) -> tuple[str, ...]:
    """Note that the command's address is replaced. Raises CloudError where Azure reaches another.

    Only for a port that command or variables name: a server may have its own from a file.
    """
    bound = address(program.command, program.environment)
    if bound is None:
        return ()
    if bound.is_given and bound.port != target_port:
        raise CloudError(
            "InvalidRequest",
            f"The command of {app} listens on port {bound.port}, but its target port is "
            f"{target_port}: Azure would not reach it. Give both the same port.",
        )
    note = f"The command's {bound.host}:{bound.port} is replaced by the address in HOST and PORT."
    if bound.is_loopback:
        note += f" Azure does not reach {bound.host}: let the command bind 0.0.0.0."
    return (note,)


def _failed(app: str, replica_set: ReplicaSet, why: str) -> RevisionFailed:
    """Build a revision's error: the reason, and the last output of its worst replica."""
    replica = max(replica_set.replicas, key=lambda replica: replica.failures)
    lines = "\n".join(f"  {line}" for line in replica.last_lines)
    printed = f"Its last lines:\n{lines}" if lines else "It printed nothing."
    return RevisionFailed(
        f"Revision {replica_set.revision.name} of {app} did not become ready: {why}. {printed}"
    )
