"""The game in a real browser: two widths, light and dark, with and without script; and axe."""

import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal, cast

import httpx
import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe  # pyright: ignore[reportMissingTypeStubs]
from conftest import Serve
from content import word_of
from playing import PATIENCE, begin, play
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright
from postgres import DATABASE, Postgres
from translators import Answer, Asked, Translator, error, good

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")

CORNERS: list[tuple[int, Literal["light", "dark"]]] = [(390, "light"), (1280, "dark")]
corners = pytest.mark.parametrize(("width", "scheme"), CORNERS)
RIGHT_TO_LEFT = ["he", "ar", "fa", "ur"]

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--disable-quic", "--disable-gpu"]
        )
        expect.set_options(timeout=PATIENCE * 1000)
        yield browser
        browser.close()


@pytest.fixture
def look(browser: Browser, client: httpx.Client) -> Iterator[Open]:
    """Open a path as somebody who was never here; the browser must have no complaint at the end."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def failed(request: Request) -> None:
        if not request.url.endswith("/events"):  # which the page itself ends, at the round's end
            complaints.append(request.url)

    def look(path: str, width: int = 390, scheme: Any = "light", *, script: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", failed)
        page.goto(f"{client.base_url}{path}")
        return page

    yield look
    for context in contexts:
        context.close()
    assert complaints == []


def assert_accessible(page: Page) -> None:
    """At both widths, each in its scheme; as it is in the end."""
    before = page.viewport_size
    for width, scheme in CORNERS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        results = cast("Any", Axe()).run(page)  # without types
        assert results.violations_count == 0, results.generate_report()
    if before:
        page.set_viewport_size(before)


@corners
def test_a_round_is_played_before_ones_eyes(
    width: int, scheme: str, look: Open, client: httpx.Client, postgres: Postgres
) -> None:
    page = look("/", width, scheme)
    page.get_by_label("Your message").fill("The king has lost his socks again.")
    with psycopg.connect(**postgres.superuser(database=DATABASE)) as held, held.transaction():
        # No hop can be stored, so that the round does not end before its page is there.
        held.execute("LOCK TABLE hops IN SHARE MODE")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "The king has lost his socks again."
        )
        expect(page.locator("#waiting")).to_contain_text("0 of 13")
    expect(page.locator("#hops li")).to_have_count(13)
    expect(page.locator("#waiting")).to_have_count(0)
    result = page.get_by_role("region", name="What came back")
    expect(result).to_be_focused()
    assert result.evaluate("e => e.getBoundingClientRect().top") < page.locator("#hops").evaluate(
        "e => e.getBoundingClientRect().top"
    )
    assert page.locator("[aria-live] #ending").count() == 1
    assert_accessible(page)

    told = client.get(f"/api/rounds/{page.url.rpartition('/')[2]}").json()
    expect(page.locator("#ending")).to_have_text(told["end"])
    expect(page.locator("#drift-number")).to_have_text(str(told["drift"]))
    shown = page.locator("#hops .text")
    assert shown.all_text_contents() == [hop["text"] for hop in told["hops"]]
    assert [one.get_attribute("lang") for one in shown.all()] == [
        hop["lang"] for hop in told["hops"]
    ]

    before = page.locator("#hops li").all_inner_texts()
    page.get_by_role("button", name="Deep").click()
    expect(page.locator("#reacted")).to_have_text("Thank you, that counts.")
    expect(page.locator("[data-count=deep]")).to_have_text("1")
    page.get_by_role("button", name="Funny").click()
    expect(page.locator("#reacted")).to_have_text("Thank you, that counts.")
    expect(page.locator("[data-count=funny]")).to_have_text("1")
    page.get_by_role("button", name="Deep").click()
    expect(page.locator("#reacted")).to_have_text("You have said that already.")
    assert page.locator("#share").input_value() == page.url
    page.reload()
    assert page.locator("#hops li").all_inner_texts() == before
    page.goto(f"{client.base_url}/forms/rounds/{told['id']}/removal")
    assert_accessible(page)


@corners
def test_a_round_is_played_without_script(width: int, scheme: str, look: Open) -> None:
    page = look("/", width, scheme, script=False)
    page.get_by_label("Your message").fill("Too many cooks spoil the broth.")
    page.get_by_text("Choose the route").click()
    page.get_by_label("Number of languages").fill("20")
    page.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Too many cooks spoil the broth.")
    expect(page.get_by_role("heading", name="What came back")).to_be_visible()
    expect(page.locator("#hops li")).to_have_count(21)
    page.get_by_role("button", name="Funny").click()
    expect(page.locator("[data-count=funny]")).to_have_text("1")
    expect(page.locator("#reacted")).to_contain_text("Thank you.")
    expect(page.locator("#reacted")).to_be_in_viewport()
    page.get_by_role("link", name="Yours").click()
    expect(page.get_by_role("link", name="Yours")).to_have_attribute("aria-current", "page")
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_text("Too many cooks spoil the broth.")).to_be_visible()
    page.get_by_role("link", name="Keep it").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_text("There are no rounds from this browser")).to_be_visible()


def test_every_page_is_accessible(look: Open, client: httpx.Client, postgres: Postgres) -> None:
    postgres.clear()
    round_ = play(client, word_of(RIGHT_TO_LEFT[0]), hops=4, languages=RIGHT_TO_LEFT)
    page = look(f"/rounds/{round_['id']}")
    text = page.locator("#hops .text").first
    assert text.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert_accessible(page)
    page.goto(str(client.base_url))
    page.get_by_text("Choose the route").click()
    assert_accessible(page)
    for path in ("recent", "popular", "yours"):
        page.goto(f"{client.base_url}/{path}")
        assert_accessible(page)


def test_a_round_says_where_it_becomes_simulated(
    browser: Browser, serve: Serve, postgres: Postgres
) -> None:
    postgres.clear()
    open_ = threading.Event()

    def spent_after_one(_: Asked) -> Answer:
        if len(translator.asked) == 1:
            return good(translator.asked[0])
        assert open_.wait(PATIENCE)
        return error(403, 403001)

    translator = Translator()
    translator.behave = spent_after_one
    try:
        client = serve(**translator.environment()).client
        page = browser.new_page(reduced_motion="reduce")
        page.goto(f"{client.base_url}/rounds/{begin(client, hops=3)['id']}")
        expect(page.locator("#hops li")).to_have_count(1)
        expect(page.locator("#simulated")).to_be_hidden()
        open_.set()
        expect(page.locator("#hops li")).to_have_count(4)
        expect(page.locator("#simulated")).to_be_visible()
        labels = page.locator("#hops li").filter(has=page.locator(".label"))
        for _ in range(2):  # as the script writes it, then as the server does
            expect(labels).to_have_count(1)
            expect(page.locator("#hops li").nth(1)).to_contain_text("simulated from here on")
            page.reload()
        page.close()
    finally:
        open_.set()
        translator.close()


def test_error_pages_are_accessible(browser: Browser, client: httpx.Client) -> None:
    page = browser.new_page()
    page.goto(f"{client.base_url}/rounds/999999999")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not Found")
    assert_accessible(page)
    page.close()


def test_a_message_that_is_too_long_has_the_focus_and_its_reason(
    browser: Browser, client: httpx.Client
) -> None:
    page = browser.new_page()
    page.goto(str(client.base_url))
    message = page.get_by_label("Your message")
    message.fill("x" * 281)
    page.keyboard.press("Enter")
    expect(page.locator("#message-error")).to_contain_text("at most 280 characters")
    expect(message).to_have_value("x" * 281)
    expect(message).to_be_focused()
    assert_accessible(page)
    page.close()


def test_the_keyboard_is_enough(look: Open) -> None:
    page = look("/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.type("typed")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What came back")).to_be_visible()
    page.get_by_role("button", name="Funny").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#reacted")).to_have_text("Thank you, that counts.")
