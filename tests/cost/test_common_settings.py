"""Settings that are common in Azure programs and change the bill, or leave it alone.

Each figure is that of eastus2, by hand from rows of the tests' table.
"""

from decimal import Decimal
from typing import Any

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.plan import Resource
from tests.cost.made import UNKNOWN, azure, bill, names, used
from tests.cost.price_rows import price, table

D = Decimal
HOURS = 730
BUS, HUBS, COSMOS = "service-bus", "event-hubs", "azure-cosmos-db"


def at(kind: str, name: str, /, **inputs: Any) -> Resource:
    return azure(kind, name, **{"location": "eastus2", **inputs})


def priced(*resources: Resource, use: str = "") -> Estimate:
    found = bill(*resources, prices=table(), usage=used(use))
    assert [(one.name, one.reason) for one in found.unpriced] == []
    return found


def of(found: Estimate, meter: str) -> Decimal:
    """Expected cost of a meter, of all resources."""
    return sum((line.monthly.expected for line in found.lines if line.meter == meter), D(0))


# Messages and events.


def bus(name: str, size: str = "Standard", place: str = "eastus2") -> Resource:
    return azure("servicebus:Namespace", name, location=place, sku={"name": size})


def test_the_base_fee_of_service_bus_is_billed_once_a_subscription() -> None:
    fee = HOURS * D("0.013441")
    assert priced(bus("a")).monthly.low == fee
    found = priced(bus("a"), bus("b"), bus("c"))
    assert found.monthly.low == fee
    assert any("the base fee of further namespaces" in note for note in found.notes)
    assert priced(bus("a"), bus("b", "Premium")).monthly.low == fee + HOURS * price(
        BUS, "Premium Messaging Unit"
    )


def hubs(name: str) -> Resource:
    sku = {"name": "Standard", "capacity": 2}
    return at("eventhub:Namespace", name, namespaceName=name, sku=sku)


def hub(name: str, holder: str) -> Resource:
    return azure(
        "eventhub:EventHub", name, namespaceName=holder, captureDescription={"enabled": True}
    )


def test_capture_is_billed_once_a_namespace() -> None:
    capture = 2 * HOURS * price(HUBS, "Standard Capture")
    found = priced(hubs("n"), hub("a", "n"), hub("b", "n"))
    assert of(found, "Standard Capture") == capture
    assert names(found.free) == ["b"]
    found = priced(hubs("n"), hubs("m"), hub("a", "n"), hub("b", "m"))
    assert of(found, "Standard Capture") == 2 * capture


def test_capture_of_hubs_whose_namespace_is_not_known_yet() -> None:
    capture = 2 * HOURS * price(HUBS, "Standard Capture")
    unknown = hub("a", UNKNOWN), hub("b", UNKNOWN)
    assert of(priced(hubs("n"), *unknown), "Standard Capture") == capture
    # Each may be of either namespace, and nothing says which.
    hidden = azure("eventhub:EventHub", "c", namespaceName="n", captureDescription=UNKNOWN)
    found = bill(hubs("n"), hubs("m"), *unknown, hub("d", "n"), hidden, prices=table())
    assert names(found.unpriced) == ["a", "b", "c"]
    assert of(found, "Standard Capture") == capture


# Autoscale settings.


def scaled(least: str, most: str, target: object = UNKNOWN, **more: Any) -> Resource:
    profile = {"name": "a", "capacity": {"minimum": least, "maximum": most, "default": least}}
    return at(
        "monitor:AutoscaleSetting", "scale", targetResourceUri=target, profiles=[profile], **more
    )


PLAN = at("web:AppServicePlan", "plan", sku={"name": "P1v3", "capacity": 1}, reserved=True)
GATEWAY = at("apimanagement:ApiManagementService", "api", sku={"name": "Standard", "capacity": 1})
PREMIUM = at("servicebus:Namespace", "bus", sku={"name": "Premium", "capacity": 1})
GATEWAYS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/api"


@pytest.mark.parametrize("one", [PLAN, GATEWAY, PREMIUM], ids=lambda one: one.name)
def test_an_autoscale_setting_has_the_least_and_the_most_instances(one: Resource) -> None:
    each = priced(one).monthly.low
    found = priced(one, scaled("3", "10"))
    assert found.monthly == (3 * each, 3 * each, 10 * each)
    assert priced(one, scaled("0", "1")).monthly.low == each
    assert priced(one, scaled("3", "10", enabled=False)).monthly.high == each
    assert any("with the 3 to 10 instances of" in note for note in found.notes)


def test_an_autoscale_setting_of_something_else() -> None:
    assert priced(PLAN, scaled("3", "10", GATEWAYS)).monthly == priced(PLAN).monthly
    assert priced(GATEWAY, scaled("3", "10", GATEWAYS)).monthly.low > priced(GATEWAY).monthly.low
