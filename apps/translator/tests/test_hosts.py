"""Redirects of the site's other names, with and without an edge; own pages; HTTPS alone."""

import asyncio
from collections.abc import Mapping

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from translator.frame import Frame
from translator.settings import Settings, load

pytestmark = pytest.mark.unit

PUBLIC, WWW, ORIGIN = "example.org", "www.example.org", "translator-1.azurewebsites.net"
EDGE = "translator-1.z01.azurefd.net"
OTHERS = frozenset({WWW, ORIGIN, EDGE})
DATABASE = {"PGHOST": "db.example", "PGDATABASE": "translator", "PGUSER": "app"}


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(Request(scope).url.path)(scope, receive, send)


def ask(
    path: str,
    headers: Mapping[str, str],
    method: str = "GET",
    *,
    public_url: str = f"https://{PUBLIC}",
    **scope: object,
) -> httpx.Response:
    frame = Frame(inner, public_url=public_url, other_hosts=OTHERS, front_door_id=None)

    async def changed(given: Scope, receive: Receive, send: Send) -> None:
        await frame({**given, **scope}, receive, send)

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(changed)
        async with httpx.AsyncClient(transport=transport, base_url="https://app") as client:
            return await client.request(method, path, headers=dict(headers))

    return asyncio.run(request())


def through_the_edge(forwarded: str | None, host: str = ORIGIN) -> Mapping[str, str]:
    more = {"X-Forwarded-Host": forwarded} if forwarded is not None else {}
    return {"Host": host, "X-Azure-FDID": "55ce4ed1-4b06-4bf1-b40e-4638452104da", **more}


@pytest.mark.parametrize("host", [*sorted(OTHERS), "WWW.Example.ORG", f"{WWW}:8443"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_another_name_is_redirected(host: str, method: str) -> None:
    answer = ask("/recent?after=a%2Fb&x=1&x=2", {"Host": host}, method)
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://{PUBLIC}/recent?after=a%2Fb&x=1&x=2"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("host", [PUBLIC, "localhost:8000", "10.0.0.7:8000", "[::1]:8000", ""])
def test_other_visits_are_answered(host: str) -> None:
    assert ask("/recent", {"Host": host}).text == "/recent"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("headers", [{"Host": ORIGIN}, through_the_edge(WWW)])
def test_probes_are_never_redirected(path: str, headers: Mapping[str, str]) -> None:
    assert ask(path, headers).text == path


@pytest.mark.parametrize("forwarded", [WWW, EDGE, f"{WWW}:443"])
def test_through_the_edge_the_visitors_name_counts(forwarded: str) -> None:
    answer = ask("/x?y", through_the_edge(forwarded))
    assert (answer.status_code, answer.headers["Location"]) == (308, f"https://{PUBLIC}/x?y")


@pytest.mark.parametrize(
    "headers",
    [
        through_the_edge(PUBLIC),
        # What a platform between the edge and the app may make of it.
        through_the_edge(None),
        through_the_edge(ORIGIN),
        through_the_edge(f"{ORIGIN}:443"),
        through_the_edge(f"{PUBLIC}, {ORIGIN}"),
        through_the_edge(ORIGIN, host="translator.internal"),
        through_the_edge(PUBLIC, host=PUBLIC),
    ],
)
def test_a_visit_to_the_public_name_through_the_edge_is_never_redirected(
    headers: Mapping[str, str],
) -> None:
    assert ask("/", headers).text == "/"


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        (b"//evil.example/x", "//evil.example/x"),
        (b"http://evil.example//x", "/x"),
        (b"@evil.example/x", "/@evil.example/x"),
        (b"*", "/*"),
    ],
)
def test_a_redirect_leads_to_no_other_host(sent: bytes, path: str) -> None:
    answer = ask("/", {"Host": WWW}, raw_path=sent)
    assert answer.headers["Location"] == f"https://{PUBLIC}{path}"


@pytest.mark.parametrize("host", [PUBLIC, ORIGIN])
def test_a_form_of_any_own_name_is_no_foreign_one(host: str) -> None:
    headers = {"Host": PUBLIC, "Origin": f"https://{host}", "Sec-Fetch-Site": "cross-site"}
    assert ask("/forms/round", headers, "POST").status_code == 200
    evil = {**headers, "Origin": "https://evil.example"}
    assert ask("/forms/round", evil, "POST").status_code == 403


@pytest.mark.parametrize("url", ["http://localhost:8000", "https://localhost", "https://[::1]:9"])
def test_a_loopback_promises_no_https(url: str) -> None:
    headers = ask("/", {"Host": "localhost"}, public_url=url).headers
    assert "Strict-Transport-Security" not in headers


def test_names_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in DATABASE.items():
        monkeypatch.setenv(name, value)
    for given, found in (
        ("", frozenset[str]()),
        (" WWW.example.org , example.net,", {WWW, "example.net"}),
    ):
        monkeypatch.setenv("OTHER_HOSTS", given)
        assert load(Settings).other_hosts == found
    for given in ("https://www.example.org", "www.example.org:443", "*.example.org", "x"):
        monkeypatch.setenv("OTHER_HOSTS", given)
        with pytest.raises(SystemExit) as refused:
            load(Settings)
        wanted = "must be host names, such as www.example.org,example.net"
        assert str(refused.value) == f"OTHER_HOSTS={given!r}: {wanted}"
