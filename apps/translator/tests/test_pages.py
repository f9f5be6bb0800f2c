"""Pages for people, without script, and what every response says."""

import html
import re
from typing import Any

import httpx
import pytest
from content import word_of
from playing import PATIENCE, PLAIN, begin, finished, play

BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9"}
PAGE = "public, max-age=0, s-maxage=60"


def send(client: httpx.Client, message: str, **more: Any) -> httpx.Response:
    return client.post("/forms/round", data={"message": message} | more, headers=BROWSER)


def of_location(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 303
    return finished(client, int(answer.headers["Location"].removeprefix("/rounds/")))


def test_the_page_says_what_it_is_and_takes_a_message(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == PAGE
    assert "<h1>" in page.text
    # A browser would cut what is pasted, and say nothing.
    assert "maxlength" not in page.text
    round_ = of_location(client, send(client, "<b>Grüße</b> & co"))
    shown = client.get(f"/rounds/{round_['id']}")
    assert shown.headers["Cache-Control"] == PAGE
    assert "&lt;b&gt;Grüße&lt;/b&gt; &amp; co" in shown.text
    assert "<b>G" not in shown.text


@pytest.mark.parametrize("path", ["/recent/", "/rounds/1/", "/api/rounds/"])
def test_a_wrong_path_is_not_mended_by_a_redirect(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "Location" not in response.headers


def test_a_form_left_alone_leaves_it_to_chance(client: httpx.Client) -> None:
    round_ = of_location(client, send(client, "hello", hops="", seed=""))
    assert len(round_["hops"]) == 13


def test_a_form_can_choose_hops_languages_and_seed(client: httpx.Client) -> None:
    assert len(of_location(client, send(client, "hello", hops="3"))["hops"]) == 4
    picked = of_location(client, send(client, "hello", languages=["de", "fr", "ar"], seed="5"))
    assert {hop["to"] for hop in picked["hops"]} == {"de", "fr", "ar", "en"}
    assert picked["seed"] == 5
    page = client.get(f"/rounds/{picked['id']}").text
    form = page[page.index('action="/forms/round"') :]
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    again = of_location(
        client,
        client.post(
            "/forms/round",
            data={name: [html.unescape(v) for n, v in hidden if n == name] for name, _ in hidden},
        ),
    )
    assert again["id"] != picked["id"]
    assert again["hops"] == picked["hops"]


@pytest.mark.parametrize("message", ["", "  ", "x" * 281, "a\nb", '"><script>\x01'])
def test_a_wrong_message_comes_back_with_the_reason(message: str, client: httpx.Client) -> None:
    answer = send(client, message)
    assert answer.status_code == 422
    assert answer.headers["Cache-Control"] == "no-store"
    assert 'role="alert"' in answer.text
    assert f'value="{message}"' in html.unescape(answer.text)
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"hops": "21"}, "hops"),
        ({"hops": "many"}, "hops"),
        ({"seed": "luck"}, "seed"),
        ({"languages": ["de"] * 21}, "languages"),
        ({"languages": ["klingon"]}, "languages"),
    ],
)
def test_a_wrong_way_comes_back_with_the_reason(
    more: dict[str, Any], field: str, client: httpx.Client
) -> None:
    answer = send(client, "keep me", **more)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="keep me"' in answer.text
    assert "open>" in answer.text


def test_every_text_says_its_language_and_direction(client: httpx.Client) -> None:
    round_ = play(client, word_of("he", "de"), hops=4, languages=["he", "ja", "ar", "de"])
    assert [hop["lang"] for hop in round_["hops"]] == ["he", "en", "en", "de", "en"]
    page = client.get(f"/rounds/{round_['id']}").text
    for hop, direction in zip(round_["hops"], ("rtl", "ltr", "ltr", "ltr", "ltr"), strict=True):
        text = html.escape(hop["text"])
        assert f'<p class="text" lang="{hop["lang"]}" dir="{direction}">{text}</p>' in page


def test_a_link_preview_has_its_cards(client: httpx.Client) -> None:
    round_ = play(client, 'Say "cheese"', hops=2)
    page = client.get(f"/rounds/{round_['id']}").text
    cards = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)">', page))
    assert cards["url"] == f"http://localhost:8000/rounds/{round_['id']}"
    assert f'<link rel="canonical" href="{cards["url"]}">' in page
    assert html.unescape(cards["title"]) == '“Say "cheese"”'
    assert round_["end"] in html.unescape(cards["description"])
    image = client.get(cards["image"].removeprefix("http://localhost:8000"))
    assert image.headers["Content-Type"] == "image/png"
    assert image.content.startswith(b"\x89PNG")


