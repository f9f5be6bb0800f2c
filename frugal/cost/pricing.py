"""From a plan to its estimate: charges, grants, prices, lines.

Both sides of a plan are priced by the same rules, each with the whole of the grants. A resource
that cannot be priced on one side is left out on both: a missing price is neither saving nor cost.
"""

import datetime as dt
import operator
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import partial
from pathlib import Path

from frugal.cost import budget
from frugal.cost.collector import gc_paused
from frugal.cost.estimate import Assumption, Bracket, Estimate, Remark
from frugal.cost.grants import grants, offer_end, shares, used_elsewhere
from frugal.cost.lines import Cost, Entries, Entry, lines
from frugal.cost.meters import front_door
from frugal.cost.meters.base import Charge, Grant, Meter
from frugal.cost.money import EXACT, NOTHING, ZERO, Range, rounded, total
from frugal.cost.month import Month, usual
from frugal.cost.plan import Plan
from frugal.cost.prices.table import Price, Table, Tier
from frugal.cost.properties import Unpriced
from frugal.cost.side import Side, classified
from frugal.cost.usage import Offers, Usage, assign
from frugal.cost.usage import load as load_usage


def price(plan: Plan, usage_file: Path | None = None, month: Month | None = None) -> Estimate:
    """Price a plan by the price table that comes with Frugal. Raises UsageError.

    `usage_file`: figures of use; without, those of a small site. `month`: by default 730 hours and
    30 days.
    """
    usual_month = usual(dt.datetime.now(tz=dt.UTC).date())
    return estimate(plan, Table(), load_usage(usage_file), month or usual_month)


def estimate(plan: Plan, table: Table, usage: Usage, month: Month) -> Estimate:
    """Price a plan, before and after. Raises UsageError.

    `usage` applies to both sides; `month`: length of the billed month.
    """
    figures = assign(usage, {**plan.before, **plan.after}.values())
    with localcontext(EXACT), gc_paused():
        cost = partial(_list_price, table, month.start)
        before, after = (
            classified(side, figures, month, cost) for side in (plan.before, plan.after)
        )
        old, new, left_out = _price_both(before, after, table, usage, month)
        found = lines(plan, old.entries, new.entries)
        monthly = total(line.monthly for line in found)
        alerts, budget_notes = budget.alerts(
            plan, monthly.expected, currency=table.currency, billed_in=usage.currency
        )
        notes = [*plan.notes, *_notes(new), *_reader_notes(before, after, plan, left_out)]
        if left_out and found:
            notes.append("Unpriced resources are in no total, neither before nor after.")
        notes += budget_notes
        if end := offer_end(usage, month):
            without = usage.model_copy(update={"offers": Offers()})
            _old, later, _left_out = _price_both(before, after, table, without, month)
            step = later.expected - monthly.expected
            notes.append(
                f"The twelve-month offer of PostgreSQL ends on {end}: "
                f"then {rounded(step, sign=True)} {table.currency} a month."
            )
        return Estimate(
            currency=table.currency,
            prices_as_of=table.as_of,
            month=month.name,
            lines=found,
            unpriced=_remarks(left_out, plan),
            free=_remarks(_free(before, after, plan, left_out), plan),
            other=_remarks({**before.other, **after.other}, plan),
            notes=notes,
            assumptions=[
                Assumption(one.name, key, assumed.value, assumed.why)
                for one, figures_of_one in after.assumed
                if one.urn not in left_out
                for key, assumed in figures_of_one
            ],
            alerts=alerts,
            unknown=not (before.unknown | after.unknown) <= left_out.keys(),
        )


@dataclass(slots=True)
class _Priced:
    """Entries by resource and meter, unpriced resources, and the used part of each grant."""

    entries: Entries
    missing: dict[str, str]
    granted: list[tuple[Grant, Decimal]]

    @property
    def expected(self) -> Decimal:
        """Sum of the expected amounts; call it in a context of exact arithmetic."""
        return sum((entry.cost.amount.expected for entry in self.entries.values()), ZERO)


def _price_both(
    before: Side, after: Side, table: Table, usage: Usage, month: Month
) -> tuple[_Priced, _Priced, dict[str, str]]:
    """Price both sides, without resources that are unpriced on one; return the reasons."""
    shared = {grant: used_elsewhere(grant, usage) for grant in grants(usage, month)}
    left_out = {**before.unpriced, **after.unpriced}
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
    counted = [pair for pair in side.charges if pair[0].urn not in left_out]
    # By case: low, expected, high.
    billed = (
        [charge.low for _one, charge in counted],
        [charge.expected for _one, charge in counted],
        [charge.high for _one, charge in counted],
    )
    granted = _grant(shared, [charge.meter for _one, charge in counted], billed)
    # Base units of the subscription so far, by case, of meters whose tiers count its sum.
    volumes = {
        meter: [max(grant.amount, elsewhere)] * 3
        for grant, elsewhere in shared.items()
        for meter in grant.meters
    }
    priced = _Priced({}, {}, granted)
    # Resources of one shape have the same charges, and without grants the same costs.
    costs: dict[int, Cost] = {}
    for index, (one, charge) in enumerate(counted):
        cost = costs.get(id(charge))
        if cost is None:
            quantities = billed[0][index], billed[1][index], billed[2][index]
            price = table.find(charge.meter, charge.region, day)
            if price is None and any(quantities):
                why = table.reason(charge.meter, charge.region, day)
                priced.missing.setdefault(one.urn, why)
                continue
            volume = volumes.get(charge.meter)
            cost = _cost(charge, price, quantities, volume)
            if volume is None:
                costs[id(charge)] = cost
        number = 0
        while (key := (one.urn, charge.meter, number)) in priced.entries:
            number += 1
        priced.entries[key] = Entry(one, charge, cost)
    return priced


