"""Azure Cache for Redis, and Redis Enterprise and Managed Redis.

A Standard or Premium cache is two nodes; Premium bills each shard so, and further replicas apart. A
node of Managed Redis is billed, so high availability bills two; Enterprise has its number of nodes
in `sku.capacity` (Microsoft, pricing pages and "What is Azure Managed Redis", read November 2026).
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, fixed, meter, region
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


def _redis(product: str, size: str, what: str) -> Meter:
    return Meter("Redis Cache", product, size, f"{size} {what}", "1 Hour")


@meter("redis:Redis")
def cache(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Shards, and replicas beyond the one that each has."""
    tier = properties.text("sku.name").capitalize()
    size = f"{properties.text('sku.family').upper()}{properties.whole('sku.capacity')}"
    place = region(properties)
    product = f"Azure Redis Cache {tier}"
    shards = max(properties.whole("shardCount", "1"), ZERO + 1)
    whole = fixed(_redis(product, size, "Cache"), place, shards * month.hours)
    replicas = max(
        properties.whole("replicasPerPrimary", "1"), properties.whole("replicasPerMaster", "1")
    )
    if tier != "Premium" or replicas <= 1:
        return (whole,)
    nodes = shards * (replicas - 1) * month.hours
    return whole, fixed(_redis(product, size, "Cache Instance"), place, nodes)


classify(
    "redis:Redis",
    priced="sku.name sku.family sku.capacity shardCount replicasPerPrimary replicasPerMaster",
    no_influence={
        NAMES: "name staticIP subnetId tenantSettings",
        ACCESS: "disableAccessKeyAuthentication enableNonSslPort minimumTlsVersion"
        " publicNetworkAccess",
        BEHAVIOUR: "redisVersion updateChannel zonalAllocationPolicy zones",
        "what it persists is billed by its storage account": "redisConfiguration",
    },
)

_PRODUCTS = {
    "balanced": "Azure Managed Redis - Balanced",
    "memoryoptimized": "Azure Managed Redis - Memory Optimized",
    "computeoptimized": "Azure Managed Redis - Compute Optimized",
    "flashoptimized": "Azure Managed Redis - Flash Optimized",
    "enterprise": "Azure Redis Cache Enterprise",
    "enterpriseflash": "Azure Redis Cache Enterprise Flash",
}


@meter("redisenterprise:RedisEnterprise")
def cluster(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Nodes of a cluster; its databases cost nothing more."""
    name = properties.text("sku.name")
    family, _, size = name.partition("_")
    product = _PRODUCTS.get(family.lower())
    if product is None:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: Balanced_B1, …")
    if family.lower().startswith("enterprise"):
        nodes = properties.whole("sku.capacity", "3" if "Flash" in product else "2")
        node = _redis(product, size.upper(), "Cache")
    else:
        available = properties.text("highAvailability", "Enabled").lower()
        nodes = ZERO + (1 if available == "disabled" else 2)
        node = _redis(product, size.upper(), "Cache Instance")
    return (fixed(node, region(properties), nodes * month.hours),)


classify(
    "redisenterprise:RedisEnterprise",
    priced="sku.name sku.capacity highAvailability",
    no_influence={
        NAMES: "clusterName",
        ACCESS: "encryption minimumTlsVersion publicNetworkAccess",
        BEHAVIOUR: "zones",
    },
)
