"""The page of `frugal cost` as people see it: phone and desk, light and dark, and on paper."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from frugal.cost.report.bill import bill_report
from frugal.cost.report.html import page as rendered
from tests.browser.conftest import Visit, chromium
from tests.browser.record import Record
from tests.cost import samples

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="there is no browser: install Chromium (`apt install chromium`) or Chrome",
)

Look = Callable[..., tuple[Page, Record]]


@pytest.fixture
def look(visit: Visit, tmp_path: Path) -> Look:
    """Open the page of an estimate, with all that is folded in it unfolded."""

    def open_page(estimate, **view):
        file = tmp_path / "report.html"
        file.write_text(rendered(bill_report(estimate, "The bill of a month")), encoding="utf-8")
        page, record = visit(file.as_uri(), **view)
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        return page, record

    return open_page


# The first in every view; the others where they show each width and each scheme.
@pytest.mark.parametrize(
    ("sample", "step"),
    [(samples.gaps, 1), (samples.first, 3), (samples.tiered, 3), (samples.hostile, 3)],
)
def test_axe_finds_nothing_and_nothing_is_too_wide(look: Look, sample, step) -> None:
    page, record = look(sample())

    for view in islice(record.views(), None, None, step):
        found = Axe().run(page)
        assert found.violations_count == 0, (view, found.generate_report())
    record.assert_fits()


def test_the_scheme_is_the_readers(look: Look) -> None:
    page, record = look(samples.switch())
    papers = {"light": "rgb(251, 250, 246)", "dark": "rgb(20, 25, 26)"}
    for _, scheme in record.views():
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == papers[scheme]


def test_it_asks_nobody_and_runs_nothing(look: Look) -> None:
    page, record = look(samples.hostile())
    page.wait_for_load_state("networkidle")

    assert record.origins == {"file://"}
    assert [response.url for response in record.responses] == [page.url]
    assert record.complaints == []
    assert page.evaluate("document.scripts.length + document.images.length") == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_a_table_is_one_for_a_screen_reader_too(look: Look, width: int) -> None:
    page, _ = look(samples.switch(), width=width)
    table = page.get_by_role("table").last

    row = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="P0v3 App"))
    expect(row.get_by_role("cell")).to_have_text(
        ["730", "0.0775 / hour", "56.58", "56.58", "56.58", "+56.58"]
    )
    columns = table.get_by_role("columnheader")
    expect(columns).to_have_text(
        ["Resource and meter", "Quantity", "Price of one", "Low", "Expected", "High", "Change"]
    )


def test_an_amount_is_never_broken_on_a_phone(look: Look) -> None:
    page, _ = look(samples.tiered(), width=390)
    cell = page.get_by_role("cell", name="+9,025.00").first
    beside = page.get_by_role("cell", name="+44.17").first
    assert cell.bounding_box()["height"] == beside.bounding_box()["height"]


def test_bars_lie_within_their_chart_and_show_the_proportion(look: Look) -> None:
    page, _ = look(samples.switch(), width=390)
    bars = (page.get_by_role("img", name=name).locator("rect") for name in ("Before", "After"))
    before, after = (sum(one.bounding_box()["width"] for one in bar.all()) for bar in bars)
    chart = page.get_by_role("img", name="After").bounding_box()["width"]
    assert after == pytest.approx(chart, abs=1)
    assert before / after == pytest.approx(34.215 / 114.265, abs=0.01)


def test_on_paper_nothing_is_folded_or_dark(look: Look) -> None:
    page, _ = look(samples.switch(), scheme="dark")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = false))")
    hidden = page.get_by_text("a group of resources is free")
    expect(hidden).not_to_be_visible()

    page.emulate_media(media="print")

    expect(hidden).to_be_visible()
    colours = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert colours == ["rgb(29, 37, 36)", "rgb(255, 255, 255)"]
