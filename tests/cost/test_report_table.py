"""The table as it stands in a terminal, of several widths, with colour and without."""

import io
import re

import pytest
from hypothesis import given, settings
from rich.cells import cell_len
from rich.console import Console

from frugal.cost.report.table import show
from frugal.cost.report.words import TIMES
from tests.cost import samples
from tests.cost.any_estimate import ESTIMATES

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]")


def printed(estimate, width: int = 80, *, colour: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, force_terminal=colour, color_system="standard" if colour else None
    )
    show(console, estimate)
    return file.getvalue()


def row(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.lstrip(" +-~").startswith(start))


@pytest.mark.parametrize("width", [80, 100, 120, 160])
@pytest.mark.parametrize("sample", [samples.gaps, samples.first, samples.tiered, samples.hostile])
def test_nothing_is_wider_than_the_terminal(sample, width: int) -> None:
    assert max(map(cell_len, printed(sample(), width).splitlines())) <= width


@pytest.mark.parametrize("width", [20, 80, 120])
def test_every_line_has_its_figures(width: int) -> None:
    text = printed(samples.switch(), width)

    for meter, figures in {
        "P0v3 App": ["56.58", "56.58", "56.58", "+56.58"],
        "Standard Base Fees": ["35.00", "35.00", "35.00", "+35.00"],
        "Standard Data Transfer Out": ["0.00", "0.83", "↑0.83", "+0.83"],
        "Basic Registry Unit": ["5.00", "5.00", "5.00"],
        "B1MS": ["12.41", "12.41", "12.41"],
    }.items():
        if width == 20:  # names are folded then, amounts are not
            assert all(figure in text for figure in figures)
        else:
            assert re.findall(r"\S*\d+\.\d\d(?!\d)", row(text, meter))[-len(figures) :] == figures


def test_quantity_price_and_reason_stand_under_the_meter_where_it_is_narrow() -> None:
    text = printed(samples.switch())
    assert re.search(rf"P0v3 App .*\n +730 {TIMES} 0\.0775 / hour *\n", text)
    assert re.search(r"~ +translator .*\n +↳ sku\.name B1 → P0v3 *\n", text)


def test_quantity_and_price_have_columns_where_it_is_wide() -> None:
    text = printed(samples.tiered(), 120)
    assert re.search(r"Quantity +Price of one", text)
    assert re.search(r"P0v3 App +730 +0\.0775 / hour +56\.58", text)
    assert re.search(
        r"10,000 +0\.0825 / GB .*\n +40,000 +0\.065 / GB *\n +100,000 +0\.056 / GB", text
    )


def test_a_resource_of_several_lines_has_its_sum() -> None:
    text = printed(samples.switch())
    assert row(text, "edge").split()[-4:] == ["35.00", "35.92", "↑35.92", "+35.92"]
    assert row(text, "translations").split()[-3:] == ["16.09", "16.09", "16.09"]
    assert not re.search(r"\d\.\d\d", row(text, "registry"))


def test_the_heaviest_comes_first() -> None:
    text = printed(samples.switch())
    names = ["translator", "edge", "translations", "registry", "homepage", "old", "logs"]
    places = [text.index(row(text, name)) for name in names]
    assert places == sorted(places)


def test_changes_are_marked_without_colour() -> None:
    text = printed(samples.switch())
    assert row(text, "edge").startswith(" + ")
    assert row(text, "translator").startswith(" ~ ")
    assert row(text, "old").startswith(" - ")
    assert row(text, "registry").startswith("   ")


def test_totals_are_split_and_given_for_a_year() -> None:
    text = printed(samples.switch())
    assert row(text, "Total").split() == ["Total", "112.66", "114.27", "↑281.14", "+80.05"]
    assert row(text, "Fixed (low)").split()[-4:] == ["33.50", "112.66", "+79.17", "1,351.96"]
    assert row(text, "Driven by use").split()[-4:] == ["0.72", "1.60", "+0.89", "19.22"]
    assert row(text, "Expected").split()[-4:] == ["34.22", "114.27", "+80.05", "1,371.18"]
    assert row(text, "High").split()[-4:] == ["201.09", "↑281.14", "+80.05", "3,373.68"]


def test_planned_from_nothing_has_nothing_to_compare_with() -> None:
    text = printed(samples.first())
    for word in ("Before", "Change", "↳", "+3", "~ changed"):
        assert word not in text
    assert row(text, "Expected").split() == ["Expected", "114.27", "1,371.18"]


def test_nothing_changed_is_said() -> None:
    assert "114.27 USD a month expected, as before\n" in printed(samples.unchanged())


def test_what_the_figures_rest_on_is_said() -> None:
    text = " ".join(printed(samples.switch(), 200).split())
    for told in (
        "5 figures of use are defaults, not your own homepage: active_seconds 90,000 (ten visits",
        "a group of resources is free: platform (resources:ResourceGroup), data (resources:",
        f"which are not priced frugal (3): web:ContainerApp {TIMES} 2, data:Postgres",
        "Notes Front Door is priced for visitors of zone 1",
        "List prices in USD as of 2026-10-07; a month is 730 hours, 30 days: Azure Retail Prices",
        "Budget monthly of 90.00: 3 alerts would go off, at 50 % (actual), 80 % (actual), 100 %",
        "↑ grows with use",
    ):
        assert told in text


def test_what_has_no_price_is_loud_and_last() -> None:
    text = printed(samples.gaps(), colour=True)
    end = text[text.index("2 resources are unpriced: what they cost is in no figure here.") :]

    assert "\x1b[1;31m2 resources are unpriced" in text
    assert "jobs (web:AppServicePlan): sku.name 'I1v2' has no price here" in end
    assert "cache (redis:Redis): this type has no price here" in end
    assert end.count("\n") == 3
    assert "Total of what is priced" in text
    assert "and what 2 unpriced \nresources cost" in printed(samples.gaps())


def test_an_increase_is_red_and_a_decrease_green() -> None:
    text = printed(samples.switch(), colour=True)
    assert "\x1b[31m+56.58" in text
    assert "\x1b[32m-12.41" in text


def test_text_of_the_plan_neither_steers_the_terminal_nor_is_markup() -> None:
    text = printed(samples.hostile(), 2000)
    assert not CONTROL.search(text)
    assert text.count("[red]x[/red]") == text.count("<script>") > 50


def test_nothing_to_price() -> None:
    text = printed(samples.empty())
    assert "0.00 USD a month expected\n" in text
    assert "No figure of use is a default\n" in text


@settings(max_examples=30)
@given(ESTIMATES)
def test_any_estimate_is_printed(estimate) -> None:
    text = printed(estimate)
    assert "-0.00" not in text
    assert not CONTROL.search(text)
