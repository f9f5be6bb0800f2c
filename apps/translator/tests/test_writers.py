"""Two hundred visitors at once, on two replicas: nothing is lost, and nothing counted twice."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx
from conftest import Serve
from identity import Identity
from playing import PATIENCE, PLAIN, finished, play
from postgres import Postgres
from serving import Process

_VISITORS = 200
_KINDS = ("funny", "deep", "flag")


@dataclass(frozen=True)
class Written:
    """A visitor's results: both responses to a repeated reaction, the counts, and their round."""

    statuses: tuple[int, int]
    cookies: int
    round_id: int
    message: str


class Visitor:
    """Somebody whose requests go to the replicas in turns, as a load balancer sends them."""

    def __init__(self, number: int, clients: Sequence[httpx.AsyncClient]) -> None:
        self._number = number
        self._clients = clients
        self._sent = number
        self._cookie: str | None = None
        self._cookies = 0

    async def write(self, round_id: int) -> Written:
        """React to the round, again, and begin one."""
        reaction = {"type": _KINDS[self._number % 3]}
        first = await self._post(f"/api/rounds/{round_id}/reactions", reaction)
        again = await self._post(f"/api/rounds/{round_id}/reactions", reaction)
        message = f"message {self._number}"
        begun = await self._post("/api/rounds", {"message": message, "hops": 1})
        return Written(
            (first.status_code, again.status_code), self._cookies, begun.json()["id"], message
        )

    async def _post(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        self._sent += 1
        client = self._clients[self._sent % 2]
        headers = {"Cookie": self._cookie} if self._cookie else {}
        answer = await client.post(path, json=body, headers=headers)
        if made := answer.headers.get("Set-Cookie"):
            self._cookie = made.partition(";")[0]
            self._cookies += 1
        client.cookies.clear()
        return answer


async def _write(replicas: Sequence[Process], round_id: int) -> list[Written]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    first, second = (
        httpx.AsyncClient(
            verify=PLAIN, base_url=replica.address, timeout=PATIENCE, limits=limits, trust_env=False
        )
        for replica in replicas
    )
    async with first, second:
        visitors = [Visitor(number, (first, second)) for number in range(_VISITORS)]
        return await asyncio.gather(*[visitor.write(round_id) for visitor in visitors])


def test_two_hundred_writers_at_once_lose_and_double_nothing(
    serve: Serve, postgres: Postgres, identity: Identity
) -> None:
    identity.constant = True  # two replicas have two tokens, but a role has one password here
    postgres.clear()
    replicas = [serve() for _ in range(2)]
    round_id = play(replicas[0].client, hops=1)["id"]
    written = asyncio.run(_write(replicas, round_id))

    assert {one.statuses for one in written} == {(201, 200)}
    assert {one.cookies for one in written} == {1}
    wanted = {"funny": 67, "deep": 67, "flag": 66}
    rows = "SELECT type, count(*) FROM reactions WHERE round_id = %s GROUP BY type"
    assert dict(postgres.ask(rows, round_id)) == wanted
    counts = "SELECT funny, deep, flag FROM rounds WHERE id = %s"
    assert postgres.ask(counts, round_id) == [tuple(wanted.values())]
    for replica in replicas:
        assert replica.client.get(f"/api/rounds/{round_id}").json()["reactions"] == wanted

    kept = dict(postgres.ask("SELECT id, message FROM rounds"))
    assert kept == {one.round_id: one.message for one in written} | {round_id: "hello"}
    players = "SELECT count(DISTINCT visitor) FROM rounds"
    assert postgres.ask(players) == postgres.ask("SELECT count(*) FROM visitors") == [(201,)]
    used = "SELECT kind, count(*), sum(used) FROM usage GROUP BY kind ORDER BY kind"
    assert postgres.ask(used) == [("address", 1, 401), ("visitor", 201, 401)]

    ends = [finished(replicas[0].client, one.round_id)["status"] for one in written]
    assert set(ends) == {"done"}
    hops = "SELECT count(*), count(DISTINCT (round_id, n)) FROM hops"
    assert postgres.ask(hops) == [(402, 402)]
