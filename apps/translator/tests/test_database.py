"""The database goes and comes back; tokens end; nothing of it stops the app."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import psycopg
import pytest
from conftest import GENUINE, PATIENT, Serve
from identity import Identity
from playing import PATIENCE
from postgres import DATABASE, ROLE, Postgres
from serving import Process

_LOCK = 7
"""Whoever begins a round has to wait for it."""


def post(process: Process) -> httpx.Response:
    return process.client.post("/api/rounds", json={"message": "hello"})


def recovered(process: Process) -> httpx.Response:
    """The first answer that is no 503: a slow machine may need more than the genuine time."""
    deadline = time.monotonic() + PATIENCE
    while (response := post(process)).status_code == 503:
        assert time.monotonic() < deadline, response.text
    return response


def cut(postgres: Postgres) -> None:
    postgres.administer(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'translator'"
    )


def reconnect_with_a_new_token(process: Process, postgres: Postgres, identity: Identity) -> None:
    """Cut the app's connections until it has asked for another token, and works with it."""
    before = len(identity.tokens)
    deadline = time.monotonic() + PATIENCE
    while len(identity.tokens) == before:
        assert time.monotonic() < deadline
        cut(postgres)  # misses a connection that is just being made
        assert recovered(process).status_code == 201


def test_the_password_is_a_token(process: Process, identity: Identity, postgres: Postgres) -> None:
    assert recovered(process).status_code == 201
    rows = postgres.administer(
        "SELECT usename, application_name FROM pg_stat_activity WHERE datname = 'translator'"
    )
    assert set(rows) == {(ROLE, "translator")}
    assert identity.tokens
    assert not any(token in process.text() for token in identity.tokens)


def test_it_starts_without_its_database_and_finds_it_later(
    postgres: Postgres, serve: Serve
) -> None:
    postgres.stop()
    try:
        process = serve(GENUINE)
        for path in ("/healthz", "/", "/generate_name"):
            assert process.client.get(path).status_code == 200
        for response in (process.client.get("/readyz"), post(process)):
            assert response.status_code == 503
            assert response.headers["Content-Type"] == "application/problem+json"
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["Retry-After"] == "5"
        form = process.client.post(
            "/forms/round",
            data={"message": "keep me", "hops": "3"},
            headers={"Accept": "text/html"},
        )
        assert (form.status_code, form.headers["Retry-After"]) == (503, "5")
        assert "The database cannot be reached" in form.text
        assert 'value="keep me"' in form.text
        assert 'value="3"' in form.text
    finally:
        postgres.start()
    assert recovered(process).status_code == 201
    assert process.client.get("/readyz").status_code == 200


def test_a_restart_of_the_database_is_not_noticed(process: Process, postgres: Postgres) -> None:
    kept = recovered(process)
    postgres.stop()
    postgres.start()
    assert post(process).status_code == 201
    again = process.client.get(kept.headers["Location"]).json()
    assert (again["id"], again["message"]) == (kept.json()["id"], "hello")


def test_a_frozen_database_is_hung_up_on(process: Process, postgres: Postgres) -> None:
    assert recovered(process).status_code == 201
    postgres.signal("STOP")
    try:
        assert post(process).status_code == 503
        assert process.client.get("/readyz").status_code == 503
        assert process.client.get("/healthz").status_code == 200
    finally:
        postgres.signal("CONT")
    assert recovered(process).status_code == 201


