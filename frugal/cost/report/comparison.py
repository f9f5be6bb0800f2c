"""The report of a comparison of hosts, and the comparison as data."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from frugal.cost.compare.break_even import FURTHEST, PRECISION, Comparison
from frugal.cost.compare.case_study_2023 import CaseStudy
from frugal.cost.compare.case_study_2023 import Item as PaidItem
from frugal.cost.compare.result import MULTIPLES, HostingComparison, Row
from frugal.cost.estimate import Remark
from frugal.cost.money import plain, rounded
from frugal.cost.report import parts, words

_COLUMNS = [f"{multiple}{words.TIMES}" for multiple in MULTIPLES]


def comparison_report(comparison: HostingComparison) -> parts.Report:
    """Build the report of a comparison."""
    reasons = [item for row in comparison.rows for item in _unpriced(row)]
    return parts.Report(
        title=f"Where to host {comparison.site}",
        intro=[
            parts.Paragraph(
                f"The whole bill of {comparison.environment} ({comparison.region}) with "
                f"{comparison.site} on each host, {comparison.currency} a month, at its usage and "
                f"at 10 and 100 times that. {_usage(comparison)}."
            ),
            parts.Listing(comparison.advice),
        ],
        notices=[parts.Notice("missing", "Unpriced", reasons)] if reasons else [],
        answer=[
            parts.Section("What each option costs", [_figures(comparison)]),
            parts.Section("Expected", list(_charts(comparison)), name="options"),
        ],
        details=list(_details(comparison)),
    )


def _usage(comparison: HostingComparison) -> str:
    """The visits of a month, and which figures are the owner's."""
    visits = comparison.visits
    figures = (
        ("requests", visits.requests, "requests"),
        ("egress_gb", visits.egress_gb, "GB to visitors"),
        ("active_seconds", visits.active_seconds, "active replica-seconds"),
    )
    texts = [
        f"{words.quantity(value)} {what}{'' if key in visits.given else ' (a small site)'}"
        for key, value, what in figures
    ]
    return f"Its usage: {', '.join(texts)} a month"


def _unpriced(row: Row) -> Iterator[str]:
    """The reasons for a row without a figure, or without one from some multiple on."""
    where = "" if row.unpriced_from in (None, 1) else f" at {row.unpriced_from:,} times and more"
    for one in row.unpriced:
        yield f"{row.option.name} is unpriced{where}: {one.name}: {one.reason}"


def _figures(comparison: HostingComparison) -> parts.Table:
    grows = any(row.grows for row in comparison.rows)
    return parts.Table(
        name="plain",
        columns=["Option", *_COLUMNS],
        rows=[parts.Row(label=row.option.name, cells=list(_cells(row))) for row in comparison.rows],
        caption=f"{comparison.currency} a month, expected; below it low to high",
        legend=[f"{words.GROWS}."] if grows else [],
    )


def _cells(row: Row) -> Iterator[parts.Cell]:
    """Expected, and low to high, at each multiple."""
    for bill in row.bills:
        if bill is None:
            yield parts.Cell("unpriced" if row.unpriced else "not offered", "missing")
        else:
            below = [words.span(bill, grows=row.grows)]
            yield parts.Cell(rounded(bill.expected), "strong", below)


def _charts(comparison: HostingComparison) -> Iterator[parts.Chart]:
    """A chart for each multiple, on a scale of its own."""
    for number, title in enumerate(_COLUMNS):
        bars = [
            parts.Bar(row.option.name, bill, rounded(bill.expected))
            for row in comparison.rows
            if (bill := row.bills[number]) is not None
        ]
        yield parts.Chart(title, f"{comparison.currency} a month", bars)


