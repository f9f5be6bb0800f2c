"""Visitors of the translator who go on reading and writing whatever is deployed meanwhile."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine

import httpx

from tests.plain_http import PLAIN
from tests.system.database import AppsDatabase

PATIENCE = 120
"""Seconds; a request waits that long only where the machine is busy."""

HOPS = 3
# Leaves the deployment most of the machine.
_PAUSE = 0.2


class Visitors:
    """Responses by request, and the rounds that were accepted.

    `edge`, `origin`: addresses with a slash at their ends; `known`: id of a round that is there.
    `reacted`: the rounds to which a reaction was accepted; `editions`: the headings seen at `/`.
    """

    def __init__(self, edge: str, origin: str, *, known: int) -> None:
        self.answers: Counter[tuple[str, int | str]] = Counter()
        self.rounds: dict[int, str] = {}
        self.reacted: set[int] = set()
        self.editions: set[str] = set()
        self._edge = edge
        self._origin = origin
        self._known = known
        self._done = asyncio.Event()
        self._numbers = itertools.count(1)

    @contextlib.asynccontextmanager
    async def coming(self, database: AppsDatabase) -> AsyncGenerator[None]:
        """They come and go until the end of the block, then finish what they have begun."""
        doing: list[Coroutine[None, None, None]] = [database.forget_limits(self._done)]
        for base in (self._edge, self._origin):
            doing += [self._read(base), self._write(base), self._write(base)]
        tasks = [asyncio.create_task(one) for one in doing]
        try:
            yield
        finally:
            self._done.set()
            await asyncio.gather(*tasks)

    async def _read(self, base: str) -> None:
        """Read one page after another, to the last: so the page at `/` is seen after the end."""
        paths = (f"rounds/{self._known}", "recent", "popular", "api/rounds?num=5", "")
        async with httpx.AsyncClient(base_url=base, timeout=PATIENCE, verify=PLAIN) as client:
            while not self._done.is_set():
                for path in paths:
                    answer = await self._ask(f"GET /{path}", client, "GET", path)
                    if answer is not None and path == "" and base == self._origin:
                        heading = answer.text.partition("<h1>")[2].partition("</h1>")[0]
                        self.editions.add(heading)
                    await asyncio.sleep(_PAUSE)

    async def _write(self, base: str) -> None:
        """One visitor after another: a round, looked at to its end, and a reaction."""
        while not self._done.is_set():
            async with httpx.AsyncClient(base_url=base, timeout=PATIENCE, verify=PLAIN) as client:
                message = f"the words of visitor {next(self._numbers)}"
                new = {"message": message, "hops": HOPS}
                begun = await self._ask("POST round", client, "POST", "api/rounds", new)
                if begun is not None and begun.status_code == 201:
                    round_id = begun.json()["id"]
                    self.rounds[round_id] = message
                    await self._follow(client, round_id)
                    where = f"api/rounds/{round_id}/reactions"
                    said = await self._ask("POST reaction", client, "POST", where, {"type": "deep"})
                    if said is not None and said.status_code == 201:
                        self.reacted.add(round_id)
            await asyncio.sleep(_PAUSE)

    async def _ask(
        self, what: str, client: httpx.AsyncClient, method: str, path: str, body: object = None
    ) -> httpx.Response | None:
        try:
            answer = await client.request(method, path, json=body)
        except httpx.HTTPError as error:
            self.answers[what, type(error).__name__] += 1
            return None
        self.answers[what, answer.status_code] += 1
        return answer

    async def _follow(self, client: httpx.AsyncClient, round_id: int) -> None:
        """Every hop once and in order, as a browser does it: after a break from the last one on."""
        path, seen, event = f"api/rounds/{round_id}/events", 0, ""
        while event not in {"done", "error"}:
            headers = {"Last-Event-ID": str(seen)}
            try:
                async with client.stream("GET", path, headers=headers) as answer:
                    self.answers["GET events", answer.status_code] += 1
                    async for line in answer.aiter_lines():
                        name, _, value = line.partition(": ")
                        event = value if name == "event" else event
                        if name == "id":
                            assert int(value) == seen + 1, f"hop {value} of round {round_id}"
                            seen = int(value)
            except httpx.HTTPError as error:
                self.answers["GET events", type(error).__name__] += 1
            await asyncio.sleep(_PAUSE)
        assert (event, seen) == ("done", HOPS + 1), f"round {round_id}"
