"""Properties that hold for any plan."""

import json
import random
from decimal import Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from frugal.cost.estimate import Estimate, Line
from frugal.cost.grants import grants, shares
from frugal.cost.meters import (
    app_service,
    container_apps,
    front_door,
    key_vault,
    log_analytics,
    postgres,
    registry,
)
from frugal.cost.meters.bandwidth import EGRESS
from frugal.cost.money import EXACT, NOTHING, Range, difference, total
from frugal.cost.plan import Resource, from_resources, parse
from frugal.cost.preview import from_preview
from frugal.cost.prices.missing import declared
from frugal.cost.prices.table import Meter
from frugal.cost.pricing import estimate
from frugal.cost.usage import Usage, keys_of
from tests.cost.any_plan import NAMES, resource_named, resources, usages
from tests.cost.made import USUAL, azure, bill, edge, preview, step, table

D = Decimal
# The whole suite is to take seconds on a busy machine.
some = settings(max_examples=25)


@st.composite
def bills(draw: st.DrawFn) -> tuple[list[Resource], list[Resource], Usage]:
    """Before, after, and a usage file for both: what has a name in both may differ in all else."""
    before, after = draw(resources()), draw(resources())
    kept = {one.name: one for one in before}
    after = [kept[one.name] if draw(st.booleans()) and one.name in kept else one for one in after]
    return before, after, draw(usages([*before, *after]))


@st.composite
def used_resources(draw: st.DrawFn) -> tuple[list[Resource], Usage]:
    found = draw(resources())
    return found, draw(usages(found))


@some
@given(used_resources(), st.randoms())
def test_the_order_of_resources_does_not_matter(
    case: tuple[list[Resource], Usage], shuffling: random.Random
) -> None:
    found, usage = case
    mixed = found.copy()
    shuffling.shuffle(mixed)
    assert bill(*found, usage=usage) == bill(*mixed, usage=usage)


@some
@given(used_resources())
def test_what_stays_as_it_is_changes_nothing(case: tuple[list[Resource], Usage]) -> None:
    found, usage = case
    same = bill(*found, before=found, usage=usage)
    assert same.delta == NOTHING
    assert same.monthly == same.before == bill(*found, usage=usage).monthly
    assert {line.change for line in same.lines} <= {"same"}
    assert not any(line.reason for line in same.lines)


@some
@given(bills())
def test_the_way_back_is_the_same_way(
    case: tuple[list[Resource], list[Resource], Usage],
) -> None:
    one, other, usage = case
    there, back = bill(*other, before=one, usage=usage), bill(*one, before=other, usage=usage)
    assert there.delta == difference(NOTHING, back.delta)
    assert (there.before, there.monthly) == (back.monthly, back.before)
    turned = {"added": "removed", "removed": "added", "changed": "changed", "same": "same"}
    assert [turned[line.change] for line in there.lines] == [line.change for line in back.lines]


@some
@given(bills())
def test_each_side_is_what_it_is_alone(case: tuple[list[Resource], list[Resource], Usage]) -> None:
    before, after, usage = case
    both = bill(*after, before=before, usage=usage)
    assert both.monthly == total(line.monthly for line in both.lines)
    assert both.before == total(line.before for line in both.lines)
    assert both.delta == difference(both.monthly, both.before)
    assert both.monthly == bill(*after, usage=only(usage, after)).monthly
    assert both.before == bill(*before, usage=only(usage, before)).monthly


def only(usage: Usage, having: list[Resource]) -> Usage:
    """Without the figures that none of these resources has a use for."""
    keys = {one.name: keys_of(one) for one in having}
    figures = {
        name: own
        for name, given in usage.resources.items()
        if (own := {key: value for key, value in given.items() if key in keys.get(name, ())})
    }
    return usage.model_copy(update={"resources": figures})


@some
@given(used_resources())
def test_what_the_program_declares_costs_what_its_preview_costs(
    case: tuple[list[Resource], Usage],
) -> None:
    """The stack's own output and `frugal cost` see the same, the one before it is JSON."""
    found, usage = case
    printed = json.dumps(preview(*(step("create", None, one) for one in found)))
    shown = estimate(from_preview(parse(printed)), table(), usage, USUAL)
    assert shown == estimate(from_resources(found), table(), usage, USUAL)


@some
@given(used_resources(), st.data())
def test_adding_a_resource_never_lowers_low(
    case: tuple[list[Resource], Usage], data: st.DataObject
) -> None:
    found, usage = case
    free_names = sorted({*NAMES} - {one.name for one in found})
    more = data.draw(resource_named(data.draw(st.sampled_from(free_names))))
    alone, together = bill(*found, usage=usage), bill(*found, more, usage=usage)
    assert together.monthly.low >= alone.monthly.low


def of_resources(found: Estimate) -> dict[str, Range]:
    by_urn: dict[str, list[Line]] = {}
    for line in found.lines:
        by_urn.setdefault(line.resource, []).append(line)
    return {urn: total(line.monthly for line in lines) for urn, lines in by_urn.items()}


# A free grant is shared in whole units, so a line's may differ by one unit between the cases. The
# dearest unit that is shared so is a vCPU-second.
WHOLE_UNIT = D("0.000034") * 12


@some
@given(used_resources())
def test_low_is_below_expected_is_below_high(case: tuple[list[Resource], Usage]) -> None:
    found, usage = case
    whole = bill(*found, usage=usage)
    with localcontext(EXACT):
        for figure in (whole.monthly, *of_resources(whole).values()):
            assert figure.low >= 0
            assert figure.low <= figure.expected + WHOLE_UNIT
            assert figure.expected <= figure.high + WHOLE_UNIT


