"""Words and figures for print, the same in every report."""

from collections.abc import Sized
from decimal import Context, Decimal

from frugal.cost.estimate import Change, Line
from frugal.cost.money import plain, rounded

MARKS: dict[Change, str] = {"added": "+", "removed": "-", "changed": "~", "same": " "}
"""As the engine's own diff has them."""

GROWS_MARK = "↑"
GROWS = "grows with use, and no declared limit holds it: high is not the most that it can be"
TIMES = "\N{MULTIPLICATION SIGN}"
CENTS = "Figures are rounded for print and added up exactly"

# Of any size: a figure of use may be as large as its owner writes it.
_PLACES = Context(prec=100)


def clean(text: str) -> str:
    """One line that does nothing to a terminal or a page: no control or direction characters."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


def count(things: Sized, noun: str) -> str:
    """`1 resource`, `2 resources`."""
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def high(amount: Decimal, *, grows: bool) -> str:
    """A figure of `high`, marked where it is no limit."""
    return f"{GROWS_MARK}{rounded(amount)}" if grows else rounded(amount)


def quantity(value: Decimal) -> str:
    """Thousands apart; at most four places, all of them where it would else be nothing."""
    short = value.quantize(Decimal("0.0001"), "ROUND_HALF_UP", _PLACES)
    return format(Decimal(plain(value if short == 0 else short)), ",f")


def price(value: Decimal) -> str:
    """All digits, and at least cents: `35.00`, `0.000003`."""
    exact = Decimal(plain(value))
    whole = int(exact.as_tuple().exponent) > -2  # noqa: PLR2004 - less than two places
    return format(exact, ",.2f" if whole else ",f")


def _unit(unit: str) -> str:
    """The price list's `1 Hour`, `1/Day`, `1 GB/Month`, `10K`: hour, day, GB a month, 10K."""
    text = clean(unit).removeprefix("1 ").removeprefix("1/").replace("/Month", " a month")
    for word in ("Second", "Hour", "Day", "Month"):
        text = text.replace(word, word.lower())
    return text


def amounts(line: Line) -> list[tuple[str, str]]:
    """What the expected amount is made of: quantity and price of one, bracket by bracket."""
    unit = _unit(line.unit)
    if line.tiers and line.unit_price is None:
        return [(quantity(one.quantity), f"{price(one.unit_price)} / {unit}") for one in line.tiers]
    if line.unit_price is None:
        return [(quantity(line.quantity), unit)]
    return [(quantity(line.quantity), f"{price(line.unit_price)} / {unit}")]
