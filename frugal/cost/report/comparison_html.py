"""A comparison as one self-contained page: no script, and nothing asked of the network."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from xml.etree.ElementTree import Element

from frugal.cost.compare.result import Compared
from frugal.cost.money import Range, rounded
from frugal.cost.report import comparison_view as view
from frugal.cost.report import words
from frugal.cost.report.charts import legend, percent
from frugal.cost.report.markup import Child, document, node, section

_BAR = 18
_TITLE = "Where to host the {}"


def page(found: Compared) -> str:
    """The whole page."""
    title = _TITLE.format(found.site)
    return document(title, ("page.css", "comparison.css"), node("main", _parts(found, title)))


def _parts(found: Compared, title: str) -> Iterator[Element]:
    yield node(
        "header",
        node("h1", title),
        node("p", f"{view.headline(found)}.", class_="crumb"),
        node("p", f"{view.usage(found)}.", class_="crumb"),
        _list(found.advice, "advice"),
    )
    if reasons := [line for row in found.rows for line in view.unpriced(row)]:
        yield node("section", node("h2", "Unpriced"), _list(reasons, ""), class_="loud unpriced")
    yield section("What each way costs", _figures(found), _growing(found))
    yield section("Expected", legend(), _chart(found))
    crossings = _list(view.crossings(found.comparisons), "notes")
    yield section(view.CROSSINGS_TITLE, node("p", view.CROSSINGS_MEAN), crossings)
    yield section(view.PRICE_OFF_TITLE, _price_off(found), _list(found.price_off.moving, "notes"))
    sources = node("details", node("summary", "Sources of the prices"), _list(found.sources, ""))
    dates = node("p", f"{view.dates(found)}. {words.CENTS}.")
    yield section("What the figures rest on", dates, _list(found.notes, "notes"), sources)


def _figures(found: Compared) -> Element:
    rows = [
        _row(
            row.way.name,
            [
                node(
                    "td",
                    node("strong", first) if second else node("span", first, class_="missing"),
                    node("small", second) if second else None,
                )
                for first, second in view.cells(row)
            ],
            view.COLUMNS,
        )
        for row in found.rows
    ]
    return _table(f"{found.currency} a month, expected; below it low to high", view.COLUMNS, rows)


def _growing(found: Compared) -> Element | None:
    grows = any(row.grows for row in found.rows)
    return node("p", node("small", f"{words.GROWS_MARK} {words.GROWS}.")) if grows else None


def _price_off(found: Compared) -> Element:
    rows = [
        _row(
            (item.what, node("small", f"{item.how}; {item.since}")),
            [node("td", text) for text in view.price_off(item)],
            view.PRICE_OFF_COLUMNS,
        )
        for item in found.price_off.items
    ]
    return _table(f"{found.currency} a month", view.PRICE_OFF_COLUMNS, rows)


def _chart(found: Compared) -> Element:
    """A bar for each row at each multiple; each multiple has a scale of its own."""
    groups: list[Element] = []
    for number, heading in enumerate(view.COLUMNS):
        bars = view.bars(found, number)
        top = max((amounts.expected for _name, amounts in bars), default=Decimal(0))
        items = [_bar(name, amounts, top, found.currency) for name, amounts in bars]
        groups.append(node("div", node("h3", heading), node("ul", items)))
    return node("div", groups, class_="ways")


def _bar(name: str, amounts: Range, top: Decimal, currency: str) -> Element:
    fixed, end = (percent(one, top) for one in (amounts.low, amounts.expected))
    told = f"{name}: {rounded(amounts.expected)} {currency} a month, of it {rounded(amounts.low)}"
    shapes = (
        node("rect", class_="fixed", width=f"{fixed}%", height=_BAR),
        node("rect", class_="use", x=f"{fixed}%", width=f"{end - fixed}%", height=_BAR),
    )
    return node(
        "li",
        node("span", name, aria_hidden="true"),
        node("span", rounded(amounts.expected), class_="value", aria_hidden="true"),
        node(
            "svg",
            shapes,
            role="img",
            aria_label=f"{told} fixed",
            width="100%",
            height=_BAR,
        ),
    )


def _table(caption: str, columns: Sequence[str], rows: Sequence[Element]) -> Element:
    headers = [node("th", name, scope="col", role="columnheader", class_="n") for name in columns]
    corner = node("td", role="cell")
    head = node("thead", node("tr", corner, headers, role="row"), role="rowgroup")
    return node(
        "table",
        node("caption", caption),
        head,
        node("tbody", rows, role="rowgroup"),
        role="table",
        class_="plain",
        style=f"--columns: {len(columns)}",
    )


def _row(
    header: Child | Iterable[Child], cells: Iterable[Element], columns: Sequence[str]
) -> Element:
    """Every part names its role: laid out as blocks, a browser may forget it."""
    made = list(cells)
    for cell, column in zip(made, columns, strict=True):
        cell.attrib |= {"role": "cell", "class": "n", "data-label": column}
    return node("tr", node("th", header, scope="row", role="rowheader"), made, role="row")


def _list(lines: Iterable[str], kind: str) -> Element:
    items = [node("li", words.clean(line)) for line in lines]
    return node("ul", items, **({"class_": kind} if kind else {}))
