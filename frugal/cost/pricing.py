"""From a plan to its estimate: charges, grants, prices, lines.

Both sides of a plan are priced by the same rules, each with the whole of the grants. A resource
that cannot be priced on one side is left out on both: a missing price is neither saving nor cost.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import partial
from pathlib import Path

from frugal.cost import budget
from frugal.cost.collector import gc_paused
from frugal.cost.estimate import Bracket, Estimate, Remark
from frugal.cost.grants import Grant, grants, offer_end, shares
from frugal.cost.lines import Entry, lines
from frugal.cost.meters.base import Charge
from frugal.cost.meters.front_door import ZONE
from frugal.cost.money import EXACT, NOTHING, ZERO, Range, rounded, total
from frugal.cost.month import Month, usual
from frugal.cost.plan import Plan, Resource
from frugal.cost.prices.sheet import EGRESS, Meter, Price, Sheet, Tier
from frugal.cost.prices.sheet import load as load_prices
from frugal.cost.properties import Unpriced
from frugal.cost.side import Side, classified
from frugal.cost.usage import Offers, Usage, assign
from frugal.cost.usage import load as load_usage

_FREE_EGRESS_GB = Decimal(100)


def price(plan: Plan, usage_file: Path | None = None, month: Month | None = None) -> Estimate:
    """Price a plan by the price table that comes with Frugal. Raises UsageError.

    `usage_file`: figures of use; without, those of a small site. `month`: by default 730 hours and
    30 days.
    """
    usual_month = usual(dt.datetime.now(tz=dt.UTC).date())
    return estimate(plan, load_prices(), load_usage(usage_file), month or usual_month)


def estimate(plan: Plan, sheet: Sheet, usage: Usage, month: Month) -> Estimate:
    """Price a plan, before and after. Raises UsageError.

    `usage` applies to both sides; `month`: length of the billed month.
    """
    figures = assign(usage, {**plan.before, **plan.after}.values())
    with localcontext(EXACT), gc_paused():
        cost = partial(_cost, sheet)
        before, after = (
            classified(side, figures, month, cost) for side in (plan.before, plan.after)
        )
        old, new, left_out = _price_both(before, after, sheet, usage, month)
        found = lines(plan, old.entries, new.entries)
        monthly = total(line.monthly for line in found)
        alerts, budget_notes = budget.alerts(plan.after.values(), monthly.expected)
        notes = [*plan.notes, *_notes(new), *_reader_notes(before, after, plan, left_out)]
        if left_out and found:
            notes.append("Unpriced resources are in no total, neither before nor after.")
        notes += budget_notes
        if end := offer_end(usage, month):
            without = usage.model_copy(update={"offers": Offers()})
            _old, later, _left_out = _price_both(before, after, sheet, without, month)
            step = later.expected - monthly.expected
            notes.append(
                f"The twelve-month offer of PostgreSQL ends on {end}: "
                f"then {rounded(step, sign=True)} {sheet.currency} a month."
            )
        return Estimate(
            currency=sheet.currency,
            prices_as_of=sheet.as_of,
            month=month.name,
            lines=found,
            unpriced=_remarks(left_out, plan),
            free=_remarks(_free(before, after, plan, left_out), plan),
            other=_remarks({**before.other, **after.other}, plan),
            notes=notes,
            assumptions=[a for urn, a in after.assumed if urn not in left_out],
            alerts=alerts,
            unknown=not (before.unknown | after.unknown) <= left_out.keys(),
        )


@dataclass(slots=True)
class _Priced:
    """Entries by resource and meter, unpriced resources, and the used part of each grant."""

    entries: dict[tuple[str, str], Entry]
    missing: dict[str, str]
    granted: list[tuple[Grant, Decimal]]

    @property
    def expected(self) -> Decimal:
        """Sum of the expected amounts; call it in a context of exact arithmetic."""
        return sum((entry.amount.expected for entry in self.entries.values()), ZERO)


def _price_both(
    before: Side, after: Side, sheet: Sheet, usage: Usage, month: Month
) -> tuple[_Priced, _Priced, dict[str, str]]:
    """Price both sides, without resources that are unpriced on one; return the reasons."""
    free = grants(usage, month)
    begin = max(_FREE_EGRESS_GB, usage.used_elsewhere.egress_gb)
    left_out = {**before.unpriced, **after.unpriced}
    while True:
        old = _price(before, sheet, free, begin, left_out.keys())
        new = _price(after, sheet, free, begin, left_out.keys())
        missing = {**old.missing, **new.missing}
        if not missing:
            return old, new, left_out
        left_out |= missing


def _price(
    side: Side,
    sheet: Sheet,
    free: Sequence[Grant],
    egress_begins: Decimal,
    left_out: AbstractSet[str],
) -> _Priced:
    counted = [pair for pair in side.charges if pair[0].urn not in left_out]
    # By case: low, expected, high.
    billed = (
        [charge.low for _one, charge in counted],
        [charge.expected for _one, charge in counted],
        [charge.high for _one, charge in counted],
    )
    granted = _grant(free, [charge.meter for _one, charge in counted], billed)
    volume = [egress_begins] * 3
    priced = _Priced({}, {}, granted)
    for index, (one, charge) in enumerate(counted):
        price = sheet.find(charge.meter, charge.region)
        quantities = billed[0][index], billed[1][index], billed[2][index]
        if price is None:
            if any(quantities):
                why = _no_price(sheet.meters[charge.meter], charge.region)
                priced.missing.setdefault(one.urn, why)
                continue
            meter = sheet.meters[charge.meter]
            entry = Entry(one, charge, meter, None, NOTHING, ZERO, ())
        else:
            starts = volume if charge.meter == EGRESS else _FROM_ZERO
            entry = _entry(one, charge, price, quantities, starts)
            if charge.meter == EGRESS:
                volume = [at + more for at, more in zip(volume, quantities, strict=True)]
        priced.entries[one.urn, charge.meter] = entry
    return priced


def _no_price(meter: Meter, region: str) -> str:
    return f"no price of {meter.name!r} ({meter.products[0]}) is known in {region}"


_FROM_ZERO = [ZERO] * 3


def _grant(
    free: Sequence[Grant], meters: Sequence[str], billed: Sequence[list[Decimal]]
) -> list[tuple[Grant, Decimal]]:
    """Subtract the grants from the quantities; return each grant's use in the expected case."""
    granted: list[tuple[Grant, Decimal]] = []
    of_meter: dict[str, list[int]] = {}
    for index, meter in enumerate(meters):
        of_meter.setdefault(meter, []).append(index)
    for grant in free:
        sharing = sorted(index for meter in grant.meters for index in of_meter.get(meter, ()))
        for case, quantities in enumerate(billed):
            if case == _HIGH and not grant.in_high:
                continue
            takers = [index for index in sharing if quantities[index]]
            taken = shares(grant.amount, [quantities[index] for index in takers])
            for index, share in zip(takers, taken, strict=True):
                quantities[index] -= share
            if case == _EXPECTED and (used := sum(taken, ZERO)):
                granted.append((grant, used))
    return granted


