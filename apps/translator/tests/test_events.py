"""Following a round as it is played."""

import threading
from collections.abc import Iterator

import httpx
import pytest
from conftest import Serve
from playing import PATIENCE, begin, events, play
from translators import Answer, Asked, Translator, good


@pytest.fixture
def translator() -> Iterator[Translator]:
    fake = Translator()
    yield fake
    fake.close()


def test_every_hop_comes_once_and_then_the_round(client: httpx.Client) -> None:
    begun = begin(client, hops=5)
    seen = list(events(client, begun["id"]))
    assert [name for name, _, _ in seen] == ["hop"] * 6 + ["done"]
    done = seen[-1][2]
    assert [data for _, _, data in seen[:-1]] == done["hops"]
    assert [number for _, number, _ in seen[:-1]] == ["1", "2", "3", "4", "5", "6"]
    assert done == client.get(f"/api/rounds/{begun['id']}").json()


@pytest.mark.parametrize("last", [0, 4, 6])
def test_who_comes_back_gets_the_rest(last: int, client: httpx.Client) -> None:
    round_ = play(client, hops=5)
    seen = list(events(client, round_["id"], last=last))
    assert [data["n"] for name, _, data in seen if name == "hop"] == list(range(last + 1, 7))
    assert seen[-1][0] == "done"


def test_a_number_that_is_too_long_to_read_is_past_the_last_hop(client: httpx.Client) -> None:
    path = f"/api/rounds/{play(client, hops=5)['id']}/events"
    sent = client.get(path, headers={"Last-Event-ID": "9" * 5000}).text
    assert "event: done" in sent
    assert "event: hop" not in sent


def test_hops_come_one_by_one_while_they_are_made(translator: Translator, serve: Serve) -> None:
    shown = threading.Semaphore(1)

    def only_when_the_one_before_is_shown(asked: Asked) -> Answer:
        assert shown.acquire(timeout=PATIENCE)
        return good(asked)

    translator.behave = only_when_the_one_before_is_shown
    client = serve(**translator.environment()).client
    texts: list[str] = []
    for name, _, data in events(client, begin(client, hops=3)["id"]):
        texts.append(data.get("text", name))
        shown.release()
    assert [text.partition(":")[2] for text in texts[:4]] == ["hello"] * 4


def test_a_round_that_is_taken_away_ends_the_stream(translator: Translator, serve: Serve) -> None:
    gone = threading.Event()

    def waits_after_the_first(asked: Asked) -> Answer:
        if len(translator.asked) > 1:
            gone.wait(PATIENCE)
        return good(asked)

    translator.behave = waits_after_the_first
    client = serve(**translator.environment()).client
    round_id = begin(client, hops=3)["id"]
    seen: list[str] = []
    for name, _, _ in events(client, round_id):
        seen.append(name)
        if name == "hop":
            assert client.delete(f"/api/rounds/{round_id}").status_code == 204
            assert client.get(f"/api/rounds/{round_id}").status_code == 404
    gone.set()
    assert [name for name in seen if name != "notice"] == ["hop", "error"]
