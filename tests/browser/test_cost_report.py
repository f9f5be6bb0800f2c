"""The page of `frugal cost` as people see it: phone and desk, light and dark, and on paper."""

from collections.abc import Callable
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

VIEWS = [(width, scheme) for width in (390, 1280) for scheme in ("light", "dark")]
each_view = pytest.mark.parametrize(("width", "scheme"), VIEWS)

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
    ("sample", "width", "scheme"),
    [
        *((samples.gaps, *view) for view in VIEWS),
        *(
            (sample, *view)
            for sample in (samples.first, samples.tiered, samples.hostile)
            for view in VIEWS[::3]
        ),
    ],
)
def test_axe_finds_nothing_and_nothing_is_too_wide(look: Look, sample, width, scheme) -> None:
    page, record = look(sample(), width=width, scheme=scheme)

    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()
    record.assert_fits()


@each_view
def test_the_scheme_is_the_readers(look: Look, width, scheme) -> None:
    page, _ = look(samples.switch(), width=width, scheme=scheme)
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == {"light": "rgb(251, 250, 246)", "dark": "rgb(20, 25, 26)"}[scheme]


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
