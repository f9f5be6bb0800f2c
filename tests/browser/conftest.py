"""A Chromium of this machine, and the addresses of the running sites."""

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.record import Record
from tests.environment import Environment


@functools.cache
def chromium() -> str | None:
    """Debian's Chromium or Chrome, None where there is neither."""
    for name in ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser"):
        if path := shutil.which(name):
            return path
    macos = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    return str(macos) if macos.exists() else None


# Nothing is asked of the network but the pages.
QUIET = ["--disable-quic", "--disable-gpu", "--disable-sync"]

Visit = Callable[..., tuple[Page, Record]]


# For a module, not the session: while Playwright is at work, its thread can run no asynchronous
# test.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def urls(environment: Environment) -> dict[str, str]:
    return environment.status()["urls"]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Open an address as a visitor who has never been there; gives the page and its record."""
    contexts = []

    def open_page(url: str, *, width: int = 390, scheme: str = "light", script: bool = True):
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            java_script_enabled=script,
        )
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        record = Record(page)
        page.goto(url)
        return page, record

    yield open_page
    for context in contexts:
        context.close()
