"""The database goes and comes back; tokens end; nothing of it stops the app."""

import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from identity import Identity
from postgres import DATABASE, ROLE, Postgres
from serving import Process

_RECOVERY = 10
"""Seconds in which the app has to be well again."""
_PATIENCE = 12
"""Seconds in which a request has its answer, whatever the database does."""
_STALLED = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
Serve = Callable[..., Process]


def post(address: str) -> httpx.Response:
    return httpx.post(f"{address}/api/rounds", json={"message": "hello"}, timeout=15)


def recovered(address: str) -> httpx.Response:
    """The first answer that is no 503."""
    deadline = time.monotonic() + _RECOVERY
    while (response := post(address)).status_code == 503:
        assert time.monotonic() < deadline, response.text
    return response


def cut(postgres: Postgres) -> None:
    postgres.administer(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'translator'"
    )


def reconnect_with_a_new_token(process: Process, postgres: Postgres, identity: Identity) -> None:
    """Cut the app's connections until it has asked for another token, and works with it."""
    before = len(identity.tokens)
    deadline = time.monotonic() + 2 * _RECOVERY
    while len(identity.tokens) == before:
        assert time.monotonic() < deadline
        cut(postgres)  # misses a connection that is just being made
        assert recovered(process.address).status_code == 201


def test_the_password_is_a_token(process: Process, identity: Identity, postgres: Postgres) -> None:
    assert post(process.address).status_code == 201
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
    process = serve()
    try:
        assert httpx.get(f"{process.address}/healthz").status_code == 200
        assert httpx.get(f"{process.address}/").status_code == 200
        assert httpx.get(f"{process.address}/generate_name").status_code == 200
        for response in (httpx.get(f"{process.address}/readyz"), post(process.address)):
            assert response.status_code == 503
            assert response.headers["Content-Type"] == "application/problem+json"
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["Retry-After"] == "5"
    finally:
        postgres.start()
    assert recovered(process.address).status_code == 201
    assert httpx.get(f"{process.address}/readyz").status_code == 200


def test_a_restart_of_the_database_is_not_noticed(process: Process, postgres: Postgres) -> None:
    kept = post(process.address)
    postgres.stop()
    postgres.start()
    assert post(process.address).status_code == 201
    again = httpx.get(process.address + kept.headers["Location"]).json()
    assert (again["id"], again["message"]) == (kept.json()["id"], "hello")


def test_a_frozen_database_is_hung_up_on(process: Process, postgres: Postgres) -> None:
    assert post(process.address).status_code == 201
    postgres.signal("STOP")
    try:
        started = time.monotonic()
        assert post(process.address).status_code == 503
        assert time.monotonic() - started < _PATIENCE
        assert httpx.get(f"{process.address}/readyz").status_code == 503
        assert httpx.get(f"{process.address}/healthz").status_code == 200
    finally:
        postgres.signal("CONT")
    assert recovered(process.address).status_code == 201


@pytest.fixture
def stalling(postgres: Postgres, process: Process) -> Generator[None]:
    """From here on every insertion takes a minute."""
    assert post(process.address).status_code == 201
    postgres.administer(
        "CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$",
        "CREATE TRIGGER stall BEFORE INSERT ON rounds EXECUTE FUNCTION stall()",
        database=DATABASE,
    )
    yield
    postgres.administer("DROP TRIGGER stall ON rounds", "DROP FUNCTION stall", database=DATABASE)


@pytest.mark.usefixtures("stalling")
def test_a_statement_that_takes_too_long_is_given_up(process: Process, postgres: Postgres) -> None:
    started = time.monotonic()
    assert post(process.address).status_code == 503
    assert 4 < time.monotonic() - started < _PATIENCE
    assert not postgres.administer(_STALLED)  # given up by the server too, not just hung up on
    assert httpx.get(f"{process.address}/readyz").status_code == 200


@pytest.mark.usefixtures("stalling")
def test_a_database_that_freezes_in_a_statement_is_hung_up_on(
    process: Process, postgres: Postgres
) -> None:
    with ThreadPoolExecutor() as pool:
        started = time.monotonic()
        answer = pool.submit(post, process.address)
        while not postgres.administer(_STALLED):
            assert time.monotonic() - started < 4
        postgres.signal("STOP")
        try:
            assert answer.result().status_code == 503
            assert time.monotonic() - started < _PATIENCE
        finally:
            postgres.signal("CONT")


def test_a_new_connection_takes_a_new_token_when_the_old_one_has_ended(
    postgres: Postgres, identity: Identity, serve: Serve
) -> None:
    # Two connections in the making may take each other's token away: only the newest one counts.
    identity.lifetime = -1
    process = serve()
    assert recovered(process.address).status_code == 201
    reconnect_with_a_new_token(process, postgres, identity)


def test_a_kept_token_that_is_no_longer_taken_is_replaced(
    process: Process, postgres: Postgres, identity: Identity
) -> None:
    assert post(process.address).status_code == 201
    postgres.administer(f"ALTER ROLE \"{ROLE}\" PASSWORD 'another'")
    reconnect_with_a_new_token(process, postgres, identity)


def test_a_good_token_is_used_again(
    process: Process, postgres: Postgres, identity: Identity
) -> None:
    assert post(process.address).status_code == 201
    cut(postgres)
    assert post(process.address).status_code == 201
    assert len(identity.tokens) == 1


def test_without_tokens_there_is_no_database_but_an_app(identity: Identity, serve: Serve) -> None:
    identity.broken = True
    process = serve()
    assert httpx.get(f"{process.address}/healthz").status_code == 200
    assert post(process.address).status_code == 503
    identity.broken = False
    assert recovered(process.address).status_code == 201


def test_a_server_with_another_certificate_gets_no_token(serve: Serve) -> None:
    for wrong in ({"PGHOST": "another.frugal.test"}, {"PGSSLROOTCERT": None}):
        process = serve(**wrong)
        assert httpx.get(f"{process.address}/readyz").status_code == 503
        assert "certificate" in process.text()


def test_a_flood_waits_its_turn_over_few_connections(process: Process, postgres: Postgres) -> None:
    with httpx.Client(timeout=30) as client, ThreadPoolExecutor(60) as pool:
        answers = pool.map(client.get, [f"{process.address}/readyz"] * 300)
        assert {answer.status_code for answer in answers} == {200}
    used = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'translator'"
    assert postgres.administer(used)[0][0] <= 4
