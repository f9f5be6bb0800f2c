"""Rounds over HTTP, kept in a real database."""

import json
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from playing import begin, finished, play
from postgres import Postgres
from translator.languages import CODES

ROUND = {
    *("id", "status", "message", "seed", "hops", "end", "drift", "reactions", "created"),
}


def post(client: httpx.Client, message: object) -> httpx.Response:
    return client.post("/api/rounds", json={"message": message})


def test_a_round_is_there_at_once_and_is_played_to_its_end(
    client: httpx.Client, postgres: Postgres
) -> None:
    answer = post(client, "Wie geht's? 🐌 שלום")
    assert answer.status_code == 201
    begun = answer.json()
    assert answer.headers["Location"] == f"/api/rounds/{begun['id']}"
    assert set(begun) == ROUND
    assert (begun["status"], begun["hops"], begun["end"]) == ("running", [], None)

    round_ = finished(client, begun["id"])
    assert set(round_) == ROUND
    assert round_["status"] == "done"
    assert round_["message"] == "Wie geht's? 🐌 שלום"
    assert round_["end"] == round_["hops"][-1]["text"]
    assert 0 <= round_["drift"] <= 100
    assert round_["reactions"] == {"funny": 0, "deep": 0, "flag": 0}
    assert client.get(answer.headers["Location"]).headers["Cache-Control"] == "no-store"
    kept = postgres.ask("SELECT text FROM hops WHERE round_id = %s ORDER BY n", begun["id"])
    assert [row[0] for row in kept] == [hop["text"] for hop in round_["hops"]]


@pytest.mark.parametrize(("asked", "hops"), [({}, 12), ({"hops": 1}, 1), ({"hops": 20}, 20)])
def test_hops_counts_the_languages_between(
    asked: dict[str, Any], hops: int, client: httpx.Client
) -> None:
    made = play(client, **asked)["hops"]
    assert [hop["n"] for hop in made] == list(range(1, hops + 2))
    assert {tuple(hop) for hop in made} == {("n", "from", "to", "text", "provider", "lang")}
    assert (made[0]["from"], made[-1]["to"]) == ("en", "en")
    assert [hop["from"] for hop in made[1:]] == [hop["to"] for hop in made[:-1]]
    between = [hop["to"] for hop in made[:-1]]
    assert len(set(between)) == hops
    assert set(between) <= set(CODES)


def test_languages_are_gone_through_as_they_come(client: httpx.Client) -> None:
    wanted = ["zh-Hans", "sr-Cyrl", "nb", "zh-Hant"]
    made = play(client, hops=4, languages=wanted)["hops"]
    assert [hop["to"] for hop in made] == [*wanted, "en"]


def test_the_same_seed_is_the_same_round(client: httpx.Client) -> None:
    first = play(client, "The king has lost his socks again.", seed=7)
    again = play(client, "The king has lost his socks again.", seed=first["seed"])
    other = play(client, "The king has lost his socks again.", seed=8)
    assert first["seed"] == 7
    assert again["hops"] == first["hops"]
    assert other["hops"] != first["hops"]
    assert begin(client)["seed"] != begin(client)["seed"]


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
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"hops": 0}, "hops"),
        ({"hops": 21}, "hops"),
        ({"hops": "3"}, "hops"),
        ({"hops": 2.5}, "hops"),
        ({"hops": None}, "hops"),
        ({"hops": 3, "languages": ["de", "fr"]}, "languages"),
        ({"languages": ["de", "fr"]}, "languages"),  # twelve is what hops says if it says nothing
        ({"hops": 3, "languages": ["de", "fr", "de"]}, "languages"),
        ({"hops": 1, "languages": ["en"]}, "languages.0"),
        ({"hops": 1, "languages": ["zh"]}, "languages.0"),
        ({"hops": 1, "languages": ["no"]}, "languages.0"),
        ({"hops": 1, "languages": [7]}, "languages.0"),
        ({"languages": []}, "languages"),
        ({"hops": 1, "languages": "de"}, "languages"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"seed": "7"}, "seed"),
    ],
)
def test_wrong_wishes_are_refused_by_name(
    more: dict[str, Any], field: str, client: httpx.Client
) -> None:
    response = client.post("/api/rounds", json={"message": "hello"} | more)
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == [field]


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


def test_invalid_json_is_an_error_of_the_body(client: httpx.Client) -> None:
    json = {"Content-Type": "application/json"}
    (error,) = client.post("/api/rounds", content=b"{", headers=json).json()["errors"]
    assert error == {"field": "body", "message": "must be valid JSON"}


@pytest.mark.parametrize("path", ["", "/events"])
@pytest.mark.parametrize(
    "name", ["999999999", "9" * 18, "9" * 5000, "-1", "0", "x", "1.0", "%00", "\u0661"]
)
def test_a_round_that_is_not_there(name: str, path: str, client: httpx.Client) -> None:
    response = client.get(f"/api/rounds/{name}{path}")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json()["title"] == "Not Found"


def test_the_openapi_says_what_may_be_sent(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/generate_name",
        "/api/rounds",
        "/api/rounds/{round_id}",
        "/api/rounds/{round_id}/events",
        "/api/rounds/{round_id}/reactions",
    }
    message = document["components"]["schemas"]["NewRound"]["properties"]["message"]
    assert (message["minLength"], message["maxLength"]) == (1, 280)
    answers = document["paths"]["/api/rounds"]["post"]["responses"]
    assert set(answers) == {"201", "400", "403", "413", "422", "429", "503"}
    assert set(answers["422"]["content"]) == {"application/problem+json"}
    assert "HTTPValidationError" not in json.dumps(document)
    shown = document["components"]["schemas"]["Round"]["properties"]
    assert set(shown) == ROUND | {"notice"}
