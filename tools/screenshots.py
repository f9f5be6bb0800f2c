"""Renew the screenshots of README.md from the sites that run on this machine.

After `make up`: `python -m tools.screenshots`. Needs Chromium or Chrome.
"""

import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, ViewportSize, sync_playwright

from frugal.local import daemon as daemons
from frugal.paths import checkout
from tests.browser.conftest import QUIET, chromium

_DOCS: Final = Path(__file__).parents[1] / "docs"
_SIZE: Final[ViewportSize] = {"width": 800, "height": 960}
_SECONDS: Final = 60


def main() -> None:
    """Write docs/homepage.png and docs/translator.png."""
    daemon = daemons.find(checkout())
    if daemon is None:
        sys.exit("Error: nothing is running. `make up` starts the sites.")
    urls = daemon.status()["urls"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        page = browser.new_page(viewport=_SIZE, color_scheme="light", reduced_motion="reduce")
        page.set_default_timeout(_SECONDS * 1000)
        page.goto(urls["homepage"])
        page.screenshot(path=_DOCS / "homepage.png")
        page.goto(urls["translator"])
        _play(page)
        page.screenshot(path=_DOCS / "translator.png")
        browser.close()


def _play(page: Page) -> None:
    """Play a short round to its end."""
    page.get_by_label("Your message").fill("The mountain is old, but it has never been late.")
    page.get_by_text("Choose the route").click()
    page.get_by_label("Seed").fill("2")
    # Their alphabets are in the fonts of most machines.
    for language in ("French", "Greek", "Ukrainian"):
        page.get_by_role("checkbox", name=language).check()
    page.get_by_role("button", name="Pass it on").click()
    page.get_by_role("heading", name="What do you think?").wait_for()


if __name__ == "__main__":
    main()
