"""Azure IoT Central: devices by the hour, two of each application free; messages beyond.

Devices beyond the second are billed; each of all brings its messages into a common amount (pricing
page, read November 2026).
"""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, by_use, meter, one_of, region
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties


def _meter(name: str, unit: str) -> Meter:
    return Meter("IoT Central", "IoT Central", "Standard", f"Standard {name}", unit)


_OVERAGE = _meter("Overage Messages", "1K")
# Devices, messages included by each, messages beyond.
_SIZES = {
    "st0": (_meter("Tier 0", "1/Hour"), Decimal(400), _meter("Overage Messages ST0", "1K")),
    "st1": (_meter("Tier 1", "1/Hour"), Decimal(5_000), _OVERAGE),
    "st2": (_meter("Tier 2", "1/Hour"), Decimal(30_000), _OVERAGE),
}
_FREE_DEVICES = 2


@meter(
    "iotcentral:App",
    devices=assume("10", "a small test field"),
    messages=assume("40000", "one of each device every eleven minutes"),
)
def application(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Devices beyond the second times hours, messages beyond the included ones."""
    tier, included, overage = one_of(properties, "sku.name", _SIZES)
    place = region(properties)
    devices = use.figure("devices")
    beyond = max(use.figure("messages") - devices * included, ZERO)
    hours = max(devices - _FREE_DEVICES, ZERO) * month.hours
    return (
        by_use(tier, place, hours),
        by_use(overage, place, beyond),
    )


classify(
    "iotcentral:App",
    priced="sku.name",
    no_influence={
        NAMES: "displayName resourceName subdomain template",
        ACCESS: "networkRuleSets publicNetworkAccess",
    },
)
