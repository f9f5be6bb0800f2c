"""Rounds end, whatever happens to those who play them."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import httpx
import psycopg
import pytest
from conftest import GENUINE, PATIENT, Serve
from identity import Identity
from playing import PATIENCE, begin, events, finished, play
from postgres import DATABASE, Postgres
from serving import Process
from translator import database, player, rounds
from translator.translation import interpreter
from translators import Answer, Asked, Translator, error, good

HELD = 4
"""The hop in which things happen."""
_SOON = {"translator.player.LOOK_SECONDS": 0.2}
"""Nothing of what is tried depends on how often a process looks for rounds."""


class Held:
    """A translator's ways: it answers until hop `HELD`, and then only once it may."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.may_go_on = threading.Event()
        self._asked = 0

    def __call__(self, asked: Asked) -> Answer:
        self._asked += 1
        if self._asked >= HELD:
            self.reached.set()
            self.may_go_on.wait(PATIENCE)
        return good(asked)


@pytest.fixture
def held() -> Iterator[Held]:
    ways = Held()
    yield ways
    ways.may_go_on.set()


@pytest.fixture
def translator(postgres: Postgres, identity: Identity, held: Held) -> Iterator[Translator]:
    postgres.clear()
    identity.constant = True  # two replicas have two tokens, but a role has one password here
    fake = Translator()
    fake.behave = held
    yield fake
    held.may_go_on.set()
    fake.close()


@pytest.fixture
def first(translator: Translator, serve: Serve) -> Process:
    return serve(_SOON, **translator.environment())


def in_mid_round(client: httpx.Client, held: Held, postgres: Postgres) -> int:
    """A round that waits for the translation of hop `HELD`; those before are stored."""
    begun = begin(client)
    assert held.reached.wait(PATIENCE)
    until(postgres, "SELECT count(*) = %s FROM hops WHERE round_id = %s", HELD - 1, begun["id"])
    return begun["id"]


def until(postgres: Postgres, question: str, *values: object) -> None:
    """Return once the database's answer to a question is true."""
    deadline = time.monotonic() + PATIENCE
    while postgres.ask(question, *values) != [(True,)]:
        assert time.monotonic() < deadline, question
        time.sleep(0.01)


def assert_whole(round_: dict[str, Any], postgres: Postgres) -> None:
    assert round_["status"] == "done"
    assert [hop["n"] for hop in round_["hops"]] == list(range(1, 14))
    assert {hop["text"].partition(":")[2] for hop in round_["hops"]} == {"hello"}
    assert "notice" not in round_
    kept = postgres.ask("SELECT count(*) FROM hops WHERE round_id = %s", round_["id"])
    assert kept == [(13,)]


def test_a_killed_replicas_round_is_played_on_by_another(
    first: Process, held: Held, translator: Translator, serve: Serve, postgres: Postgres
) -> None:
    second = serve(GENUINE, **translator.environment())
    round_id = in_mid_round(first.client, held, postgres)
    first.kill()
    held.may_go_on.set()
    seen = [name for name, _, _ in events(second.client, round_id)]
    assert seen == ["hop"] * 13 + ["done"]
    assert_whole(finished(second.client, round_id), postgres)
    # What was kept was not translated again: of hop HELD alone nobody had the answer.
    assert [asked.target for asked in translator.asked].count("en") == 1
    assert len(translator.asked) == 13 + 1


def test_many_abandoned_rounds_are_taken_over_without_a_pause(
    first: Process, held: Held, translator: Translator, serve: Serve, postgres: Postgres
) -> None:
    """As after a kill under load: many more rounds than one process plays at a time."""
    in_mid_round(first.client, held, postgres)
    first.kill()
    held.may_go_on.set()
    postgres.administer(
        "INSERT INTO rounds (message, visitor, status, seed, languages, lease)"
        " SELECT message, visitor, status, seed, languages, now()"
        " FROM rounds, generate_series(1, 20)",
        "UPDATE rounds SET lease = now() - interval '1 second'",
        database=DATABASE,
    )
    # One search alone, unless it goes on by itself.
    second = serve({"translator.player.LOOK_SECONDS": PATIENCE}, **translator.environment())
    for (round_id,) in postgres.ask("SELECT id FROM rounds"):
        assert_whole(finished(second.client, round_id), postgres)