def _grant(
    shared: Mapping[Grant, Decimal], meters: Sequence[Meter], billed: Sequence[list[Decimal]]
) -> list[tuple[Grant, Decimal]]:
    """Subtract the grants from the quantities; return each grant's use in the expected case."""
    granted: list[tuple[Grant, Decimal]] = []
    of_meter: dict[Meter, list[int]] = {}
    for index, meter in enumerate(meters):
        of_meter.setdefault(meter, []).append(index)
    for grant, elsewhere in shared.items():
        sharing = sorted(index for meter in grant.meters for index in of_meter.get(meter, ()))
        for case, quantities in enumerate(billed):
            if case == _HIGH and not grant.in_high:
                continue
            takers = [index for index in sharing if quantities[index]]
            left = max(grant.amount - elsewhere, ZERO)
            if grant.all_but_one:
                each = [quantities[index] for index in takers]
                left = sum(each, ZERO) - max(each, default=ZERO)
            taken = shares(left, [quantities[index] for index in takers])
            for index, share in zip(takers, taken, strict=True):
                quantities[index] -= share
            if case == _EXPECTED and (used := sum(taken, ZERO)):
                granted.append((grant, used))
    return granted


_EXPECTED, _HIGH = 1, 2
_FROM_ZERO = (ZERO, ZERO, ZERO)


def _cost(
    charge: Charge,
    price: Price | None,
    quantities: tuple[Decimal, Decimal, Decimal],
    volume: list[Decimal] | None,
) -> Cost:
    """Cost of a charge's billed quantities, by which `volume`, if any, grows, in base units."""
    if price is None:
        return Cost(None, NOTHING, ZERO, None, ())
    tiers = price.tiers
    if volume and not tiers[0].price and tiers[1:]:
        tiers = tiers[1:]  # granted
    if not any(quantities):
        return Cost(price, NOTHING, ZERO, _first_paid(tiers), ())
    per = charge.meter.per
    low, expected, high = quantities if per == 1 else [quantity / per for quantity in quantities]
    if len(tiers) == 1:
        unit_price = tiers[0].price
        amount = Range(low * unit_price, expected * unit_price, high * unit_price)
        whole = (Bracket(ZERO, expected, unit_price),) if expected else ()
        return Cost(price, amount, expected, unit_price, whole)
    brackets = [
        _brackets(tiers, start / per, quantity)
        for start, quantity in zip(volume or _FROM_ZERO, (low, expected, high), strict=True)
    ]
    if volume:
        volume[:] = map(operator.add, volume, quantities)
    amount = Range._make(sum((b.quantity * b.unit_price for b in case), ZERO) for case in brackets)
    found = brackets[_EXPECTED]
    unit_price = _first_paid(tiers) if not found else None if found[1:] else found[0].unit_price
    return Cost(price, amount, expected, unit_price, found)


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
    found: list[Bracket] = []
    end = start + quantity
    for number, tier in enumerate(tiers):
        if tier.start >= end or not quantity:
            break
        until = tiers[number + 1].start if number + 1 < len(tiers) else end
        if until > start:
            part = min(end, until) - max(start, tier.start)
            found.append(Bracket(tier.start, part, tier.price))
    return tuple(found)


def _free(before: Side, after: Side, plan: Plan, left_out: Mapping[str, str]) -> dict[str, str]:
    """Free resources, removed ones included, without those that are unpriced on the other side."""
    gone = {urn: reason for urn, reason in before.free.items() if urn not in plan.after}
    return {urn: reason for urn, reason in {**gone, **after.free}.items() if urn not in left_out}


def _reader_notes(
    before: Side, after: Side, plan: Plan, left_out: Mapping[str, str]
) -> Iterable[str]:
    gone = [(urn, note) for urn, note in before.notes if urn not in plan.after]
    return [note for urn, note in (*gone, *after.notes) if urn not in left_out]


def _remarks(reasons: Mapping[str, str], plan: Plan) -> list[Remark]:
    found: list[Remark] = []
    for urn in sorted(reasons):
        one = plan.after.get(urn) or plan.before[urn]
        found.append(Remark(urn, one.name, one.type, reasons[urn]))
    return found


def _notes(priced: _Priced) -> Iterable[str]:
    for grant, used in priced.granted:
        yield f"Free, once for the whole plan: {grant.what}; {used.normalize():,f} of it used."
    if any(entry.charge.meter.service == front_door.SERVICE for entry in priced.entries.values()):
        zone = front_door.ZONE
        yield f"Front Door is priced as if all visitors came from {zone} (North America, Europe)."
