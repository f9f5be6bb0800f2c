"""The replicas of one revision: their number, and the one that takes the next request."""

import asyncio
import math
from collections.abc import Callable, Collection

from frugal.cloud.processes.replica import Replica
from frugal.cloud.processes.revision import Revision
from frugal.cloud.tasks import Tasks


class ReplicaSet:
    """Scales a revision by the requests open: out at once, in after the cool-down.

    `make` starts a replica of a given name; `load` tells how many requests are open or waiting.
    """

    def __init__(
        self, revision: Revision, *, make: Callable[[str], Replica], load: Callable[[], int]
    ) -> None:
        self.revision = revision
        self.replicas: list[Replica] = []
        self._make = make
        self._load = load
        self._made = 0
        self._cooling: asyncio.TimerHandle | None = None
        # The most replicas wanted since the cool-down began.
        self._peak = 0
        self._leaving = Tasks()

    @property
    def failed(self) -> bool:
        """True if nothing is ready and waiting will not help: failed often, or all unready."""
        states = {replica.state for replica in self.replicas}
        return "ready" not in states and (
            states == {"unready"} or any(replica.failed for replica in self.replicas)
        )

    def start(self) -> None:
        """Start the initial replicas: the minimum, and at least one."""
        self._grow(max(1, self.revision.min_replicas))

    def pick(self, refused: Collection[Replica]) -> Replica | None:
        """Return the ready replica with the fewest requests, none of `refused`."""
        ready = [r for r in self.replicas if r.ready and r not in refused]
        return min(ready, key=lambda replica: replica.in_flight, default=None)

    def rescale(self) -> None:
        """Adjust the number of replicas to the load; call it whenever the load changed."""
        wanted = self._wanted()
        self._peak = max(self._peak, wanted)
        if wanted >= len(self.replicas):
            self._grow(wanted)
            if self._cooling is not None:
                self._cooling.cancel()
                self._cooling = None
        elif self._cooling is None:
            self._peak = wanted
            loop = asyncio.get_running_loop()
            self._cooling = loop.call_later(self.revision.cooldown, self._shrink)

    async def drain(self) -> None:
        """Let every replica end its requests, then end it."""
        self._freeze()
        await asyncio.gather(*(r.drain() for r in self.replicas), *self._leaving)

    async def end(self) -> None:
        """End every replica without waiting for requests."""
        self._freeze()
        await asyncio.gather(*(r.end() for r in self.replicas), *self._leaving)

    def _freeze(self) -> None:
        if self._cooling is not None:
            self._cooling.cancel()

    def _wanted(self) -> int:
        wanted = math.ceil(self._load() / max(1, self.revision.concurrent_requests))
        return min(max(wanted, self.revision.min_replicas), max(1, self.revision.max_replicas))

    def _grow(self, count: int) -> None:
        while len(self.replicas) < count:
            self._made += 1
            self.replicas.append(self._make(f"{self.revision.name}/{self._made}"))

    def _shrink(self) -> None:
        self._cooling = None
        keep = max(self._peak, self._wanted())
        # The least use first: not ready, then idle.
        by_use = sorted(self.replicas, key=lambda replica: (replica.ready, replica.in_flight))
        for replica in by_use[: max(0, len(by_use) - keep)]:
            self.replicas.remove(replica)
            self._leaving.start(replica.drain())
        self.rescale()
