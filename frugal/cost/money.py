"""Exact amounts: Decimals throughout, rounded in print alone."""

from collections.abc import Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from typing import Annotated, NamedTuple

from pydantic import PlainSerializer

EXACT = Context(prec=80, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
"""Arithmetic that raises instead of rounding; inexact operations round explicitly."""

_ROUNDING = Context(prec=60, rounding="ROUND_HALF_UP")

ZERO = Decimal(0)


class Range(NamedTuple):
    """A figure in three cases: no visits, expected use, declared limits exhausted.

    Of one resource or the whole bill low ≤ expected ≤ high; of a single meter not always: the
    idle seconds of an always-on app become active ones as it is used.
    """

    low: Decimal
    expected: Decimal
    high: Decimal


NOTHING = Range(ZERO, ZERO, ZERO)


def total(ranges: Iterable[Range]) -> Range:
    """Sum, figure by figure."""
    add = EXACT.add
    low = expected = high = ZERO
    for one in ranges:
        low, expected, high = add(low, one[0]), add(expected, one[1]), add(high, one[2])
    return Range(low, expected, high)


def difference(after: Range, before: Range) -> Range:
    """After minus before, figure by figure."""
    return Range._make(map(EXACT.subtract, after, before))


def quotient(amount: Decimal, by: Decimal) -> Decimal:
    """`amount` / `by` to 12 places: the one division whose result may not be exact."""
    return _ROUNDING.quantize(_ROUNDING.divide(amount, by), Decimal("1e-12"))


def plain(amount: Decimal) -> str:
    """All digits, without exponent, trailing zeros or a negative zero: `12.41`, `0`, `-0.5`."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def rounded(amount: Decimal, *, sign: bool = False) -> str:
    """For print: two places, thousands apart, half away from zero; never `-0.00`.

    `sign`: with `+` if above zero. A nonzero amount that rounds to zero is `<0.01`.
    """
    cents = _ROUNDING.quantize(amount, Decimal("0.01"))
    if cents == 0:
        if amount == 0:
            return "0.00"
        return "<0.01" if amount > 0 else "-<0.01"
    return format(cents, "+,.2f" if sign else ",.2f")


def _each_plain(amounts: Range) -> dict[str, str]:
    return {name: plain(amount) for name, amount in amounts._asdict().items()}


Amount = Annotated[Decimal, PlainSerializer(plain)]
"""In JSON a decimal string."""

Amounts = Annotated[Range, PlainSerializer(_each_plain)]
"""In JSON an object with a decimal string for each case."""
