"""Break-even points of two options: multiples of a site's usage from which the other is cheaper."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from frugal.cost.money import EXACT

FURTHEST = 1_000
"""Largest multiple of a site's usage that is priced."""

PRECISION = Decimal("0.01")

Cost = Callable[[Decimal], Decimal]
"""Expected cost a month, by the multiple of the usage."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """From the multiple `at` on (to PRECISION, upwards) the one or the other is dearer."""

    at: Decimal
    first_is_dearer: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two options, by name.

    `difference`: first minus second at the site's usage; `break_even_points`: in order, up to
    `furthest`, the largest multiple at which both are offered.
    """

    first: str
    second: str
    difference: Decimal
    break_even_points: Sequence[BreakEven]
    furthest: Decimal

    @property
    def span(self) -> tuple[Decimal | None, Decimal | None]:
        """The multiples around 1 between which the cheaper option stays the cheaper one."""
        below = [point.at for point in self.break_even_points if point.at <= 1]
        above = [point.at for point in self.break_even_points if point.at > 1]
        return (below[-1] if below else None, above[0] if above else None)


def break_even_points(
    first: Cost, second: Cost, furthest: Decimal = Decimal(FURTHEST)
) -> list[BreakEven]:
    """Find every change of the cheaper option, from 0.1 to `furthest` times the usage.

    Prices steps of 5 %, and halves down to a hundredth: of two changes within one such step
    neither is seen.
    """

    def sign_at(hundredths: int) -> int:
        multiple = EXACT.multiply(Decimal(hundredths), PRECISION)
        difference = EXACT.subtract(first(multiple), second(multiple))
        return (difference > 0) - (difference < 0)

    points: list[BreakEven] = []
    last, last_at = 0, 0
    for at in _steps(int(furthest / PRECISION)):
        sign = sign_at(at)
        if sign and last and sign != last:
            low, high = last_at, at
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if sign_at(middle) == sign else (middle, high)
            points.append(BreakEven(EXACT.multiply(Decimal(high), PRECISION), sign > 0))
        if sign:
            last, last_at = sign, at
    return points


def _steps(last: int) -> Iterator[int]:
    """Multiples in hundredths; the round ones too, as a size may end there."""
    steps = {at for at in (100, 1_000, 10_000, last) if at <= last}
    at = 10
    while at < last:
        steps.add(at)
        at += max(1, at // 20)
    return iter(sorted(steps))
