"""The pages in a real browser: two widths, two schemes, nothing that keeps anybody out."""

import os
import re
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from content import SHOW_CONTENT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    Response,
    expect,
    sync_playwright,
)
from serving import PATIENCE, Process
from spreadsheet import Answer, running
from test_blog import RSS

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no browser")

REFUSED = "/charts/bar.png?xvalues=a&yvalues=x&theme=blue"
PAGES = ["/", "/talks", "/projects", "/interviews", "/charts", REFUSED, "/login", "/nowhere"]
PUBLIC = "http://localhost:8000"
"""The address that the site says it has; it is not this machine's."""
CHART = "/charts/pie.png?labels=%F4%8F%BF%BD,b,c&values=4,3,1&title=Bowl%2C"
Scheme = Literal["light", "dark"]
VIEWS: list[tuple[int, Scheme]] = [
    (390, "light"),
    (390, "dark"),
    (1280, "light"),
    (1280, "dark"),
]
BUSY = {"/", "/charts"}
"""Pages whose parts stand beside or below each other by the width: looked at in all views."""
MOST = 50_000
"""Bytes of a page with its style and script, decoded."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    folder = Path(__file__).resolve().parents[1]
    log = tmp_path_factory.mktemp("homepage") / "log"
    with running() as server:
        server.answer = lambda _: Answer(body=[RSS])
        environment = {"MPLCONFIGDIR": str(log.parent), "BLOG_FEED": f"{server.address}/feed"}
        process = Process(
            "homepage", folder=folder, environment=environment, log=log, before=SHOW_CONTENT
        )
        process.wait_until_listening()
        yield process.address
        process.kill()


def launched(playwright: Playwright, *arguments: str) -> Browser:
    """Chromium, and as much time for all of it as a busy machine takes."""
    expect.set_options(timeout=PATIENCE * 1000)
    return playwright.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", *arguments], timeout=PATIENCE * 1000
    )


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Generator[Callable[..., tuple[Page, list[Response]]]]:
    """Open a page; gives it and all answers, and fails at the end if the browser complained."""
    contexts, complaints = list[BrowserContext](), list[str]()

    def open_page(
        path: str, width: int = 1280, scheme: Scheme = "light"
    ) -> tuple[Page, list[Response]]:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        answers = list[Response]()
        page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  # it marks what it is given
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(address + path, wait_until="load")
        return page, answers

    yield open_page
    for context in contexts:
        context.close()
    # Chromium reports each document or request that is refused, which tests here do on purpose.
    assert [
        text for text in complaints if "the server responded with a status of 4" not in text
    ] == []


def assert_open_to_all(page: Page) -> None:
    """Axe finds nothing."""
    results = Axe().run(page)  # pyright: ignore[reportUnknownMemberType]  # half typed there
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_open_to_all(
    path: str, visit: Callable[..., tuple[Page, list[Response]]], address: str
) -> None:
    page, answers = visit(path)
    for width, scheme in VIEWS if path in BUSY else (VIEWS[0], VIEWS[3]):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert_open_to_all(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if shots := os.environ.get("SCREENSHOTS"):
            name = path.partition("?")[0].strip("/").replace("/", "-") or "index"
            page.screenshot(path=f"{shots}/{name}-{width}-{scheme}.png", full_page=True)
    assert all(answer.url.startswith(f"{address}/") for answer in answers)
    kinds = {"document", "stylesheet", "script", "font"}
    sent = sum(len(a.body()) for a in answers if a.request.resource_type in kinds)
    assert 1_000 < sent <= MOST


def test_the_dates_of_a_wide_list_are_a_column_beside_long_titles(
    visit: Callable[..., tuple[Page, list[Response]]],
) -> None:
    page, _ = visit("/")
    row = page.locator(".lines li").first
    title, date = row.locator("a"), row.locator(".aside")
    title.evaluate("link => { link.textContent = 'A long title '.repeat(20) }")
    beside, box = title.bounding_box(), date.bounding_box()
    assert beside
    assert box
    assert beside["x"] + beside["width"] < box["x"]


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_a_chart_has_the_size_and_colours_of_the_screen(
    width: int, scheme: Scheme, visit: Callable[..., tuple[Page, list[Response]]]
) -> None:
    _, answers = visit("/charts", width, scheme)
    charts = [answer.url for answer in answers if answer.request.resource_type == "image"]
    wanted = f"width={400 if width == 390 else 800}&scale=1&theme={scheme}"
    assert ["/charts/" in url and wanted in url for url in charts] == [True] * 3


def test_a_chart_is_drawn_on_the_page(
    visit: Callable[..., tuple[Page, list[Response]]], address: str
) -> None:
    page, _ = visit("/charts", 390, "dark")
    part = page.get_by_role("region", name="Pie chart")
    numbers, draw = part.get_by_label("Numbers"), part.get_by_role("button", name="Draw")
    numbers.fill("4,x,1")
    draw.click()
    expect(numbers).to_have_attribute("aria-invalid", "true")
    expect(numbers).to_be_focused()
    expect(numbers).to_have_accessible_description(re.compile("must be numbers"))
    assert_open_to_all(page)

    numbers.fill("4,3,1")
    part.get_by_label("Labels").fill("\U0010fffd,b,c")
    part.get_by_label("Title").fill("Bowl,")
    draw.click()
    expect(part.get_by_role("status")).to_contain_text("\U0010fffd (U+10FFFD)")
    expect(numbers).not_to_have_attribute("aria-invalid", "true")
    expect(numbers).to_have_accessible_description(re.compile("(?!.*must)"))
    picture, link = part.get_by_role("img"), part.get_by_role("link")
    expect(picture).to_have_js_property("currentSrc", address + on_screen(CHART))
    expect(picture).to_have_js_property("naturalWidth", 400)
    expect(picture).to_have_accessible_name("\U0010fffd,b,c; 4,3,1; Bowl,")
    expect(picture).to_be_in_viewport()
    expect(link).to_have_attribute("href", PUBLIC + CHART)
    expect(link).to_have_text(PUBLIC + CHART)
    assert_open_to_all(page)

    numbers.fill("")
    draw.click()
    expect(numbers).to_have_accessible_description(re.compile("must have 1 to 50|is required"))
    expect(part.get_by_role("status")).to_be_empty()
    expect(link).to_have_text(PUBLIC + CHART)


def on_screen(chart: str) -> str:
    """The chart's address as a phone in the dark asks for it."""
    return chart.replace("?", "?width=400&scale=1&theme=dark&")


