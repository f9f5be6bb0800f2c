"""From a plan to its estimate: charges, grants, prices, lines.

Both sides of a plan are priced by the same rules, each with the whole of the grants. A resource
that cannot be priced on one side is left out on both: a missing price is neither saving nor cost.
"""

import datetime as dt
import operator
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal, localcontext
from functools import partial
from typing import NamedTuple

from frugal.cost import budget
from frugal.cost.collector import gc_paused
from frugal.cost.estimate import Assumption, Bracket, Estimate, Remark
from frugal.cost.grants import grants, offer_end, shares, used_elsewhere
from frugal.cost.lines import Cost, Entries, lines
from frugal.cost.meters import front_door
from frugal.cost.meters.base import Charge, Grant, Meter
from frugal.cost.money import EXACT, NOTHING, ZERO, Range, rounded, total
from frugal.cost.month import Month, usual
from frugal.cost.plan import Plan
from frugal.cost.prices.table import Price, Table, Tier
from frugal.cost.properties import Unpriced
from frugal.cost.side import Result, Side, classified
from frugal.cost.usage import Offers, Usage, assign


def price(plan: Plan, usage: Usage, month: Month | None = None) -> Estimate:
    """Price a plan by the price table that comes with Frugal. Raises UsageError.

    `usage`: figures of use; without any, those of a small site. `month`: by default 730 hours and
    30 days.
    """
    usual_month = usual(dt.datetime.now(tz=dt.UTC).date())
    return estimate(plan, Table(), usage, month or usual_month)


def estimate(plan: Plan, table: Table, usage: Usage, month: Month) -> Estimate:
    """Price a plan, before and after. Raises UsageError.

    `usage` applies to both sides; `month`: length of the billed month.
    """
    resources = {**plan.before, **plan.after}
    figures = assign(usage, resources.values())
    with localcontext(EXACT), gc_paused():
        cost = partial(_list_price, table, month.start)
        before, after = (
            classified(side, figures, month, cost) for side in (plan.before, plan.after)
        )
        old, new, left_out = _price_both(before, after, table, usage, month)
        removed = {urn: result for urn, result in before.items() if urn not in after}
        unpriced = {urn: Result("unpriced", reason) for urn, reason in left_out.items()}
        shown = sorted({**removed, **after, **unpriced}.items())
        found = lines(plan, old.costs, new.costs)
        monthly = total(line.monthly for line in found)
        alerts, budget_notes = budget.alerts(
            plan, monthly.expected, currency=table.currency, billed_in=usage.currency
        )
        notes = [*plan.notes, *_notes(new)]
        notes += [f"{resources[urn].name}: {note}." for urn, one in shown for note in one.notes]
        if left_out and found:
            notes.append("Unpriced resources are in no total, neither before nor after.")
        notes += budget_notes
        if end := offer_end(usage, month):
            without = usage.model_copy(update={"offers": Offers()})
            _old, later, _left_out = _price_both(before, after, table, without, month)
            then = total(cost.amount for cost in later.costs.values())
            step = then.expected - monthly.expected
            notes.append(
                f"The twelve-month offer of PostgreSQL ends on {end}: "
                f"then {rounded(step, sign=True)} {table.currency} a month."
            )
    remarks: dict[str, list[Remark]] = {}
    for urn, result in shown:
        remark = Remark(urn, resources[urn].name, resources[urn].type, result.reason)
        remarks.setdefault(result.kind, []).append(remark)
    return Estimate(
        currency=table.currency,
        prices_as_of=table.as_of,
        month=month.name,
        lines=found,
        unpriced=remarks.get("unpriced", []),
        free=remarks.get("free", []),
        other=remarks.get("other", []),
        notes=notes,
        assumptions=[
            Assumption(resources[urn].name, key, assumed.value, assumed.why)
            for urn, result in shown
            if urn in after
            for key, assumed in result.assumed
        ],
        alerts=alerts,
        unknown=any(
            side[urn].unknown for side in (before, after) for urn in side.keys() - left_out.keys()
        ),
    )


class _Priced(NamedTuple):
    """Costs by resource and meter, unpriced resources, and the used part of each grant."""

    costs: Entries
    missing: dict[str, str]
    granted: list[tuple[Grant, Decimal]]


def _price_both(
    before: Side, after: Side, table: Table, usage: Usage, month: Month
) -> tuple[_Priced, _Priced, dict[str, str]]:
    """Price both sides, without resources that are unpriced on one; return the reasons."""
    results = [*before.values(), *after.values()]
    meters = {charge.meter for result in results for charge in result.charges}
    shared = {
        grant: used_elsewhere(grant, usage)
        for grant in grants(usage, month)
        if not meters.isdisjoint(grant.meters)
    }
    left_out = {
        urn: result.reason
        for side in (before, after)
        for urn, result in side.items()
        if result.kind == "unpriced"
    }
    while True:
        old = _price(before, table, shared, month.start, left_out.keys())
        new = _price(after, table, shared, month.start, left_out.keys())
        missing = {**old.missing, **new.missing}
        if not missing:
            return old, new, left_out
        left_out |= missing