_EXPECTED, _HIGH = 1, 2


def _entry(
    one: Resource,
    charge: Charge,
    price: Price,
    quantities: tuple[Decimal, Decimal, Decimal],
    starts: Sequence[Decimal],
) -> Entry:
    per = price.meter.per
    if not any(quantities):
        return Entry(one, charge, price.meter, price, NOTHING, ZERO, ())
    low, expected, high = quantities if per == 1 else [quantity / per for quantity in quantities]
    tiers = price.tiers
    if len(tiers) == 1:
        unit_price = tiers[0].price
        amount = Range(low * unit_price, expected * unit_price, high * unit_price)
        return Entry(one, charge, price.meter, price, amount, expected, ())
    brackets = [
        _brackets(tiers, start / per, quantity)
        for start, quantity in zip(starts, (low, expected, high), strict=True)
    ]
    amount = Range._make(sum((b.quantity * b.unit_price for b in case), ZERO) for case in brackets)
    return Entry(one, charge, price.meter, price, amount, expected, brackets[_EXPECTED])


def _cost(sheet: Sheet, one: Resource, charge: Charge) -> Range:
    """List price of a charge alone, without grants. Raises Unpriced."""
    quantities = charge.low, charge.expected, charge.high
    price = sheet.find(charge.meter, charge.region)
    if price is not None:
        return _entry(one, charge, price, quantities, _FROM_ZERO).amount
    if any(quantities):
        raise Unpriced(_no_price(sheet.meters[charge.meter], charge.region))
    return NOTHING


def _brackets(tiers: Sequence[Tier], start: Decimal, quantity: Decimal) -> Sequence[Bracket]:
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
    return found


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
    if any(entry.charge.region == ZONE for entry in priced.entries.values()):
        yield f"Front Door is priced as if all visitors came from {ZONE} (North America, Europe)."