def test_an_address_is_copied(
    visit: Callable[..., tuple[Page, list[Response]]], browser: Browser
) -> None:
    page, _ = visit("/charts")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    part = page.get_by_role("region", name="Bar chart")
    part.get_by_role("button", name="Copy the address").click()
    expect(part.get_by_role("status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == part.get_by_role("link").inner_text()
    assert copied.startswith(f"{PUBLIC}/charts/bar.png?")


def test_without_script_a_mistake_is_shown_at_its_field(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(f"{address}/charts")
        expect(page.get_by_role("button", name="Copy")).to_have_count(0)
        page.get_by_role("region", name="Bar chart").get_by_label("Numbers", exact=True).fill(
            "1,2,3,x"
        )
        page.get_by_role("region", name="Bar chart").get_by_role("button", name="Draw").click()
        numbers = page.get_by_role("form").get_by_label("Numbers", exact=True)
        expect(numbers).to_have_value("1,2,3,x")
        expect(numbers).to_have_accessible_description(re.compile("must be numbers"))
        numbers.fill("1,2,3,4")
        page.get_by_role("button", name="Draw").click()
        page.wait_for_url("**/charts/bar.png?*")
        expect(page.get_by_role("img")).to_have_js_property("naturalWidth", 800)
    finally:
        context.close()
