"""The pages in a real browser: two widths, two schemes, nothing that keeps anybody out."""

import os
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

PAGES = ["/", "/talks", "/projects", "/interviews", "/charts", "/login", "/nowhere"]
VIEWS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]
CHART = "/charts/pie.png?values=4%2C3%2C1&labels=Apples%2CPears%2CPlums&title=In+the+bowl"
Scheme = Literal["light", "dark"]
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


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_open_to_all(
    path: str,
    width: int,
    scheme: Scheme,
    visit: Callable[..., tuple[Page, list[Response]]],
    address: str,
) -> None:
    page, answers = visit(path, width, scheme)
    assert_open_to_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert all(answer.url.startswith(f"{address}/") for answer in answers)
    kinds = {"document", "stylesheet", "script", "font"}
    sent = sum(len(a.body()) for a in answers if a.request.resource_type in kinds)
    assert 1_000 < sent <= MOST
    if shots := os.environ.get("SCREENSHOTS"):
        name = path.strip("/") or "index"
        page.screenshot(path=f"{shots}/{name}-{width}-{scheme}.png", full_page=True)


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


def test_a_chart_is_drawn_on_the_page(visit: Callable[..., tuple[Page, list[Response]]]) -> None:
    page, _ = visit("/charts", 390)
    form = page.get_by_role("form", name="A pie")
    form.get_by_label("Numbers").fill("4,x,1")
    form.get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("Numbers: must be numbers")
    expect(page.get_by_role("status")).to_be_in_viewport()
    expect(form.get_by_label("Numbers")).to_have_attribute("aria-invalid", "true")
    form.get_by_label("Numbers").fill("4,3,1")
    form.get_by_role("button").click()
    picture = page.get_by_role("status").get_by_role("img")
    expect(picture).to_have_js_property("naturalWidth", 800)
    expect(picture).to_be_in_viewport()
    assert_open_to_all(page)
    link = page.get_by_role("status").get_by_role("link")
    expect(link).to_have_attribute("href", CHART)
