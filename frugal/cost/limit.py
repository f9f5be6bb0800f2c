"""Limits on a bill. None is kept by a bill that is not whole."""

from decimal import Decimal

from frugal.cost.estimate import Estimate, Line
from frugal.cost.money import rounded
from frugal.errors import FrugalError

OVER, UNPRICED = 3, 4
"""Exit codes: a limit is exceeded; something has no price."""

_HEAVIEST = 3


def verdict(
    bill: Estimate,
    *,
    above: Decimal | None,
    increase: Decimal | None,
    unpriced_is_accepted: bool,
) -> tuple[int, str]:
    """Exit code and its reason, or 0. `above`: most that may be expected; `increase`: of it.

    A limit may be exceeded by what is priced alone; with something unpriced and not accepted none
    can be said to be kept.
    """
    expected, more = bill.monthly.expected, bill.delta.expected
    if above is not None and expected > above:
        return OVER, f"{rounded(expected)} {bill.currency} a month are above {rounded(above)}."
    if increase is not None and more > increase:
        return (
            OVER,
            f"{rounded(more, sign=True)} {bill.currency} a month are above {rounded(increase)}.",
        )
    if bill.unpriced and not unpriced_is_accepted:
        return UNPRICED, (
            f"Resources without a price: {len(bill.unpriced)}, so the bill is not whole. "
            "--allow-unpriced accepts that."
        )
    return 0, ""


def refuse_above(limit: Decimal, bill: Estimate) -> None:
    """Raise FrugalError where `limit` USD a month is exceeded, or where nobody can say."""
    if bill.unpriced:
        names = "\n".join(f"  {one.name} ({one.type}): {one.reason}" for one in bill.unpriced)
        message = (
            f"frugal:maxMonthlyCost {rounded(limit)} {bill.currency}: nobody can say whether it is "
            f"kept, since the bill is not whole. Unpriced:\n{names}\n"
            "Change what has no price, or take the limit away: pulumi config rm maxMonthlyCost"
        )
        raise FrugalError(message, code=UNPRICED)
    expected = bill.monthly.expected
    if expected > limit:
        heaviest = sorted(bill.lines, key=_weight)[:_HEAVIEST]
        lines = "\n".join(
            f"  {rounded(line.monthly.expected):>10}  {line.name}: {line.meter}"
            for line in heaviest
        )
        message = (
            f"frugal:maxMonthlyCost: {rounded(expected)} {bill.currency} a month are expected, and "
            f"the limit is {rounded(limit)}. The heaviest:\n{lines}\n"
            "`frugal cost` shows the whole bill. Change the settings, or the limit: "
            "pulumi config set maxMonthlyCost AMOUNT"
        )
        raise FrugalError(message, code=OVER)


def _weight(line: Line) -> tuple[Decimal, str]:
    return -line.monthly.expected, line.resource
