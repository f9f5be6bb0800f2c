"""A report as GitHub's Markdown, with its details folded."""

import re
from collections.abc import Iterable, Iterator, Sequence

from frugal.cost.report import parts
from frugal.cost.report.words import MARKS, clean

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~$])")
_MENTION = re.compile(r"(@|\\#)(?=\w)")
_ALERTS = {"missing": "CAUTION", "warning": "WARNING"}


def markdown(report: parts.Report) -> str:
    """Render all of a report, for a comment or a page."""
    headline = " ".join(escaped(cell.text) for cell in report.headline)
    texts = [f"### {headline or escaped(report.title)}", *_texts(report.intro)]
    texts += map(_notice, report.notices)
    texts += _texts([*report.answer, *report.details])
    return "\n\n".join(texts) + "\n"


def escaped(text: str) -> str:
    """Escape one line: no tag, no link, no table cell, no mention by `@`."""
    marked = _SPECIAL.sub(r"\\\1", clean(text).translate(_ENTITIES))
    return _MENTION.sub(r"\1<!-- -->", marked)


def _texts(blocks: Iterable[parts.Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case parts.Section(folded=""):
                texts = list(_texts(block.blocks))
                if texts and block.title:
                    yield f"#### {escaped(block.title)}"
                yield from texts
            case parts.Section():
                content = "\n\n".join(_texts(block.blocks))
                title = escaped(block.title)
                yield f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"
            case parts.Paragraph():
                yield escaped(block.text)
            case parts.Listing():
                if block.items:
                    yield _items(block.items)
            case parts.Table():
                yield _table(block)
                yield from map(escaped, block.legend)
            case parts.Chart():
                pass  # A chart's figures are in a table as well.


def _notice(notice: parts.Notice) -> str:
    title = escaped(notice.title)
    if notice.tone == "soft":
        return title
    texts = [text for text in (f"**{title}**" if title else "", _items(notice.items)) if text]
    lines = [f"[!{_ALERTS[notice.tone]}]", *"\n\n".join(texts).splitlines()]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _items(items: Iterable[str]) -> str:
    return "\n".join(f"- {escaped(item)}" for item in items)


def _table(table: parts.Table) -> str:
    texts = 1 + table.asides
    rule = ["---"] * texts + ["--:"] * (len(table.columns) - texts)
    head = [escaped(title) for title in table.columns]
    rows = (_row(row, len(table.columns)) for row in table.rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def _row(row: parts.Row, columns: int) -> Sequence[str]:
    label = escaped(row.label)
    if row.kind in ("resource", "total"):
        label = f"**{label}**"
    label = f"{escaped(MARKS[row.change])} {label}".strip()
    if row.about:
        label += f" ({escaped(row.about)})"
    cells = [_cell(cell) for cell in row.cells] or [""] * (columns - 1)
    return ["<br>".join([label, *map(escaped, row.below)]), *cells]


def _cell(cell: parts.Cell) -> str:
    text = escaped(cell.text)
    return "<br>".join(
        [f"**{text}**" if cell.tone == "strong" else text, *map(escaped, cell.below)]
    )
