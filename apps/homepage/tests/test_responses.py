"""Status, caching and security headers of each response, for every rule of the URL map."""

import re

import pytest
from content import CONTENT
from flask import Flask
from flask.testing import FlaskClient
from homepage import create_app
from homepage.settings import Settings
from homepage.sheet.rows import Sheet
from pydantic import SecretStr

pytestmark = pytest.mark.unit

PAGE = "public, max-age=0, s-maxage=60"
YEAR = "public, max-age=31536000, immutable"
DAY = "public, max-age=86400, s-maxage=86400"
CHART = "public, max-age=86400, s-maxage=604800"

# Endpoint: address, status, Cache-Control. The data are not live, so pages stay briefly.
MATRIX = {
    "index": ("/", 200, PAGE),
    "sheet.talks": ("/talks", 200, PAGE),
    "sheet.projects": ("/projects", 200, PAGE),
    "sheet.interviews": ("/interviews", 200, PAGE),
    "sheet.feed": ("/feed.xml", 200, PAGE),
    "charts.charts": ("/charts", 200, PAGE),
    "pages.folder": ("/talks/", 308, "no-store"),
    "pages.sitemap": ("/sitemap.xml", 200, PAGE),
    "pages.robots": ("/robots.txt", 200, DAY),
    "pages.favicon": ("/favicon.ico", 200, DAY),
    "openapi.spec": ("/openapi.json", 200, DAY),
    "charts.bar": ("/charts/bar.png?xvalues=a,b&yvalues=1,2", 200, CHART),
    "charts.pie": ("/charts/pie.png?values=1,2", 200, CHART),
    "charts.without_ending": ("/charts/bar?xvalues=a,b&yvalues=1,2", 308, "no-store"),
    "assets.asset": ("", 200, YEAR),
    "auth.login": ("/login", 200, "no-store"),
    "auth.auth_response": ("/auth_response", 400, "no-store"),
    "auth.logout": ("/logout", 302, "no-store"),
    "auth.me": ("/me", 200, "no-store"),
    "auth.account": ("/account", 302, "no-store"),
    "health.healthz": ("/healthz", 200, "no-store"),
    "health.readyz": ("/readyz", 200, "no-store"),
}
CACHED = [endpoint for endpoint, (_, _, cache) in MATRIX.items() if cache != "no-store"]
# A signed-in visitor's browser sends cookies with every request.
SETTINGS = {
    "without sign-in": Settings(public_url="https://www.example.org"),
    "with sign-in": Settings(
        public_url="https://www.example.org",
        oidc_client_id="client",
        oidc_client_secret=SecretStr("secret"),
        oidc_authority="https://127.0.0.1:1/tenant",  # nobody listens there
        session_key=SecretStr("k" * 32),
    ),
}


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
    return MATRIX[endpoint][0] or stylesheet(client)


