"""Lists of rounds: their order, their pages, and what is left out."""

from typing import Any

import httpx
import pytest
from playing import play
from postgres import DATABASE, ROLE, Postgres


def react(client: httpx.Client, round_id: int, kind: str) -> httpx.Response:
    """As a visitor who has never been here."""
    client.cookies.clear()
    return client.post(f"/api/rounds/{round_id}/reactions", json={"type": kind})


def ids(client: httpx.Client, **query: Any) -> list[int]:
    answer = client.get("/api/rounds", params=query)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


@pytest.fixture(scope="module")
def played(client: httpx.Client, postgres: Postgres) -> list[int]:
    """Six rounds, and nothing else."""
    postgres.clear()
    return [play(client, f"message {number}", hops=1)["id"] for number in range(6)]


def test_recent_is_the_newest_first_page_by_page(client: httpx.Client, played: list[int]) -> None:
    newest_first = sorted(played, reverse=True)
    first = client.get("/api/rounds?num=4").json()
    assert [item["id"] for item in first["items"]] == newest_first[:4]
    second = client.get("/api/rounds", params={"num": 4, "after": first["next"]}).json()
    assert [item["id"] for item in second["items"]] == newest_first[4:]
    assert second["next"] is None
    assert first["items"][0] == client.get(f"/api/rounds/{newest_first[0]}").json()


def test_popular_is_funny_and_deep_first_page_by_page(
    client: httpx.Client, played: list[int]
) -> None:
    for kind in ("funny", "deep"):
        assert react(client, played[1], kind).status_code == 201
    assert react(client, played[3], "deep").status_code == 201
    wanted = [played[1], played[3], played[5], played[4], played[2], played[0]]
    assert ids(client, order="popular") == wanted
    found: list[int] = []
    after = None
    while True:
        page = client.get(
            "/api/rounds",
            params={"order": "popular", "num": 1} | ({"after": after} if after else {}),
        ).json()
        found += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found == wanted


def test_two_flags_take_a_round_off_the_lists(client: httpx.Client, played: list[int]) -> None:
    assert react(client, played[0], "flag").status_code == 201
    assert played[0] in ids(client)
    assert react(client, played[0], "flag").status_code == 201
    for order in ("recent", "popular"):
        assert played[0] not in ids(client, order=order)
        page = client.get(f"/{order}", headers={"Accept": "text/html"})
        assert "message 0" not in page.text
        assert "message 1" in page.text
    shown = client.get(f"/rounds/{played[0]}")
    assert shown.status_code == 200
    assert '<meta name="robots" content="noindex">' in shown.text


@pytest.mark.parametrize(
    "query",
    [
        *("num=0", "num=101", "num=x", "num=", "num=1.5", "order=best", "order=", "after="),
        *("after=x", "after=1", "after=-1.1", "after=1.", "after=1.2.3", "after=%D9%A1.1"),
        *(
            "order=popular&after=1",
            "order=popular&after=1.2.3",
            f"order=popular&after={'9' * 10}.1",
        ),
    ],
)
def test_what_cannot_be_listed_is_a_422(query: str, client: httpx.Client) -> None:
    answer = client.get(f"/api/rounds?{query}")
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (
        answer.json()["errors"][0]["field"]
        == "query." + query.rsplit("&", maxsplit=1)[-1].partition("=")[0]
    )


def test_thirty_are_usual_and_a_hundred_the_most(client: httpx.Client, postgres: Postgres) -> None:
    postgres.administer(
        "INSERT INTO rounds (message) SELECT 'm' || n FROM generate_series(1, 150) n",
        database=DATABASE,
    )
    assert len(ids(client)) == 30
    assert len(ids(client, num=100)) == 100


@pytest.fixture(scope="module")
def full(postgres: Postgres) -> Postgres:
    """So many rows that a plan is not the same with and without an index."""
    postgres.administer(
        "TRUNCATE rounds, visitors, translated CASCADE",
        "INSERT INTO rounds (message, flag, funny) SELECT 'm', n % 3, n % 7"
        " FROM generate_series(1, 20000) n",
        "INSERT INTO hops SELECT id, 1, 'en', 'de', 't', 'offline' FROM rounds",
        "INSERT INTO translated SELECT 'en', 'de', sha256(n::text::bytea), 'azure', 't'"
        " FROM generate_series(1, 5000) n",
        "ANALYZE rounds, hops, translated",
        database=DATABASE,
    )
    return postgres


@pytest.mark.parametrize(
    ("index", "query"),
    [
        ("rounds_recent", "SELECT * FROM rounds WHERE listed ORDER BY id DESC LIMIT 31"),
        (
            "rounds_recent",
            "SELECT * FROM rounds WHERE listed AND (id) < (9000) ORDER BY id DESC LIMIT 31",
        ),
        (
            "rounds_popular",
            (
                "SELECT * FROM rounds WHERE listed AND (score, id) < (1, 9000)"
                " ORDER BY score DESC, id DESC LIMIT 31"
            ),
        ),
        (
            "rounds_visitor",
            (
                "SELECT * FROM rounds WHERE visitor = '11111111-2222-3333-4444-555555555555'"
                " ORDER BY id DESC LIMIT 31"
            ),
        ),
        (
            "rounds_running",
            (
                "SELECT id FROM rounds WHERE status = 'running' AND lease < now()"
                " ORDER BY lease LIMIT 8"
            ),
        ),
        ("hops_pkey", "SELECT json_agg(h ORDER BY n) FROM hops h WHERE round_id = 17"),
        (
            "translated_pkey",
            (
                "SELECT * FROM translated WHERE source = 'en' AND target = 'de' AND"
                " digest = sha256('x')"
            ),
        ),
    ],
)
def test_the_questions_of_the_app_are_answered_by_an_index(
    index: str, query: str, full: Postgres
) -> None:
    plan = full.administer(f"SET ROLE {ROLE}", f"EXPLAIN {query}", database=DATABASE)
    text = "\n".join(row[0] for row in plan)
    assert f"using {index}" in text or f"on {index}" in text, text
    assert "Seq Scan" not in text
    assert "Sort" not in text
