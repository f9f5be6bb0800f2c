"""A comparison in the terminal: figures, bars, crossing points, advice, the price-off."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from frugal.cost.compare.result import MULTIPLES, Compared
from frugal.cost.money import Range, rounded
from frugal.cost.report import comparison_view as view
from frugal.cost.report import words
from frugal.cost.report.show import indented

_FIXED, _USE = "█", "▒"
_LABEL, _VALUE = 22, 10


def show(console: Console, found: Compared) -> None:
    """Print all of it; the advice, and what is unpriced, come last."""
    console.print(Text(view.headline(found), "bold"))
    console.print(Text(f"{view.usage(found)}.", "dim"))
    console.print(_figures(found))
    if any(row.grows for row in found.rows):
        console.print(Text(f"{words.GROWS_MARK} {words.GROWS}.", "dim"))
    for line in _chart(found, max(console.width - _LABEL - _VALUE - 4, 10)):
        console.print(line)
    _section(console, view.CROSSINGS_TITLE, view.crossings(found.comparisons))
    console.print(Text(f"  {view.CROSSINGS_MEAN}", "dim"))
    _price_off(console, found)
    _section(console, "What the figures rest on", found.notes)
    console.print(Text(f"\n{words.CENTS}. {view.dates(found)}:", "dim"))
    for source in found.sources:
        console.print(Text(f"  {words.clean(source)}", "dim"))
    _section(console, "Advice", found.advice)
    for row in found.rows:
        for line in view.unpriced(row):
            console.print(Text(f"\n{line}.", "red"))


def _figures(found: Compared) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(f"{found.currency} a month\nexpected; low – high")  # noqa: RUF001 - a range
    for header in view.COLUMNS:
        table.add_column(header, justify="right", no_wrap=True)
    for row in found.rows:
        cells = [
            Text.assemble((first, "bold" if second else "red"), ("\n" + second, "dim"))
            for first, second in view.cells(row)
        ]
        table.add_row(Text(row.way.name), *cells)
    return table


def _chart(found: Compared, width: int) -> Iterator[Text]:
    """A bar for each row at each multiple; each multiple has a scale of its own."""
    yield Text(f"\nExpected: {_FIXED} fixed, {_USE} driven by use", "bold")
    for number, multiple in enumerate(MULTIPLES):
        bars = view.bars(found, number)
        top = max((amounts.expected for _name, amounts in bars), default=Decimal(0))
        yield Text(f"  at {multiple}{words.TIMES}", "bold")
        for name, amounts in bars:
            yield Text(f"  {name:<{_LABEL}}{_bar(amounts, top, width)} {rounded(amounts.expected)}")


def _bar(amounts: Range, top: Decimal, width: int) -> str:
    if not top:
        return ""
    fixed, end = (round(one / top * width) for one in (amounts.low, amounts.expected))
    return _FIXED * fixed + _USE * (end - fixed)


def _price_off(console: Console, found: Compared) -> None:
    console.print(Text(f"\n{view.PRICE_OFF_TITLE}", "bold"))
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column(f"{found.currency} a month")
    for header in view.PRICE_OFF_COLUMNS:
        table.add_column(header, justify="right", no_wrap=True)
    for item in found.price_off.items:
        label = Text.assemble(item.what, (f"\n{item.how}; {item.since}", "dim"))
        table.add_row(label, *view.price_off(item))
    console.print(table)
    for line in found.price_off.moving:
        console.print(indented(Text(line)))


def _section(console: Console, title: str, lines: Iterable[str]) -> None:
    console.print(Text(f"\n{title}", "bold"))
    for line in lines:
        console.print(indented(Text(line)))