class Stall:
    """From `hold` on, until `release`, every insertion of a round waits."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._holder: psycopg.Connection | None = None

    def hold(self) -> None:
        self._postgres.administer(
            "CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN PERFORM pg_advisory_xact_lock_shared({_LOCK}); RETURN NEW; END $$",
            "CREATE TRIGGER stall BEFORE INSERT ON rounds EXECUTE FUNCTION stall()",
            database=DATABASE,
        )
        self._holder = psycopg.connect(**self._postgres.superuser(database=DATABASE))
        self._holder.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))

    def release(self) -> None:
        if self._holder is not None:
            self._holder.close()

    def waiting(self) -> int:
        """Number of waiting insertions."""
        assert self._holder is not None
        found = self._holder.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return found.fetchall()[0][0]

    def wait_for(self, number: int, answers: Sequence[Future[httpx.Response]]) -> None:
        """Return once so many wait, of these of whom none has its answer yet."""
        while self.waiting() != number:
            assert not any(answer.done() for answer in answers)
            time.sleep(0.01)


@pytest.fixture
def stall(postgres: Postgres) -> Iterator[Stall]:
    made = Stall(postgres)
    yield made
    made.release()
    postgres.administer("DROP FUNCTION IF EXISTS stall CASCADE", database=DATABASE)


def test_a_statement_that_takes_too_long_is_given_up(process: Process, stall: Stall) -> None:
    assert recovered(process).status_code == 201
    stall.hold()
    assert post(process).status_code == 503
    deadline = time.monotonic() + PATIENCE
    while stall.waiting():  # given up by the server too, not just hung up on
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert process.client.get("/readyz").status_code == 200


def test_a_database_that_freezes_in_a_statement_is_hung_up_on(
    process: Process, postgres: Postgres, stall: Stall
) -> None:
    assert recovered(process).status_code == 201
    stall.hold()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(post, process)
        stall.wait_for(1, [answer])
        postgres.signal("STOP")
        try:
            assert answer.result().status_code == 503
        finally:
            postgres.signal("CONT")


def test_when_all_connections_are_taken_the_page_says_so_and_then_all_is_well(
    serve: Serve, stall: Stall
) -> None:
    process = serve({**PATIENT, "translator.database.WAIT_SECONDS": 1.0})
    round_id = post(process).json()["id"]
    stall.hold()
    with ThreadPoolExecutor() as pool:
        held = [pool.submit(post, process) for _ in range(4)]
        stall.wait_for(4, held)
        page = process.client.get(f"/rounds/{round_id}", headers={"Accept": "text/html"})
        problem = process.client.get(f"/api/rounds/{round_id}")
        for answer in (page, problem):
            assert answer.status_code == 503
            assert "more visitors than its database can serve at once" in answer.text
            assert answer.headers["Retry-After"] == "5"
            assert answer.headers["Cache-Control"] == "no-store"
        assert page.headers["Content-Type"].startswith("text/html")
        assert problem.headers["Content-Type"] == "application/problem+json"
        front = process.client.get("/")
        assert (front.status_code, "Latest rounds" in front.text) == (200, False)
        assert process.client.get("/healthz").status_code == 200
        assert process.client.get("/readyz").status_code == 503
        assert not any(answer.done() for answer in held)
        stall.release()
        assert {answer.result().status_code for answer in held} == {201}
    assert process.client.get(f"/api/rounds/{round_id}").status_code == 200
    assert process.client.get("/readyz").status_code == 200


def test_visitors_wait_their_turn_over_few_connections(
    serve: Serve, stall: Stall, postgres: Postgres
) -> None:
    process = serve()
    round_id = post(process).json()["id"]
    stall.hold()
    with ThreadPoolExecutor(60) as pool:
        held = [pool.submit(post, process) for _ in range(4)]
        stall.wait_for(4, held)
        path = f"/api/rounds/{round_id}"
        others = [pool.submit(process.client.get, path) for _ in range(56)]
        used = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
        assert postgres.ask(used, ROLE) == [(4,)]
        assert not any(answer.done() for answer in others)
        stall.release()
        assert {answer.result().status_code for answer in held} == {201}
        assert {answer.result().status_code for answer in others} == {200}
    assert postgres.ask(used, ROLE)[0][0] <= 4


def test_a_new_connection_takes_a_new_token_when_the_old_one_has_ended(
    postgres: Postgres, identity: Identity, serve: Serve
) -> None:
    # Two connections in the making may take each other's token away: only the newest one counts.
    identity.lifetime = -1
    process = serve(GENUINE)
    assert recovered(process).status_code == 201
    reconnect_with_a_new_token(process, postgres, identity)


def test_a_kept_token_that_is_no_longer_taken_is_replaced(
    process: Process, postgres: Postgres, identity: Identity
) -> None:
    assert recovered(process).status_code == 201
    postgres.administer(f"ALTER ROLE \"{ROLE}\" PASSWORD 'another'")
    reconnect_with_a_new_token(process, postgres, identity)


def test_a_good_token_is_used_again(
    process: Process, postgres: Postgres, identity: Identity
) -> None:
    assert recovered(process).status_code == 201
    cut(postgres)
    assert post(process).status_code == 201
    assert len(identity.tokens) == 1


def test_without_tokens_there_is_no_database_but_an_app(identity: Identity, serve: Serve) -> None:
    identity.broken = True
    process = serve(GENUINE)
    assert process.client.get("/healthz").status_code == 200
    assert post(process).status_code == 503
    identity.broken = False
    assert recovered(process).status_code == 201


def test_a_server_with_another_certificate_gets_no_token(serve: Serve) -> None:
    for wrong in ({"PGHOST": "another.frugal.test"}, {"PGSSLROOTCERT": None}):
        process = serve(GENUINE, **wrong)
        deadline = time.monotonic() + PATIENCE
        # On a busy machine a check may be over before the server has shown its certificate.
        while "certificate" not in process.text():
            assert process.client.get("/readyz").status_code == 503
            assert time.monotonic() < deadline, process.text()
