"""Comparison of an estimate with the plan's own budgets: the alerts that it would trigger."""

from decimal import Decimal
from typing import cast

from frugal.cost.estimate import Alert
from frugal.cost.plan import Plan, Resource
from frugal.cost.properties import Unpriced

_TYPES = frozenset({"azure-native:consumption:Budget", "azure-native:costmanagement:Budget"})
_MONTHS = {"monthly": 1, "quarterly": 3, "annually": 12}


def alerts(
    plan: Plan, expected: Decimal, *, currency: str, billed_in: str | None
) -> tuple[list[Alert], list[str]]:
    """Alerts that `expected` a month triggers; sentences about the other budgets.

    `currency`: of `expected`; `billed_in`: the account's, if its owner has named it. A budget that
    exists has its currency in its outputs.
    """
    found: list[Alert] = []
    notes: list[str] = []
    for urn, one in plan.after.items():
        if one.type not in _TYPES:
            continue
        own = _unit(plan.before.get(urn, one)) or billed_in
        if own and own != currency:
            notes.append(
                f"Budget {one.name} is in {own}, and was not compared with a bill in {currency}."
            )
            continue
        try:
            reached = _reached(one, expected)
        except Unpriced as reason:
            notes.append(f"Budget {one.name} was not compared: {reason}.")
            continue
        found += reached
        if not own:
            notes.append(
                f"Budget {one.name} was compared as if in {currency}: its currency is not known. "
                "`currency:` in the usage file names it."
            )
        if not reached:
            notes.append(f"Budget {one.name}: the expected bill triggers no alert.")
    return found, notes


def _unit(one: Resource) -> str:
    """Currency of a deployed budget, by its output `currentSpend`; empty if it has none."""
    spend: object = one.outputs.get("currentSpend")
    unit = cast("dict[str, object]", spend).get("unit") if isinstance(spend, dict) else None
    return unit.upper() if isinstance(unit, str) else ""


def _reached(one: Resource, monthly: Decimal) -> list[Alert]:
    """Alerts of a budget that `monthly`, over its period, triggers."""
    properties = one.properties
    amount = properties.number("amount")
    grain = properties.text("timeGrain")
    if grain.lower() not in _MONTHS:
        raise Unpriced(f"timeGrain {grain!r} is not a period that can be compared")
    expected = monthly * _MONTHS[grain.lower()]
    points = sorted(
        (one.number("threshold"), one.text("thresholdType", "Actual"))
        for one in properties.named_blocks("notifications")
        if one.flag("enabled")
    )
    return [
        Alert(one.name, percent, amount, kind)
        for percent, kind in points
        if expected * 100 >= amount * percent
    ]
