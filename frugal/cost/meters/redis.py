"""Azure Cache for Redis, and Redis Enterprise and Managed Redis.

A Standard or Premium cache is two nodes; Premium bills each shard so, and further replicas apart. A
node of Managed Redis is billed, so high availability bills two; Enterprise has its number of nodes
in `sku.capacity` (Microsoft, pricing pages and "What is Azure Managed Redis", read November 2026).
"""

from collections.abc import Iterable, Mapping

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, fixed, meter, region
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


def _redis(product: str, size: str, what: str) -> Meter:
    return Meter("Redis Cache", product, size, f"{size} {what}", "1 Hour")


_TIERS = {
    "Basic": [f"C{number}" for number in range(7)],
    "Standard": [f"C{number}" for number in range(7)],
    "Premium": [f"P{number}" for number in range(1, 6)],
}
_CACHES = {
    (tier, size): _redis(f"Azure Redis Cache {tier}", size, "Cache")
    for tier, sizes in _TIERS.items()
    for size in sizes
}
_REPLICAS = {
    size: _redis("Azure Redis Cache Premium", size, "Cache Instance") for size in _TIERS["Premium"]
}


@meter("redis:Redis")
def cache(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Shards, and replicas beyond the one that each has."""
    tier = properties.text("sku.name").capitalize()
    size = f"{properties.text('sku.family').upper()}{properties.whole('sku.capacity')}"
    if (tier, size) not in _CACHES:
        raise Unpriced(f"sku.name {tier!r} with the size {size} has no price here")
    place = region(properties)
    shards = max(properties.whole("shardCount", "1"), ZERO + 1)
    whole = fixed(_CACHES[tier, size], place, shards * month.hours)
    replicas = max(
        properties.whole("replicasPerPrimary", "1"), properties.whole("replicasPerMaster", "1")
    )
    if tier != "Premium" or replicas <= 1:
        return (whole,)
    nodes = shards * (replicas - 1) * month.hours
    return whole, fixed(_REPLICAS[size], place, nodes)


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


def _managed(kind: str, letter: str, sizes: str) -> Mapping[str, Meter]:
    product = f"Azure Managed Redis - {kind}"
    names = [f"{letter}{size}" for size in sizes.split()]
    return {name: _redis(product, name, "Cache Instance") for name in names}


_NODES = {
    "balanced": _managed("Balanced", "B", "0 1 3 5 10 20 50 100 150 250 350 500 700 1000"),
    "memoryoptimized": _managed(
        "Memory Optimized", "M", "10 20 50 100 150 250 350 500 700 1000 1500 2000"
    ),
    "computeoptimized": _managed(
        "Compute Optimized", "X", "1 3 5 10 20 50 100 150 250 350 500 700"
    ),
    "flashoptimized": _managed("Flash Optimized", "A", "250 500 700 1000 1500 2000 4500"),
    "enterprise": {
        size: _redis("Azure Redis Cache Enterprise", size, "Cache")
        for size in ("E1", "E5", "E10", "E20", "E50", "E100", "E200", "E400")
    },
    "enterpriseflash": {
        size: _redis("Azure Redis Cache Enterprise Flash", size, "Cache")
        for size in ("F300", "F700", "F1500")
    },
}


@meter("redisenterprise:RedisEnterprise")
def cluster(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Nodes of a cluster; its databases cost nothing more."""
    name = properties.text("sku.name")
    family, _, size = name.partition("_")
    node = _NODES.get(family.lower(), {}).get(size.upper())
    if node is None:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: Balanced_B1, …")
    if family.lower().startswith("enterprise"):
        nodes = properties.whole("sku.capacity", "3" if "Flash" in node.product else "2")
    else:
        available = properties.text("highAvailability", "Enabled").lower()
        nodes = ZERO + (1 if available == "disabled" else 2)
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
