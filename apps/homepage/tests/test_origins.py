"""Features from the articles that the site began with (rows A1 and A3 of `test_rows.py`).

Where this site does otherwise, the test says how.
"""

import ast
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import homepage
import identity.web
import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from homepage import charts, create_app
from homepage.settings import Settings
from pydantic import SecretStr

pytestmark = pytest.mark.unit

PACKAGE = Path(homepage.__file__).parent
README = (PACKAGE.parent / "README.md").read_text()
AUTHORITY = "https://login.example.org/tenant"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    def log_in(self: identity.web.Auth, **given: str) -> dict[str, str]:
        asked.append(given)
        return {"auth_uri": f"{AUTHORITY}/authorize"}

    asked: list[dict[str, str]] = []
    monkeypatch.setattr(identity.web.Auth, "log_in", log_in)
    app = create_app(
        Settings(
            public_url="https://www.example.org",
            oidc_client_id="client",
            oidc_client_secret=SecretStr("secret"),
            oidc_authority=AUTHORITY,
            session_key=SecretStr("k" * 32),
        )
    )
    app.config["ASKED"] = asked
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def signed_in(client: FlaskClient) -> None:
    with client.session_transaction() as session:
        session.update(user={"name": "Ada Someonesdottir", "id": "1"}, until=2**40)


@pytest.mark.parametrize(
    "authority",
    [
        "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000",
        "https://login.microsoftonline.com/common",
        "https://people.ciamlogin.com/tenant",
        "https://accounts.google.com",
        AUTHORITY,
    ],
)
def test_a1_1_a1_2_the_authority_is_a_setting(authority: str) -> None:
    settings = Settings(
        oidc_authority=authority,
        oidc_client_id="c",
        oidc_client_secret=SecretStr("s"),
        session_key=SecretStr("k" * 32),
    )
    assert create_app(settings).config["AUTH"] is not None


def test_a1_3_identity_is_a_dependency() -> None:
    assert "\nidentity\n" in (PACKAGE.parent / "requirements.in").read_text()


def test_a1_4_a1_6_the_samples_are_credited() -> None:
    for name in ("ms-identity-python-webapp", "flask-surveys-container-app"):
        assert name in README


def test_a1_5_every_feature_is_a_blueprint(app: Flask) -> None:
    wanted = {"pages", "sheet", "auth", "charts", "health"}
    assert wanted <= set(app.blueprints)
    assert {r.endpoint for r in app.url_map.iter_rules() if "." not in r.endpoint} == {"index"}


def test_a1_7_its_templates_are_in_its_own_folder() -> None:
    names = {file.name for file in (PACKAGE / "auth/templates/auth").iterdir()}
    assert {"login.html", "auth_error.html"} <= names


def test_a1_8_a1_19_three_routes_without_a_prefix(app: Flask) -> None:
    rules = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    assert rules["auth.login"] == "/login"
    assert rules["auth.auth_response"] == "/auth_response"
    assert rules["auth.logout"] == "/logout"


def test_a1_9_the_page_of_departure_is_remembered_with_its_query(
    client: FlaskClient,
) -> None:
    for query, wanted in (({"next_url": "/talks?x=1"}, "/talks?x=1"), ({}, "/")):
        client.get("/login", query_string=query)
        with client.session_transaction() as session:
            assert session["next_url"] == wanted


def test_a1_11_b3_3_the_redirect_uri_is_public_and_https(app: Flask, client: FlaskClient) -> None:
    page = client.get("/login", headers={"Host": "evil.example", "X-Forwarded-Host": "evil"}).text
    assert app.config["ASKED"][0]["redirect_uri"] == "https://www.example.org/auth_response"
    assert f'href="{AUTHORITY}/authorize"' in page


def test_a1_12_an_error_is_a_page_and_never_a_sign_in(client: FlaskClient) -> None:
    response = client.get("/auth_response?error=access_denied&error_description=<b>no</b>")
    assert response.status_code == 400
    assert "Sign-in failed" in response.text
    assert "<b>no" not in response.text
    assert client.get("/me").json == {"user": None}


def test_a1_13_what_was_remembered_is_used_once(client: FlaskClient) -> None:
    client.get("/login?next_url=/talks")
    client.get("/auth_response?code=x&state=y")
    with client.session_transaction() as session:
        assert "next_url" not in session


