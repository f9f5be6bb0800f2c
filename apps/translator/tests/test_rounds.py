"""Rounds over HTTP, kept in a real database."""

import json
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import httpx
import pytest
from postgres import DATABASE, Postgres


def post(client: httpx.Client, message: object) -> httpx.Response:
    return client.post("/api/rounds", json={"message": message})


def test_what_is_posted_can_be_read(client: httpx.Client, postgres: Postgres) -> None:
    posted = post(client, "Wie geht's? 🐌 שלום")
    assert posted.status_code == 201
    location = posted.headers["Location"]
    assert location == f"/api/rounds/{posted.json()['id']}"
    read = client.get(location)
    assert read.status_code == 200
    assert read.json() == posted.json()
    assert read.json()["message"] == "Wie geht's? 🐌 שלום"
    assert posted.headers["Cache-Control"] == read.headers["Cache-Control"] == "no-store"
    kept = postgres.administer("SELECT id, message FROM rounds", database=DATABASE)
    assert (posted.json()["id"], "Wie geht's? 🐌 שלום") in kept


@pytest.mark.parametrize("message", ["x", "x" * 280, "🐌" * 280, "a b", "'; DROP TABLE rounds; --"])
def test_good_messages(message: str, client: httpx.Client) -> None:
    assert post(client, message).json()["message"] == message


@pytest.mark.parametrize(
    "message",
    ["", " ", "x" * 281, "a\x00b", "a\nb", "a\tb", "\x7f", "\x85", None, 7, ["x"], {"x": "y"}],
)
def test_wrong_messages_are_refused_by_name(message: object, client: httpx.Client) -> None:
    response = post(client, message)
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    problem = response.json()
    assert (problem["status"], problem["title"]) == (422, HTTPStatus(422).phrase)
    assert [error["field"] for error in problem["errors"]] == ["message"]
    assert problem["errors"][0]["message"] in problem["detail"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 422),
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"message": "\\ud800"}', "application/json", 422),
        (b'{"message": "\xff"}', "application/json", 400),
        (b'{"message": "x"}', "text/plain", 422),
        (b"[" * 10_000, "application/json", 400),
        (b'{"message": "' + b"x" * 20_000 + b'"}', "application/json", 413),
    ],
)
def test_wrong_bodies_are_refused(
    body: bytes, content_type: str, status: int, client: httpx.Client
) -> None:
    response = client.post("/api/rounds", content=body, headers={"Content-Type": content_type})
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status


@pytest.mark.parametrize(
    "name", ["999999999", "9" * 18, "9" * 5000, "-1", "0", "x", "1.0", "%00", "\u0661"]
)
def test_a_round_that_is_not_there(name: str, client: httpx.Client) -> None:
    response = client.get(f"/api/rounds/{name}")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json()["title"] == "Not Found"


def test_many_writers_at_once_lose_nothing(client: httpx.Client) -> None:
    messages = [f"m{number}" for number in range(200)]
    with ThreadPoolExecutor(24) as pool:
        posted = list(pool.map(post, [client] * 200, messages))
    assert {response.status_code for response in posted} == {201}
    assert len({response.json()["id"] for response in posted}) == 200
    assert {response.json()["message"] for response in posted} == set(messages)


def test_the_openapi_says_what_may_be_sent(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {"/generate_name", "/api/rounds", "/api/rounds/{round_id}"}
    message = document["components"]["schemas"]["NewRound"]["properties"]["message"]
    assert (message["minLength"], message["maxLength"]) == (1, 280)
    answers = document["paths"]["/api/rounds"]["post"]["responses"]
    assert set(answers) == {"201", "400", "413", "422", "503"}
    assert set(answers["422"]["content"]) == {"application/problem+json"}
    assert "HTTPValidationError" not in json.dumps(document)