def _details(comparison: HostingComparison) -> Iterator[parts.Block]:
    precision = words.price(PRECISION)
    about = f"Multiples of its usage from 0.1 to {FURTHEST:,}, rounded up to {precision}."
    points = parts.Listing(list(_break_even(comparison.comparisons)))
    yield parts.Section("Where two cost the same", [parts.Paragraph(about), points])
    paid = parts.Table(
        name="plain",
        columns=["Part", "List price", "Bill", "Unexplained", "Today"],
        rows=[_paid(item) for item in comparison.case_study.items],
        caption=f"{comparison.currency} a month",
    )
    moving = parts.Listing(comparison.case_study.moving)
    yield parts.Section("January 2023, as the sites' first owner published it", [paid, moving])
    dates = parts.Paragraph(
        words.dates(comparison.currency, comparison.prices_as_of, comparison.month)
    )
    notes = parts.Listing(comparison.notes)
    sources = parts.Listing(comparison.sources)
    blocks = [dates, notes, parts.Section("Sources of the prices", [sources], "page")]
    yield parts.Section("What the figures rest on", blocks)


def _break_even(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Multiples at which two rows cost the same; the pairs without one at the end."""
    points = sorted(
        ((point.at, one, point) for one in comparisons for point in one.break_even_points),
        key=lambda entry: entry[0],
    )
    for at, one, point in points:
        dearer, cheaper = (one.first, one.second)[:: 1 if point.first_is_dearer else -1]
        yield f"{words.quantity(at)} times: from there on {dearer} costs more than {cheaper}"
    never: dict[str, list[str]] = {}
    for one in comparisons:
        if not one.break_even_points:
            never.setdefault(words.quantity(one.furthest), []).append(
                f"{one.first} and {one.second}"
            )
    for furthest, pairs in never.items():
        yield f"None up to {furthest} times: {'; '.join(pairs)}"


def _paid(item: PaidItem) -> parts.Row:
    """List price, bill, the unexplained rest, today."""
    rest = "unknown" if item.unexplained is None else rounded(item.unexplained, sign=True)
    texts = (
        "unknown" if item.list_price is None else rounded(item.list_price),
        rounded(item.bill),
        rest,
        "–" if item.today is None else rounded(item.today),  # noqa: RUF001
    )
    return parts.Row(
        label=item.what,
        below=["; ".join(filter(None, (item.how, item.since)))],
        cells=[parts.Cell(text) for text in texts],
    )


def comparison_data(comparison: HostingComparison) -> Mapping[str, Any]:
    """All of a comparison, for programs; amounts are exact decimal strings."""
    return {
        **TypeAdapter(HostingComparison).dump_python(
            comparison, mode="json", by_alias=True, exclude={"rows", "comparisons", "case_study"}
        ),
        "rows": [_row(row) for row in comparison.rows],
        "crossings": {
            "up_to": str(FURTHEST),
            "precision": plain(PRECISION),
            "pairs": [_pair(one) for one in comparison.comparisons],
        },
        "price_off": {
            "month": "2023-01",
            **TypeAdapter(CaseStudy).dump_python(comparison.case_study, mode="json"),
        },
    }


def _row(row: Row) -> dict[str, object]:
    monthly = [
        {"multiple": str(multiple), **{key: plain(value) for key, value in bill._asdict().items()}}
        for multiple, bill in zip(MULTIPLES, row.bills, strict=True)
        if bill is not None
    ]
    return {
        "name": row.option.name,
        "host": row.option.host,
        "edge": "none" if row.option.edge == "none" else "frontDoor",
        "monthly": monthly,
        "grows": row.grows,
        "up_to": plain(row.furthest),
        "unpriced_from": None if row.unpriced_from is None else str(row.unpriced_from),
        "unpriced": TypeAdapter(list[Remark]).dump_python(list(row.unpriced)),
    }


def _pair(one: Comparison) -> dict[str, object]:
    return {
        "first": one.first,
        "second": one.second,
        "difference": plain(one.difference),
        "up_to": plain(one.furthest),
        "at": [
            {
                "multiple": plain(point.at),
                "dearer": one.first if point.first_is_dearer else one.second,
            }
            for point in one.break_even_points
        ],
    }
