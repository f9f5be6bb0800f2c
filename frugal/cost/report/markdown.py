"""An estimate as a comment under a change: the bill at once, the details folded."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from frugal.cost.estimate import Estimate, Line
from frugal.cost.money import Range, rounded
from frugal.cost.report import view, words
from frugal.cost.report.view import Resource

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~$])")
_MENTION = re.compile(r"(@|\\#)(?=\w)")


def markdown(estimate: Estimate) -> str:
    """GitHub's Markdown: headline, totals, a row a resource; lines and what they rest on folded."""
    parts = [f"### {_headline(estimate)}"]
    parts += _warnings(estimate)
    if estimate.lines:
        parts += [_totals(estimate), _resources(estimate)]
        parts.append(_fold("Line by line", _lines(estimate)))
    parts += _details(estimate)
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """One line that is no markup: no tag, no link, no new cell, and nobody is called by `@`."""
    marked = _SPECIAL.sub(r"\\\1", words.clean(text).translate(_ENTITIES))
    return _MENTION.sub(r"\1<!-- -->", marked)


def _money(amount: Decimal, *, sign: bool = False) -> str:
    return escaped(rounded(amount, sign=sign))


def _headline(estimate: Estimate) -> str:
    """The change first: it is what a reviewer is asked about."""
    if view.from_nothing(estimate) or not estimate.delta.expected:
        return escaped(view.headline(estimate))
    delta, currency = _money(estimate.delta.expected, sign=True), escaped(estimate.currency)
    before, after = _money(estimate.before.expected), _money(estimate.monthly.expected)
    return f"{delta} {currency} a month ({before} → {after} expected)"


def _warnings(estimate: Estimate) -> Iterator[str]:
    if estimate.unpriced:
        gaps = (
            f"> - {escaped(view.labelled(one))}: {escaped(one.reason)}" for one in estimate.unpriced
        )
        yield "\n".join(["> [!CAUTION]", f"> **{view.unpriced(estimate)}.**", ">", *gaps])
    if alerts := view.alerts(estimate):
        yield "\n".join(["> [!WARNING]", *(f"> - {escaped(one)}" for one in alerts)])


def _totals(estimate: Estimate) -> str:
    compared = not view.from_nothing(estimate)
    headers = view.headers(estimate)
    rows: list[list[str]] = []
    for one in view.figures(estimate):
        after, year = escaped(words.high(one.after, grows=one.grows)), _money(one.year)
        if compared:
            change = _money(one.change, sign=True)
            rows.append([_label(one), _money(one.before), after, change, year])
        else:
            rows.append([_label(one), after, year])
    return _table([f"{escaped(estimate.currency)} a month", *headers], rows, texts=1)


def _label(one: view.Figure) -> str:
    name = f"**{one.label}**" if one.label == "Expected" else one.label
    return f"{name}: {one.means}" if one.means else name


def _resources(estimate: Estimate) -> str:
    """A row for each; the changed ones are marked."""
    compared = not view.from_nothing(estimate)
    headers = ["Resource", "Low", "Expected", "High"]
    rows = [_resource(one, compared=compared) for one in view.resources(estimate)]
    title = view.total_title(estimate)
    total = [f"**{title}**", *_amounts(estimate.monthly, grows=view.grows(estimate))]
    if compared:
        headers.append("Change")
        total.append(f"**{_money(estimate.delta.expected, sign=True)}**")
    text = _table(headers, [*rows, total], texts=1)
    if view.grows(estimate):
        text += f"\n\n{words.GROWS_MARK} {words.GROWS}."
    return text


def _resource(one: Resource, *, compared: bool) -> list[str]:
    label = f"{escaped(one.name)} ({escaped(one.type)})"
    cells = [label, *_amounts(one.monthly, grows=one.grows)]
    if not compared:
        return cells
    if one.change != "same":
        cells[0] = f"**{label}** {one.change}"
    reasons = dict.fromkeys(told for line in one.lines if (told := view.reason(line)))
    if reasons:
        cells[0] += f": {'; '.join(map(escaped, reasons))}"
    return [*cells, _money(one.delta, sign=True) if one.delta else ""]


def _lines(estimate: Estimate) -> str:
    compared = not view.from_nothing(estimate)
    headers = ["Resource", "Meter", "Quantity and price", "Low", "Expected", "High"]
    if compared:
        headers.append("Change")
    rows = [
        _line(one, line, compared=compared)
        for one in view.resources(estimate)
        for line in one.lines
    ]
    return _table(headers, rows, texts=3)


def _line(one: Resource, line: Line, *, compared: bool) -> list[str]:
    made = "<br>".join(
        f"{quantity} {words.TIMES} {escaped(price)}" for quantity, price in words.amounts(line)
    )
    cells = [escaped(one.name), escaped(line.meter), made]
    cells += _amounts(line.monthly, grows=line.grows)
    if compared:
        change = view.change_of(line)
        cells.append(_money(change, sign=True) if change else "")
    return cells


def _amounts(monthly: Range, *, grows: bool) -> list[str]:
    low, expected, high = monthly
    return [_money(low), _money(expected), escaped(words.high(high, grows=grows))]


def _details(estimate: Estimate) -> Iterator[str]:
    if estimate.notes:
        yield _list(escaped(note) for note in estimate.notes)
    if estimate.assumptions:
        yield _fold(view.defaults(estimate), _list(_defaults(estimate)))
    if estimate.free:
        yield _fold(view.free(estimate), _groups(view.by_reason(estimate.free)))
    if estimate.other:
        yield _fold(view.others(estimate), _groups(view.by_provider(estimate.other)))
    if sources := view.sources(estimate):
        yield _fold("Sources of the prices", _list(map(escaped, sources)))
    yield f"{escaped(view.date_of_prices(estimate))}. {words.CENTS}."


def _defaults(estimate: Estimate) -> Iterator[str]:
    for name, assumed in view.by_name(estimate.assumptions).items():
        for one in assumed:
            key, why = escaped(one.key), escaped(one.why)
            yield f"{escaped(name)}: {key} {words.quantity(one.value)} ({why})"


def _groups(groups: Mapping[str, Iterable[str]]) -> str:
    return _list(
        f"{escaped(title)}: {escaped(', '.join(members))}" for title, members in groups.items()
    )


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _fold(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int) -> str:
    """The first `texts` columns are text, the others amounts."""
    rule = ["---"] * texts + ["--:"] * (len(headers) - texts)
    return "\n".join(f"| {' | '.join(row)} |" for row in (headers, rule, *rows))
