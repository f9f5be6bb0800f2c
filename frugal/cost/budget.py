"""Comparison of an estimate with the plan's own budgets: the alerts that it would trigger."""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.estimate import Alert
from frugal.cost.plan import Resource
from frugal.cost.properties import Properties, Unpriced

_MONTHS = {"Monthly": 1, "Quarterly": 3, "Annually": 12}


def alerts(resources: Iterable[Resource], expected: Decimal) -> tuple[list[Alert], list[str]]:
    """Alerts that `expected` a month triggers; a sentence for each other budget."""
    found: list[Alert] = []
    told: list[str] = []
    for one in resources:
        if one.type != "azure-native:consumption:Budget":
            continue
        try:
            reached = _reached(one, expected)
        except Unpriced as reason:
            told.append(f"Budget {one.name} was not compared: {reason}.")
            continue
        found += reached
        if not reached:
            told.append(f"Budget {one.name}: the expected bill triggers no alert.")
    return found, told


def _reached(one: Resource, monthly: Decimal) -> list[Alert]:
    """Monthly amount of a budget; its currency is assumed to be the bill's."""
    properties = one.properties
    amount = properties.number("amount")
    grain = properties.text("timeGrain")
    if grain not in _MONTHS:
        raise Unpriced(f"timeGrain {grain!r} is not a period that can be compared")
    expected = monthly * _MONTHS[grain]
    return [
        Alert(one.name, percent, amount, kind)
        for percent, kind in _notifications(properties)
        if expected * 100 >= amount * percent
    ]


def _notifications(properties: Properties) -> list[tuple[Decimal, str]]:
    """Threshold in percent and kind (Actual, Forecasted) of the enabled notifications."""
    return sorted(
        (one.number("threshold"), one.text("thresholdType", "Actual"))
        for one in properties.named_blocks("notifications")
        if one.flag("enabled")
    )
