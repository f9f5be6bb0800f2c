"""Summary of a bill: the stack's output `monthlyCost`, whose change every preview shows."""

from collections.abc import Mapping

from frugal.cost.estimate import Estimate
from frugal.cost.money import plain, rounded


def summary(bill: Estimate) -> Mapping[str, object]:
    """Amounts a month: exact, as decimal strings; `shown`: rounded, for people."""
    low, expected, high = bill.monthly
    more = " or more" if any(line.grows for line in bill.lines) else ""
    return {
        "shown": (
            f"{rounded(expected)} {bill.currency} a month expected, "
            f"from {rounded(low)} to {rounded(high)}{more}"
        ),
        "low": plain(low),
        "expected": plain(expected),
        "high": plain(high),
        "currency": bill.currency,
        "pricesAsOf": bill.prices_as_of.isoformat(),
        "unpriced": [f"{one.name} ({one.type}): {one.reason}" for one in bill.unpriced],
        "budgetAlerts": [
            f"{alert.budget} at {plain(alert.percent)} % of {plain(alert.amount)} ({alert.kind})"
            for alert in bill.alerts
        ],
    }
