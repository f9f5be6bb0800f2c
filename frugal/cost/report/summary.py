"""The bill in short: what the stack exports, so that a preview's own diff shows the change."""

from collections.abc import Mapping

from frugal.cost.estimate import Estimate
from frugal.cost.money import plain


def summary(bill: Estimate) -> Mapping[str, object]:
    """Amounts a month, exact, as decimal strings."""
    return {
        "low": plain(bill.monthly.low),
        "expected": plain(bill.monthly.expected),
        "high": plain(bill.monthly.high),
        "currency": bill.currency,
        "pricesAsOf": bill.prices_as_of.isoformat(),
        "unpriced": [f"{one.name} ({one.type}): {one.reason}" for one in bill.unpriced],
        "budgetAlerts": [
            f"{alert.budget} at {plain(alert.percent)} % of {plain(alert.amount)} ({alert.kind})"
            for alert in bill.alerts
        ],
    }
