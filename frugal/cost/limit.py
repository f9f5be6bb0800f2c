"""Limits on a bill: exceeded by what is priced, or not to be checked where something is unknown."""

from decimal import Decimal

from frugal.cost.estimate import Estimate
from frugal.cost.money import rounded
from frugal.errors import FrugalError

OVER, UNPRICED = 3, 4
"""Exit codes: a limit is exceeded; something has no price, or a limit cannot be checked."""

_HEAVIEST = 3
_UNKNOWN = (
    "The bill depends on a value that is secret or not known before the deployment, so no limit "
    "can be checked; the notes of `frugal cost` name it."
)


def verdict(
    bill: Estimate,
    *,
    above: Decimal | None,
    increase: Decimal | None = None,
    unpriced_is_accepted: bool = False,
) -> tuple[int, str]:
    """Exit code and its reason, or 0. `above`: limit of the expected bill; `increase`: of its rise.

    What is priced may exceed a limit by itself, so that comes first. A bill with a value unknown
    passes no limit, and one with unpriced resources passes only if these are accepted.
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
    if bill.unknown and (above is not None or increase is not None):
        return UNPRICED, _UNKNOWN
    if bill.unpriced and not unpriced_is_accepted:
        return UNPRICED, (
            f"Resources without a price: {len(bill.unpriced)}, so the bill is incomplete. "
            "--allow-unpriced accepts that."
        )
    return 0, ""


def refuse_above(limit: Decimal, bill: Estimate) -> None:
    """Raise FrugalError if the bill exceeds `limit`, USD a month, is incomplete or is unknown."""
    code, _reason = verdict(bill, above=limit)
    if code == OVER:
        heaviest = sorted(bill.lines, key=lambda one: (-one.monthly.expected, one.resource))[
            :_HEAVIEST
        ]
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
        gaps = [f"  {one.name} ({one.type}): {one.reason}" for one in bill.unpriced]
        if gaps:
            gaps.insert(0, f"Without a price: {len(gaps)}:")
        if bill.unknown:
            gaps.append(_UNKNOWN)
        raise FrugalError(
            f"frugal:maxMonthlyCost {rounded(limit)} {bill.currency} cannot be checked. "
            + "\n".join(gaps)
            + "\nChange these resources, or remove the limit: pulumi config rm maxMonthlyCost"
        )
