"""Azure Notification Hubs: a price a month for each namespace, pushes beyond the included ones.

The tiers of pushes, the first ten million free, count all namespaces of a size in a subscription
(pricing page, read November 2026). Zone redundancy is an addition of its own in the price list.
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import (
    Charge,
    Free,
    Meter,
    Use,
    assume,
    by_use,
    fixed,
    grant,
    meter,
    one_of,
    region,
)
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties


def _meter(sku: str, name: str, unit: str) -> Meter:
    return Meter("Notification Hubs", "Notification Hubs", sku, name, unit)


_ZONES = _meter("Availability Zones SKU", "Availability Zones Unit", "1/Month")
_UNITS = {size: _meter(size, f"{size} Unit", "1/Month") for size in ("Basic", "Standard")}
_PUSHES = {size: _meter(size, f"{size} Pushes", "1M") for size in ("Basic", "Standard")}
for _size, _pushes in _PUSHES.items():
    grant(
        10_000_000, _pushes, what=f"10 million pushes of {_size} Notification Hubs a subscription"
    )

_SIZES = {"free": "Free", "basic": "Basic", "standard": "Standard"}


@meter(
    "notificationhubs:Namespace",
    pushes=assume("100000", "a thousand devices, three messages a day"),
)
def namespace(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Fee of one namespace, the same in a month of any length, and its pushes."""
    size = one_of(properties, "sku.name", _SIZES)
    if size == "Free":
        return Free("the Free size of Notification Hubs, with a million pushes and no more")
    place = region(properties)
    charges = [
        fixed(_UNITS[size], place, ZERO + 1),
        by_use(_PUSHES[size], place, use.figure("pushes")),
    ]
    if properties.text("zoneRedundancy", "Disabled").lower() == "enabled":
        charges.append(fixed(_ZONES, place, ZERO + 1))
    return charges


classify(
    "notificationhubs:Namespace",
    priced="sku.name zoneRedundancy",
    no_influence={
        NAMES: "namespaceName dataCenter scaleUnit",
        ACCESS: "networkAcls pnsCredentials publicNetworkAccess",
        BEHAVIOUR: "namespaceType provisioningState replicationRegion status",
        FOLLOWS: "sku",
    },
    choices={
        "sku.name": ("Standard", "Basic", "Free"),
        "zoneRedundancy": ("Disabled", "Enabled"),
    },
)
