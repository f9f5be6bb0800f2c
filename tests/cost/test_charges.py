"""Charges of a type, against a table of a few rows: tiers, shared amounts, regions, dates."""

import gc
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from frugal.cost.collector import gc_paused
from frugal.cost.estimate import Estimate
from frugal.cost.meters import METERS, base
from frugal.cost.meters.base import Charge, Grant, Meter, TypeMeter, by_use, fixed
from frugal.cost.month import Month, calendar_month
from frugal.cost.plan import Resource, parse, resource
from frugal.cost.preview import from_preview
from frugal.cost.prices.table import Table
from frugal.cost.pricing import estimate
from frugal.cost.usage import NO_USAGE, Usage
from tests.cost.made import USUAL, azure, each, plan, urn, used
from tests.cost.made import bill as made_bill
from tests.cost.made import table as made_table

D = Decimal
TIERED = Meter("Key Vault", "Key Vault", "Standard", "Tiered", "1")
HOURS = Meter("Key Vault", "Key Vault", "Standard", "Hours", "100 Hours")
DOUBTFUL = Meter("Key Vault", "Key Vault", "Standard", "Doubtful", "1")
ROWS = """Key Vault
2026-08-15 one

Key Vault
	Standard	Doubtful	1
		3	2016-01-01	eastus
		4	2016-01-01	eastus
	Standard	Hours	100 Hours
		2	2016-01-01	eastus
		3	2026-09-01	eastus
	Standard	Tiered	1
		0 100:2 1000:1	2016-01-01	eastus
		0 100:4 1000:3	2016-01-01	westeurope
"""


@pytest.fixture
def table(tmp_path: Path) -> Table:
    (tmp_path / "azure").mkdir()
    (tmp_path / "azure" / "key-vault.txt").write_text(ROWS)
    (tmp_path / "sources.csv").write_text("key,title,origin,note\none,The first,example.com,\n")
    columns = "service,product,sku,name,unit,region,from,price,since,as_of,source\n"
    (tmp_path / "supplement.csv").write_text(columns)
    return Table(tmp_path)


@pytest.fixture
def things(monkeypatch: pytest.MonkeyPatch) -> dict[str, Iterable[Charge]]:
    """Charges of resources of a type, by name."""
    charges: dict[str, Iterable[Charge]] = {}
    reader = TypeMeter(lambda properties, _use, _month: charges[properties.text("name")], {})
    monkeypatch.setitem(METERS, "test:Thing", reader)
    return charges


def thing(name: str) -> Resource:
    return resource(urn("azure-native:test:Thing", name), {"name": name})


def bill(
    table: Table,
    *of: str,
    usage: Usage = NO_USAGE,
    month: Month = USUAL,
    before: Iterable[str] = (),
) -> Estimate:
    return estimate(plan(map(thing, of), map(thing, before)), table, usage, month)


def amounts(found: Estimate) -> list[str]:
    return [f"{line.monthly.expected:f}" for line in found.lines]


def test_tiers_count_what_one_resource_uses(table: Table, things) -> None:
    things["a"] = things["b"] = [by_use(TIERED, "eastus", D(150))]
    assert amounts(bill(table, "a", "b")) == ["100", "100"]


def test_tiers_count_the_sum_of_a_resource(table: Table, things) -> None:
    things["a"] = [by_use(TIERED, "eastus", D(90)), fixed(TIERED, "eastus", D(60))]
    [line] = bill(table, "a").lines
    assert (line.monthly.low, line.monthly.expected, line.monthly.high) == (0, 100, 100)
    assert (line.quantity, line.grows) == (150, True)


def test_regions_of_one_resource_are_lines_of_their_own(table: Table, things) -> None:
    things["a"] = [fixed(TIERED, "eastus", D(150)), fixed(TIERED, "westeurope", D(150))]
    found = bill(table, "a", before=["a"])
    assert amounts(found) == ["100", "200"]
    assert {line.change for line in found.lines} == {"same"}


def test_a_granted_amount_is_shared_and_later_tiers_count_the_sum(
    table: Table, things, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "GRANTS", [Grant((TIERED,), D(100), "100", "egress_gb")])
    monkeypatch.setattr("frugal.cost.grants.GRANTS", base.GRANTS)
    things["a"] = things["b"] = [fixed(TIERED, "eastus", D(600))]
    # 550 at 2; then 350 at 2 and 200 at 1.
    assert amounts(bill(table, "a", "b")) == ["1100", "900"]
    things["b"] = [fixed(TIERED, "westeurope", D(600))]
    assert amounts(bill(table, "a", "b")) == ["1100", "2000"]
    usage = used("used_elsewhere: {egress_gb: 900}")
    # Nothing is left of the grant, and 100 are left of the second tier.
    assert amounts(bill(table, "a", usage=usage)) == ["700"]


