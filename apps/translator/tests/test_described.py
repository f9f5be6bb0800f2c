"""Promises of the described systems, row by row, and faults of their public code.

A2.4, A2.5: the name API of the post on FastAPI. A5.3: the translation game. B1: faults of the
original game; B6: of the original name API.
"""

import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Serve
from playing import PATIENCE, PLAIN, begin, play
from postgres import Postgres
from translator import names
from translator.languages import CODES
from translator.migrate import JobSettings
from translator.settings import Settings

APP = Path(__file__).resolve().parents[1] / "translator"


def test_a2_4_a_name_by_chance(client: httpx.Client) -> None:
    answer = client.get("/generate_name")
    assert answer.status_code == 200
    assert list(answer.json()) == ["name"]
    assert answer.json()["name"] in names.NAMES


@pytest.mark.parametrize("start", ["n", "m", "c", "N", "M", "C"])
def test_a2_5_a_name_that_starts_so_in_any_case(start: str, client: httpx.Client) -> None:
    name = client.get("/generate_name", params={"starts_with": start}).json()["name"]
    assert name.lower().startswith(start.lower())


@pytest.mark.parametrize("start", ["N", "c", "NE", "none of them", "*", "%", "("])
def test_b6_no_match_is_no_500(start: str, client: httpx.Client) -> None:
    assert client.get("/generate_name", params={"starts_with": start}).status_code in {200, 404}


def test_a5_3_a_phrase_is_translated_between_many_languages_and_kept(
    client: httpx.Client, postgres: Postgres
) -> None:
    assert len(CODES) >= 70
    round_ = play(client, "A phrase to pick.")
    assert len({hop["to"] for hop in round_["hops"]}) == 13
    kept = postgres.ask("SELECT ending FROM rounds WHERE id = %s", round_["id"])
    assert kept == [(round_["end"],)]


@pytest.mark.parametrize("path", ["/api/translate", "/translate"])
def test_b1_nobody_translates_at_our_cost(path: str, client: httpx.Client) -> None:
    answer = client.post(path, json={"text": "hello", "from": "en", "to": "fr"})
    assert answer.status_code == 404


def test_b1_nobody_posts_a_round_of_their_own_making(client: httpx.Client) -> None:
    forged: dict[str, Any] = {
        "end": "forged",
        "status": "done",
        "drift": 100,
        "translations": [{"language": "fr", "message": "forged"}],
        "reactions": {"funny": 1000},
        "id": 1,
    }
    round_ = play(client, hops=1, **forged)
    assert "forged" not in str(round_)
    assert round_["reactions"] == {"funny": 0, "deep": 0, "flag": 0}


def test_b1_there_is_a_longest_message_and_a_largest_body(client: httpx.Client) -> None:
    assert client.post("/api/rounds", json={"message": "x" * 281}).status_code == 422
    assert client.post("/api/rounds", content=b"x" * 1_000_000).status_code == 413


def test_b1_no_count_is_lost(client: httpx.Client) -> None:
    round_id = play(client, hops=1)["id"]

    def react(_number: int) -> int:
        with httpx.Client(verify=PLAIN, base_url=client.base_url, timeout=PATIENCE) as one:
            path = f"/api/rounds/{round_id}/reactions"
            return one.post(path, json={"type": "funny"}).status_code

    with ThreadPoolExecutor(10) as pool:
        assert set(pool.map(react, range(40))) == {201}
    assert client.get(f"/api/rounds/{round_id}").json()["reactions"]["funny"] == 40


def test_b1_counts_are_wide_enough(client: httpx.Client, postgres: Postgres) -> None:
    round_id = play(client, hops=1)["id"]
    postgres.administer("UPDATE rounds SET deep = 32767", database="translator")
    client.cookies.clear()
    answer = client.post(f"/api/rounds/{round_id}/reactions", json={"type": "deep"})
    assert answer.json()["deep"] == 32768


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 200), ("?order=popular", 200), ("?num=", 422), ("?num=1000000", 422), ("?num=x", 422)],
)
def test_b1_a_missing_or_wild_num_is_no_500(query: str, status: int, client: httpx.Client) -> None:
    assert client.get(f"/api/rounds{query}").status_code == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/rounds/999999999", 404),
        ("POST", "/api/rounds", 422),
        ("GET", "/api/rounds?num=0", 422),
        ("DELETE", "/api/rounds/999999999", 404),
    ],
)
def test_b1_an_error_is_no_200(method: str, path: str, status: int, client: httpx.Client) -> None:
    answer = client.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_b1_every_column_that_must_be_there_is(postgres: Postgres) -> None:
    nullable = postgres.ask(
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND is_nullable = 'YES' ORDER BY 1"
    )
    assert [row[0] for row in nullable] == [
        # Of a round that runs, nobody plays, went as planned, or is from the first version.
        *("rounds.drift", "rounds.ending", "rounds.lease", "rounds.notice", "rounds.runner"),
        "rounds.visitor",
    ]


