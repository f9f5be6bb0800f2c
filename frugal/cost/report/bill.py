"""The report of an estimate."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from frugal.cost.estimate import Estimate, Line, Remark
from frugal.cost.money import EXACT, NOTHING, difference, plain, rounded, total
from frugal.cost.report import parts, words


def bill_report(bill: Estimate, title: str, limit: Decimal | None = None) -> parts.Report:
    """Build the report of an estimate.

    `title` names what is priced, such as the environment; `limit`: the environment's own, in the
    bill's currency a month.
    """
    return _Builder(bill).report(title, limit)


class _Builder:
    """Builder of the parts of a report. `compared`: the plan has a bill before."""

    def __init__(self, bill: Estimate) -> None:
        self.bill = bill
        self.unit = f"{bill.currency} a month"
        self.compared = bill.before != NOTHING
        self.grows = any(line.grows for line in bill.lines)
        signs = {f"{words.GROWS}.": self.grows, f"{words.CHANGES}.": self.compared}
        self.legend = [text for text, used in signs.items() if used]
        self.columns = ["Low", "Expected", "High", *(["Change"] if self.compared else [])]

    def report(self, title: str, limit: Decimal | None) -> parts.Report:
        lines: dict[str, list[Line]] = {}
        for line in self.bill.lines:
            shown = line if self.compared else replace(line, change="same", reason="")
            lines.setdefault(line.resource, []).append(shown)
        heaviest = sorted(lines.values(), key=lambda own: (-_weight(own), own[0].name))
        answer: list[parts.Block] = []
        details: list[parts.Block] = []
        if lines:
            answer.append(self._overview(heaviest))
            details.append(parts.Section("Line by line", [self._lines(heaviest)], "comment"))
        details.append(parts.Section("What the figures rest on", list(self._basis())))
        return parts.Report(
            title=title,
            headline=list(self._headline()),
            notices=list(self._notices(limit)),
            answer=answer,
            details=details,
            more=f"{'↑ grows with use. ' * self.grows}Every line, note and source: --details",
        )

    def _headline(self) -> Iterator[parts.Cell]:
        """Before, after and change of the expected bill, and a note if the bill is incomplete."""
        bill = self.bill
        before, after, delta = (one.expected for one in (bill.before, bill.monthly, bill.delta))
        changed = self.compared and bool(delta)
        if changed:
            yield parts.Cell(f"{rounded(before)} →", "soft")
        yield parts.Cell(rounded(after), "strong")
        as_before = ", as before" if self.compared and not changed else ""
        yield parts.Cell(f"{self.unit} expected{as_before}")
        if changed:
            yield parts.Cell(f"({rounded(delta, sign=True)})", words.change_cell(delta).tone)
        if bill.unpriced:
            yield parts.Cell(f"plus {len(bill.unpriced)} unpriced")

    def _notices(self, limit: Decimal | None) -> Iterator[parts.Notice]:
        """The environment's limit, the budget alerts, the resources that are in no figure."""
        bill, expected = self.bill, self.bill.monthly.expected
        if limit is not None:
            text = f"Limit {rounded(limit)} {bill.currency} (maxMonthlyCost): "
            left = EXACT.subtract(limit, expected)
            if left < 0:
                text += f"exceeded by {rounded(-left)}; previews and updates stop"
            elif bill.unpriced:
                text += "cannot be checked, a price is missing"
            else:
                text += f"{rounded(left)} left"
            yield parts.Notice("missing" if left < 0 or bill.unpriced else "soft", text)
        budgets: dict[str, list[str]] = {}
        for one in bill.alerts:
            budget = f"Budget {one.budget} of {rounded(one.amount)}"
            budgets.setdefault(budget, []).append(f"{plain(one.percent)} % ({one.kind.lower()})")
        items = [
            f"{budget}: {words.count(points, 'alert')} would go off, at {', '.join(points)}"
            for budget, points in budgets.items()
        ]
        if items:
            yield parts.Notice("warning", items=items)
        if bill.unpriced:
            title = f"{words.count(bill.unpriced, 'resource')} without a price, in no figure here:"
            items = [f"{words.label(one)}: {one.reason}" for one in bill.unpriced]
            yield parts.Notice("missing", title, items)

    def _overview(self, heaviest: Sequence[Sequence[Line]]) -> parts.Section:
        sides = {"A month": self.bill.monthly}
        if self.compared:
            sides = {"Before": self.bill.before, "After": self.bill.monthly}
        bars = [parts.Bar(name, side, rounded(side.expected)) for name, side in sides.items()]
        title = "Before and after" if self.compared else "Expected"
        resources = parts.Table(
            name="resources",
            columns=["Resource", *self.columns],
            rows=[*map(self._resource, heaviest), self._total()],
            legend=self.legend,
            chart=self._ranges(heaviest),
        )
        return parts.Section(
            "", [parts.Chart(title, self.unit, bars), self._figures(), resources], name="overview"
        )

    def _ranges(self, heaviest: Sequence[Sequence[Line]]) -> parts.Chart:
        bars: list[parts.Bar] = []
        for lines in heaviest:
            amounts = total(line.monthly for line in lines)
            grows = any(line.grows for line in lines)
            one = len(set(amounts)) == 1
            value = (
                words.high(amounts.high, grows=grows) if one else words.span(amounts, grows=grows)
            )
            if any(amounts):
                bars.append(parts.Bar(lines[0].name, amounts, value))
        legend = ["From low to high; the dot is the expected amount.", *self.legend[: self.grows]]
        return parts.Chart("Each resource", self.unit, bars, "ranges", " ".join(legend))

    def _figures(self) -> parts.Table:
        """Fixed and use-driven parts of the expected bill, and the bill at the declared limits."""
        before, after = self.bill.before, self.bill.monthly
        rows = [
            self._figure("Fixed", "low: nobody visits", before.low, after.low),
            self._figure(
                "Driven by use",
                "beyond the fixed",
                *(EXACT.subtract(side.expected, side.low) for side in (before, after)),
            ),
            self._figure("Expected", "", before.expected, after.expected),
            self._figure("High", "at the declared limits", before.high, after.high),
        ]
        columns = ["Before", "After", "Change"] if self.compared else ["A month"]
        return parts.Table(
            name="figures",
            columns=[self.unit, *columns, "A year"],
            rows=rows,
            caption="Fixed and driven by use add up to what is expected",
        )

    def _figure(self, label: str, about: str, before: Decimal, after: Decimal) -> parts.Row:
        cells = [
            parts.Cell(words.high(after, grows=self.grows and label == "High")),
            parts.Cell(rounded(EXACT.multiply(after, Decimal(12)))),
        ]
        if self.compared:
            delta = words.change_cell(EXACT.subtract(after, before))
            cells = [parts.Cell(rounded(before)), cells[0], delta, cells[1]]
        kind = "total" if label == "Expected" else "row"
        return parts.Row(label=label, about=about, cells=cells, kind=kind)

    def _lines(self, heaviest: Iterable[Sequence[Line]]) -> parts.Table:
        """Rows of the resources: meters with quantities, and a sum if there are several."""
        rows: list[parts.Row] = []
        for lines in [*heaviest, ()]:
            row = self._resource(lines) if lines else self._total()
            cells = () if len(lines) == 1 else (parts.Cell(), parts.Cell(), *row.cells)
            kind = "resource" if lines else "total"
            rows += [replace(row, cells=cells, kind=kind), *map(self._meter, lines)]
        return parts.Table(
            name="lines",
            columns=["Resource and meter", "Quantity", "Price of one", *self.columns],
            rows=rows,
            caption=f"{self.unit}, the heaviest first",
            asides=2,
            legend=self.legend,
        )

    def _resource(self, lines: Sequence[Line]) -> parts.Row:
        change = lines[0].change
        if any(line.change != change for line in lines):
            change = "changed"
        reasons = dict.fromkeys(
            one.reason for one in lines if one.reason not in {"new", one.change}
        )
        return parts.Row(
            label=lines[0].name,
            about=words.short_type(lines[0].type),
            below=[f"↳ {reason}" for reason in reasons if reason],
            cells=self._sums(lines),
            change=change,
        )

    def _meter(self, line: Line) -> parts.Row:
        return parts.Row(
            label=line.meter,
            cells=[*words.factors(line), *self._sums([line])],
            kind="meter",
            change=line.change,
        )

    def _total(self) -> parts.Row:
        label = "Total of the priced resources" if self.bill.unpriced else "Total"
        return parts.Row(label=label, cells=self._sums(self.bill.lines), kind="total")

    def _sums(self, lines: Sequence[Line]) -> Sequence[parts.Cell]:
        """Low, expected, high and, if compared, the change."""
        sums = total(line.monthly for line in lines)
        cells = words.range_cells(sums, grows=any(line.grows for line in lines))
        if self.compared:
            change = difference(sums, total(line.before for line in lines)).expected
            cells.append(words.change_cell(change))
        return cells

    def _basis(self) -> Iterator[parts.Block]:
        bill = self.bill
        dates = words.dates(bill.currency, bill.prices_as_of, bill.month)
        own = "" if bill.assumptions else " No figure of use is a default."
        yield parts.Paragraph(f"{dates}{own}")
        yield parts.Listing(bill.notes)
        folds = {
            f"{words.count(bill.assumptions, 'figure')} of use by default, not your own": [
                f"{one.name}: {one.key} {words.quantity(one.value)} ({one.why})"
                for one in bill.assumptions
            ],
            f"{words.count(bill.free, 'resource')} free": _by_reason(bill.free),
            f"{words.count(bill.other, 'resource')} of other providers, which are not priced": (
                _by_provider(bill.other)
            ),
            "Sources of the prices": words.sources(bill.lines),
        }
        yield from (
            parts.Section(title, [parts.Listing(items)], "page")
            for title, items in folds.items()
            if items
        )


def _weight(lines: Sequence[Line]) -> Decimal:
    """The expected cost of a resource, before or after, whichever is larger."""
    return max(total(one.monthly for one in lines)[1], total(one.before for one in lines)[1])


def _by_reason(remarks: Iterable[Remark]) -> Sequence[str]:
    """Resources by reason."""
    names: dict[str, list[str]] = {}
    for one in remarks:
        names.setdefault(one.reason, []).append(words.label(one))
    return [f"{reason}: {', '.join(members)}" for reason, members in names.items()]


def _by_provider(remarks: Iterable[Remark]) -> Sequence[str]:
    """Provider and types with their counts, the most frequent first."""
    types: dict[str, Counter[str]] = {}
    for one in remarks:
        provider, _, rest = one.type.partition(":")
        types.setdefault(provider, Counter())[rest or provider] += 1
    most_first = sorted(types.items(), key=lambda one: (-one[1].total(), one[0]))
    return [
        f"{provider} ({kinds.total()}): "
        + ", ".join(f"{kind} {words.TIMES} {number}" for kind, number in kinds.most_common())
        for provider, kinds in most_first
    ]
