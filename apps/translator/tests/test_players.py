"""Rounds end, whatever happens to those who play them."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from conftest import Serve
from identity import Identity
from playing import PLAIN, begin, events, finished
from postgres import Postgres
from serving import Process
from translators import Answer, Asked, Translator, good

_RECOVERY = 30
"""Seconds in which all has to be well again."""


@pytest.fixture
def translator(postgres: Postgres, identity: Identity) -> Iterator[Translator]:
    postgres.clear()
    identity.constant = True  # two replicas have two tokens, but a role has one password here
    fake = Translator()
    fake.behave = slow
    yield fake
    fake.close()


def slow(asked: Asked) -> Answer:
    answer = good(asked)
    return Answer(answer.status, answer.body, after=0.3)


@pytest.fixture
def first(translator: Translator, serve: Serve) -> Process:
    return serve(**translator.environment())


def client_of(process: Process) -> httpx.Client:
    return httpx.Client(verify=PLAIN, base_url=process.address, timeout=30)


def in_mid_round(client: httpx.Client, translator: Translator, hops: int = 12) -> dict[str, Any]:
    """A round of which some hops are made."""
    begun = begin(client, hops=hops)
    while len(translator.asked) < 3:
        time.sleep(0.01)
    return begun


def assert_whole(round_: dict[str, Any], postgres: Postgres) -> None:
    assert round_["status"] == "done"
    assert [hop["n"] for hop in round_["hops"]] == list(range(1, len(round_["hops"]) + 1))
    assert {hop["text"].partition(":")[2] for hop in round_["hops"]} == {"hello"}
    kept = postgres.ask("SELECT count(*) FROM hops WHERE round_id = %s", round_["id"])
    assert kept == [(len(round_["hops"]),)]


def test_a_killed_replicas_round_is_played_on_by_another(
    first: Process, translator: Translator, serve: Serve, postgres: Postgres
) -> None:
    second = serve(**translator.environment())
    with client_of(first) as client:
        begun = in_mid_round(client, translator)
    first.kill(at_once=True)
    killed = time.monotonic()
    translator.behave = good
    with client_of(second) as client:
        seen = [name for name, _, _ in events(client, begun["id"])]
        assert seen[-1] == "done"
        assert_whole(finished(client, begun["id"]), postgres)
    assert time.monotonic() - killed < _RECOVERY
    # What was kept was not translated again: one hop at the most was under way.
    assert 13 <= len(translator.asked) <= 14


def test_a_stopped_replica_hands_its_round_on_and_ends_its_streams(
    first: Process, translator: Translator, serve: Serve, postgres: Postgres
) -> None:
    second = serve(**translator.environment())
    with client_of(first) as client:
        begun = in_mid_round(client, translator)
        names: list[str] = []
        stopped = 0.0
        for name, number, _ in events(client, begun["id"]):
            names.append(name)
            if number == "3":
                stopped = time.monotonic()
                first.terminate()
    assert set(names) == {"hop"}
    assert first.wait() in {0, -15}
    assert time.monotonic() - stopped < 5
    with client_of(second) as client:
        rest = list(events(client, begun["id"], last=len(names)))
        assert rest[0][2]["n"] == len(names) + 1
        assert_whole(finished(client, begun["id"]), postgres)
    assert len(translator.asked) == 13  # the hop under way was kept, or never begun


def test_a_restart_of_the_database_in_mid_round_loses_nothing(
    first: Process, translator: Translator, postgres: Postgres
) -> None:
    with client_of(first) as client:
        begun = in_mid_round(client, translator)
        postgres.stop()
        postgres.start()
        started = time.monotonic()
        assert_whole(finished(client, begun["id"]), postgres)
        assert time.monotonic() - started < _RECOVERY


def test_a_database_that_freezes_in_mid_round_loses_nothing(
    first: Process, translator: Translator, postgres: Postgres
) -> None:
    with client_of(first) as client:
        begun = in_mid_round(client, translator)
        postgres.signal("STOP")
        try:
            page = client.get(f"/rounds/{begun['id']}", headers={"Accept": "text/html"})
            assert page.status_code == 503
            assert "The database cannot be reached just now" in page.text
            assert page.headers["Cache-Control"] == "no-store"
        finally:
            postgres.signal("CONT")
        started = time.monotonic()
        assert_whole(finished(client, begun["id"]), postgres)
        assert time.monotonic() - started < _RECOVERY


def test_a_round_that_nobody_can_play_is_given_up(
    first: Process, translator: Translator, postgres: Postgres
) -> None:
    with client_of(first) as client:
        begun = in_mid_round(client, translator)
        # As if it had been taken up again and again, each time in vain.
        postgres.administer(
            "UPDATE rounds SET tries = 9, runner = NULL, lease = now()", database="translator"
        )
        ended = finished(client, begun["id"])
        assert ended["status"] == "failed"
        assert ended["end"] is None
        name, _, data = list(events(client, begun["id"]))[-1]
        assert (name, data["detail"]) == ("error", "This round could not be played to its end.")
        assert "could not be played" in client.get(f"/rounds/{begun['id']}").text
        listed = client.get("/api/rounds").json()["items"]
        assert begun["id"] not in [item["id"] for item in listed]
