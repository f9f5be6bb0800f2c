"""A report in the terminal: the summary on one screen of 80 columns, details on demand."""

from collections.abc import Iterable, Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from frugal.cost.report import parts
from frugal.cost.report.words import MARKS, TIMES, clean
from frugal.terminal import print_whole

_WIDE = 110
"""Minimum width for showing the asides of a table in columns of their own."""
_LINES, _ROWS, _LEAST_ROWS = 25, 5, 2
"""Lines of the summary, and of a long table in it; such a table gives room to the notices."""
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

    Without details long tables and lists are cut, sentences never: at most 25 lines from 60 columns
    on, unless the plan has a name or reason of many lines.
    """
    title = f"{report.title}:" if report.headline else report.title
    head = Text(" ").join(map(_cell, (parts.Cell(title, "strong"), *report.headline)))
    blocks = [*report.intro, *report.answer]
    if details:
        answer = _rendered(blocks, console.width)
        notices = _notices(report.notices, [len(notice.items) for notice in report.notices])
        _print(console, [head, *answer, "", *notices, *_rendered(report.details, console.width)])
        return
    answer = list(_rendered(blocks, console.width, _ROWS))
    more = Text(clean(report.more), "dim")
    room = _LINES - _height(console, [head, *answer, "", more])
    notices = list(_fitting(console, report.notices, room))
    if (over := _height(console, notices) - room) > 0:
        answer = _rendered(blocks, console.width, max(_ROWS - over, _LEAST_ROWS))
    _print(console, [head, *answer, "", *notices, more])


def _print(console: Console, rendered: Iterable[RenderableType]) -> None:
    for part in rendered:
        if isinstance(part, Grid):
            print_whole(console, part)
        else:
            console.print(part)


def _height(console: Console, rendered: Iterable[RenderableType]) -> int:
    """Lines of these parts of the summary, where a row of a table is one."""
    return sum(
        part.row_count + 1 if isinstance(part, Grid) else len(console.render_lines(part, pad=False))
        for part in rendered
    )


def _rendered(
    blocks: Iterable[parts.Block], width: int, rows: int | None = None
) -> Iterator[RenderableType]:
    """`rows`: the most of a table in the summary; None: with details."""
    for block in blocks:
        yield from _block(block, width, rows)


def _block(block: parts.Block, width: int, rows: int | None) -> Iterator[RenderableType]:
    match block:
        case parts.Section():
            if block.title:
                yield Text(f"\n{clean(block.title)}", "bold")
            yield from _rendered(block.blocks, width, rows)
        case parts.Paragraph():
            yield _indented(Text(clean(block.text)))
        case parts.Listing():
            yield from (_indented(Text(clean(item))) for item in block.items)
        case parts.Table():
            yield ""
            yield _grid(block, width, rows)
            yield from (Text(clean(line), "dim") for line in block.legend if rows is None)
        case parts.Chart():
            if rows is None and block.kind == "parts":
                yield from _chart(block, width)


def _notices(notices: Sequence[parts.Notice], shown: Sequence[int]) -> Iterator[RenderableType]:
    """Of each notice the title, this number of items, and a count of the others."""
    for notice, number in zip(notices, shown, strict=True):
        style = _STYLES[notice.tone]
        items = [Text(clean(item), style) for item in notice.items[:number]]
        if more := len(notice.items) - len(items):
            items.append(Text(f"and {more} more", style))
        if notice.title:
            yield Text(clean(notice.title), style)
        yield from map(_indented, items) if notice.title else items


def _fitting(
    console: Console, notices: Sequence[parts.Notice], room: int
) -> Iterable[RenderableType]:
    """The notices: of each list the first item, and in turn the others that have room."""
    shown = [1 for _ in notices]
    for number in range(2, _LINES):
        for place, notice in enumerate(notices):
            longer = [*shown[:place], number, *shown[place + 1 :]]
            if number <= len(notice.items) and _height(console, _notices(notices, longer)) <= room:
                shown = longer
    return _notices(notices, shown)


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, 2), expand=False)


def _cell(cell: parts.Cell, style: str = "") -> Text:
    text = Text.assemble((clean(cell.text), f"{style} {_STYLES.get(cell.tone, '')}"))
    for line in cell.below:
        text.append(f"\n{clean(line)}", "dim")
    return text


def _grid(table: parts.Table, width: int, most: int | None) -> Grid:
    """A table; in the summary a long one has `most` rows, a line each, its headers cut."""
    details, rows, more = most is None, table.rows, ""
    if most is not None and len(rows) > _ROWS:
        heaviest = [row for row in rows if row.kind != "total"]
        rows = heaviest[: most - 1]
        more = f"and {len(heaviest) - len(rows)} more"
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
