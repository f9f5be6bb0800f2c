"""Where two ways to host a site cost the same."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from frugal.cost.money import EXACT

FURTHEST = 1_000
"""Multiples of a site's usage beyond which nothing is looked for."""

PRECISION = Decimal("0.01")

Cost = Callable[[Decimal], Decimal]
"""What is expected a month, by the multiple of the usage."""


@dataclass(frozen=True, slots=True)
class Turn:
    """From the multiple `at` on (to PRECISION, upwards) the one or the other is dearer."""

    at: Decimal
    first_is_dearer: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two ways. `difference`: first minus second at the site's usage; `turns` in order."""

    first: str
    second: str
    difference: Decimal
    turns: Sequence[Turn]

    @property
    def span(self) -> tuple[Decimal | None, Decimal | None]:
        """The multiples around 1 between which the one that is cheaper there stays it."""
        below = [turn.at for turn in self.turns if turn.at <= 1]
        above = [turn.at for turn in self.turns if turn.at > 1]
        return (below[-1] if below else None, above[0] if above else None)


def turns(first: Cost, second: Cost) -> list[Turn]:
    """Every change of which is cheaper, from 0.1 to 1,000 times.

    Looked for in steps of 5 %, and then halved down to a hundredth: of two changes within one
    such step neither is seen.
    """

    def sign_at(hundredths: int) -> int:
        multiple = EXACT.multiply(Decimal(hundredths), PRECISION)
        difference = EXACT.subtract(first(multiple), second(multiple))
        return (difference > 0) - (difference < 0)

    found: list[Turn] = []
    last, last_at = 0, 0
    for at in _steps():
        sign = sign_at(at)
        if sign and last and sign != last:
            low, high = last_at, at
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if sign_at(middle) == sign else (middle, high)
            found.append(Turn(EXACT.multiply(Decimal(high), PRECISION), sign > 0))
        if sign:
            last, last_at = sign, at
    return found


def _steps() -> Iterator[int]:
    """In hundredths; the round multiples too, as a size may end there."""
    last = 100 * FURTHEST
    steps = {100, 1_000, 10_000, last}
    at = 10
    while at < last:
        steps.add(at)
        at += max(1, at // 20)
    return iter(sorted(steps))