def test_all_is_well_again_within_thirty_seconds() -> None:
    """Upper bound of a round's or a visitor's wait after a failure has ended."""
    lease = rounds.LEASE.total_seconds()
    connection = database.CONNECT_SECONDS + database.CHECK_SECONDS
    statement = database.STATEMENT_SECONDS + database.GRACE_SECONDS
    # Else a replica's rounds are taken away while it plays them.
    assert lease > player.LOOK_SECONDS
    assert lease + player.LOOK_SECONDS + connection + statement < 30


def test_a_stopped_replica_hands_its_round_on_and_ends_its_streams(
    first: Process, held: Held, translator: Translator, serve: Serve, postgres: Postgres
) -> None:
    second = serve(_SOON, **translator.environment())
    round_id = in_mid_round(first.client, held, postgres)
    names: list[str] = []
    for name, _, _ in events(first.client, round_id):
        names.append(name)
        if len(names) == HELD - 1:
            first.terminate()
    assert names == ["hop"] * (HELD - 1)  # the stream's end did not wait for the translator
    held.may_go_on.set()
    assert first.wait() in {0, -15}
    rest = list(events(second.client, round_id, last=len(names)))
    assert rest[0][2]["n"] == HELD
    assert_whole(finished(second.client, round_id), postgres)
    assert len(translator.asked) == 13  # the hop under way was kept


def test_a_restart_of_the_database_in_mid_round_loses_nothing(
    first: Process, held: Held, postgres: Postgres
) -> None:
    round_id = in_mid_round(first.client, held, postgres)
    postgres.stop()
    held.may_go_on.set()
    first.wait_for_line(f"round {round_id} waits")
    postgres.start()
    assert_whole(finished(first.client, round_id), postgres)


def test_a_database_that_freezes_in_mid_round_loses_nothing(
    first: Process, held: Held, postgres: Postgres
) -> None:
    round_id = in_mid_round(first.client, held, postgres)
    postgres.signal("STOP")
    try:
        held.may_go_on.set()
        page = first.client.get(f"/rounds/{round_id}", headers={"Accept": "text/html"})
        assert page.status_code == 503
        assert "The database cannot be reached at the moment" in page.text
        assert page.headers["Cache-Control"] == "no-store"
        first.wait_for_line(f"round {round_id} waits")
    finally:
        postgres.signal("CONT")
    assert_whole(finished(first.client, round_id), postgres)


class Overtaken(Held):
    """Hop `HELD` is asked for while the one before it is stored, which waits for a locked row."""

    def __init__(self, postgres: Postgres) -> None:
        super().__init__()
        self.answer: Callable[[Asked], Answer] = good
        """The first one to hop `HELD`."""
        self._postgres = postgres
        self._at_hop_before = threading.Event()
        self._locked = threading.Event()

    def __call__(self, asked: Asked) -> Answer:
        self._asked += 1
        number = self._asked
        if number == HELD - 1:
            self._at_hop_before.set()
            self._locked.wait(PATIENCE)
        if number != HELD:
            return good(asked)
        self.reached.set()
        self.may_go_on.wait(PATIENCE)
        return self.answer(asked)

    @contextlib.contextmanager
    def storing(self, round_id: int) -> Generator[psycopg.Connection]:
        """Hop `HELD` - 1 is being stored until the end, and the next one is being translated.

        The transaction that holds the row can still change it.
        """
        assert self._at_hop_before.wait(PATIENCE)
        until(self._postgres, "SELECT count(*) = %s FROM hops", HELD - 2)
        parameters = self._postgres.superuser(database=DATABASE)
        with psycopg.connect(**parameters) as connection, connection.transaction():
            connection.execute("SELECT FROM rounds WHERE id = %s FOR UPDATE", [round_id])
            self._locked.set()
            assert self.reached.wait(PATIENCE)
            until(self._postgres, _IS_STORING)
            yield connection


