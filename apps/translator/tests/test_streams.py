"""Many streams at once: what they cost, and how many an address may have."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from conftest import PATIENT, Serve
from playing import PATIENCE, begin
from serving import Process
from translator import rounds
from translator.streams import Streams
from translators import Answer, Asked, Translator, good


@pytest.fixture
def endless(serve: Serve) -> Iterator[Process]:
    """A translator that allows two streams, and whose rounds do not end."""
    fake = Translator()
    over = threading.Event()

    def never(asked: Asked) -> Answer:
        over.wait(PATIENCE)
        return good(asked)

    fake.behave = never
    changed = {**PATIENT, "translator.streams.MOST_OF_AN_ADDRESS": 2}
    yield serve(changed, **fake.environment())
    over.set()
    fake.close()


@contextlib.contextmanager
def stream(client: httpx.Client, path: str, address: str) -> Generator[httpx.Response]:
    headers = {"X-Forwarded-For": address}
    with client.stream("GET", path, headers=headers) as answer:
        yield answer


def test_an_address_may_have_so_many_and_then_gets_429(endless: Process) -> None:
    client = endless.client
    path = f"/api/rounds/{begin(client)['id']}/events"
    with contextlib.ExitStack() as open_:
        first = open_.enter_context(contextlib.ExitStack())
        assert first.enter_context(stream(client, path, "192.0.2.1")).status_code == 200
        assert open_.enter_context(stream(client, path, "192.0.2.1")).status_code == 200
        # Only what our own ingress wrote counts: the last one.
        with stream(client, path, "198.51.100.7, 192.0.2.1") as refused:
            assert refused.status_code == 429
            assert refused.headers["Retry-After"] == "10"
            assert refused.headers["Content-Type"] == "application/problem+json"
            refused.read()
            assert "At most 2 streams can be open from one network address" in refused.text
        for other in ("192.0.2.2", "192.0.2.1, 192.0.2.2", "2001:db8::1", "2001:db8::2"):
            answer = open_.enter_context(stream(client, path, other))
            assert answer.status_code == 200
        # One network of IPv6 is one customer's.
        with stream(client, path, "2001:db8::3") as refused:
            assert refused.status_code == 429
        first.close()
        # The app learns of it in its own time.
        deadline = time.monotonic() + PATIENCE
        while True:
            with stream(client, path, "192.0.2.1") as again:
                if again.status_code == 200:
                    break
            assert time.monotonic() < deadline


def test_a_stream_that_ends_or_finds_nothing_counts_no_more(endless: Process) -> None:
    for _ in range(5):
        assert endless.client.get("/api/rounds/999999/events").status_code == 404


class Rounds:
    """In the place of the database and of the player: counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.waited: list[int] = []
        self.news = asyncio.Event()
        self.error: Exception | None = None
        self.hop: rounds.Hop | None = None

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[Any]:
        yield self

    async def find(self, _session: object, round_id: int) -> Any:
        self.asked.append(round_id)
        if self.error:
            raise self.error
        return SimpleNamespace(id=round_id)

    async def wait(self, round_id: int, _seconds: float) -> rounds.Hop | None:
        self.waited.append(round_id)
        await self.news.wait()
        return self.hop


def test_all_who_follow_a_round_share_one_query(monkeypatch: pytest.MonkeyPatch) -> None:
    async def follow() -> None:
        fake = Rounds()
        monkeypatch.setattr(rounds, "find", fake.find)
        streams: Any = Streams(fake, fake)  # pyright: ignore[reportArgumentType]
        the = {number: SimpleNamespace(id=number, hops=[]) for number in (1, 2)}
        looks = [asyncio.create_task(streams.look(the[1 + number % 2])) for number in range(400)]
        await asyncio.sleep(0)
        # One that leaves takes nothing from the others.
        looks.pop(0).cancel()
        await asyncio.sleep(0)
        fake.news.set()
        found = await asyncio.gather(*looks)
        assert [one.id for one in found[:3]] == [2, 1, 2]
        assert sorted(fake.asked) == sorted(fake.waited) == [1, 2]
        # The next time the database is asked again, and its absence is everybody's.
        fake.error = OSError("away")
        looks = [asyncio.create_task(streams.look(the[1])) for _ in range(3)]
        failed = await asyncio.gather(*looks, return_exceptions=True)
        assert [str(one) for one in failed] == ["away"] * 3
        assert fake.asked.count(1) == 2

    asyncio.run(follow())


def test_who_comes_as_a_query_ends_waits_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def follow() -> None:
        fake = Rounds()
        fake.news.set()  # a query ends in the step of the event loop in which it begins
        monkeypatch.setattr(rounds, "find", fake.find)
        streams: Any = Streams(fake, fake)  # pyright: ignore[reportArgumentType]
        now = SimpleNamespace(id=1, hops=[])

        async def late() -> None:
            await asyncio.sleep(0)  # now the first one's query has just ended
            for _ in range(3):
                await streams.look(now)

        await asyncio.gather(streams.look(now), late())
        assert len(fake.asked) == 4

    asyncio.run(follow())


def test_a_hop_of_this_process_needs_no_query_unless_one_was_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def round_(*hops: rounds.Hop) -> rounds.Round:
        return rounds.Round.model_construct(id=1, hops=list(hops))

    def hop(n: int) -> rounds.Hop:
        return rounds.Hop(n=n, source="en", target="de", text="x", provider="offline")

    async def follow() -> None:
        fake = Rounds()
        fake.news.set()
        monkeypatch.setattr(rounds, "find", fake.find)
        streams: Any = Streams(fake, fake)  # pyright: ignore[reportArgumentType]
        fake.hop = hop(2)
        shown = await streams.look(round_(hop(1)))
        assert [one.n for one in shown.hops] == [1, 2]
        assert fake.asked == []
        fake.hop = hop(4)
        await streams.look(shown)
        assert fake.asked == [1]

    asyncio.run(follow())
