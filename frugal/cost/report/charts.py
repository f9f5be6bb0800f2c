"""Two charts as inline SVG: the bill before and after, and each resource from low to high.

Labels are HTML beside each bar, so that they keep their size on a phone; a bar stretches by
percentages. Every bar has its own title and description.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from xml.etree.ElementTree import Element

from frugal.cost.money import Range, rounded
from frugal.cost.report import words
from frugal.cost.report.markup import node
from frugal.cost.report.view import Resource

_BAR = 26
_RANGE = 18
_STEPS = (1, 2, 5)
_MOST_STEPS = 5


def bill(title: str, bars: Sequence[tuple[str, Range]], currency: str) -> Element:
    """What is expected, split into fixed and driven by use; a bar for each of `bars`."""
    top = max(amounts.expected for _, amounts in bars)
    rows = [_bill_row(number, *bar, top, currency) for number, bar in enumerate(bars)]
    caption = node("figcaption", node("h2", title), legend())
    return node("figure", caption, node("ul", rows, class_="chart bars"))


def legend() -> Element:
    """The two parts of a bar."""
    swatches = (("fixed", "Fixed"), ("use", "Driven by use"))
    return node(
        "p",
        [node("span", node("i", class_=f"swatch {name}"), text) for name, text in swatches],
        class_="legend",
    )


def _bill_row(number: int, label: str, amounts: Range, top: Decimal, currency: str) -> Element:
    fixed, end = percent(amounts.low, top), percent(amounts.expected, top)
    bars = (
        _rect("fixed", Decimal(0), fixed, _BAR),
        _rect("use", fixed, end - fixed, _BAR),
    )
    told = f"{_figures(amounts)} {currency} a month"
    return _row(label, rounded(amounts.expected), _svg(f"bill-{number}", label, told, _BAR, bars))


def ranges(resources: Sequence[Resource], currency: str) -> Element:
    """Low to high of each resource that costs anything, with a dot where it is expected."""
    shown = [one for one in resources if any(one.monthly)]
    top = max((max(one.monthly) for one in shown), default=Decimal(0))
    ticks = list(_ticks(top))
    rows = [_range_row(number, one, top, ticks, currency) for number, one in enumerate(shown)]
    about = "From low to high; the dot is what is expected."
    if any(one.grows for one in shown):
        about += f" {words.GROWS_MARK} {words.GROWS}."
    caption = node("figcaption", node("h2", "Each resource"), node("p", about, class_="legend"))
    return node("figure", caption, node("ul", rows, _axis(ticks, top), class_="chart ranges"))


def _range_row(
    number: int, one: Resource, top: Decimal, ticks: Sequence[Decimal], currency: str
) -> Element:
    low, expected, high = one.monthly
    start, dot = percent(min(one.monthly), top), percent(expected, top)
    end = percent(max(one.monthly), top)
    middle = str(_RANGE // 2)
    shapes = (
        *(_line("grid", percent(tick, top)) for tick in ticks),
        node("line", class_="range", x1=f"{start}%", x2=f"{end}%", y1=middle, y2=middle),
        node("circle", class_="dot", cx=f"{dot}%", cy=middle, r="5"),
    )
    told = f"{_figures(one.monthly)} {currency} a month"
    most = words.high(high, grows=one.grows)
    value = most if low == expected == high else f"{rounded(low)} – {most}"  # noqa: RUF001
    return _row(one.name, value, _svg(f"range-{number}", one.name, told, _RANGE, shapes))


def _row(label: str, value: str, svg: Element) -> Element:
    """The picture says label and value too, so that they are not read twice."""
    return node(
        "li",
        node("bdi", label, class_="label", aria_hidden="true"),
        svg,
        node("span", value, class_="value", aria_hidden="true"),
    )


def _svg(key: str, title: str, told: str, height: int, shapes: Sequence[Element]) -> Element:
    return node(
        "svg",
        node("title", title, id=f"{key}-title"),
        node("desc", told, id=f"{key}-desc"),
        shapes,
        role="img",
        aria_labelledby=f"{key}-title {key}-desc",
        width="100%",
        height=height,
    )


def _axis(ticks: Sequence[Decimal], top: Decimal) -> Element:
    texts = [
        node("text", format(tick, ",f"), x=f"{percent(tick, top)}%", y="14", class_="tick")
        for tick in ticks
    ]
    svg = node("svg", texts, aria_hidden="true", width="100%", height=18)
    return node("li", svg, class_="axis", aria_hidden="true")


def _rect(name: str, start: Decimal, width: Decimal, height: int) -> Element:
    return node("rect", class_=name, x=f"{start}%", width=f"{width}%", y="0", height=height)


def _line(name: str, place: Decimal) -> Element:
    return node("line", class_=name, x1=f"{place}%", x2=f"{place}%", y1="-6", y2=_RANGE + 6)


def _figures(amounts: Range) -> str:
    low, expected, high = map(rounded, amounts)
    return f"low {low}, expected {expected}, high {high}"


def percent(amount: Decimal, top: Decimal) -> Decimal:
    """Where an amount lies on a scale that ends at `top`; a place on paper, not money."""
    return (amount / top * 100).quantize(Decimal("0.01")) if top else Decimal(0)


def _ticks(top: Decimal) -> Iterator[Decimal]:
    """Round figures from zero up to `top`: a 1, 2 or 5 and zeros apart."""
    if not top:
        return
    power = Decimal(10) ** (top.adjusted() - 1)
    step = next(
        power * ten * one
        for ten in (1, 10, 100)
        for one in _STEPS
        if top / (power * ten * one) <= _MOST_STEPS
    )
    yield from (step * number for number in range(int(top / step) + 1))