@some
@given(resource_named("a").flatmap(lambda one: st.tuples(st.just(one), usages([one]))))
def test_low_expected_and_high_of_one_resource_are_in_order_to_the_last_digit(
    case: tuple[Resource, Usage],
) -> None:
    one, usage = case
    low, expected, high = bill(one, usage=usage).monthly
    assert 0 <= low <= expected <= high


@some
@given(used_resources())
def test_tiers_quantities_and_prices_make_the_amount(
    case: tuple[list[Resource], Usage],
) -> None:
    found, usage = case
    with localcontext(EXACT):
        for line in bill(*found, usage=usage).lines:
            assert sum((t.quantity for t in line.tiers), D(0)) == line.quantity
            amount = sum((t.quantity * t.unit_price for t in line.tiers), D(0))
            assert amount == line.monthly.expected
            if line.unit_price is not None:
                assert line.quantity * line.unit_price == amount
            assert line.source


quantities = st.lists(st.decimals(0, 10**7, places=3), max_size=8)


@some
@given(st.integers(0, 10**6), quantities)
def test_a_grant_is_given_whole_and_never_more_than_is_there(
    amount: int, counted: list[Decimal]
) -> None:
    given = shares(D(amount), counted)
    assert len(given) == len(counted)
    assert all(0 <= share <= quantity for share, quantity in zip(given, counted, strict=True))
    assert sum(given) == min(D(amount), sum(counted))
    # In proportion: to less than one unit, and what is equal is off by one at the most.
    whole = sum(counted)
    if whole > amount:
        for share, quantity in zip(given, counted, strict=True):
            assert abs(share - amount * quantity / whole) <= 1


def test_ties_of_a_grant_go_to_the_first() -> None:
    assert shares(D(2), [D(1), D(1), D(1)]) == [1, 1, 0]
    assert shares(D(4), [D(3), D(3), D(3)]) == [2, 1, 1]
    assert shares(D(1), [D(1), D(9)]) == [0, 1]
    assert shares(D("2.5"), [D(2), D(2)]) == [D("1.5"), D(1)]


@some
@given(used_resources())
def test_grants_are_conserved(case: tuple[list[Resource], Usage]) -> None:
    """The bill is usage less free grants: no resource is granted more than it uses."""
    found, usage = case
    taken = usage.model_copy(
        update={"used_elsewhere": type(usage.used_elsewhere).model_validate(EVERYTHING)}
    )
    granted, bare = bill(*found, usage=usage), bill(*found, usage=taken)
    saved: dict[Meter, Decimal] = {}
    for with_grant, without in zip(granted.lines, bare.lines, strict=True):
        meter = DECLARED[with_grant.meter, with_grant.unit]
        less = (without.quantity - with_grant.quantity) * meter.per
        assert less >= 0
        assert with_grant.quantity >= 0
        saved[meter] = saved.get(meter, D(0)) + less
    for one in grants(usage, USUAL):
        in_all = sum((saved.get(meter, D(0)) for meter in one.meters), D(0))
        assert in_all <= one.amount


MODULES = (app_service, container_apps, front_door, key_vault, log_analytics, postgres, registry)
DECLARED = {(meter.name, meter.unit): meter for module in MODULES for meter in declared(module)}
EVERYTHING = {
    "container_apps": {"vcpu_seconds": 10**9, "gib_seconds": 10**9, "requests": 10**9},
    "log_analytics_gb": 10**9,
    "egress_gb": 10**6,
}


EDGE_METERS = [
    (meter, "requests" if meter.unit == "10K" else "egress_gb")
    for size in ("Standard", "Premium")
    for meter in declared(front_door)
    if meter.name in (f"{size} Requests", f"{size} Data Transfer Out")
]
# Meters with several paid tiers; a resource that is charged for each, and by which key of use.
TIERED = [
    (EGRESS, "egress_gb", azure("web:WebApp", "one", location="eastus")),
    *((meter, key, edge(f"{meter.sku}_AzureFrontDoor", "one")) for meter, key in EDGE_METERS),
]


@some
@given(st.sampled_from(TIERED), st.data())
def test_tiers_are_continuous(case: tuple[Meter, str, Resource], data: st.DataObject) -> None:
    """At a boundary one unit more costs what that unit costs, not another price for all."""
    meter, key, one = case
    place = "eastus" if meter == EGRESS else "Zone 1"
    price = table().find(meter, place, USUAL.start)
    assert price
    tier = data.draw(st.sampled_from(price.tiers[1:]))
    step = data.draw(st.sampled_from((D("0.001"), D(1))))
    at, below, above = (
        _cost(meter, key, one, quantity)
        for quantity in (tier.start, tier.start - step, tier.start + step)
    )
    before = max((t for t in price.tiers if t.start < tier.start), key=lambda t: t.start)
    assert at - below == before.price * step
    assert above - at == tier.price * step


def _cost(meter: Meter, key: str, one: Resource, quantity: Decimal) -> Decimal:
    """Cost of so many priced units, through the whole estimate."""
    with localcontext(EXACT):
        entry = {"one": {key: str(quantity * meter.per)}}
        usage = Usage.model_validate({"resources": entry})
        [line] = [line for line in bill(one, usage=usage).lines if line.meter == meter.name]
        return line.monthly.expected
