"""Azure IoT Hub: units by the month, provisioning of devices by operations.

Units include their messages and stop at that (Microsoft's page on scaling, read November 2026), so
that a hub has no charge by use.
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import (
    Charge,
    Free,
    Meter,
    Use,
    assume,
    by_use,
    fixed,
    meter,
    one_of,
    region,
)
from frugal.cost.month import Month
from frugal.cost.properties import Properties

_HUB = "IoT Hub"
_SIZES = {"f1": "Free", **{size: size.upper() for size in ("b1", "b2", "b3", "s1", "s2", "s3")}}
_UNITS = {
    size: Meter(_HUB, _HUB, size, f"{size} Unit", "1/Month")
    for size in _SIZES.values()
    if size != "Free"
}
_OPERATIONS = Meter(_HUB, "IoT Hub Device Provisioning", "S1", "S1 Operations", "1K")


@meter("iothub:IotHubResource")
def hub(properties: Properties, _use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Units of the month, of any length."""
    size = one_of(properties, "sku.name", _SIZES)
    if size == "Free":
        return Free("the Free size of IoT Hub, with 8,000 messages a day and no more")
    return (fixed(_UNITS[size], region(properties), properties.whole("sku.capacity", "1")),)


@meter(
    "deviceprovisioningservices:IotDpsResource",
    operations=assume("1000", "a hundred devices that register about every third day"),
)
def provisioning(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Operations, such as registrations of devices."""
    return (by_use(_OPERATIONS, region(properties), use.figure("operations")),)


classify(
    "iothub:IotHubResource",
    priced="sku.name sku.capacity",
    no_influence={NAMES: "resourceName", BEHAVIOUR: "properties"},
)
classify(
    "deviceprovisioningservices:IotDpsResource",
    no_influence={
        NAMES: "provisioningServiceName resourcegroup subscriptionid",
        ACCESS: "properties",
        "there is one size, S1, billed by its operations": "sku",
    },
)
