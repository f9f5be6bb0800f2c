"""A comparison as Markdown, for a comment or a page."""

from collections.abc import Iterator, Sequence

from frugal.cost.compare.result import Compared
from frugal.cost.report import comparison_view as view
from frugal.cost.report import words


def markdown(found: Compared) -> str:
    """The whole comparison."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Compared) -> Iterator[str]:
    yield f"## Where to host the {found.site}\n"
    yield f"{view.headline(found)}. {_text(view.usage(found))}.\n"
    yield from _bullets(list(found.advice))
    reasons = [line for row in found.rows for line in view.unpriced(row)]
    yield from _bullets([f"**{line}**" for line in reasons])
    header = f"{found.currency} a month: expected (low to high)"
    rows = [
        [row.way.name, *(f"{a} ({b})" if b else f"**{a}**" for a, b in view.cells(row))]
        for row in found.rows
    ]
    yield from _table([header, *view.COLUMNS], rows)
    if any(row.grows for row in found.rows):
        yield f"{words.GROWS_MARK} {words.GROWS}.\n"
    yield f"### {view.CROSSINGS_TITLE}\n"
    yield f"{view.CROSSINGS_MEAN}\n"
    yield from _bullets(list(view.crossings(found.comparisons)))
    yield f"### {view.PRICE_OFF_TITLE}\n"
    items = [
        [f"{item.what}: {item.how}; {item.since}", *view.price_off(item)]
        for item in found.price_off.items
    ]
    yield from _table([f"{found.currency} a month", *view.PRICE_OFF_COLUMNS], items)
    yield from _bullets(list(found.price_off.moving))
    yield "### What the figures rest on\n"
    yield f"{words.CENTS}. {view.dates(found)}. Sources: {'; '.join(found.sources)}.\n"
    yield from _bullets(list(found.notes))


def _bullets(lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield "\n".join(f"- {_text(line)}" for line in lines) + "\n"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headers)} |"
    yield f"|---|{'---:|' * (len(headers) - 1)}"
    for row in rows:
        yield f"| {' | '.join(_text(cell) for cell in row)} |"
    yield ""


def _text(line: str) -> str:
    """One line without what Markdown would take for markup of a table or a page."""
    return words.clean(line).replace("|", "\\|").replace("<", "&lt;")
