"""Following a round as it is played."""

from collections.abc import Iterator

import httpx
import pytest
from conftest import Serve
from playing import PLAIN, begin, events, play
from translators import Asked, Translator, good


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


def test_hops_come_one_by_one_while_they_are_made(translator: Translator, serve: Serve) -> None:
    shown: list[str] = []

    def only_after_the_one_before_is_shown(asked: Asked):
        assert len(shown) >= len(translator.asked) - 2
        return good(asked)

    translator.behave = only_after_the_one_before_is_shown
    with httpx.Client(
        verify=PLAIN, base_url=serve(**translator.environment()).address, timeout=15
    ) as client:
        for name, _, data in events(client, begin(client, hops=3)["id"]):
            shown.append(data.get("text", name))
    assert [text.partition(":")[2] for text in shown[:4]] == ["hello"] * 4


def test_a_round_that_is_taken_away_ends_the_stream(translator: Translator, serve: Serve) -> None:
    with httpx.Client(
        verify=PLAIN, base_url=serve(**translator.environment()).address, timeout=15
    ) as client:
        translator.behave = lambda asked: good(asked) if len(translator.asked) < 2 else slow(asked)
        round_id = begin(client, hops=3)["id"]
        seen: list[str] = []
        for name, _, _ in events(client, round_id):
            seen.append(name)
            if name == "hop":
                assert client.delete(f"/api/rounds/{round_id}").status_code == 204
                assert client.get(f"/api/rounds/{round_id}").status_code == 404
        assert seen == ["hop", "error"]


def slow(asked: Asked):
    answer = good(asked)
    return type(answer)(answer.status, answer.body, answer.headers, after=1)
