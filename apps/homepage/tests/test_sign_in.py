"""Sign-in against a provider over TLS: from a deep page and back, and every way to fail."""

import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import provider as oidc
import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from homepage import create_app
from homepage.auth import provider as own_look
from homepage.auth import sign_in
from homepage.settings import Settings
from pydantic import SecretStr, ValidationError
from signing_in import HTTPS, begin, come_back, settings, who

pytest_plugins = ["signing_in"]

DEEP = "/talks?year=2026&q=a%2Fb"


def assert_refused(response: Any, client: FlaskClient) -> None:
    assert response.status_code == 400
    assert "Sign-in failed" in response.text
    assert "<nav" in response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert who(client) is None
    assert client.get("/account", **HTTPS).status_code == 302


def test_a1_10_a1_13_b4_1_from_a_deep_page_and_back(
    client: FlaskClient, provider: oidc.Provider
) -> None:
    auth_uri = begin(client, DEEP)
    sent = parse_qs(urlsplit(auth_uri).query)
    assert sent["redirect_uri"] == ["https://www.example.org/auth_response"]
    response = come_back(client, provider.authorize(auth_uri))
    assert (response.status_code, response.headers["Location"]) == (302, DEEP)
    assert who(client) == {"name": "Ada Example"}
    account = client.get("/account", **HTTPS)
    assert "Ada Example" in account.text
    assert "object-1" in account.text
    with client.session_transaction(**HTTPS) as session:
        assert "next_url" not in session
        assert "token" not in str(dict(session)).lower()


def test_a1_2_an_authority_may_be_a_bare_host_and_end_no_sessions(
    provider: oidc.Provider,
) -> None:
    """As Google's is, and with the second as an Okta organisation's."""
    provider.path = ""
    client = create_app(settings(provider)).test_client()
    auth_uri = begin(client, DEEP)
    assert auth_uri.startswith(f"{provider.issuer}/authorize?")
    response = come_back(client, provider.authorize(auth_uri))
    assert (response.status_code, response.headers["Location"]) == (302, DEEP)
    assert who(client) == {"name": "Ada Example"}
    leave = client.get("/logout", **HTTPS).headers["Location"]
    assert leave.startswith(f"{provider.issuer}/end?")
    assert who(client) is None

    provider.ends = False
    other = create_app(settings(provider)).test_client()
    come_back(other, provider.authorize(begin(other)))
    assert who(other) == {"name": "Ada Example"}
    assert other.get("/logout", **HTTPS).headers["Location"] == "https://www.example.org/"
    assert who(other) is None


