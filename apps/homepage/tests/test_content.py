"""Content of the pages, and parsing of the spreadsheet's rows."""

import re
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from content import CONTENT
from homepage import create_app, pages, sheet
from homepage.settings import Settings
from homepage.sheet.rows import Sheet, interviews, projects, talks
from markupsafe import escape
from PIL import Image


@pytest.fixture
def page() -> str:
    return create_app(Settings()).test_client().get("/").text


@pytest.mark.parametrize("name", ["talks", "projects", "interviews"])
def test_a_worksheet_is_whole_on_its_page_and_its_newest_on_the_first(name: str, page: str) -> None:
    items = getattr(CONTENT, name)
    assert len(items) >= 3
    own = create_app(Settings()).test_client().get(f"/{name}").text
    for item in items:
        assert escape(item.title) in own
        assert f'id="{item.anchor}"' in own
    for item in items[:3]:
        assert escape(item.title) in page
    assert f'href="/{name}"' in page


def test_the_owner_has_a_face_and_can_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    links = {"Email": "mailto:me@example.org", "Code <3": "https://example.org/?a=1&b"}
    monkeypatch.setattr(pages, "LINKS", links)
    monkeypatch.setattr(pages, "PORTRAIT", "favicon.svg")
    client = create_app(Settings()).test_client()
    page = client.get("/").text
    picture = re.search(r'<img class="portrait" src="([^"]+)"[^>]* alt="([^"]+)">', page)
    assert picture
    assert client.get(picture[1]).mimetype == "image/svg+xml"
    assert picture[2] == f"Portrait of {pages.OWNER}"
    assert '<a href="mailto:me@example.org" rel="me">Email</a>' in page
    assert '<a href="https://example.org/?a=1&amp;b" rel="me">Code &lt;3</a>' in page

    monkeypatch.setattr(pages, "LINKS", {})
    monkeypatch.setattr(pages, "PORTRAIT", None)
    page = client.get("/").text
    assert "<img" not in page
    assert 'rel="me"' not in page


@pytest.mark.parametrize("path", ["/", "/talks", "/projects", "/interviews", "/charts"])
def test_a_link_preview_has_a_picture_of_the_size_that_it_names(path: str) -> None:
    site = "https://www.example.org"
    client = create_app(Settings(public_url=site)).test_client()
    page = client.get(path).text
    card = dict(re.findall(r'<meta property="og:([\w:]+)" content="([^"]*)">', page))
    assert card["title"] == pages.OWNER
    assert card["url"] == site + path
    picture = client.get(card["image"].removeprefix(site))
    assert picture.headers["Cache-Control"].endswith("immutable")
    with Image.open(BytesIO(picture.data)) as image:
        assert image.size == (int(card["image:width"]), int(card["image:height"])) == (1200, 630)
    assert '<meta name="twitter:card" content="summary_large_image">' in page


def test_what_is_not_to_be_included_is_not(page: str) -> None:
    assert "Kept back" not in page


def test_the_age_of_the_content_is_told_in_utc(page: str) -> None:
    as_of = CONTENT.as_of
    assert f'<time datetime="{as_of:%Y-%m-%dT%H:%M:%SZ}">' in page
    assert as_of.strftime("%H:%M UTC") in page


def test_newest_comes_first() -> None:
    dates = [talk.date for talk in CONTENT.talks]
    assert dates == sorted(dates, key=lambda day: day or date.min, reverse=True)


def test_every_link_into_the_page_has_its_target(page: str) -> None:
    for target in re.findall(r'href="/?#([^"]+)"', page):
        assert f'id="{target}"' in page


@pytest.mark.parametrize("path", ["/", "/talks", "/projects", "/interviews", "/charts"])
def test_b2_5_every_picture_has_a_text(path: str) -> None:
    page = create_app(Settings()).test_client().get(path).text
    for picture in re.findall(r"<img[^>]*>", page):
        assert re.search(r' alt="\w[^"]+"', picture)
    assert path != "/charts" or "<img" in page


def test_nothing_is_fetched_from_elsewhere(page: str) -> None:
    fetched = re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="([^"]+)"', page)
    named = {"http://localhost:8000/", "/feed.xml"}  # for machines; a browser does not ask
    assert fetched
    assert all(url.startswith("/assets/") for url in fetched if url not in named)
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", page)