_IS_STORING = (
    "SELECT count(*) = 1 FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO hops%'"
)


@pytest.fixture
def overtaken(translator: Translator, postgres: Postgres) -> Iterator[Overtaken]:
    ways = Overtaken(postgres)
    translator.behave = ways
    yield ways
    ways.may_go_on.set()


def test_a_hop_that_cannot_be_stored_takes_the_next_one_with_it(
    overtaken: Overtaken, translator: Translator, serve: Serve, postgres: Postgres
) -> None:
    first = serve({**PATIENT, **_SOON}, **translator.environment())
    round_id = begin(first.client)["id"]
    with overtaken.storing(round_id):
        postgres.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        )
    overtaken.may_go_on.set()
    first.wait_for_line(f"round {round_id} waits")
    assert_whole(finished(first.client, round_id), postgres)
    assert len(translator.asked) == 13 + 2
    assert "never retrieved" not in first.text()


def test_a_round_lost_while_its_next_hop_is_translated_is_the_others(
    overtaken: Overtaken, translator: Translator, serve: Serve, postgres: Postgres
) -> None:
    overtaken.answer = lambda _: error(403, 403001)
    first, second = (serve({**PATIENT, **_SOON}, **translator.environment()) for _ in range(2))
    round_id = begin(first.client)["id"]
    with overtaken.storing(round_id) as connection:
        connection.execute("UPDATE rounds SET runner = NULL, lease = now() - interval '1 second'")
    assert_whole(finished(second.client, round_id), postgres)
    overtaken.may_go_on.set()
    first.wait_for_line("quota spent")
    first.terminate()
    first.wait()
    # Nor is it told that what it got is simulated.
    assert_whole(finished(second.client, round_id), postgres)


def test_a_killed_replicas_waiting_is_not_shown_for_ever(
    translator: Translator, serve: Serve, postgres: Postgres
) -> None:
    first, second = (serve(_SOON, **translator.environment()) for _ in range(2))
    translator.behave = lambda _: error(429, 429001, Retry_After="1")
    round_id = begin(first.client)["id"]
    until(postgres, "SELECT notice IS NOT NULL FROM rounds WHERE id = %s", round_id)
    first.kill()
    translator.behave = good
    postgres.administer("UPDATE rounds SET lease = now()", database=DATABASE)
    assert_whole(finished(second.client, round_id), postgres)


def test_a_notice_outlives_its_replica_only_with_a_simulated_hop(
    first: Process, translator: Translator, serve: Serve, postgres: Postgres
) -> None:
    translator.behave = lambda asked: (
        good(asked) if len(translator.asked) < HELD else error(403, 403001)
    )
    round_id = play(first.client)["id"]
    first.kill()
    translator.behave = good
    second = serve(_SOON, **translator.environment())

    def again_after(hops: int) -> dict[str, Any]:
        postgres.ask("DELETE FROM hops WHERE n > %s RETURNING n", hops)
        postgres.administer(
            "UPDATE rounds SET status = 'running', lease = now()", database=DATABASE
        )
        return finished(second.client, round_id)

    assert again_after(HELD)["notice"] == interpreter.QUOTA
    assert_whole(again_after(HELD - 1), postgres)


def test_a_round_that_nobody_can_play_is_given_up(
    first: Process, held: Held, postgres: Postgres
) -> None:
    round_id = in_mid_round(first.client, held, postgres)
    # As if it had been taken up again and again, each time in vain.
    postgres.administer(
        "UPDATE rounds SET tries = 9, runner = NULL, lease = now()", database=DATABASE
    )
    held.may_go_on.set()
    ended = finished(first.client, round_id)
    assert ended["status"] == "failed"
    assert ended["end"] is None
    name, _, data = list(events(first.client, round_id))[-1]
    assert (name, data["detail"]) == ("error", "This round could not be completed.")
    assert "could not be completed" in first.client.get(f"/rounds/{round_id}").text
    listed = first.client.get("/api/rounds").json()["items"]
    assert round_id not in [item["id"] for item in listed]
