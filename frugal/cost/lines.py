"""The lines of an estimate: each meter of each resource, before and after, and why it changed."""

from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from frugal.cost.estimate import Bracket, Change, Line
from frugal.cost.meters.base import Charge
from frugal.cost.money import NOTHING, ZERO, Range
from frugal.cost.plan import Plan, Resource
from frugal.cost.prices.table import Meter, Price


class Cost(NamedTuple):
    """A charge's cost by its price; `quantity`, `unit_price` and `brackets`: of what is expected.

    `unit_price`: if nothing is billed, of the first unit that is not free; None without a price, or
    with several of them.
    """

    charge: Charge
    price: Price | None
    amount: Range
    quantity: Decimal
    unit_price: Decimal | None
    brackets: tuple[Bracket, ...]


Entries = dict[tuple[str, Meter, int], Cost]
"""Costs by URN, meter, and a number if a resource has one meter in several regions."""


def lines(plan: Plan, old: Entries, new: Entries) -> list[Line]:
    """A line for each meter that a resource has on either side, in order of URN."""
    reasons: dict[str, str] = {}
    found: list[Line] = []
    for key in sorted({**new, **old}, key=itemgetter(0)):
        before, after = old.get(key), new.get(key)
        change = _change(before, after)
        if change != "same" and key[0] not in reasons:
            reasons[key[0]] = _reason(plan, key[0])
        reason = "" if change == "same" else reasons[key[0]]
        resource = plan.after.get(key[0]) or plan.before[key[0]]
        found.append(_line(resource, before, after, change, reason))
    return found


def _line(
    resource: Resource, before: Cost | None, after: Cost | None, change: Change, reason: str
) -> Line:
    shown = after or before
    assert shown  # noqa: S101 - a line is of one of the two
    return Line(
        resource=resource.urn,
        name=resource.name,
        type=resource.type,
        meter=shown.charge.meter.name,
        unit=shown.charge.meter.unit,
        quantity=shown.quantity if after else ZERO,
        unit_price=shown.unit_price,
        tiers=shown.brackets if after else (),
        monthly=shown.amount if after else NOTHING,
        before=before.amount if before else NOTHING,
        change=change,
        reason=reason,
        source=shown.price.source if shown.price else "",
        grows=shown.charge.grows,
    )


def _change(before: Cost | None, after: Cost | None) -> Change:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    same = (before.amount, before.quantity) == (after.amount, after.quantity)
    return "same" if same else "changed"


def _reason(plan: Plan, urn: str) -> str:
    """Properties that the price depends on and that have changed."""
    before, after = plan.before.get(urn), plan.after.get(urn)
    if before is None or after is None:
        return "new" if before is None else "removed"
    old, new = before.properties.read, after.properties.read
    changed = [
        f"{path} {_value(old.get(path))} → {_value(new.get(path))}"
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]
    return ", ".join(changed) or "the free grants are divided differently"


def _value(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "unset" if value is None else str(value)
