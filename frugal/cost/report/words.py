"""Words and figures for print, the same in every report."""

import datetime as dt
from collections.abc import Iterable, Sequence, Sized
from decimal import Context, Decimal

from frugal.cost.estimate import Change, Line, Remark
from frugal.cost.money import Range, plain, rounded
from frugal.cost.report.parts import Cell

MARKS: dict[Change, str] = {"added": "+", "removed": "-", "changed": "~", "same": ""}
"""As in the engine's own diff."""

CHANGES = "+ added, - removed, ~ changed"
GROWS_MARK = "↑"
GROWS = f"{GROWS_MARK} grows with use without a declared limit: high is not the maximum"
TIMES = "\N{MULTIPLICATION SIGN}"
CENTS = "Figures are rounded for print and added up exactly"

# Unbounded precision: usage figures may be of any size.
_PLACES = Context(prec=100)


def clean(text: str) -> str:
    """Reduce a text to one line without control and direction characters."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)


def count(things: Sized, noun: str) -> str:
    """`1 resource`, `2 resources`."""
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def high(amount: Decimal, *, grows: bool) -> str:
    """A figure of `high`, marked if it grows without a declared limit."""
    return f"{GROWS_MARK}{rounded(amount)}" if grows else rounded(amount)


def range_cells(amounts: Range, *, grows: bool) -> list[Cell]:
    """Low, expected and high."""
    low, expected, most = amounts
    return [Cell(rounded(low)), Cell(rounded(expected)), Cell(high(most, grows=grows))]


def span(amounts: Range, *, grows: bool) -> str:
    """Low to high."""
    return f"{rounded(amounts.low)} – {high(amounts.high, grows=grows)}"  # noqa: RUF001


def change_cell(amount: Decimal) -> Cell:
    """A change, signed; empty if there is none."""
    if not amount:
        return Cell()
    return Cell(rounded(amount, sign=True), "more" if amount > 0 else "less")


def quantity(value: Decimal) -> str:
    """Thousands apart; at most four places, or all of them if four would show zero."""
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


def factors(line: Line) -> tuple[Cell, Cell]:
    """Quantity and unit price of the expected amount, a line for each bracket."""
    unit = _unit(line.unit)
    if line.unit_price is not None:
        return Cell(quantity(line.quantity)), Cell(f"{price(line.unit_price)} / {unit}")
    amounts = [quantity(tier.quantity) for tier in line.tiers] or [quantity(line.quantity)]
    prices = [f"{price(tier.unit_price)} / {unit}" for tier in line.tiers] or [unit]
    return Cell(amounts[0], below=amounts[1:]), Cell(prices[0], below=prices[1:])


def label(remark: Remark) -> str:
    """`data (resources:ResourceGroup)`."""
    return f"{remark.name} ({short_type(remark.type)})"


def short_type(token: str) -> str:
    """`azure-native:web/v20240401:WebApp` is `web:WebApp`; other providers keep their name."""
    provider, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    return f"{module.partition('/')[0]}:{name}" if provider == "azure-native" else token


def dates(currency: str, prices_as_of: dt.date, month: str) -> str:
    """Date of the prices, and length of a month."""
    return f"List prices in {currency} as of {prices_as_of}; a month is {month}. {CENTS}."


def sources(lines: Iterable[Line]) -> Sequence[str]:
    """The sources of the prices, each once."""
    return list(dict.fromkeys(line.source for line in lines if line.source))