def _price(
    side: Side,
    table: Table,
    shared: Mapping[Grant, Decimal],
    day: dt.date,
    left_out: AbstractSet[str],
) -> _Priced:
    """Price a side; `shared`: the grants, with what other stacks use of their meters."""
    counted = [
        (urn, charge)
        for urn, result in side.items()
        if urn not in left_out
        for charge in result.charges
    ]
    billed = [[charge.low, charge.expected, charge.high] for _urn, charge in counted]
    granted = _grant(shared, [charge.meter for _urn, charge in counted], billed)
    # Base units of the subscription so far, by case, of meters whose tiers count its sum.
    volumes = {
        meter: [max(grant.amount, elsewhere)] * 3
        for grant, elsewhere in shared.items()
        for meter in grant.meters
    }
    priced = _Priced({}, {}, granted)
    # Resources of one shape have the same charges, and without grants the same costs.
    known: dict[int, Cost] = {}
    for (urn, charge), quantities in zip(counted, billed, strict=True):
        cost = known.get(id(charge))
        if cost is None:
            price = table.find(charge.meter, charge.region, day)
            if price is None and any(quantities):
                why = table.reason(charge.meter, charge.region, day)
                priced.missing.setdefault(urn, why)
                continue
            volume = volumes.get(charge.meter)
            cost = _cost(charge, price, quantities, volume)
            if volume is None:
                known[id(charge)] = cost
        number = 0
        while (key := (urn, charge.meter, number)) in priced.costs:
            number += 1
        priced.costs[key] = cost
    return priced


def _grant(
    shared: Mapping[Grant, Decimal], meters: Sequence[Meter], billed: Sequence[list[Decimal]]
) -> list[tuple[Grant, Decimal]]:
    """Subtract the grants from low, expected and high; return each grant's use if as expected."""
    granted: list[tuple[Grant, Decimal]] = []
    of_meter: dict[Meter, list[int]] = {}
    for index, meter in enumerate(meters):
        of_meter.setdefault(meter, []).append(index)
    for grant, elsewhere in shared.items():
        sharing = sorted(index for meter in grant.meters for index in of_meter.get(meter, ()))
        for case in (_LOW, _EXPECTED, _HIGH) if grant.in_high else (_LOW, _EXPECTED):
            takers = [billed[index] for index in sharing if billed[index][case]]
            taken_of = [quantities[case] for quantities in takers]
            left = max(grant.amount - elsewhere, ZERO)
            if grant.all_but_one:
                left = sum(taken_of, ZERO) - max(taken_of, default=ZERO)
            taken = shares(left, taken_of)
            for quantities, share in zip(takers, taken, strict=True):
                quantities[case] -= share
            if case == _EXPECTED and (used := sum(taken, ZERO)):
                granted.append((grant, used))
    return granted


_LOW, _EXPECTED, _HIGH = 0, 1, 2
_FROM_ZERO = (ZERO, ZERO, ZERO)


def _cost(
    charge: Charge,
    price: Price | None,
    quantities: Sequence[Decimal],
    volume: list[Decimal] | None,
) -> Cost:
    """Cost of a charge's billed quantities, by which `volume`, if any, grows, in base units."""
    if price is None:
        return Cost(charge, None, NOTHING, ZERO, None, ())
    tiers = price.tiers
    if volume and not tiers[0].price and tiers[1:]:
        tiers = tiers[1:]  # granted
    if not any(quantities):
        return Cost(charge, price, NOTHING, ZERO, _first_paid(tiers), ())
    per = charge.meter.per
    low, expected, high = quantities if per == 1 else [quantity / per for quantity in quantities]
    if len(tiers) == 1:
        unit_price = tiers[0].price
        amount = Range(low * unit_price, expected * unit_price, high * unit_price)
        whole = (Bracket(ZERO, expected, unit_price),) if expected else ()
        return Cost(charge, price, amount, expected, unit_price, whole)
    brackets = [
        _brackets(tiers, start / per, quantity)
        for start, quantity in zip(volume or _FROM_ZERO, (low, expected, high), strict=True)
    ]
    if volume:
        volume[:] = map(operator.add, volume, quantities)
    amount = Range._make(sum((b.quantity * b.unit_price for b in case), ZERO) for case in brackets)
    found = brackets[_EXPECTED]
    unit_price = _first_paid(tiers) if not found else None if found[1:] else found[0].unit_price
    return Cost(charge, price, amount, expected, unit_price, found)


def _list_price(table: Table, day: dt.date, charge: Charge) -> Range:
    """Cost of a charge alone, without grants. Raises Unpriced."""
    quantities = charge.low, charge.expected, charge.high
    price = table.find(charge.meter, charge.region, day)
    if price is None and any(quantities):
        raise Unpriced(table.reason(charge.meter, charge.region, day))
    return _cost(charge, price, quantities, None).amount


def _first_paid(tiers: Sequence[Tier]) -> Decimal:
    """Price of the first unit that is not free."""
    return tiers[0].price or next((tier.price for tier in tiers if tier.price), ZERO)


def _brackets(tiers: Sequence[Tier], start: Decimal, quantity: Decimal) -> tuple[Bracket, ...]:
    """The parts of a quantity in each tier, where it begins at `start`."""
    end = start + quantity
    ends = (*(tier.start for tier in tiers[1:]), end)
    parts = (
        Bracket(tier.start, min(end, until) - max(start, tier.start), tier.price)
        for tier, until in zip(tiers, ends, strict=True)
    )
    return tuple(part for part in parts if part.quantity > 0)


def _notes(priced: _Priced) -> Iterable[str]:
    for grant, used in priced.granted:
        yield f"Free, once for the whole plan: {grant.what}; {used.normalize():,f} of it used."
    if any(cost.charge.meter.service == front_door.SERVICE for cost in priced.costs.values()):
        zone = front_door.ZONE
        yield f"Front Door is priced as if all visitors came from {zone} (North America, Europe)."
