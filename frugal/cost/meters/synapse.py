"""Azure Synapse Analytics, and capacities of Microsoft Fabric.

A workspace costs nothing by itself: its serverless SQL is billed by the data that queries read, its
Spark pools by the vCores of running nodes (pricing pages, read November 2026).
"""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, by_use, fixed, meter, region
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


def _synapse(product: str, sku: str, name: str, unit: str) -> Meter:
    return Meter("Azure Synapse Analytics", f"Azure Synapse Analytics {product}", sku, name, unit)


_QUERIED = _synapse("Serverless SQL Pool", "Standard", "Standard Data Processed", "1 TB")
_STORED = _synapse("SQL Storage", "Standard LRS", "Standard LRS Data Stored", "1 TB/Month")
_SPARK = _synapse("Serverless Apache Spark Pool - Memory Optimized", "vCore", "vCore", "1 Hour")


@meter("synapse:Workspace", queried_tb=assume("0.1", "a hundred reports that read a gigabyte each"))
def workspace(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Data that queries of serverless SQL read."""
    return (by_use(_QUERIED, region(properties), use.figure("queried_tb")),)


classify(
    "synapse:Workspace",
    no_influence={
        NAMES: "workspaceName managedResourceGroupName purviewConfiguration"
        " workspaceRepositoryConfiguration cspWorkspaceAdminProperties",
        ACCESS: "azureADOnlyAuthentication encryption privateEndpointConnections"
        " publicNetworkAccess sqlAdministratorLogin sqlAdministratorLoginPassword"
        " trustedServiceBypassEnabled",
        "the storage account is what is billed": "defaultDataLakeStorage",
        BEHAVIOUR: "managedVirtualNetwork managedVirtualNetworkSettings virtualNetworkProfile",
    },
)


# Sizes by DWUs; each has a price of its own.
_POOLS = {
    f"dw{size}c": _synapse("Dedicated SQL Pool", f"DW{size}c", "100 DWUs", "1/Hour")
    for size in (
        *range(100, 600, 100),
        *range(1000, 3500, 500),
        *(5000, 6000, 7500, 10000, 15000, 30000),
    )
}


@meter("synapse:SqlPool", stored_tb=assume("0.1", "100 GB, compressed"))
def sql_pool(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Hours of a dedicated pool that is never paused, and its data."""
    size = properties.text("sku.name")
    if size.lower() not in _POOLS:
        raise Unpriced(f"sku.name {size!r} has no price here; priced: {', '.join(_POOLS)}")
    place = region(properties)
    return fixed(_POOLS[size.lower()], place, month.hours), by_use(
        _STORED, place, use.figure("stored_tb")
    )


classify(
    "synapse:SqlPool",
    priced="sku.name",
    unpriced_when={"storageAccountType": "LRS"},
    no_influence={
        NAMES: "sqlPoolName workspaceName createMode recoverableDatabaseId restorePointInTime"
        " sourceDatabaseDeletionDate sourceDatabaseId provisioningState",
        FOLLOWS: "sku.capacity sku.tier",
        BEHAVIOUR: "collation maxSizeBytes",
    },
)

_CORES = {"small": 4, "medium": 8, "large": 16, "xlarge": 32, "xxlarge": 64, "xxxlarge": 80}


@meter("synapse:BigDataPool", node_hours=assume("30", "three nodes for ten hours"))
def spark_pool(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """vCore-hours of running nodes, all month at most."""
    size = properties.text("nodeSize").lower()
    family = properties.text("nodeSizeFamily", "MemoryOptimized")
    if size not in _CORES or family.lower() != "memoryoptimized":
        raise Unpriced(f"nodeSize {size!r} of {family!r} has no price here")
    count = properties.whole("nodeCount", "3")
    if properties.flag("autoScale.enabled"):
        count = properties.whole("autoScale.maxNodeCount")
    cores = Decimal(_CORES[size])
    most = count * month.hours
    used = min(use.figure("node_hours"), most)
    return (Charge(_SPARK, region(properties), ZERO, used * cores, most * cores),)


classify(
    "synapse:BigDataPool",
    priced="nodeSize nodeSizeFamily nodeCount autoScale.enabled autoScale.maxNodeCount",
    no_influence={
        NAMES: "bigDataPoolName workspaceName provisioningState",
        "running nodes are a figure of use": "autoPause autoScale.minNodeCount"
        " dynamicExecutorAllocation",
        BEHAVIOUR: "cacheSize customLibraries defaultSparkLogFolder force isAutotuneEnabled"
        " isComputeIsolationEnabled libraryRequirements sessionLevelPackagesEnabled"
        " sparkConfigProperties sparkEventsFolder sparkVersion",
    },
)

_CAPACITY = Meter(
    "Microsoft Fabric",
    "Fabric Capacity",
    "Compute Pool Capacity Usage",
    "Compute Pool Capacity Usage CU",
    "1 Hour",
)


@meter("fabric:FabricCapacity")
def capacity(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Hours of the units of a capacity that is never paused: F2 has two."""
    size = properties.text("sku.name")
    if not size[1:].isdecimal() or size[:1].upper() != "F":
        raise Unpriced(f"sku.name {size!r} has no price here; priced: F2 to F2048")
    return (fixed(_CAPACITY, region(properties), Decimal(size[1:]) * month.hours),)


classify(
    "fabric:FabricCapacity",
    priced="sku.name",
    no_influence={NAMES: "capacityName", ACCESS: "administration", FOLLOWS: "sku.tier"},
)