def test_b1_what_is_asked_of_many_rows_has_an_index(postgres: Postgres) -> None:
    # That the questions use them is in `test_lists.py`.
    found = postgres.ask("SELECT indexname FROM pg_indexes WHERE tablename = 'rounds'")
    wanted = {"rounds_recent", "rounds_popular", "rounds_visitor", "rounds_running", "rounds_pkey"}
    assert {row[0] for row in found} == wanted


def test_b1_there_is_no_count_that_nobody_keeps(postgres: Postgres) -> None:
    columns = postgres.ask(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'"
    )
    assert ("views",) not in columns


def test_b1_there_is_no_password_and_no_key() -> None:
    names = {*Settings.model_fields, *JobSettings.model_fields}
    assert not [name for name in names if re.search("password|secret|key", name)]
    source = "".join(file.read_text() for file in APP.rglob("*.py"))
    assert "Subscription-Key" not in source
    assert "PGPASSWORD" not in source


def test_b1_another_sites_page_sends_nothing(client: httpx.Client) -> None:
    headers = {"Origin": "https://another.example"}
    assert client.post("/api/rounds", json={"message": "x"}, headers=headers).status_code == 403


def test_b1_every_page_says_how_long_it_may_be_kept(client: httpx.Client) -> None:
    for path in ("/", "/recent", "/popular", "/yours", "/api/rounds", "/nowhere"):
        assert "Cache-Control" in client.get(path).headers


def test_b1_the_page_says_as_many_languages_as_it_plays(client: httpx.Client) -> None:
    assert 'placeholder="12"' in client.get("/").text
    assert len(begin(client)["hops"]) == 0
    assert len(play(client)["hops"]) - 1 == 12


def test_b1_the_address_to_share_is_the_sites_own(client: httpx.Client) -> None:
    round_id = play(client, hops=1)["id"]
    page = client.get(f"/rounds/{round_id}").text
    assert f'value="http://localhost:8000/rounds/{round_id}"' in page  # PUBLIC_URL's default


def test_b1_http_calls_have_a_time_limit_and_files_are_found_from_anywhere() -> None:
    source = "".join(file.read_text() for file in APP.rglob("*.py"))
    assert re.search(r"httpx\.AsyncClient\([^)]*timeout=", source)
    assert not re.search(r"(?<![\w.])open\(", source)


def test_b6_the_container_does_not_run_as_root() -> None:
    dockerfile = (APP.parent / "Dockerfile").read_text()
    assert re.search(r"^USER [1-9]\d+$", dockerfile, re.MULTILINE)


def test_b6_what_is_deprecated_is_not_there() -> None:
    assert "gunicorn" not in (APP.parent / "requirements.lock").read_text()
    assert "uvicorn.workers" not in "".join(file.read_text() for file in APP.rglob("*.py"))


def test_b6_names_of_any_culture_are_found() -> None:
    scripts = {unicodedata.name(name[0]).partition(" ")[0] for name in names.NAMES}
    assert len(scripts) >= 8
    for name in names.NAMES:
        found = names.generate(name[0])
        assert found
        assert found.startswith(name[0])


def test_b1_nobody_writes_as_often_as_they_like(serve: Serve, postgres: Postgres) -> None:
    # The last test: from here on the token of `client`'s app is no longer the newest one.
    postgres.clear()
    client = serve(VISITOR_WRITES_PER_HOUR="2").client
    statuses = [client.post("/api/rounds", json={"message": "x"}).status_code for _ in range(4)]
    assert statuses == [201, 201, 429, 429]