def test_a1_15_all_pages_extend_the_one_of_the_root() -> None:
    assert [file.name for file in (PACKAGE / "templates").iterdir()] == ["base.html"]
    pages = {*PACKAGE.glob("*/templates/*/*.html")} - {PACKAGE / "sheet/templates/sheet/items.html"}
    assert len(pages) >= 9
    assert all(page.read_text().startswith('{% extends "base.html" %}') for page in pages)


@pytest.mark.parametrize("path", ["/login", "/auth_response", "/account"])
def test_a1_16_pages_of_sign_in_look_like_the_others(path: str, client: FlaskClient) -> None:
    signed_in(client)
    own, public = client.get(path).text, client.get("/nowhere").text
    for part in (r"<header.*?</header>", r'<link rel="stylesheet".*?>', r"<footer.*?</footer>"):
        found = re.search(part, public, re.DOTALL)
        assert found
        assert found[0] in own


def test_a1_17_every_blueprint_reaches_the_one_auth(app: Flask) -> None:
    assert isinstance(app.config["AUTH"], identity.web.Auth)


def test_a1_18_templates_know_the_user(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule(
        "/who", "who", lambda: render_template_string("{{ user.name if user else 'nobody' }}")
    )
    assert client.get("/who").text == "nobody"
    signed_in(client)
    assert client.get("/who").text == "Ada Someonesdottir"


def test_a1_20_a1_21_a1_22_some_pages_are_for_who_is_signed_in(client: FlaskClient) -> None:
    assert client.get("/talks").status_code == 200
    response = client.get("/account?tab=1")
    target = urlsplit(response.headers["Location"])
    assert (response.status_code, target.path) == (302, "/login")
    assert parse_qs(target.query) == {"next_url": ["/account?tab=1"]}


@pytest.mark.parametrize("path", ["/", "/talks", "/projects", "/interviews", "/charts", "/no"])
def test_a1_23_the_account_is_on_every_page_and_the_name_is_asked_for(
    path: str, client: FlaskClient
) -> None:
    """A name in a page would be kept by caches; `test_sign_in_browser.py` sees it filled in."""
    signed_in(client)
    page = client.get(path).text
    assert re.search(r'<span id="account"><a href="/account"[^>]* data-me="/me">Account</a>', page)
    assert re.search(r'<script src="/assets/\w+/account.js" defer>', page)
    assert "Ada Someonesdottir" not in page


def test_a1_24_the_design_is_explained() -> None:
    assert "### Sign-in" in README


def test_a3_1_a3_2_a_chart_is_the_source_of_a_picture(client: FlaskClient) -> None:
    for path in ("/charts/bar.png?xvalues=a&yvalues=1", "/charts/pie.png?values=1"):
        assert client.get(path).mimetype == "image/png"


def test_a3_3_addresses_of_charts_are_for_keeping() -> None:
    """Google's API was announced to end; so a promise stands where its users look."""
    assert "URLs of charts are permanent" in README
    assert "URLs are permanent" in str(charts.__doc__)


def test_a3_4_a3_5_matplotlib_without_pyplot() -> None:
    assert "\nmatplotlib\n" in (PACKAGE.parent / "requirements.in").read_text()
    files = list(PACKAGE.rglob("*.py"))
    assert len(files) > 10
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{a.name}" for a in node.names]
            assert not any("pyplot" in name for name in names), file


def test_a3_6_a_pie_needs_no_labels(client: FlaskClient) -> None:
    assert client.get("/charts/pie.png?values=1,2").status_code == 200
    assert client.get("/charts/pie.png?values=1,2&labels=a,b").status_code == 200


def test_a3_7_b5_10_the_picture_is_in_the_body(client: FlaskClient) -> None:
    response = client.get("/charts/bar.png?xvalues=a,b&yvalues=1,2")
    assert response.data.startswith(b"\x89PNG\r\n")
    assert len(response.data) == response.content_length
    assert response.headers["Content-Disposition"] == "inline; filename=chart.png"


def test_a3_8_b5_11_parameters_are_validated_and_described(client: FlaskClient) -> None:
    assert client.get("/charts/bar.png").status_code == 422
    description = client.get("/openapi.json").json
    assert description
    assert set(description["paths"]) == {"/charts/bar.png", "/charts/pie.png"}