def test_quantities_are_in_base_units(table: Table, things) -> None:
    things["a"] = [fixed(HOURS, "eastus", D(730))]
    [line] = bill(table, "a").lines
    assert (line.quantity, line.monthly) == (D("7.3"), each("21.9"))


def test_the_price_is_that_of_the_month(table: Table, things) -> None:
    things["a"] = [fixed(HOURS, "eastus", D(100))]
    assert amounts(bill(table, "a", month=calendar_month("2026-08"))) == ["2"]
    assert amounts(bill(table, "a", month=calendar_month("2026-09"))) == ["3"]


@pytest.mark.parametrize(
    ("meter", "place", "said"),
    [
        (HOURS, "westeurope", "no price of 'Hours' (Key Vault) is known in westeurope"),
        (HOURS._replace(unit="1 Hour"), "eastus", "no price of 'Hours' (Key Vault) is known in"),
        (DOUBTFUL, "eastus", "more than one price of 'Doubtful' (Key Vault) is known in eastus"),
    ],
)
def test_no_price_or_several_leave_the_resource_unpriced(
    table: Table, things, meter: Meter, place: str, said: str
) -> None:
    things["a"] = [fixed(TIERED, "eastus", D(600)), fixed(meter, place, D(1))]
    found = bill(table, "a")
    assert found.lines == []
    assert found.unpriced[0].reason.startswith(said)


def test_nothing_billed_needs_no_price(table: Table, things) -> None:
    things["a"] = [fixed(DOUBTFUL, "eastus", D(0))]
    assert amounts(bill(table, "a")) == ["0"]


# Resources of one shape are read once.


def plan_named(name: str, size: str, capacity: int = 1, **more: object) -> Resource:
    sku = {"name": size, "capacity": capacity}
    given = {"location": "eastus", "reserved": True, "kind": "linux", "sku": sku, **more}
    return azure("web:AppServicePlan", name, **given)


def test_resources_that_differ_in_name_and_tags_alone_are_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[object] = []
    meter = METERS["web:AppServicePlan"]

    def counted(properties, use, month):
        read.append(properties.text("sku.name"))
        return meter.read(properties, use, month)

    monkeypatch.setitem(METERS, "web:AppServicePlan", meter._replace(read=counted))
    found = made_bill(
        plan_named("a", "B1", tags={"of": "a"}),
        plan_named("b", "B1"),
        plan_named("c", "B1", 2),
        plan_named("d", "B2"),
    )
    assert read == ["B1", "B1", "B2"]
    assert [f"{line.monthly.expected:f}" for line in found.lines] == [
        *("12.410", "12.410", "24.820", "24.820")
    ]


def test_a_resource_that_was_not_read_itself_has_the_reason_of_its_change() -> None:
    before = [plan_named("a", "B1"), plan_named("b", "B1")]
    found = made_bill(plan_named("a", "B2"), plan_named("b", "B2"), before=before)
    assert {line.name: line.reason for line in found.lines} == {
        "a": "sku.name B1 → B2",
        "b": "sku.name B1 → B2",
    }


def test_figures_of_use_and_refused_values_make_a_shape_of_their_own() -> None:
    vaults = [azure("keyvault:Vault", name, **VAULT) for name in ("a", "b")]
    usage = used("resources: {b: {operations: 1000000}}")
    assert [f"{line.monthly.expected:f}" for line in made_bill(*vaults, usage=usage).lines] == [
        *("0.03", "3.00")
    ]
    found = made_bill(plan_named("a", "B1"), plan_named("b", "B1", perSiteScaling="[secret]", x=1))
    assert [one.name for one in found.unpriced] == ["b"]


def test_no_reference_cycle_stays_behind() -> None:
    """The collector is off while a plan is priced, and would free nothing."""
    file = Path(__file__).with_name("plans") / "multicloud-auto-deploy.json"
    text, prices = file.read_bytes(), made_table()
    estimate(from_preview(parse(text)), prices, NO_USAGE, USUAL)
    # What other tests left, in as many passes as its finalizers need.
    while gc.collect():
        pass
    with gc_paused():
        estimate(from_preview(parse(text)), prices, NO_USAGE, USUAL)
        assert gc.collect() == 0


def test_values_unlike_those_of_json_are_read_each_time() -> None:
    one, other = (plan_named(name, "B1", reserved_by=object()) for name in ("a", "b"))
    assert len(made_bill(one, other).unpriced) == 2


VAULT = {"location": "eastus", "properties": {"sku": {"name": "standard", "family": "A"}}}
