"""App Service plans: systems, instances, zones and elastic scale."""

from decimal import Decimal
from typing import Any

import pytest

from frugal.cost.money import Range
from tests.cost.made import UNKNOWN, amounts, azure, bill, each, used
from tests.cost.price_rows import price, tiers
from tests.cost.price_rows import table as shipped

D = Decimal


def monthly(size: str, **inputs: Any) -> Range:
    plan = azure("web:AppServicePlan", "plan", location="eastus2", sku={"name": size}, **inputs)
    found = bill(plan)
    assert not found.unpriced
    return found.monthly


@pytest.mark.parametrize("kind", ["linux", "Linux", "app,linux", None])
def test_without_reserved_a_plan_is_on_windows_whatever_its_kind(kind: str | None) -> None:
    assert monthly("B1", kind=kind) == each("54.75")
    assert monthly("B1", kind=kind, reserved=True) == each("12.41")


@pytest.mark.parametrize(
    ("size", "linux", "windows"),
    [
        ("S2", "138.7", "146"),
        ("P1v2", "73.73", "146"),
        ("P0v3", "56.575", "114.975"),
        ("P1mv3", "135.78", "252.58"),
        ("P3v4", "426.32", "694.96"),
        ("P5mv4", "2168.83", "3244.12"),
        ("I2v2", "563.56", "798.62"),
        ("I1mv2", "339.45", "456.98"),
        ("I3v4", "1239.832", "1709.952"),
    ],
)
def test_every_size_on_both_systems(size: str, linux: str, windows: str) -> None:
    assert monthly(size, reserved=True) == each(linux)
    assert monthly(size.upper()) == each(windows)


def test_no_instances_are_one() -> None:
    plan = azure(
        "web:AppServicePlan",
        "plan",
        location="eastus2",
        reserved=True,
        sku={"name": "B1", "capacity": 0},
    )
    assert bill(plan).monthly == each("12.41")


def test_elastic_scale_grows_to_the_declared_maximum() -> None:
    elastic = {"elasticScaleEnabled": True, "maximumElasticWorkerCount": 10}
    assert monthly("P0v3", reserved=True, **elastic) == amounts("56.575", "56.575", "565.75")
    assert monthly("P0v3", reserved=True, maximumElasticWorkerCount=10) == each("56.575")


def test_elastic_premium_grows_without_being_asked_to() -> None:
    hourly = price("functions", "Premium vCPU Duration")
    hourly += D("3.5") * price("functions", "Premium Memory Duration")
    plan = azure(
        "web:AppServicePlan",
        "plan",
        location="eastus2",
        sku={"name": "EP1"},
        maximumElasticWorkerCount=20,
    )
    found = bill(plan, prices=shipped())
    assert found.monthly == Range(730 * hourly, 730 * hourly, 20 * 730 * hourly)


def test_zone_redundancy_takes_two_instances_or_three() -> None:
    assert monthly("P1v3", reserved=True, zoneRedundant=True) == amounts("226.3", "226.3", "339.45")


def test_what_is_no_size_is_unpriced_by_name() -> None:
    plan = azure("web:AppServicePlan", "plan", location="eastus2", sku={"name": "I1"})
    (remark,) = bill(plan).unpriced
    assert "'I1'" in remark.reason


def flex(**scale: Any) -> Any:
    config = {"scaleAndConcurrency": scale}
    return azure("web:WebApp", "it", location="eastus2", functionAppConfig=config)


NO_EGRESS = used("resources: {it: {egress_gb: 0}}")


def test_two_always_ready_instances_of_2_gb_without_executions_beyond_the_grant() -> None:
    app = flex(instanceMemoryMB=2048, alwaysReady=[{"name": "http", "instanceCount": 2}])
    found = bill(app, usage=NO_EGRESS, prices=shipped())
    # 42.048 USD at the 0.000004 of November 2026.
    assert found.monthly.low == 2 * 2 * 2_628_000 * price("functions", "Always Ready Baseline")
    assert found.monthly.low == found.monthly.expected == found.monthly.high


def test_the_maximum_of_flex_instances_is_a_limit() -> None:
    found = bill(flex(maximumInstanceCount=40), usage=NO_EGRESS, prices=shipped())
    # 40 instances of 2 GB all month, beyond the free 100,000 GB-seconds.
    paid = tiers("functions", "On Demand Execution Time")["100000"]
    assert found.monthly.high == (40 * 2 * 2_628_000 - 100_000) * paid


def test_an_environment_is_billed_only_while_too_little_of_it_is_used() -> None:
    def of(**inputs: Any) -> Range:
        one = azure("web:AppServiceEnvironment", "ase", location="eastus2", **inputs)
        return bill(one).monthly

    assert of() == amounts("0", "0", "399.31")
    assert of(zoneRedundant=True) == amounts("0", "0", "3593.79")
    assert of(dedicatedHostCount=2) == each("6657.6")


def test_elastic_instances_without_a_declared_maximum_grow_with_use() -> None:
    plan = azure(
        "web:AppServicePlan",
        "plan",
        location="eastus2",
        sku={"name": "P0v3"},
        elasticScaleEnabled=True,
    )
    assert [line.grows for line in bill(plan).lines] == [True]


def test_the_shared_size_is_billed_by_app_and_unpriced() -> None:
    plan = azure("web:AppServicePlan", "plan", location="eastus2", sku={"name": "D1"})
    (remark,) = bill(plan).unpriced
    assert "'D1'" in remark.reason


VMSS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/v"


@pytest.mark.parametrize(("target", "high"), [(UNKNOWN, "292"), (VMSS, "73")])
def test_an_autoscale_setting_that_may_be_the_plans_raises_high(target: str, high: str) -> None:
    plan = azure("web:AppServicePlan", "plan", location="eastus2", sku={"name": "S1"})
    capacity = {"default": "1", "minimum": "1", "maximum": "4"}
    setting = azure(
        "monitor:AutoscaleSetting",
        "scale",
        location="eastus2",
        targetResourceUri=target,
        profiles=[{"name": "usual", "capacity": capacity, "rules": []}],
    )
    found = bill(plan, setting)
    assert found.monthly == amounts("73", "73", high)
    noted = any("4 instances of an autoscale setting" in note for note in found.notes)
    assert noted == (target == UNKNOWN)
