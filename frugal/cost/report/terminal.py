"""A report in the terminal: the summary on one screen of 80 columns, details on demand."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from frugal.cost.report import parts
from frugal.cost.report.words import MARKS, TIMES, clean
from frugal.terminal import print_whole

_T = TypeVar("_T")
_WIDE = 110
"""Minimum width for showing the asides of a table in columns of their own."""
_ROWS, _ITEMS = 5, 3
"""Lines of a table and of a list in the summary."""
_LABEL, _VALUE = 24, 10
"""Columns of a bar's label and of its text."""
_LEAST = 16
"""Minimum columns of a row's header."""
_FIXED, _USE = "█", "▒"
_STYLES = {
    "strong": "bold",
    "total": "bold",
    "resource": "bold",
    "soft": "dim",
    "more": "red",
    "less": "green",
    "missing": "bold red",
    "warning": "yellow",
}


def print_report(console: Console, report: parts.Report, *, details: bool) -> None:
    """Print the summary and, with `details`, the rest of the report.

    Without details long parts are cut: at most 25 lines at 80 columns.
    """
    title = f"{report.title}:" if report.headline else report.title
    console.print(Text(" ").join(map(_cell, (parts.Cell(title, "strong"), *report.headline))))
    _print(console, [*report.intro, *report.answer], details=details)
    console.print()
    for notice in report.notices:
        _notice(console, notice, details=details)
    if details:
        _print(console, report.details, details=True)
    else:
        console.print(Text(clean(report.more), "dim"))


def _print(console: Console, blocks: Sequence[parts.Block], *, details: bool) -> None:
    for block in blocks:
        for part in _rendered(block, console.width, details=details):
            if isinstance(part, Grid):
                print_whole(console, part)
            else:
                console.print(part)


def _rendered(block: parts.Block, width: int, *, details: bool) -> Iterator[RenderableType]:
    match block:
        case parts.Section():
            if block.title:
                yield Text(f"\n{clean(block.title)}", "bold")
            for inner in block.blocks:
                yield from _rendered(inner, width, details=details)
        case parts.Paragraph():
            yield _indented(Text(clean(block.text)))
        case parts.Listing():
            yield from (_indented(Text(clean(item))) for item in block.items)
        case parts.Table():
            yield ""
            yield _grid(block, width, details=details)
            yield from (Text(clean(line), "dim") for line in block.legend if details)
        case parts.Chart():
            if details and block.kind == "parts":
                yield from _chart(block, width)


def _notice(console: Console, notice: parts.Notice, *, details: bool) -> None:
    style = _STYLES[notice.tone]
    shown, more = (notice.items, "") if details else _cut(notice.items, _ITEMS)
    lines: list[RenderableType] = [Text(clean(notice.title), style)] if notice.title else []
    texts = [*(Text(clean(item), style) for item in shown), *([Text(more, style)] if more else [])]
    lines += [_indented(text) if notice.title else text for text in texts]
    for line in lines:
        console.print(line, no_wrap=not details, overflow="fold" if details else "ellipsis")


def _cut(all_of: Sequence[_T], most: int) -> tuple[Sequence[_T], str]:
    """At most `most` lines; the last one counts the others."""
    if len(all_of) <= most:
        return all_of, ""
    return all_of[: most - 1], f"and {len(all_of) - most + 1} more"


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2), expand=False)


def _cell(cell: parts.Cell, style: str = "") -> Text:
    text = Text.assemble((clean(cell.text), f"{style} {_STYLES.get(cell.tone, '')}"))
    for line in cell.below:
        text.append(f"\n{clean(line)}", "dim")
    return text


def _grid(table: parts.Table, width: int, *, details: bool) -> Grid:
    """Print the first rows, a line each; headers are cut, amounts are not."""
    rows, more = table.rows, ""
    if not details and len(rows) > _ROWS:
        rows, more = _cut([row for row in rows if row.kind != "total"], _ROWS)
    marked = any(row.change != "same" for row in rows)
    gap = 1 if details else 2
    grid = Grid(box=box.SIMPLE_HEAD if details else None, padding=(0, gap, 0, 0), show_edge=False)
    title = Text("  " * marked + clean(table.columns[0]))
    grid.add_column(title, overflow="fold", min_width=_LEAST)
    asides = table.asides if width >= _WIDE else 0
    for number, title in enumerate(table.columns[1 : 1 + asides], start=1):
        justify = "left" if number == asides else "right"
        grid.add_column(title, justify=justify, overflow="fold", min_width=8, max_width=26)
    for title in table.columns[1 + table.asides :]:
        grid.add_column(title, justify="right", no_wrap=True)
    texts = [table.columns[1:], *([cell.text for cell in row.cells] for row in rows if row.cells)]
    taken = sum(max(map(cell_len, column)) + gap for column in zip(*texts, strict=True))
    for row in rows:
        if table.asides and row.kind != "meter":
            grid.add_section()
        header = list(_header(row, 0 if asides else table.asides, marked=marked))
        if not details:
            del header[1:]
            header[0].truncate(max(width - taken - gap, _LEAST), overflow="ellipsis")
        cells = row.cells[table.asides - asides :]
        style = _STYLES.get(row.kind, "")
        grid.add_row(Text("\n").join(header), *(_cell(cell, style) for cell in cells))
    if more:
        grid.add_row(Text("  " * marked + more, "dim"))
    return grid


def _header(row: parts.Row, asides: int, *, marked: bool) -> Iterator[Text]:
    """The lines of a row's header: its label, its first cells, its further lines."""
    indent = "  " if row.kind == "meter" else ""
    mark = f"{MARKS[row.change]:<2}" if marked else ""
    label = Text(f"{mark}{indent}{clean(row.label)}", _STYLES.get(row.kind, ""))
    yield label.append(f"  {clean(row.about)}" if row.about else "", "not bold dim")
    pairs = zip(*((cell.text, *cell.below) for cell in row.cells[:asides]), strict=True)
    explained = (f" {TIMES} ".join(map(clean, pair)) for pair in pairs if any(pair))
    for line in (*explained, *map(clean, row.below)):
        yield Text(f"{' ' * len(mark)}{indent}{line}", "dim")


def _chart(chart: parts.Chart, width: int) -> Iterator[Text]:
    """Legend of the two parts of the expected bill."""
    legend = f"  {_FIXED} fixed, {_USE} driven by use"
    yield Text.assemble((f"\n{clean(chart.title)}", "bold"), (legend, "dim"))
    top = max((bar.amounts.expected for bar in chart.bars), default=0)
    room = max(width - _LABEL - _VALUE - 4, 10)
    for bar in chart.bars:
        fixed, end = (round(one / top * room) if top else 0 for one in bar.amounts[:2])
        label = Text(f"  {clean(bar.label)}")
        label.truncate(_LABEL, overflow="ellipsis", pad=True)
        yield label.append(f" {_FIXED * fixed}{_USE * (end - fixed)} {clean(bar.value)}")