def test_reactions_and_taking_away_work_by_forms(client: httpx.Client) -> None:
    round_ = play(client, "a form's own")
    path = f"/forms/rounds/{round_['id']}"
    for _ in range(2):
        answer = client.post(f"{path}/reaction", data={"type": "deep"})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}/reaction#end")
    counted = client.get(f"{path}/reaction")
    assert counted.headers["Cache-Control"] == "no-store"
    assert '<b data-count="deep">1</b>' in counted.text
    assert "Thank you." in counted.text
    assert "Thank you." not in client.get(f"/rounds/{round_['id']}").text
    assert client.get(f"/api/rounds/{round_['id']}").json()["reactions"]["deep"] == 1
    assert client.post(f"{path}/reaction", data={"type": "best"}).status_code == 422
    yours = client.get("/yours")
    assert "a form&#39;s own" in yours.text
    assert yours.headers["Cache-Control"] == "private, no-store"
    with httpx.Client(verify=PLAIN, base_url=client.base_url, timeout=PATIENCE) as another:
        assert "a form&#39;s own" not in another.get("/yours").text
        assert another.get(f"{path}/removal").status_code == 403
        assert another.post(f"{path}/removal").status_code == 403
    asked = client.get(f"{path}/removal")
    assert "a form&#39;s own" in asked.text
    assert asked.headers["Cache-Control"] == "private, no-store"
    assert client.get(f"/rounds/{round_['id']}").status_code == 200
    gone = client.post(f"{path}/removal")
    assert (gone.status_code, gone.headers["Location"]) == (303, "/yours")
    assert client.get(f"/rounds/{round_['id']}").status_code == 404


def test_the_first_page_has_an_example_and_the_latest_rounds(client: httpx.Client) -> None:
    round_ = play(client, "the latest of all", hops=2)
    page = client.get("/").text
    assert "Let sleeping dogs lie." in page
    assert f'href="/rounds/{round_["id"]}">the latest of all</a>' in page


def test_the_sitemap_has_the_pages_and_the_latest_rounds(client: httpx.Client) -> None:
    round_ = play(client, hops=2)
    where = re.search(r"Sitemap: http://localhost:8000(/\S+)", client.get("/robots.txt").text)
    assert where
    found = client.get(where[1])
    assert found.headers["Content-Type"] == "application/xml"
    locations = re.findall("<loc>([^<]+)</loc>", found.text)
    assert f"http://localhost:8000/rounds/{round_['id']}" in locations
    for location in locations[:3]:
        page = client.get(location.removeprefix("http://localhost:8000"))
        assert '<meta name="description"' in page.text


def test_an_unplayed_round_says_so_and_refreshes_without_script(client: httpx.Client) -> None:
    begun = begin(client, hops=20)
    page = client.get(f"/rounds/{begun['id']}")
    if '<noscript><meta http-equiv="refresh"' in page.text:
        assert page.headers["Cache-Control"] == "no-store"
        assert "On its way" in page.text
    finished(client, begun["id"])
    page = client.get(f"/rounds/{begun['id']}")
    assert "refresh" not in page.text
    assert page.headers["Cache-Control"] == PAGE


@pytest.mark.parametrize("path", ["/forms/round", "/forms/rounds/1"])
def test_the_answer_to_a_form_may_be_loaded_again(path: str, client: httpx.Client) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *(("/rounds/999999999", 404), ("/nowhere", 404)),
        *(("/recent?after=x", 404), ("/popular?after=1", 404), ("/recent?after=1%0A", 404)),
    ],
)
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


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", "GET, HEAD"),
        ("/api/rounds", "GET, POST"),
        ("/api/rounds/1", "DELETE, GET"),
        ("/api/rounds/1/reactions", "POST"),
        ("/forms/round", "GET, POST"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
def test_a_refused_method_names_every_method_of_the_path(
    path: str, allowed: str, client: httpx.Client
) -> None:
    answer = client.put(path, json={})
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


def test_assets_are_kept_for_a_year_under_names_of_their_content(client: httpx.Client) -> None:
    paths = re.findall(r'"(/assets/[^"]+)"', client.get("/recent").text)
    assert len(paths) == 3
    for path in paths:
        assert client.get(path).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    other = client.get("/assets/0000000000000000/site.css")
    assert (other.status_code, other.headers["Cache-Control"]) == (200, "public, max-age=60")
    assert client.get("/assets/0/app.py").status_code == 404


SHARED = {"/", "/recent", "/popular", "/sitemap.xml"}


@pytest.mark.parametrize(
    "path", [*sorted(SHARED), "/healthz", "/readyz", "/openapi.json", "/nowhere", "/api/rounds"]
)
def test_every_response_is_safe_to_show(path: str, client: httpx.Client) -> None:
    headers = client.get(path).headers
    assert headers["Cache-Control"] == (PAGE if path in SHARED else "no-store")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize("path", ["/", "/recent", "/healthz", "/readyz", "/robots.txt"])
def test_head_works_where_probes_and_browsers_use_it(path: str, client: httpx.Client) -> None:
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")


def test_nothing_on_a_page_is_inline_or_from_elsewhere(client: httpx.Client) -> None:
    round_ = play(client, hops=3)
    for path in ("/", f"/rounds/{round_['id']}", "/recent", "/yours"):
        # The canonical address loads nothing.
        page = re.sub(r'<link rel="canonical" [^>]+>', "", client.get(path).text)
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)


def test_a_page_with_all_it_needs_is_small(client: httpx.Client) -> None:
    page = client.get("/")
    paths = set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text))
    assert len(page.content) + sum(len(client.get(path).content) for path in paths) < 50_000
