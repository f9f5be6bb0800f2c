"""An estimate in the terminal: readable at 80 columns, more at once at 110 and beyond."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from frugal.cost.estimate import Estimate, Line
from frugal.cost.money import Range, rounded
from frugal.cost.report import view, words
from frugal.cost.report.show import indented, print_whole
from frugal.cost.report.view import Resource

_WIDE = 110


def show(console: Console, estimate: Estimate) -> None:
    """Print all of it; what must not be missed, the totals and what is unpriced, comes last."""
    if estimate.lines:
        print_whole(console, _lines(estimate, wide=console.width >= _WIDE))
    for part in (*_details(estimate), *_legends(estimate)):
        console.print(part)
    console.print()
    print_whole(console, _figures(estimate))
    console.print(Text(view.headline(estimate), "bold"))
    for alert in view.alerts(estimate):
        console.print(Text(f"! {alert}.", "yellow"))
    for part in _unpriced(estimate):
        console.print(part)


def _lines(estimate: Estimate, *, wide: bool) -> Table:
    """A resource, its meters, what each is made of and why it changed; sums where there are two."""
    compared = not view.from_nothing(estimate)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_footer=True)
    table.add_column("", width=1, no_wrap=True)
    total = view.total_title(estimate)
    table.add_column("Resource and meter", Text(total, "bold"), overflow="fold", min_width=16)
    if wide:
        table.add_column("Quantity", justify="right", overflow="fold", min_width=8)
        table.add_column("Price of one", overflow="fold", min_width=8, max_width=26)
    totals = _amounts(estimate.monthly, grows=view.grows(estimate), style="bold")
    for header, amount in zip(("Low", "Expected", "High"), totals, strict=True):
        table.add_column(header, amount, justify="right", no_wrap=True)
    if compared:
        footer = _change(estimate.delta.expected, "bold ")
        table.add_column("Change", footer, justify="right", no_wrap=True)
    for resource in view.resources(estimate):
        for row in _rows(resource, compared=compared, wide=wide):
            table.add_row(*row)
        table.add_section()
    return table


def _rows(resource: Resource, *, compared: bool, wide: bool) -> Iterator[Sequence[RenderableType]]:
    title = Text.assemble((resource.name, "bold"), (f"  {resource.type}", "dim"))
    mark = Text(words.MARKS[resource.change] if compared else "", "bold")
    between: list[RenderableType] = ["", ""] if wide else []
    several = len(resource.lines) > 1
    if several:
        if compared and resource.reason:
            title.append(f"\n↳ {resource.reason}", "italic")
        amounts = _amounts(resource.monthly, grows=resource.grows, style="bold")
        change = [_change(resource.delta, "bold ")] if compared else []
        yield [mark, title, *between, *amounts, *change]
    else:
        yield [mark, title]
    for line in resource.lines:
        told = compared and not (several and resource.reason)
        marked = Text(words.MARKS[line.change] if compared else "")
        amounts = _amounts(line.monthly, grows=line.grows)
        change = [_change(view.change_of(line))] if compared else []
        made = words.amounts(line)
        if wide:
            between = [Text("\n".join(one)) for one in zip(*made, strict=True)]
        yield [marked, _meter(line, [] if wide else made, told=told), *between, *amounts, *change]


def _meter(line: Line, made: Iterable[tuple[str, str]], *, told: bool) -> Padding:
    text = Text(words.clean(line.meter))
    for quantity, price in made:
        text.append(f"\n{quantity} {words.TIMES} {price}", "dim")
    if told and (reason := view.reason(line)):
        text.append(f"\n↳ {reason}", "italic")
    return indented(text)


def _amounts(monthly: Range, *, grows: bool, style: str = "") -> list[Text]:
    low, expected, high = monthly
    texts = (rounded(low), rounded(expected), words.high(high, grows=grows))
    return [Text(text, style) for text in texts]


def _change(amount: Decimal, style: str = "") -> Text:
    """More is red, less is green, and the sign says it without colour; no change is no text."""
    if not amount:
        return Text("")
    return Text(rounded(amount, sign=True), style + ("red" if amount > 0 else "green"))


def _figures(estimate: Estimate) -> Table:
    """Fixed, by use, expected, high: before → after → change, and for a year."""
    compared = not view.from_nothing(estimate)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(Text(f"{words.clean(estimate.currency)} a month"))
    headers = view.headers(estimate)
    for header in headers:
        table.add_column(header, justify="right", no_wrap=True)
    for one in view.figures(estimate):
        style = "bold" if one.label == "Expected" else ""
        label = Text.assemble((one.label, style), (f"  {one.means}" if one.means else "", "dim"))
        after, year = (
            Text(words.high(one.after, grows=one.grows), style),
            Text(rounded(one.year), style),
        )
        if compared:
            before = Text(rounded(one.before), style)
            table.add_row(label, before, after, _change(one.change, f"{style} "), year)
        else:
            table.add_row(label, after, year)
    return table


def _legends(estimate: Estimate) -> Iterator[RenderableType]:
    yield Text("")
    if view.grows(estimate):
        yield Text(f"{words.GROWS_MARK} {words.GROWS}.", "dim")
    if not view.from_nothing(estimate):
        yield Text("+ added, - removed, ~ changed; all else is as before.", "dim")
    yield Text(f"{words.CENTS}.", "dim")
    yield Text(f"{view.date_of_prices(estimate)}:", "dim")
    for source in view.sources(estimate):
        yield indented(Text(source, "dim"))


def _details(estimate: Estimate) -> Iterator[RenderableType]:
    """What the figures rest on: defaults, what is free, what is not priced here, notes."""
    yield from _section(view.defaults(estimate), _defaults(estimate))
    if estimate.free:
        yield from _section(view.free(estimate), _listed(view.by_reason(estimate.free)))
    if estimate.other:
        yield from _section(view.others(estimate), _listed(view.by_provider(estimate.other)))
    if estimate.notes:
        yield from _section("Notes", (words.clean(note) for note in estimate.notes))


def _section(title: str, items: Iterable[str]) -> Iterator[RenderableType]:
    yield Text(f"\n{title}", "bold")
    for item in items:
        yield indented(Text(item))


def _listed(groups: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for title, members in groups.items():
        yield f"{title}: {', '.join(members)}"


def _defaults(estimate: Estimate) -> Iterator[str]:
    for name, figures in view.by_name(estimate.assumptions).items():
        for one in figures:
            key, why = words.clean(one.key), words.clean(one.why)
            yield f"{name}: {key} {words.quantity(one.value)} ({why})"


def _unpriced(estimate: Estimate) -> Iterator[RenderableType]:
    """The last thing that is read."""
    if estimate.unpriced:
        yield Text(f"\n{view.unpriced(estimate)}.", "bold red")
        for reason, names in view.by_reason(estimate.unpriced).items():
            yield indented(Text(f"{', '.join(names)}: {reason}", "red"))
