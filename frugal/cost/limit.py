"""Limits on a bill: exceeded by what is priced, else missed by a bill with unpriced resources."""

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
    increase: Decimal | None = None,
    unpriced_is_accepted: bool = False,
) -> tuple[int, str]:
    """Exit code and its reason, or 0. `above`: limit of the expected bill; `increase`: of its rise.

    What is priced may exceed a limit by itself, so that comes first; a bill with unpriced
    resources that are not accepted passes no limit.
    """
    expected, more = bill.monthly.expected, bill.delta.expected
    if above is not None and expected > above:
        return (
            OVER,
            f"{rounded(expected)} {bill.currency} a month is above the limit of {rounded(above)}.",
        )
    if increase is not None and more > increase:
        return OVER, (
            f"{rounded(more, sign=True)} {bill.currency} a month is above the limit of "
            f"{rounded(increase)}."
        )
    if bill.unpriced and not unpriced_is_accepted:
        return UNPRICED, (
            f"Resources without a price: {len(bill.unpriced)}, so the bill is incomplete. "
            "--allow-unpriced accepts that."
        )
    return 0, ""


def refuse_above(limit: Decimal, bill: Estimate) -> None:
    """Raise FrugalError if the bill exceeds `limit`, USD a month, or is incomplete."""
    code, _reason = verdict(bill, above=limit)
    if code == OVER:
        heaviest = sorted(bill.lines, key=_weight)[:_HEAVIEST]
        lines = "\n".join(
            f"  {rounded(line.monthly.expected):>10}  {line.name}: {line.meter}"
            for line in heaviest
        )
        raise FrugalError(
            f"frugal:maxMonthlyCost: {rounded(bill.monthly.expected)} {bill.currency} a month is "
            f"expected, and the limit is {rounded(limit)}. The heaviest:\n{lines}\n"
            "`frugal cost` shows the whole bill. Change the settings, or the limit: "
            "pulumi config set maxMonthlyCost AMOUNT"
        )
    if code == UNPRICED:
        names = "\n".join(f"  {one.name} ({one.type}): {one.reason}" for one in bill.unpriced)
        raise FrugalError(
            f"frugal:maxMonthlyCost {rounded(limit)} {bill.currency} cannot be checked. "
            f"Without a price: {len(bill.unpriced)}:\n{names}\n"
            "Change these resources, or remove the limit: pulumi config rm maxMonthlyCost"
        )


def _weight(line: Line) -> tuple[Decimal, str]:
    return -line.monthly.expected, line.resource
