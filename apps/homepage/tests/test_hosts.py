"""Redirects of the site's other names, with and without an edge, and HTTPS alone."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from homepage import create_app
from homepage.settings import Settings, load

pytestmark = pytest.mark.unit

PUBLIC, WWW, ORIGIN = "example.org", "www.example.org", "homepage.calm.azurecontainerapps.io"
EDGE = "homepage-1.z01.azurefd.net"
OTHERS = frozenset({WWW, ORIGIN, EDGE})
PROFILE = "55ce4ed1-4b06-4bf1-b40e-4638452104da"


def site(**changes: object) -> FlaskClient:
    given = {"public_url": f"https://{PUBLIC}", "other_hosts": OTHERS, **changes}
    return create_app(Settings.model_validate(given)).test_client()


def through_the_edge(forwarded: str | None, host: str = ORIGIN) -> Mapping[str, str]:
    more = {"X-Forwarded-Host": forwarded} if forwarded is not None else {}
    return {"Host": host, "X-Azure-FDID": PROFILE, **more}


@pytest.mark.parametrize("host", [*sorted(OTHERS), "WWW.Example.ORG", f"{WWW}:8443"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_another_name_is_redirected(host: str, method: str) -> None:
    answer = site().open("/talks?from=a%2Fb&x=1&x=2", method=method, headers={"Host": host})
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://{PUBLIC}/talks?from=a%2Fb&x=1&x=2"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("host", [PUBLIC, "localhost:8000", "10.0.0.7:8000", "[::1]:8000", ""])
def test_other_visits_are_answered(host: str) -> None:
    assert site().get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("headers", [{"Host": ORIGIN}, through_the_edge(WWW)])
def test_probes_are_never_redirected(path: str, headers: Mapping[str, str]) -> None:
    assert site().get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("forwarded", [WWW, EDGE, f"{WWW}:443", "WWW.example.org"])
def test_through_the_edge_the_visitors_name_counts(forwarded: str) -> None:
    answer = site().get("/nowhere?x", headers=through_the_edge(forwarded))
    assert (answer.status_code, answer.headers["Location"]) == (308, f"https://{PUBLIC}/nowhere?x")


@pytest.mark.parametrize(
    "headers",
    [
        through_the_edge(PUBLIC),
        through_the_edge(f"{PUBLIC}:443"),
        # What a platform between the edge and the app may make of it.
        through_the_edge(None),
        through_the_edge(""),
        through_the_edge(ORIGIN),
        through_the_edge(f"{ORIGIN}:443"),
        through_the_edge(f"{PUBLIC}, {ORIGIN}"),
        through_the_edge(f"{PUBLIC},{ORIGIN}"),
        through_the_edge(ORIGIN, host="homepage.internal"),
        through_the_edge(PUBLIC, host="homepage.internal"),
        through_the_edge(PUBLIC, host=PUBLIC),
    ],
)
def test_a_visit_to_the_public_name_through_the_edge_is_never_redirected(
    headers: Mapping[str, str],
) -> None:
    assert site().get("/", headers=headers).status_code == 200


def test_a_forwarded_name_counts_for_nothing_without_an_edge() -> None:
    headers = {"Host": PUBLIC, "X-Forwarded-Host": WWW}
    assert site().get("/", headers=headers).status_code == 200


def test_the_public_name_among_the_others_changes_nothing() -> None:
    client = site(other_hosts=frozenset({PUBLIC}))
    assert client.get("/", headers={"Host": PUBLIC}).status_code == 200


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("/charts/pie.png?title=a%20b&labels=%C3%A9", "/charts/pie.png?title=a%20b&labels=%C3%A9"),
        ("//evil.example/x", "//evil.example/x"),
        ("/%2e%2e/%5cevil.example", "/%2e%2e/%5cevil.example"),
        ("/a;b@evil.example", "/a;b@evil.example"),
        ("http://evil.example//x?y=1", "/x?y=1"),
        ("@evil.example/x", "/@evil.example/x"),
        (".evil.example/x", "/.evil.example/x"),
        ("*", "/*"),
    ],
)
def test_a_redirect_leads_to_no_other_host(sent: str, path: str) -> None:
    query = sent.partition("?")[2]
    answer = site().get(
        "/x",
        headers={"Host": WWW},
        query_string=query,
        environ_overrides={"RAW_URI": sent},
    )
    assert answer.headers["Location"] == f"https://{PUBLIC}{path}"
    assert urlsplit(answer.headers["Location"]).netloc == PUBLIC


def test_a_locked_origin_sends_visitors_to_the_public_name() -> None:
    client = site(front_door_id=PROFILE)
    assert client.get("/", headers={"Host": ORIGIN}).status_code == 308
    assert client.get("/", headers={"Host": PUBLIC}).status_code == 403
    forged = {**through_the_edge(WWW), "X-Azure-FDID": "another"}
    assert client.get("/", headers=forged).status_code == 308
    assert client.get("/", headers={**forged, "X-Forwarded-Host": PUBLIC}).status_code == 403
    assert client.get("/", headers=through_the_edge(PUBLIC)).status_code == 200


@pytest.mark.parametrize("url", ["http://localhost:8000", "https://localhost", "https://[::1]:9"])
def test_a_loopback_promises_no_https(url: str) -> None:
    headers = site(public_url=url).get("/").headers
    assert "Strict-Transport-Security" not in headers


def test_files_for_crawlers_have_the_public_name() -> None:
    client = site()
    for path in ("/sitemap.xml", "/feed.xml", "/robots.txt", "/", "/talks"):
        text = client.get(path, headers={"Host": PUBLIC}).text
        assert f"https://{PUBLIC}/" in text
        assert not any(name in text for name in OTHERS)
    card = client.get("/talks").text
    assert re.findall(r'property="og:url" content="([^"]*)"', card) == [f"https://{PUBLIC}/talks"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("", frozenset[str]()),
        ("www.example.org", {"www.example.org"}),
        (" WWW.example.org , example.net,", {"www.example.org", "example.net"}),
    ],
)
def test_names_are_separated_by_commas(
    given: str, found: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_HOSTS", given)
    assert load().other_hosts == found


@pytest.mark.parametrize(
    "given", ["https://www.example.org", "www.example.org:443", "a b.example", "*.example.org", "x"]
)
def test_what_is_no_host_name_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_HOSTS", given)
    with pytest.raises(SystemExit) as refused:
        load()
    wanted = "must be host names, such as www.example.org,example.net"
    assert str(refused.value) == f"OTHER_HOSTS={given!r}: {wanted}"
