"""The two sites as visitors see them: through the real edge, phone and desk, light and dark."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, chromium

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="there is no browser: install Chromium (`apt install chromium`) or Chrome",
)

MESSAGE = '<b>&" ' + "W" * 274  # as long as may be, and no place to break it


def test_the_homepage_shows_its_sections(visit: Visit, urls) -> None:
    page, record = visit(urls["homepage"])

    for name in ("Talks", "Projects", "Interviews"):
        section = page.get_by_role("region", name=name, exact=True)
        expect(section.get_by_role("heading", name=name, level=2)).to_be_visible()
        expect(section.get_by_role("listitem").first).to_be_visible()
    record.assert_clean()
    record.assert_fits()


def test_a_message_gets_a_page(visit: Visit, urls) -> None:
    """Without script."""
    page, record = visit(urls["translator"], script=False)
    record.assert_fits()

    page.get_by_label("Your message").fill(MESSAGE)
    page.get_by_role("button").click()

    expect(page).to_have_url(f"{urls['translator']}rounds/{page.url.rsplit('/', 1)[-1]}")
    expect(page.get_by_role("heading", level=1)).to_have_text(MESSAGE)
    page.wait_for_load_state()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(MESSAGE)
    record.assert_clean(303, cookies=["visitor"])
    record.assert_fits()


@pytest.mark.parametrize("site", ["homepage", "translator"])
def test_the_edge_serves_the_next_visitor(visit: Visit, urls, site: str) -> None:
    records = [visit(urls[site])[1] for _ in range(3)]

    # What earlier tests left in the cache may expire between two visits, but not twice.
    assert any(record.from_cache() for record in records[1:])


def test_the_keyboard_reaches_the_homepage(visit: Visit, urls) -> None:
    page, _ = visit(urls["homepage"])

    page.keyboard.press("Tab")
    expect(_focused(page)).to_have_text("Skip to the content")
    expect(_focused(page)).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    page, _ = visit(urls["homepage"])
    owner = page.get_by_role("banner").get_by_role("link").first.text_content()
    reached = []
    for _ in range(5):
        page.keyboard.press("Tab")
        reached.append(_focused(page).text_content())
    assert reached[1:] == [owner, "Talks", "Projects", "Interviews"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Interviews")).to_be_in_viewport()


def test_the_keyboard_plays(visit: Visit, urls) -> None:
    page, _ = visit(urls["translator"])

    page.keyboard.press("Tab")
    expect(_focused(page)).to_have_text("Skip to the content")
    expect(_focused(page)).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("typed")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("", "The message must not be empty."),
        ("W" * 281, "The message must have at most 280 characters."),
    ],
    ids=["empty", "long"],
)
def test_a_wrong_message_is_explained(visit: Visit, urls, message: str, told: str) -> None:
    page, record = visit(urls["translator"], script=False)
    field = page.get_by_label("Your message")
    field.evaluate("e => { e.removeAttribute('maxlength'); e.removeAttribute('required'); }")

    field.fill(message)
    page.get_by_role("button").click()

    expect(page.get_by_role("alert")).to_have_text(told)
    expect(field).to_have_value(message)
    expect(field).to_have_attribute("aria-invalid", "true")
    record.assert_clean(422)
    record.assert_fits()


@pytest.mark.parametrize("site", ["homepage", "translator"])
def test_a_page_that_is_not_there(visit: Visit, urls, site: str) -> None:
    page, record = visit(urls[site] + "nothing-here")

    expect(page.get_by_role("heading", level=1)).to_have_text("Not Found")
    expect(page.get_by_role("main")).to_contain_text("There is no page at this address.")
    record.assert_clean(404)
    record.assert_fits()
    page.get_by_role("main").get_by_role("link").click()
    expect(page).to_have_url(urls[site])


def _focused(page: Page):
    return page.locator(":focus")