def test_rows_may_be_ragged() -> None:
    found = talks(
        [
            {},
            {"title": "  "},
            {"title": "No date", "unknown column": "x"},
            {"title": "Tags", "date": "  ", "tags": " , a,, b "},
            {"title": "Whole", "date": "2026-01-02", "location": " Here "},
        ]
    )
    assert [talk.title for talk in found] == ["Whole", "No date", "Tags"]
    assert found[0].location == "Here"
    assert found[2].date is None
    assert found[2].tags == ("a", "b")


@pytest.mark.parametrize("word", ["no", "No ", "FALSE", "0", "n"])
def test_a_row_can_be_kept_back(word: str) -> None:
    assert projects([{"title": "x", "include": word}]) == ()


@pytest.mark.parametrize("word", ["", "yes", "TRUE", "1"])
def test_a_row_is_shown_unless_kept_back(word: str) -> None:
    assert len(projects([{"title": "x", "include": word}])) == 1


def test_every_row_with_a_title_is_shown_and_can_be_found() -> None:
    """Punctuation makes another title, a place another talk; only equal rows are one."""
    day = {"date": "2026-01-02"}
    rows = [{"title": title, **day} for title in ("C", "C++", "C#", "C#")]
    rows += [{"title": "C", "location": place, **day} for place in ("Rome", "Oslo")]
    found = talks([*rows, {"title": "!!!"}, {"title": "2026 01 02 C 2"}])
    assert [talk.title for talk in found] == ["C", "C++", "C#", "C", "C", "!!!", "2026 01 02 C 2"]
    assert [talk.anchor for talk in found] == [
        *("2026-01-02-c", *(f"2026-01-02-c-{number}" for number in range(2, 6))),
        *("untitled", "2026-01-02-c-2-2"),
    ]


@pytest.mark.parametrize(
    "text", ["2026-09-08", " 2026-09-08 ", "8.9.2026", "08.09.2026", "9/8/2026", "09/08/2026"]
)
def test_a_date_has_one_of_three_forms(text: str) -> None:
    assert talks([{"title": "x", "date": text}])[0].date == date(2026, 9, 8)


@pytest.mark.parametrize(
    "text",
    [
        *("20260918", "2026-W38-5", "2026-09-31", "31.9.2026", "18/9/2026", "9-8-2026"),
        *("8.9.26", "8. September 2026", "0000-01-01", "46273", "last summer"),
    ],
)
def test_a_row_with_another_form_of_a_date_is_left_out_and_named(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [{"title": "Before", "date": "2026-01-02"}, {}, {"title": "Odd", "date": text}]
    for worksheet, items in (("talks", talks), ("projects", projects), ("interviews", interviews)):
        caplog.clear()
        assert [item.title for item in items(rows)] == ["Before"]
        forms = "yyyy-mm-dd, d.m.yyyy, m/d/yyyy"
        message = f"rows left out (1), as their dates have none of the forms {forms}"
        assert caplog.messages == [f"{worksheet}: {message}: row 4 (Odd) {text!r}"]


def test_a_row_that_is_kept_back_is_not_named(caplog: pytest.LogCaptureFixture) -> None:
    assert talks([{"title": "x", "date": "soon", "include": "no"}, {"date": "soon"}]) == ()
    assert caplog.records == []


def test_what_is_still_to_come_has_not_changed_the_feed() -> None:
    as_of = CONTENT.as_of
    found = Sheet(
        as_of=as_of,
        talks=talks([{"title": "x", "date": day} for day in ("2999-01-01", "2020-02-02")]),
        projects=(),
        interviews=(),
    )
    assert found.changed == date(2020, 2, 2)
    assert replace(found, talks=found.talks[:1]).changed == as_of.date()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "ftp://x/", "", "http://["]
)
def test_only_web_links_are_taken(url: str) -> None:
    assert interviews([{"title": "x", "url": url}])[0].url is None


def test_text_of_the_sheet_is_text_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = Sheet(
        as_of=CONTENT.as_of,
        talks=talks([{"title": "<script>alert(1)</script>", "tags": "<b>"}]),
        projects=projects([{"title": "Q&A", "homepage": 'https://x/"><i>'}]),
        interviews=interviews([{"title": "no link"}]),
    )
    monkeypatch.setattr(sheet, "load_bundled", lambda: hostile)
    page = create_app(Settings()).test_client().get("/").text
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert "Q&amp;A" in page