def test_the_table_knows_every_endpoint(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(MATRIX)


@pytest.mark.parametrize("endpoint", MATRIX)
def test_b2_1_every_response_says_how_it_may_be_cached(endpoint: str, client: FlaskClient) -> None:
    _, status, cache = MATRIX[endpoint]
    response = client.get(path_of(endpoint, client))
    assert response.status_code == status
    assert response.headers["Cache-Control"] == cache
    assert "Set-Cookie" not in response.headers
    assert "Vary" not in response.headers


@pytest.mark.parametrize("endpoint", CACHED)
def test_b3_13_what_is_kept_is_the_same_for_everybody(endpoint: str) -> None:
    app = create_app(SETTINGS["with sign-in"])
    stranger, visitor = app.test_client(), app.test_client()
    with visitor.session_transaction() as session:
        session.update(user={"name": "Ada Example", "id": "1"}, until=2**40)
    path = path_of(endpoint, stranger)
    seen = visitor.get(path)
    assert visitor.get("/me").json == {"user": {"name": "Ada Example"}}
    assert seen.data == stranger.get(path).data
    assert seen.headers["Cache-Control"] == MATRIX[endpoint][2]
    assert {"Set-Cookie", "Vary"}.isdisjoint(seen.headers.keys())


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("path", ["/login", "/auth_response", "/logout", "/me", "/account"])
def test_what_is_ones_own_is_never_kept(path: str, settings: Settings) -> None:
    response = create_app(settings).test_client().get(path)
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


def test_pages_of_live_data_are_kept_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:

    def read(_source: object) -> Sheet:
        return CONTENT

    monkeypatch.setattr("homepage.sheet.fetch.read", read)
    live = create_app(Settings(sheet_id="x", sheets_api_key=SecretStr("key")))
    for path in ("/", "/talks", "/charts", "/feed.xml"):
        kept = live.test_client().get(path).headers["Cache-Control"]
        assert kept == "public, max-age=0, s-maxage=3600"


@pytest.mark.parametrize("endpoint", CACHED)
def test_b5_7_what_may_be_cached_is_not_sent_twice(endpoint: str, client: FlaskClient) -> None:
    path = path_of(endpoint, client)
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    other = client.get(path, headers={"If-None-Match": '"other"'})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == MATRIX[endpoint][2]
    assert (other.status_code, other.data) == (200, first.data)


@pytest.mark.parametrize("endpoint", CACHED)
def test_b2_2_b5_12_no_unlisted_parameter_makes_another_response(
    endpoint: str, client: FlaskClient
) -> None:
    """So an edge that tells only the listed ones apart never serves a wrong page."""
    path = path_of(endpoint, client)
    other = f"{path}{'&' if '?' in path else '?'}tag=python&page=2&next_url=/x"
    assert client.get(other).data == client.get(path).data


LOCK = "5a3d1b0e-0000-4000-8000-00000000f00d"


@pytest.mark.parametrize("given", [None, "", "5a3d1b0e-0000-4000-8000-00000000beef", "é"])
def test_the_lock_refuses_what_did_not_come_through_our_edge(given: str | None) -> None:
    client = create_app(Settings(front_door_id=LOCK)).test_client()
    headers = {} if given is None else {"X-Azure-FDID": given}
    for path in ("/", "/talks", "/me", "/robots.txt", "/nowhere", stylesheet_of_unlocked()):
        refused = client.get(path, headers=headers)
        assert refused.status_code == 403
        assert refused.headers["Cache-Control"] == "no-store"
        assert "Talks of" not in refused.text
    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers=headers).status_code == 200


def test_the_lock_opens_for_our_edge() -> None:
    client = create_app(Settings(front_door_id=LOCK)).test_client()
    for given in (LOCK, LOCK.upper()):
        assert client.get("/talks", headers={"X-Azure-FDID": given}).status_code == 200


def stylesheet_of_unlocked() -> str:
    return stylesheet(create_app(Settings()).test_client())


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


@pytest.mark.parametrize("page", ["/talks", "/projects", "/interviews", "/charts"])
def test_the_address_of_a_page_among_files_leads_to_the_page(
    page: str, client: FlaskClient
) -> None:
    for path in (f"{page}/", f"/{page}/"):
        response = client.get("/", environ_overrides={"PATH_INFO": path})
        assert (response.status_code, response.headers["Location"]) == (308, page)
    assert client.get(page).status_code == 200


@pytest.mark.parametrize("path", ["//talks", "//evil.example", "/charts//bar.png", "/feed.xml/"])
def test_a_wrong_path_is_not_mended_by_a_redirect(path: str, client: FlaskClient) -> None:
    """It would lead to the host that the request names: behind an edge, past the edge."""
    response = client.get("/", environ_overrides={"PATH_INFO": path})
    assert response.status_code == (200 if path == "//talks" else 404)
    assert "Location" not in response.headers


def test_an_error_is_never_kept_whatever_its_view_says(app: Flask) -> None:
    @app.get("/refused")
    def refused() -> tuple[str, int, dict[str, str]]:  # pyright: ignore[reportUnusedFunction]  # by the route
        return "no", 403, {"Cache-Control": "public, max-age=99"}

    assert app.test_client().get("/refused").headers["Cache-Control"] == "no-store"


def test_a_refused_method_names_every_method_of_the_path(app: Flask, client: FlaskClient) -> None:
    allowed: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        allowed.setdefault(rule.rule, set()).update(rule.methods or ())
    for path, methods in allowed.items():
        response = client.open(re.sub("<[^>]+>", "x", path), method="PATCH")
        assert response.status_code == 405, path
        assert set(response.headers["Allow"].split(", ")) == methods, path


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
