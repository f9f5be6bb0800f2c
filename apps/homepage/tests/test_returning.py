"""Return path after sign-in: a page of this site, whatever was requested."""

import provider as oidc
import pytest
from flask.testing import FlaskClient
from signing_in import begin, come_back

pytest_plugins = ["signing_in"]

LOCAL = ["/", "/talks", "/talks?year=2026", "/talks?next=//x", "/a-b_c.d/e", "/%C3%A9", "/account"]
HOSTILE = [
    "", " ", "talks", "//evil.example", "///evil.example", "////evil.example/x",
    "\\\\evil.example", "/\\evil.example", "\\/evil.example", "/\\/evil.example",
    "https://evil.example", "http://evil.example", "https:evil.example", "https:/evil.example",
    "HTTPS://evil.example", "ftp://evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "data:text/html,x", "vbscript:x", "mailto:a@evil.example", "?next=x", "#x", "./x", "../x",
    "/./x", "/../x", "/x/../..//evil.example", "/.//evil.example", "/..//evil.example",
    "/\t/evil.example", "/\n/evil.example", "/\r\n/evil.example", "\t//evil.example",
    " //evil.example", "/%2F/evil.example", "/%2f%2fevil.example", "/%5Cevil.example",
    "/%5c%5cevil.example", "/%0d%0aSet-Cookie:x=1", "/%09/evil.example", "/%252Fevil.example",
    "/%2e%2e//evil.example", "/\x00", "/%00", "/\u2028", "/\u200b/evil.example", "/é",
    "@evil.example", "evil.example/", "https://www.example.org@evil.example",
    "https://www.example.org/talks", "//www.example.org/talks", "/" + "a" * 512,
    "/login", "/login?next_url=/x", "/logout", "/auth_response?code=x", "/LOGOUT/", "/me",
    "/%6cogout",
]  # fmt: skip


@pytest.mark.parametrize("next_url", LOCAL)
def test_a_page_of_ours_is_returned_to(
    next_url: str, client: FlaskClient, provider: oidc.Provider
) -> None:
    response = come_back(client, provider.authorize(begin(client, next_url)))
    assert response.headers["Location"] == next_url


def test_the_table_of_hostile_values_is_long_enough() -> None:
    assert len(set(HOSTILE)) == len(HOSTILE) >= 40


@pytest.mark.parametrize("next_url", HOSTILE)
def test_b3_1_nobody_is_sent_elsewhere(
    next_url: str, client: FlaskClient, provider: oidc.Provider
) -> None:
    response = come_back(client, provider.authorize(begin(client, next_url)))
    assert (response.status_code, response.headers["Location"]) == (302, "/")


def test_without_a_next_page_it_is_the_first(client: FlaskClient, provider: oidc.Provider) -> None:
    assert come_back(client, provider.authorize(begin(client))).headers["Location"] == "/"
