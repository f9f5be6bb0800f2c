"""An estimate as one self-contained page: no script, and nothing asked of the network."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from xml.etree.ElementTree import Element

from frugal.cost.estimate import Estimate
from frugal.cost.report import charts, view, words
from frugal.cost.report.html_tables import amount, change, figures, lines
from frugal.cost.report.markup import document, node, section


def page(estimate: Estimate, title: str) -> str:
    """The whole page. `title` names what is priced, such as the environment."""
    title = words.clean(title)
    main = node(
        "main",
        _header(estimate, title),
        _warnings(estimate),
        _overview(estimate) if estimate.lines else None,
        section("Line by line", lines(estimate)) if estimate.lines else None,
        section("What the figures rest on", *_details(estimate)),
    )
    return document(f"{title}: {view.headline(estimate)}", ("page.css",), main)


def _header(estimate: Estimate, title: str) -> Element:
    currency = words.clean(estimate.currency)
    expected = node(
        "p",
        node("strong", amount(estimate.monthly.expected)),
        f" {currency} a month expected",
        class_="bill",
    )
    against = None
    if not view.from_nothing(estimate):
        delta = estimate.delta.expected
        told = (change(delta), " from ") if delta else ("as before: ",)
        against = node("p", *told, amount(estimate.before.expected), class_="against")
    return node("header", node("h1", node("bdi", title)), expected, against)


def _warnings(estimate: Estimate) -> Iterator[Element]:
    """What is in no figure, and the budget's alerts."""
    if estimate.unpriced:
        gaps = (
            node("li", node("bdi", view.labelled(one)), f": {words.clean(one.reason)}")
            for one in estimate.unpriced
        )
        title = node("h2", f"{view.unpriced(estimate)}.")
        yield node("section", title, node("ul", gaps), class_="loud unpriced")
    if alerts := view.alerts(estimate):
        items = (node("li", f"{one}.") for one in alerts)
        yield node("section", node("h2", "Budget alerts"), node("ul", items), class_="loud alerts")


def _overview(estimate: Estimate) -> Element:
    currency = words.clean(estimate.currency)
    if view.from_nothing(estimate):
        chart = charts.bill("What is expected", [("A month", estimate.monthly)], currency)
    else:
        bars = [("Before", estimate.before), ("After", estimate.monthly)]
        chart = charts.bill("Before and after", bars, currency)
    left = node("div", chart, figures(estimate))
    right = charts.ranges(view.resources(estimate), currency) if any(estimate.monthly) else None
    return node("section", left, right, class_="overview")


def _details(estimate: Estimate) -> Iterator[Element]:
    yield node("p", f"{view.date_of_prices(estimate)}. {words.CENTS}.")
    if estimate.notes:
        yield node("ul", (node("li", words.clean(note)) for note in estimate.notes), class_="notes")
    if estimate.assumptions:
        yield _fold(f"{view.defaults(estimate)}", _defaults(estimate))
    else:
        yield node("p", f"{view.defaults(estimate)}.")
    if estimate.free:
        yield _fold(view.free(estimate), _terms(view.by_reason(estimate.free)))
    if estimate.other:
        yield _fold(view.others(estimate), _terms(view.by_provider(estimate.other)))
    if sources := view.sources(estimate):
        yield _fold("Sources of the prices", node("ul", (node("li", one) for one in sources)))


def _fold(title: str, content: Element) -> Element:
    return node("details", node("summary", title), content)


def _terms(groups: Mapping[str, Iterable[str]]) -> Element:
    """A term, and what it holds for."""
    pairs = (
        (node("dt", title), node("dd", node("bdi", ", ".join(members))))
        for title, members in groups.items()
    )
    return node("dl", (one for pair in pairs for one in pair))


def _defaults(estimate: Estimate) -> Element:
    terms: list[Element] = []
    for name, assumed in view.by_name(estimate.assumptions).items():
        terms.append(node("dt", node("bdi", name)))
        terms += (_default(words.clean(one.key), one.value, one.why) for one in assumed)
    return node("dl", terms)


def _default(key: str, value: Decimal, why: str) -> Element:
    return node("dd", node("code", key), f" {words.quantity(value)}: {words.clean(why)}")
