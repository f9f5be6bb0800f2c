"""What the pages show, and what the spreadsheet's rows may look like."""

import re
from datetime import date

import pytest
from homepage import create_app, sheet
from homepage.settings import Settings
from homepage.sheet.rows import interviews, projects, talks


@pytest.fixture(scope="module")
def page() -> str:
    return create_app(Settings()).test_client().get("/").text


def test_the_three_worksheets_are_on_the_page(page: str) -> None:
    content = sheet.bundled()
    assert len(content.talks) >= 5
    assert len(content.projects) >= 4
    assert len(content.interviews) >= 3
    for item in (*content.talks, *content.projects, *content.interviews):
        assert item.title.replace("'", "&#39;") in page


def test_what_is_not_to_be_included_is_not(page: str) -> None:
    assert "Garden notebook" not in page


def test_the_age_of_the_content_is_told_in_utc(page: str) -> None:
    as_of = sheet.bundled().as_of
    assert f'<time datetime="{as_of.isoformat()}">' in page
    assert as_of.strftime("%H:%M UTC") in page


def test_newest_comes_first() -> None:
    dates = [talk.date for talk in sheet.bundled().talks]
    assert dates == sorted(dates, key=lambda day: day or date.min, reverse=True)


def test_every_link_into_the_page_has_its_target(page: str) -> None:
    for target in re.findall(r'href="/?#([^"]+)"', page):
        assert f'id="{target}"' in page


def test_nothing_is_fetched_from_elsewhere(page: str) -> None:
    fetched = re.findall(r'<(?:link|script|img)[^>]+(?:href|src)="([^"]+)"', page)
    canonical = "http://localhost:8000/"
    assert all(url.startswith("/assets/") for url in fetched if url != canonical)
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", page)


def test_rows_may_be_ragged() -> None:
    found = talks(
        [
            {},
            {"title": "  "},
            {"title": "No date", "unknown column": "x"},
            {"title": "Wrong date", "date": "last summer", "tags": " , a,, b "},
            {"title": "Whole", "date": "2026-01-02", "location": " Here "},
        ]
    )
    assert [talk.title for talk in found] == ["Whole", "No date", "Wrong date"]
    assert found[0].location == "Here"
    assert found[2].date is None
    assert found[2].tags == ("a", "b")


@pytest.mark.parametrize("word", ["no", "No ", "FALSE", "0", "n"])
def test_a_row_can_be_kept_back(word: str) -> None:
    assert projects([{"title": "x", "include": word}]) == ()


@pytest.mark.parametrize("word", ["", "yes", "TRUE", "1"])
def test_a_row_is_shown_unless_kept_back(word: str) -> None:
    assert len(projects([{"title": "x", "include": word}])) == 1


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "ftp://x/", "", "http://["]
)
def test_only_web_links_are_taken(url: str) -> None:
    assert interviews([{"title": "x", "url": url}])[0].url is None


def test_text_of_the_sheet_is_text_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = sheet.Sheet(
        as_of=sheet.bundled().as_of,
        talks=talks([{"title": "<script>alert(1)</script>", "tags": "<b>"}]),
        projects=projects([{"title": "Q&A", "homepage": 'https://x/"><i>'}]),
        interviews=interviews([{"title": "no link"}]),
    )
    monkeypatch.setattr(sheet, "bundled", lambda: hostile)
    page = create_app(Settings()).test_client().get("/").text
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert "Q&amp;A" in page
