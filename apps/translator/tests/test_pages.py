"""Pages for people, and what every response says."""

import re

import httpx
import pytest

BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9"}
PAGE = "public, max-age=0, s-maxage=60"


def send(client: httpx.Client, message: str) -> httpx.Response:
    return client.post("/rounds", data={"message": message}, headers=BROWSER)


def test_the_page_says_what_it_is_and_takes_a_message(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == PAGE
    assert "<h1>" in page.text
    assert 'maxlength="280"' in page.text
    sent = send(client, "<b>Grüße</b> & co")
    assert sent.status_code == 303
    shown = client.get(sent.headers["Location"])
    assert shown.headers["Cache-Control"] == PAGE
    assert "&lt;b&gt;Grüße&lt;/b&gt; &amp; co" in shown.text


@pytest.mark.parametrize("message", ["", "  ", "x" * 281, "a\nb", '"><script>\x01'])
def test_a_wrong_message_comes_back_with_the_reason(message: str, client: httpx.Client) -> None:
    answer = send(client, message)
    assert answer.status_code == 422
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'role="alert"' in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(("path", "status"), [("/rounds/999999999", 404), ("/nowhere", 404)])
def test_a_browser_gets_errors_as_pages(path: str, status: int, client: httpx.Client) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Cache-Control"] == "no-store"
    assert f">{status}<" in answer.text


@pytest.mark.parametrize(
    "path", ["/api/rounds/999999999", "/nowhere", "/generate_name?starts_with=!"]
)
def test_a_program_gets_errors_as_problems(path: str, client: httpx.Client) -> None:
    answer = client.get(path)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_api_answers_browsers_as_it_does_programs(client: httpx.Client) -> None:
    answer = client.get("/api/rounds/0", headers=BROWSER)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/nowhere", "text/html"),
        ("/rounds/0", "text/html"),
        ("/api/rounds/0", "application/problem+json"),
        ("/generate_name?starts_with=7", "application/problem+json"),
    ],
)
def test_who_asks_is_known_behind_an_edge_that_drops_accept(
    path: str, kind: str, client: httpx.Client
) -> None:
    request = client.build_request("GET", path)
    del request.headers["Accept"]
    assert client.send(request).headers["Content-Type"].startswith(kind)


def test_a_wrong_method_is_told_the_right_ones(client: httpx.Client) -> None:
    answer = client.put("/api/rounds", json={})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_assets_are_kept_for_a_year_under_names_of_their_content(client: httpx.Client) -> None:
    paths = re.findall(r'"(/assets/[^"]+)"', client.get("/").text)
    assert len(paths) == 2
    for path in paths:
        assert client.get(path).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    other = client.get("/assets/0000000000000000/site.css")
    assert (other.status_code, other.headers["Cache-Control"]) == (200, "public, max-age=60")
    assert client.get("/assets/0/app.py").status_code == 404


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/openapi.json", "/nowhere"])
def test_every_response_is_safe_to_show(path: str, client: httpx.Client) -> None:
    headers = client.get(path).headers
    assert headers["Cache-Control"] == (PAGE if path == "/" else "no-store")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_head_works_where_probes_and_browsers_use_it(path: str, client: httpx.Client) -> None:
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