def test_only_microsoft_is_asked_to_offer_a_choice_of_accounts(
    provider: oidc.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many other providers refuse such a request."""
    others = create_app(settings(provider)).test_client()
    assert "prompt" not in parse_qs(urlsplit(begin(others)).query)
    authority = provider.issuer
    provider.path += "/v2.0"
    monkeypatch.setattr(sign_in, "_MICROSOFT", ["localhost"])
    microsoft = create_app(settings(provider, oidc_authority=authority)).test_client()
    auth_uri = begin(microsoft)
    assert parse_qs(urlsplit(auth_uri).query)["prompt"] == ["select_account"]
    assert come_back(microsoft, provider.authorize(auth_uri)).status_code == 302


def test_b4_3_nobody_is_asked_for_more_than_who_they_are(client: FlaskClient) -> None:
    sent = parse_qs(urlsplit(begin(client)).query)
    assert set(sent["scope"][0].split()) == {"openid", "profile"}


def test_b3_10_the_cookie_is_small_and_safe(client: FlaskClient, provider: oidc.Provider) -> None:
    response = come_back(client, provider.authorize(begin(client)))
    cookie = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith("__Host-"))
    assert len(cookie) < 1000
    attributes = {part.strip() for part in cookie.split(";")[1:]}
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= attributes
    hint = next(c for c in response.headers.getlist("Set-Cookie") if c.startswith("signed_in=1"))
    assert "Max-Age=28800" in hint


def test_on_plain_http_the_cookie_is_sent_too(provider: oidc.Provider) -> None:
    client = create_app(settings(provider, public_url="http://localhost:8000")).test_client()
    response = client.get("/login")
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("session=")
    assert "Secure" not in cookie


def test_b3_7_two_replicas_share_a_visitor(client: FlaskClient, provider: oidc.Provider) -> None:
    parameters = provider.authorize(begin(client))
    other = create_app(settings(provider)).test_client()
    move(client, other)
    assert come_back(other, parameters).status_code == 302
    move(other, client)
    assert who(client) == {"name": "Ada Example"}


def move(source: FlaskClient, target: FlaskClient) -> None:
    with source.session_transaction(**HTTPS) as there, target.session_transaction(**HTTPS) as here:
        here.update(there)


def test_b3_11_a_session_ends_after_eight_hours(
    client: FlaskClient, provider: oidc.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_back(client, provider.authorize(begin(client)))
    with client.session_transaction(**HTTPS) as session:
        assert session["until"] == pytest.approx(time.time() + 8 * 3600, abs=60)
        session["until"] = int(time.time()) - 1
    assert who(client) is None


def test_a_session_without_a_visit_ends_after_half_an_hour_and_so_does_a_copy(
    client: FlaskClient, provider: oidc.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = come_back(client, provider.authorize(begin(client)))
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-"))
    assert "Max-Age" not in cookie
    assert "Expires" not in cookie
    thief = client.application.test_client()
    copied = client.get_cookie("__Host-session", domain="www.example.org")
    assert copied
    thief.set_cookie("__Host-session", copied.value, domain="www.example.org", secure=True)
    client.get("/logout", **HTTPS)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 1790)
    assert who(thief) == {"name": "Ada Example"}  # what remains
    thief.set_cookie("__Host-session", copied.value, domain="www.example.org", secure=True)
    monkeypatch.setattr(time, "time", lambda: now + 1810)
    assert who(thief) is None


def test_a_visit_now_and_then_keeps_a_session_up_to_eight_hours(
    client: FlaskClient, provider: oidc.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_back(client, provider.authorize(begin(client)))
    now = time.time()
    for minutes in range(20, 480, 20):
        monkeypatch.setattr(time, "time", lambda since=minutes * 60: now + since)
        assert who(client) == {"name": "Ada Example"}, minutes
    monkeypatch.setattr(time, "time", lambda: now + 481 * 60)
    answer = client.get("/me", **HTTPS)
    assert answer.json == {"user": None}
    # The script has no reason to ask again.
    assert [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("signed_in=;")]


def test_a_look_just_after_another_sets_no_cookie(
    client: FlaskClient, provider: oidc.Provider
) -> None:
    """Else an answer under way while the visitor signs out would bring the session back."""
    come_back(client, provider.authorize(begin(client)))
    assert "Set-Cookie" not in client.get("/me", **HTTPS).headers


FORGERIES: dict[str, Callable[[oidc.Claims], oidc.Claims]] = {
    "audience": lambda claims: {**claims, "aud": "another-client"},
    "audiences": lambda claims: {**claims, "aud": [oidc.CLIENT, "x"], "azp": "x"},
    "issuer": lambda claims: {**claims, "iss": "https://evil.example/tenant"},
    "expired": lambda claims: {**claims, "exp": int(time.time()) - 120},
    "nonce": lambda claims: {**claims, "nonce": "another"},
    "no nonce": lambda claims: {k: v for k, v in claims.items() if k != "nonce"},
    "no expiry": lambda claims: {k: v for k, v in claims.items() if k != "exp"},
    "not yet": lambda claims: {**claims, "nbf": int(time.time()) + 600},
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES)
def test_b3_8_b3_9_a_token_that_says_the_wrong_thing_signs_nobody_in(
    change: Callable[[oidc.Claims], oidc.Claims], client: FlaskClient, provider: oidc.Provider
) -> None:
    provider.change = change
    response = come_back(client, provider.authorize(begin(client)))
    assert provider.tokens == 1
    assert_refused(response, client)


@pytest.mark.parametrize(
    "sign", [oidc.forged, oidc.unknown_key, oidc.unsigned, oidc.shared_secret, oidc.nonsense]
)
def test_b3_8_a_token_that_is_not_the_providers_signs_nobody_in(
    sign: Callable[[oidc.Claims], str], client: FlaskClient, provider: oidc.Provider
) -> None:
    provider.sign = sign
    response = come_back(client, provider.authorize(begin(client)))
    assert provider.tokens == 1
    assert_refused(response, client)


def test_b3_6_a_replayed_callback_is_refused(client: FlaskClient, provider: oidc.Provider) -> None:
    parameters = provider.authorize(begin(client))
    assert come_back(client, parameters).status_code == 302
    assert come_back(client, parameters).status_code == 400
    other = client.application.test_client()
    assert_refused(come_back(other, parameters), other)


def test_a_late_callback_is_refused(client: FlaskClient, provider: oidc.Provider) -> None:
    parameters = provider.authorize(begin(client))
    with client.session_transaction(**HTTPS) as session:
        session["began"] -= 601
    assert_refused(come_back(client, parameters), client)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"code": "x"},
        {"code": oidc.CODE, "state": "another"},
        {"state": "x", "error": "access_denied", "error_description": "<b>no</b>"},
    ],
)
def test_b3_5_a_callback_that_nobody_asked_for_is_refused(
    parameters: dict[str, str], client: FlaskClient
) -> None:
    assert_refused(come_back(client, parameters), client)
    begin(client)
    assert_refused(come_back(client, parameters), client)


def test_what_the_provider_says_is_text(client: FlaskClient, provider: oidc.Provider) -> None:
    state = provider.authorize(begin(client))["state"]
    said = {"state": state, "error": "access_denied", "error_description": "<b>no</b>"}
    response = come_back(client, said)
    assert "&lt;b&gt;no&lt;/b&gt;" in response.text
    assert_refused(response, client)


def test_a_wrong_code_is_refused(client: FlaskClient, provider: oidc.Provider) -> None:
    parameters = provider.authorize(begin(client))
    assert_refused(come_back(client, {**parameters, "code": "wrong"}), client)


def test_a_provider_that_is_away_is_said_so(provider: oidc.Provider) -> None:
    away = settings(provider, oidc_authority="https://localhost:1/tenant")
    response = create_app(away).test_client().get("/login", **HTTPS)
    assert response.status_code == 503
    assert response.headers["Cache-Control"] == "no-store"
    assert "is not responding" in response.text


def test_a1_14_sign_out_ends_it_here_and_there(
    client: FlaskClient, provider: oidc.Provider
) -> None:
    come_back(client, provider.authorize(begin(client)))
    response = client.get("/logout", **HTTPS)
    target = urlsplit(response.headers["Location"])
    assert target.path == "/tenant/end"
    assert parse_qs(target.query) == {
        "a": ["b"],
        "client_id": [oidc.CLIENT],
        "post_logout_redirect_uri": ["https://www.example.org/"],
    }
    assert who(client) is None


def test_b3_12_sign_out_does_not_wait_for_a_provider_without_a_word(
    client: FlaskClient, provider: oidc.Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_back(client, provider.authorize(begin(client)))
    fresh = create_app(settings(provider)).test_client()  # which has not asked it before
    move(client, fresh)
    monkeypatch.setattr(own_look, "_PATIENCE", 0.1)
    provider.speaks.clear()
    response = fresh.get("/logout", **HTTPS)
    assert response.headers["Location"] == "https://www.example.org/"
    assert who(fresh) is None


def test_b3_4_pages_of_sign_in_lead_somewhere(client: FlaskClient, provider: oidc.Provider) -> None:
    """Another way to sign in, by a code for devices, is linked from the page described."""
    pages = [client.get("/login", **HTTPS), come_back(client, {})]
    come_back(client, provider.authorize(begin(client)))
    pages.append(client.get("/account", **HTTPS))
    texts = [page.text.partition("<footer>")[0] for page in pages]
    found = [link for text in texts for link in re.findall(r'href="([^#"]+)"', text)]
    links = set(map(unescape, found))
    ours = {link for link in links if link.startswith("/")}
    assert {"/", "/login", "/logout", "/account", "/talks"} <= ours
    assert {urlsplit(link).netloc for link in links - ours} == {urlsplit(provider.issuer).netloc}
    for link in sorted(ours):
        assert client.get(link, **HTTPS).status_code in {200, 302}, link


def test_b3_2_what_is_protected_sends_to_sign_in_and_back(client: FlaskClient) -> None:
    response = client.get("/account?a=1&b=%26", **HTTPS)
    target = urlsplit(response.headers["Location"])
    assert target.path == "/login"
    assert not target.netloc
    assert parse_qs(target.query)["next_url"] == ["/account?a=1&b=%26"]


def test_a_changed_cookie_is_nobodys(client: FlaskClient, provider: oidc.Provider) -> None:
    come_back(client, provider.authorize(begin(client)))
    other = create_app(settings(provider, session_key=SecretStr("x" * 32))).test_client()
    cookie = client.get_cookie("__Host-session", domain="www.example.org")
    assert cookie
    other.set_cookie("__Host-session", cookie.value, domain="www.example.org", secure=True)
    assert who(other) is None


def test_without_a_client_the_site_runs() -> None:
    client = create_app(Settings()).test_client()
    page = client.get("/login")
    assert page.status_code == 200
    assert "Sign-in is not set up" in page.text
    assert client.get("/account").headers["Location"].startswith("/login?")
    assert client.get("/me").json == {"user": None}
    assert client.get("/logout").status_code == 302
    assert "account.js" not in client.get("/").text


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"session_key": None}, "SESSION_KEY is required"),
        ({"session_key": SecretStr("short")}, "at least 32"),
        ({"oidc_client_secret": None}, "OIDC_CLIENT_SECRET"),
        ({"oidc_authority": "http://plain.example"}, "https://"),
    ],
)
def test_half_a_sign_in_does_not_start(
    change: dict[str, Any], told: str, provider: oidc.Provider
) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(provider, **change)


def test_our_own_look_at_a_token_needs_its_nonce(provider: oidc.Provider) -> None:
    """The library underneath looks too; this must not depend on it."""
    own = own_look.Provider(provider.issuer, oidc.CLIENT)
    provider.nonce = "this-one"
    assert own.claims(provider.id_token(), "this-one")["name"] == "Ada Example"
    with pytest.raises(own_look.InvalidTokenError, match="nonce"):
        own.claims(provider.id_token(), "another")


def test_what_was_made_with_a_look_at_the_session_is_not_kept(app: Flask) -> None:
    @app.get("/careless")
    def careless() -> tuple[str, dict[str, str]]:  # pyright: ignore[reportUnusedFunction]  # by the route
        return str(session.get("user")), {"Cache-Control": "public, max-age=99"}

    response = app.test_client().get("/careless", **HTTPS)
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
