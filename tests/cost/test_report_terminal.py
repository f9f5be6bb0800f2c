"""The report in a terminal, of several widths, with colour and without."""

import io
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from rich.cells import cell_len
from rich.console import Console

from frugal.cost.estimate import Alert
from frugal.cost.report.bill import bill_report
from frugal.cost.report.terminal import print_report
from frugal.cost.report.words import TIMES
from tests.cost import samples
from tests.cost.any_estimate import ESTIMATES

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]")
ALL = [
    samples.switch,
    samples.gaps,
    samples.first,
    samples.unchanged,
    samples.tiered,
    samples.hostile,
    samples.empty,
]


def printed(
    estimate,
    width: int = 80,
    *,
    colour: bool = False,
    details: bool = True,
    limit: Decimal | None = None,
) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, force_terminal=colour, color_system="standard" if colour else None
    )
    print_report(console, bill_report(estimate, "The bill of prod", limit), details=details)
    return file.getvalue()


def lines_of(text: str) -> str:
    """The table of all lines."""
    return text.partition("Line by line")[2].partition("What the figures rest on")[0]


def row(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.lstrip(" +-~").startswith(start))


# The answer.


def crowded():
    """As much as an answer may have to say."""
    unpriced = [
        samples.remark("azure-native:cache:Redis", f"cache-{number}", "no price is known " * 9)
        for number in range(9)
    ]
    alerts = [Alert(f"budget-{n}", Decimal(50), Decimal(90), "Actual") for n in range(9)]
    return samples.replaced(samples.tiered(), unpriced=unpriced, alerts=alerts)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("sample", [*ALL, crowded], ids=lambda sample: sample.__name__)
def test_the_answer_fits_a_screen(sample, width: int) -> None:
    # A currency of 170 characters is no column of 60, and such names take the lines they need.
    is_long = sample is samples.hostile
    lines = printed(sample(), width, details=False, limit=Decimal(60)).splitlines()
    assert max(map(cell_len, lines)) <= max(width, 80 * is_long)
    assert len(lines) <= 25 or is_long


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("sample", [samples.gaps, crowded], ids=lambda sample: sample.__name__)
def test_no_warning_is_cut(sample, width: int) -> None:
    bill = bill_report(sample(), "The bill of prod", Decimal(60))
    text = " ".join(printed(sample(), width, details=False, limit=Decimal(60)).split())
    for notice in bill.notices:
        assert notice.title in text
        assert all(item in text for item in notice.items[:1])


def test_warnings_that_need_room_get_it_from_the_table() -> None:
    wide, narrow = (printed(crowded(), width, details=False) for width in (80, 60))
    assert "  translations " in wide
    assert "and 4 more" in wide
    assert "  translations " not in narrow
    assert "and 5 more" in narrow


def test_the_answer_is_the_change_the_heaviest_and_what_must_not_be_missed() -> None:
    text = printed(samples.gaps(), details=False, limit=Decimal(100))
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == (
        "The bill of prod: 34.22 → 114.27 USD a month expected (+80.05) plus 2 unpriced"
    )
    resources = lines.index(row(text, "Resource").rstrip())
    assert [line.split()[:2] for line in lines[resources + 1 : resources + 6]] == [
        ["~", "translator"],
        ["+", "edge"],
        ["translations", "dbforpostgresql:Server"],
        ["registry", "containerregistry:Registry"],
        ["and", "3"],
    ]
    assert row(text, "translator").split()[-4:] == ["56.58", "56.58", "56.58", "+44.17"]
    assert lines[resources + 7 :] == [
        "Limit 100.00 USD (maxMonthlyCost): exceeded by 14.27; previews and updates stop",
        "Budget monthly of 90.00: 3 alerts would go off, at 50 % (actual), 80 % (actual),",
        "100 % (forecasted)",
        "2 resources without a price, in no figure here:",
        "  jobs (web:AppServicePlan): sku.name 'I1v2' has no price here",
        "  cache (redis:Redis): this type has no price here",
        "↑ grows with use. Every line, note and source: --details",
    ]


def test_what_is_cut_is_counted() -> None:
    lines = printed(crowded(), details=False).splitlines()
    counts = [line.strip() for line in lines if line.strip().startswith("and ")]
    # Of eight resources, of nine alerts, and of nine without a price.
    assert counts == ["and 4 more", "and 7 more", "and 8 more"]
    budgets = [line.split()[1] for line in lines if line.startswith("Budget")]
    assert budgets == ["budget-0", "budget-1"]
    assert "cache-0" in "".join(lines)
    assert "cache-1" not in "".join(lines)


@pytest.mark.parametrize(
    ("sample", "limit", "told"),
    [
        (samples.switch, "114.265", "Limit 114.27 USD (maxMonthlyCost): 0.00 left"),
        (samples.switch, "200", "Limit 200.00 USD (maxMonthlyCost): 85.74 left"),
        (samples.switch, "100", "exceeded by 14.27; previews and updates stop"),
        (samples.gaps, "200", "cannot be checked, a price is missing"),
        (samples.gaps, "100", "exceeded by 14.27; previews and updates stop"),
    ],
)
def test_a_limit_says_whether_it_is_kept(sample, limit: str, told: str) -> None:
    assert told in printed(sample(), limit=Decimal(limit), details=False)
    assert "Limit" not in printed(sample(), details=False)


