"""Messages of refused input and settings: the app's words, none of pydantic's."""

import asyncio
import html
import itertools
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import ValidationError
from translator.app import create_app
from translator.languages import CODES
from translator.migrate import JobSettings
from translator.problems import field_errors
from translator.rounds import NewReaction, NewRound
from translator.settings import DatabaseSettings, Settings, load

pytestmark = pytest.mark.unit

_CODE = f"must be one of {', '.join(CODES)}"


def send(method: str, path: str, content: str, media_type: str) -> httpx.Response:
    """The answer of an app without a database, which validation does not need."""

    async def answer() -> httpx.Response:
        app = create_app(Settings(pghost="localhost", pgdatabase="none", pguser="nobody"))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = {"Content-Type": media_type}
            return await client.request(method, path, content=content, headers=headers)

    return asyncio.run(answer())


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "message", "is required"),
        ({"message": 7}, "message", "must be a string"),
        ({"message": "\ud800"}, "message", "must be valid Unicode"),
        ({"message": ""}, "message", "must not be empty"),
        ({"message": " "}, "message", "must not be blank"),
        ({"message": "x" * 281}, "message", "must have at most 280 characters"),
        ({"message": "a\nb"}, "message", "must not contain control characters or line breaks"),
        ({"message": "x", "hops": 0}, "hops", "must be at least 1"),
        ({"message": "x", "hops": 21}, "hops", "must be at most 20"),
        ({"message": "x", "hops": None}, "hops", "must be a whole number"),
        ({"message": "x", "hops": "3"}, "hops", "must be a whole number"),
        ({"message": "x", "hops": 2.5}, "hops", "must be a whole number"),
        ({"message": "x", "hops": float("inf")}, "hops", "must be a finite number"),
        ({"message": "x", "seed": 2**32}, "seed", "must be at most 4294967295"),
        ({"message": "x", "languages": "de"}, "languages", "must be a list"),
        ({"message": "x", "languages": []}, "languages", "must not be empty"),
        ({"message": "x", "languages": ["de"] * 21}, "languages", "must have at most 20 entries"),
        ({"message": "x", "hops": 1, "languages": ["zh"]}, "languages.0", _CODE),
        ({"message": "x", "hops": 1, "languages": [7]}, "languages.0", "must be a string"),
        (
            {"message": "x", "languages": ["de"]},
            "languages",
            "must have as many entries as hops says (12), not 1",
        ),
        (
            {"message": "x", "hops": 2, "languages": ["de", "de"]},
            "languages",
            "must not have a language twice",
        ),
        (7, "body", "must be a JSON object"),
    ],
)
def test_a_refused_round_is_explained(body: object, field: str, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NewRound.model_validate(body, from_attributes=body == 7)
    assert field_errors(refused.value.errors()) == [{"field": field, "message": message}]


@pytest.mark.parametrize(
    ("method", "path", "content", "detail"),
    [
        ("POST", "/api/rounds", "", "body: is required"),
        ("POST", "/api/rounds", "{", "body: must be valid JSON"),
        ("POST", "/api/rounds", "[]", "body: must be a JSON object"),
        (
            "POST",
            "/api/rounds/1/reactions",
            '{"type": "best"}',
            "type: must be 'funny', 'deep' or 'flag'",
        ),
        ("GET", "/api/rounds?num=x", "", "query.num: must be a whole number"),
        ("GET", "/api/rounds?num=0", "", "query.num: must be at least 1"),
        ("GET", "/api/rounds?num=101", "", "query.num: must be at most 100"),
        ("GET", f"/api/rounds?num={'9' * 5000}", "", "query.num: has too many digits"),
        ("GET", "/api/rounds?order=old", "", "query.order: must be 'recent' or 'popular'"),
        (
            "GET",
            "/api/rounds?after=x",
            "",
            r"query.after: must match the pattern ^[0-9]{1,9}\.[0-9]{1,18}$",
        ),
    ],
)
def test_a_refused_request_is_explained(method: str, path: str, content: str, detail: str) -> None:
    answer = send(method, path, content, "application/json")
    assert answer.status_code == 422
    assert answer.json()["detail"] == detail


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"message": ""}, "The message must not be empty."),
        ({"message": "x", "hops": "21"}, "The number of languages must be at most 20."),
        ({"message": "x", "hops": "many"}, "The number of languages must be a whole number."),
        ({"message": "x", "seed": "luck"}, "The seed must be a whole number."),
        ({"message": "x", "seed": "4294967296"}, "The seed must be at most 4294967295."),
        (
            {"message": "x", "languages": ["de"] * 21},
            "The list of languages must have at most 20 entries.",
        ),
        ({"message": "x", "languages": ["klingon"]}, f"Each language {_CODE}."),
    ],
)
def test_a_refused_form_has_a_sentence(fields: dict[str, Any], sentence: str) -> None:
    content = urlencode(fields, doseq=True)
    answer = send("POST", "/forms/round", content, "application/x-www-form-urlencoded")
    assert answer.status_code == 422
    assert f'role="alert">{sentence}</p>' in html.unescape(answer.text)


@pytest.mark.parametrize(
    ("kind", "variable", "value", "line"),
    [
        (Settings, "PGUSER", "", "PGUSER='': must not be empty"),
        (Settings, "PORT", "eighty", "PORT='eighty': must be a whole number"),
        (Settings, "PORT", "65536", "PORT='65536': must be at most 65535"),
        (
            Settings,
            "VISITOR_WRITES_PER_HOUR",
            "0",
            "VISITOR_WRITES_PER_HOUR='0': must be at least 1",
        ),
        (Settings, "FRONT_DOOR_ID", "me", "FRONT_DOOR_ID='me': must be a UUID"),
        (
            Settings,
            "TRANSLATOR_PROVIDER",
            "x",
            "TRANSLATOR_PROVIDER='x': must be 'azure' or 'offline'",
        ),
        (
            JobSettings,
            "APP_ROLE",
            "x" * 64,
            f"APP_ROLE={'x' * 64!r}: must have at most 63 characters",
        ),
    ],
)
def test_a_refused_variable_is_explained(
    kind: type[DatabaseSettings],
    variable: str,
    value: str,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = {
        "PGHOST": "x",
        "PGDATABASE": "x",
        "PGUSER": "x",
        "APP_ROLE": "x",
        "APP_OBJECT_ID": "00000000-0000-0000-0000-000000000000",
    }
    for name, given in (right | {variable: value}).items():
        monkeypatch.setenv(name, given)
    with pytest.raises(SystemExit) as refused:
        load(kind)
    assert str(refused.value) == line


_ODD = [
    None,
    True,
    -1,
    2.5,
    1e999,
    float("nan"),
    10**5000,
    "",
    "x",
    b"\xff",
    [],
    [None],
    {},
    {"x": 1},
]


@pytest.mark.parametrize(
    ("model", "field"),
    [
        *itertools.product([NewRound], NewRound.model_fields),
        *itertools.product([NewReaction], NewReaction.model_fields),
    ],
)
def test_no_message_is_left_to_pydantic(model: type[NewRound | NewReaction], field: str) -> None:
    for value in _ODD:
        try:
            model.model_validate({"message": "x", field: value})
        except ValidationError as error:
            for entry in field_errors(error.errors()):
                assert entry["message"].startswith(("must ", "has too many digits"))
