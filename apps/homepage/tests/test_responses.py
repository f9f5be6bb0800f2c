"""What each response says: status, cache, safety. The table covers every rule of the URL map."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from homepage import create_app
from homepage.settings import Settings

PAGE = "public, max-age=0, s-maxage=60"
YEAR = "public, max-age=31536000, immutable"
CACHE = {"index": PAGE, "assets.asset": YEAR, "health.healthz": "no-store"}


@pytest.fixture
def app() -> Flask:
    return create_app(Settings(public_url="https://www.example.org"))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def stylesheet(client: FlaskClient) -> str:
    found = re.search(r'href="(/assets/[^"]+/site\.css)"', client.get("/").text)
    assert found
    return found[1]


def path_of(endpoint: str, client: FlaskClient) -> str:
    return {"index": "/", "assets.asset": stylesheet(client), "health.healthz": "/healthz"}[
        endpoint
    ]


def test_the_table_knows_every_endpoint(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(CACHE)


@pytest.mark.parametrize("endpoint", CACHE)
def test_every_response_says_how_it_may_be_cached(endpoint: str, client: FlaskClient) -> None:
    response = client.get(path_of(endpoint, client))
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == CACHE[endpoint]
    assert "Set-Cookie" not in response.headers
    assert "Vary" not in response.headers


@pytest.mark.parametrize("endpoint", ["index", "assets.asset"])
def test_what_may_be_cached_is_not_sent_twice(endpoint: str, client: FlaskClient) -> None:
    path = path_of(endpoint, client)
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    other = client.get(path, headers={"If-None-Match": '"other"'})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == CACHE[endpoint]
    assert (other.status_code, other.data) == (200, first.data)


def test_head_is_get_without_the_body(client: FlaskClient) -> None:
    head = client.head("/")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == client.get("/").headers["ETag"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/assets/0000000000000000/nothing.css", 404),
        ("GET", "/assets/0000000000000000/..%2fapp.py", 404),
        ("GET", "/%00", 404),
        ("POST", "/", 405),
        ("DELETE", "/healthz", 405),
    ],
)
def test_errors_are_pages_that_nobody_keeps(
    method: str, path: str, status: int, client: FlaskClient
) -> None:
    response = client.open(path, method=method)
    assert response.status_code == status
    assert response.headers["Cache-Control"] == "no-store"
    assert response.mimetype == "text/html"
    assert str(status) in response.text
    assert "ETag" not in response.headers


def test_an_error_is_never_kept_whatever_its_view_says(app: Flask) -> None:
    @app.get("/refused")
    def refused() -> tuple[str, int, dict[str, str]]:  # pyright: ignore[reportUnusedFunction]  # by the route
        return "no", 403, {"Cache-Control": "public, max-age=99"}

    assert app.test_client().get("/refused").headers["Cache-Control"] == "no-store"


def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient) -> None:
    allowed = client.post("/healthz").headers["Allow"]
    assert set(allowed.split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_broken_page_shows_no_insides(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("the secret is 1234")

    response = app.test_client().get("/broken")
    assert response.status_code == 500
    assert response.headers["Cache-Control"] == "no-store"
    assert "1234" not in response.text
    assert "the secret is 1234" in caplog.text


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere"])
def test_every_response_is_safe_to_show(path: str, client: FlaskClient) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_plain_http_promises_no_https() -> None:
    response = create_app(Settings(public_url="http://localhost:8000")).test_client().get("/")
    assert "Strict-Transport-Security" not in response.headers


def test_an_asset_of_another_version_is_served_but_not_kept(client: FlaskClient) -> None:
    response = client.get("/assets/0000000000000000/site.css")
    assert response.data == client.get(stylesheet(client)).data
    assert response.headers["Cache-Control"] == "public, max-age=60"


def test_the_page_is_the_same_whoever_asks_by_whichever_name(client: FlaskClient) -> None:
    plain = client.get("/")
    forwarded = client.get(
        "/",
        headers={
            "Host": "homepage.internal",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "192.0.2.7",
            "Cookie": "session=somebody",
        },
    )
    assert forwarded.data == plain.data
    assert "evil.example" not in forwarded.text
    assert '<link rel="canonical" href="https://www.example.org/">' in plain.text
