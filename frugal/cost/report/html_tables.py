"""The two tables of the page: the whole bill, and line by line.

On a phone a row is laid out as a block, at which a browser may forget that it was a row, so every
part names its role.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from xml.etree.ElementTree import Element

from frugal.cost.estimate import Change, Estimate, Line
from frugal.cost.money import Range, rounded
from frugal.cost.report import view, words
from frugal.cost.report.markup import Child, node
from frugal.cost.report.view import Resource

_MINUS = "\N{MINUS SIGN}"


def amount(value: Decimal) -> str:
    """As printed elsewhere, with a true minus, as wide as a plus."""
    return rounded(value).replace("-", _MINUS)


def change(value: Decimal) -> Element:
    """More, less or as before; the sign says it without the colour."""
    name = "more" if value > 0 else "less" if value < 0 else "same"
    return node("span", rounded(value, sign=True).replace("-", _MINUS), class_=name)


def figures(estimate: Estimate) -> Element:
    """Fixed, by use, expected, high: before → after → change, and for a year."""
    compared = not view.from_nothing(estimate)
    headers = view.headers(estimate)
    currency = words.clean(estimate.currency)
    rows: list[Element] = []
    for one in view.figures(estimate):
        means = node("small", one.means) if one.means else None
        cells: list[Child] = [words.high(one.after, grows=one.grows), amount(one.year)]
        if compared:
            cells = [amount(one.before), cells[0], change(one.change), cells[1]]
        weight = "total" if one.label == "Expected" else ""
        rows.append(_row(_header(one.label, means), _cells(headers, cells), class_=weight))
    head = _row(_column("Figure"), [_column(name, class_="n") for name in headers])
    caption = f"{currency} a month; fixed and driven by use make what is expected"
    kind = "figures compared" if compared else "figures"
    return _table(kind, caption, head, [node("tbody", rows, role="rowgroup")])


def lines(estimate: Estimate) -> Element:
    """A resource, its meters, what each is made of, why it changed; sums where there are two."""
    compared = not view.from_nothing(estimate)
    headers = ["Low", "Expected", "High", *(["Change"] if compared else [])]
    head = _row(
        _column("Resource and meter"),
        _column("Quantity", class_="n"),
        _column("Price of one"),
        [_column(name, class_="n") for name in headers],
    )
    bodies = [
        node("tbody", _rows(resource, headers, compared=compared), role="rowgroup")
        for resource in view.resources(estimate)
    ]
    title = view.total_title(estimate)
    sums = _amounts(estimate.monthly, estimate.delta.expected, grows=view.grows(estimate))
    total = _row(_header(title, colspan=3), _cells(headers, sums[: len(headers)]), class_="total")
    caption = f"{words.clean(estimate.currency)} a month, the heaviest first"
    if view.grows(estimate):
        caption += f"; {words.GROWS_MARK} {words.GROWS}"
    kind = "lines compared" if compared else "lines"
    return _table(kind, caption, head, [*bodies, node("tfoot", total, role="rowgroup")])


def _rows(resource: Resource, headers: Sequence[str], *, compared: bool) -> Iterator[Element]:
    several = len(resource.lines) > 1
    badge = _badge(resource.change) if compared else None
    why = _why(resource.reason) if compared and several else None
    title = (node("bdi", resource.name), " ", node("small", resource.type), badge, why)
    if several:
        sums = _amounts(resource.monthly, resource.delta, grows=resource.grows)
        cells = _cells(headers, sums[: len(headers)])
        yield _row(_header(*title, colspan=3, scope="rowgroup"), cells, class_="resource")
    else:
        yield _row(_header(*title, colspan=3 + len(headers), scope="rowgroup"), class_="resource")
    for line in resource.lines:
        told = compared and not (several and resource.reason)
        yield _line(line, headers, told=told)


def _line(line: Line, headers: Sequence[str], *, told: bool) -> Element:
    quantities, prices = zip(*words.amounts(line), strict=True)
    costs = _amounts(line.monthly, view.change_of(line), grows=line.grows)
    return _row(
        _header(words.clean(line.meter), _why(view.reason(line)) if told else None),
        node("td", _stacked(quantities), role="cell", class_="n quantity"),
        node("td", _stacked(prices), role="cell", class_="price"),
        _cells(headers, costs[: len(headers)]),
    )


def _amounts(monthly: Range, delta: Decimal, *, grows: bool) -> list[Child]:
    low, expected, high = monthly
    return [amount(low), amount(expected), words.high(high, grows=grows), change(delta)]


def _stacked(texts: Sequence[str]) -> Iterator[Element]:
    return (node("div", text) for text in texts)


def _badge(kind: Change) -> Element | None:
    return node("em", kind, class_=f"badge {kind}") if kind != "same" else None


def _why(reason: str) -> Element | None:
    return node("div", reason, class_="why") if reason else None


def _table(kind: str, caption: str, head: Element, bodies: Sequence[Element]) -> Element:
    top = node("thead", head, role="rowgroup")
    return node("table", node("caption", caption), top, bodies, role="table", class_=kind)


def _row(*cells: Child | Sequence[Child], class_: str = "") -> Element:
    return node("tr", *cells, role="row", **({"class_": class_} if class_ else {}))


def _column(text: str, **attributes: str) -> Element:
    return node("th", text, scope="col", role="columnheader", **attributes)


def _header(*content: Child, scope: str = "row", **attributes: str | int) -> Element:
    return node("th", *content, scope=scope, role="rowheader", **attributes)


def _cells(headers: Sequence[str], contents: Sequence[Child]) -> list[Element]:
    """On a phone each has its column's name above it."""
    return [
        node("td", content, role="cell", class_="n", data_label=header)
        for header, content in zip(headers, contents, strict=True)
    ]
