"""Azure Container Registry: a price a day, storage beyond what is included, build time."""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, by_use, fixed, grant, meter, region
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

# GB that each size includes (registry SKU page, read November 2026).
_INCLUDED_GB = {"Basic": Decimal(10), "Standard": Decimal(100), "Premium": Decimal(500)}


def _meter(sku: str, name: str, unit: str) -> Meter:
    return Meter("Container Registry", "Container Registry", sku, name, unit)


_UNITS = {size: _meter(size, f"{size} Registry Unit", "1/Day") for size in _INCLUDED_GB}
# The same price in each size.
_STORED = _meter("Basic", "Data Stored", "1 GB/Month")
_TASKS = _meter("Basic", "Task vCPU Duration", "1 Second")

# The API's first tier, taken as one for the subscription.
grant(6_000, _TASKS, what="6,000 seconds of registry builds")


@meter(
    "containerregistry:Registry",
    stored_gb=assume("2", "twenty images of two apps that share their base"),
    build_vcpu_seconds=assume("2400", "ten builds of two minutes on two vCPU"),
)
def registry(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Charges of one registry."""
    name = properties.text("sku.name")
    size = name.title()
    if size not in _INCLUDED_GB:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: Basic, Standard, Premium")
    place = region(properties)
    beyond = max(use.figure("stored_gb") - _INCLUDED_GB[size], ZERO)
    return (
        fixed(_UNITS[size], place, month.days),
        by_use(_STORED, place, beyond),
        by_use(_TASKS, place, use.figure("build_vcpu_seconds")),
    )


@meter("containerregistry:Replication")
def replication(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """A Premium registry's day in one more region (geo-replication page, read November 2026)."""
    return (fixed(_UNITS["Premium"], region(properties), month.days),)


classify(
    "containerregistry:Replication",
    no_influence={
        NAMES: "registryName replicationName",
        BEHAVIOUR: "regionEndpointEnabled",
        "part of each size": "zoneRedundancy",
    },
)
classify(
    "containerregistry:Registry",
    priced="sku.name",
    no_influence={
        NAMES: "registryName",
        ACCESS: "adminUserEnabled anonymousPullEnabled dataEndpointEnabled encryption"
        " networkRuleBypassOptions networkRuleSet publicNetworkAccess",
        BEHAVIOUR: "policies",
        "part of each size": "zoneRedundancy",
    },
    choices={"sku.name": ("Premium", "Standard", "Basic")},
)