# The details.


@pytest.mark.parametrize("width", [80, 100, 120, 160])
@pytest.mark.parametrize("sample", [samples.gaps, samples.first, samples.tiered, samples.hostile])
def test_nothing_is_wider_than_the_terminal(sample, width: int) -> None:
    assert max(map(cell_len, printed(sample(), width).splitlines())) <= width


@pytest.mark.parametrize("width", [20, 80, 120])
def test_every_line_has_its_figures(width: int) -> None:
    text = lines_of(printed(samples.switch(), width))

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


def test_quantity_and_price_stand_under_the_meter_where_it_is_narrow() -> None:
    text = lines_of(printed(samples.switch()))
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
    text = lines_of(printed(samples.switch()))
    assert row(text, "edge").split()[-4:] == ["35.00", "35.92", "↑35.92", "+35.92"]
    assert row(text, "translations").split()[-3:] == ["16.09", "16.09", "16.09"]
    assert not re.search(r"\d\.\d\d", row(text, "registry"))


def test_the_heaviest_comes_first() -> None:
    text = lines_of(printed(samples.switch()))
    names = ["translator", "edge", "translations", "registry", "homepage", "old", "logs"]
    places = [text.index(row(text, name)) for name in names]
    assert places == sorted(places)


def test_a_resource_that_goes_is_as_heavy_as_it_was() -> None:
    gone = samples.line(
        "web:AppServicePlan gone", "S1", "0 * 0.1 / 1 Hour", before=samples.same("73"),
        change="removed", reason="removed",
    )  # fmt: skip
    text = printed(samples.replaced(samples.switch(), lines=(*samples.LINES, gone)), details=False)
    assert text.index("- gone") < text.index("~ translator")
    assert row(text, "gone").split()[-1] == "-73.00"


def test_changes_are_marked_without_colour() -> None:
    for details in (True, False):
        text = printed(samples.switch(), details=details)
        assert row(text, "edge").startswith("+ ")
        assert row(text, "translator").startswith("~ ")
        assert row(text, "registry").startswith("  ")
    assert row(printed(samples.switch()), "old").startswith("- ")


def test_totals_are_split_and_given_for_a_year() -> None:
    text = printed(samples.switch())
    assert row(text, "Total").split() == ["Total", "112.66", "114.27", "↑281.14", "+80.05"]
    assert row(text, "Fixed").split()[-4:] == ["33.50", "112.66", "+79.17", "1,351.96"]
    assert row(text, "Driven by use").split()[-4:] == ["0.72", "1.60", "+0.89", "19.22"]
    assert row(text, "Expected").split()[-4:] == ["34.22", "114.27", "+80.05", "1,371.18"]
    assert row(text, "High").split()[-4:] == ["201.09", "↑281.14", "+80.05", "3,373.68"]


def test_planned_from_nothing_has_nothing_to_compare_with() -> None:
    text = printed(samples.first())
    for word in ("Before", "Change", "↳", "+3", "~ changed", "→"):
        assert word not in text
    assert row(text, "Expected    ").split() == ["Expected", "114.27", "1,371.18"]


def test_nothing_changed_is_said() -> None:
    assert "114.27 USD a month expected, as before\n" in printed(samples.unchanged())


def test_what_the_figures_rest_on_is_said() -> None:
    text = " ".join(printed(samples.switch(), 200).split())
    for told in (
        "5 figures of use by default, not your own homepage: active_seconds 90,000 (ten visits",
        "a group of resources is free: platform (resources:ResourceGroup), data (resources:",
        f"which are not priced frugal (3): web:ContainerApp {TIMES} 2, data:Postgres {TIMES} 1",
        "Front Door is priced for visitors of zone 1",
        "List prices in USD as of 2026-10-07; a month is 730 hours, 30 days.",
        "Sources of the prices Azure Retail Prices, eastus",
        "Budget monthly of 90.00: 3 alerts would go off, at 50 % (actual), 80 % (actual), 100 %",
        "↑ grows with use",
    ):
        assert told in text


def test_what_has_no_price_is_loud() -> None:
    text = printed(samples.gaps(), colour=True)
    assert "\x1b[1;31m2 resources without a price, in no figure here:" in text
    assert "jobs (web:AppServicePlan): sku.name 'I1v2' has no price here" in text
    assert "cache (redis:Redis): this type has no price here" in text
    assert "Total of the priced resources" in text


def test_an_increase_is_red_and_a_decrease_green() -> None:
    text = printed(samples.switch(), colour=True)
    assert "\x1b[31m+56.58" in text
    assert "\x1b[32m-12.41" in text


@pytest.mark.parametrize("details", [True, False])
def test_text_of_the_plan_neither_steers_the_terminal_nor_is_markup(details: bool) -> None:
    text = printed(samples.hostile(), 2000, details=details)
    assert not CONTROL.search(text)
    assert text.count("[red]x[/red]") == text.count("<script>") > (50 if details else 5)


def test_nothing_to_price() -> None:
    text = printed(samples.empty())
    assert "0.00 USD a month expected\n" in text
    assert "No figure of use is a default." in " ".join(text.split())


@settings(max_examples=30)
@given(ESTIMATES)
def test_any_estimate_is_printed(estimate) -> None:
    for details in (True, False):
        text = printed(estimate, details=details)
        assert "-0.00" not in text
        assert not CONTROL.search(text)
