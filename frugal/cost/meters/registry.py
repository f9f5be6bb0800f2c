"""Azure Container Registry: a price a day, storage beyond what is included, build time."""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Use, assume, by_use, fixed, meter, region
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

# GB that each size includes (registry SKU page, read November 2026).
_INCLUDED_GB = {"basic": Decimal(10), "standard": Decimal(100), "premium": Decimal(500)}


@meter(
    "containerregistry:Registry",
    stored_gb=assume("2", "twenty images of two apps that share their base"),
    build_vcpu_seconds=assume("2400", "ten builds of two minutes on two vCPU"),
)
def registry(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Charges of one registry."""
    size = properties.text("sku.name").lower()
    if size not in _INCLUDED_GB:
        raise Unpriced(f"sku.name {size!r} has no price here; priced: Basic, Standard, Premium")
    place = region(properties)
    beyond = max(use.figure("stored_gb") - _INCLUDED_GB[size], ZERO)
    return (
        fixed(f"registry.{size}", place, month.days),
        by_use("registry.storage", place, beyond),
        by_use("registry.tasks", place, use.figure("build_vcpu_seconds")),
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
