"""The page of `frugal compare` as people see it: phone and desk, light and dark."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from frugal.cost.report.comparison import comparison_report
from frugal.cost.report.html import page as rendered
from tests.browser.conftest import Visit, chromium
from tests.cost.test_compare import compare, without_egress

pytestmark = pytest.mark.skipif(
    chromium() is None,
    reason="there is no browser: install Chromium (`apt install chromium`) or Chrome",
)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One that is whole, and one with rows that have no price."""
    gaps = compare("used_elsewhere: {egress_gb: 100}", prices=without_egress())
    folder = tmp_path_factory.mktemp("pages")
    files = [folder / "whole.html", folder / "gaps.html"]
    for file, found in zip(files, (compare(), gaps), strict=True):
        file.write_text(rendered(comparison_report(found)), encoding="utf-8")
    return files


def test_axe_finds_nothing_and_nothing_is_too_wide(visit: Visit, pages: list[Path]) -> None:
    for file in pages:
        page, record = visit(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        for view in record.views():
            found = Axe().run(page)
            assert found.violations_count == 0, (view, found.generate_report())
        record.assert_fits()
        assert record.origins == {"file://"}
        assert record.complaints == []


@pytest.mark.parametrize("width", [390, 1280])
def test_a_figure_is_read_with_its_row_and_its_multiple(
    visit: Visit, pages: list[Path], width: int
) -> None:
    page, _ = visit(pages[0].as_uri(), width=width)
    table = page.get_by_role("table").first
    heads = table.get_by_role("columnheader")
    assert [text.strip() for text in heads.all_inner_texts()] == ["Option", "1×", "10×", "100×"]  # noqa: RUF001
    row = table.get_by_role("row").filter(
        has=page.get_by_role("rowheader", name="App Service", exact=True)
    )
    cells = row.get_by_role("cell").all_inner_texts()
    assert [text.split()[0] for text in cells] == ["17.41"] * 3
    bar = page.get_by_role("img", name="Container Apps + edge low 40.00, expected 105.14")
    assert bar.count() == 1
