"""Azure Database for PostgreSQL, Flexible Server: compute, storage, backup beyond the storage.

High availability doubles compute and storage, a cluster multiplies them by its nodes. A stopped
server still pays its storage. A version in Extended Support costs more for each vCore. Premium SSD
v2 includes 3,000 operations a second and 125 MB a second (pricing page, read November 2026).
"""

import re
from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, by_use, fixed, meter, region
from frugal.cost.meters.extended_support import POSTGRES, applies
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


def _meter(product: str, sku: str, name: str, unit: str = "1 Hour") -> Meter:
    return Meter("Azure Database for PostgreSQL", product, sku, name, unit)


_SERVER = "Azure Database for PostgreSQL Flexible Server"
_DISKS = "Azure Database for PostgreSQL Flex Server Storage"

B1MS = _meter(f"{_SERVER} Burstable BS Series Compute", "B1MS", "B1MS")
STORAGE = _meter(_DISKS, "Storage", "Storage Data Stored", "1 GB/Month")
_BACKUP = _meter(
    f"{_SERVER} Backup Storage",
    "Backup Storage LRS",
    "Backup Storage LRS Data Stored",
    "1 GB/Month",
)
_EXTENDED = _meter(
    "Azure Database for PostgSQL Extended Support", "Extended Support", "Extended Support vCore"
)
_FAST_STORAGE = _meter(
    _DISKS, "Premium SSD v2 Storage", "Premium SSD v2 Storage Data Stored", "1 GiB/Month"
)
_OPERATIONS = _meter(
    _DISKS, "Premium SSD v2 IOPS", "Premium SSD v2 IOPS Provisioned IOPS", "1/Month"
)
_THROUGHPUT = _meter(
    _DISKS,
    "Premium SSDv2 Throughput",
    "Premium SSDv2 Throughput Prov Throughput (MBps)",
    "1/Month",
)
_INCLUDED_OPERATIONS, _INCLUDED_THROUGHPUT = 3000, 125

_COPIES = {"disabled": 1, "samezone": 2, "zoneredundant": 2}
# The default performance tier of a storage size; a higher one costs more.
_STEPS = ["P4", "P6", "P10", "P15", "P20", "P30", "P40", "P50", "P60", "P70", "P80"]
_TIERS = {32 * 2**step: tier for step, tier in enumerate(_STEPS)}

_BURSTABLE = re.compile(r"b(\d+)(m?)s")
_SIZE = re.compile(r"(d|e|dc|ec)(\d+)i?([a-z]*)_v(\d)")
_FAMILIES = {"d": "General Purpose", "e": "Memory Optimized"}


def _compute(name: str) -> tuple[Meter, int, int]:
    """Meter of a size, how many of its units the size is, and its vCores."""
    size = name.lower().removeprefix("standard_")
    if found := _BURSTABLE.fullmatch(size):
        sku = size.upper() if size in ("b1ms", "b2s") else f"B{size[1:]}"
        label = sku if size in ("b1ms", "b2s") else f"{sku} vCore"
        return _meter(f"{_SERVER} Burstable BS Series Compute", sku, label), 1, int(found[1])
    found = _SIZE.fullmatch(size)
    if not found:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: Standard_B1ms, …")
    family, vcores, features, generation = found.groups()
    kind = _FAMILIES.get(family, "Confidential Compute")
    product = f"{_SERVER} {kind} {family.upper()}{features}v{generation} Series Compute"
    if generation == "5" and features in ("ds", "ads"):
        # The price of a whole size, not of each vCore.
        return _meter(product, f"{vcores} vCore", "vCore"), 1, int(vcores)
    label = "vCore" if generation in "34" else "1 vCore"
    return _meter(product, "1 vCore", label), int(vcores), int(vcores)


# Sizes with a price of their own, and one of each series that is priced by the vCore.
_NAMES = (
    "B1ms B2s B2ms B4ms B8ms B12ms B16ms B20ms D2s_v3 D2ds_v4 D2s_v6 D2as_v6 D2ds_v6 D2ads_v6"
    " E2s_v3 E2ds_v4 E2s_v6 E2as_v6 E2ds_v6 E2ads_v6 E2bds_v5"
)
_COUNTS = (2, 4, 8, 16, 32, 48, 64, 96)
SIZES = {
    name: _compute(name)[0]
    for name in (
        *_NAMES.split(),
        *(f"{kind}{n}{disk}_v5" for kind in "DE" for disk in ("ds", "ads") for n in _COUNTS),
    )
}


@meter(
    "dbforpostgresql:Server",
    backup_gb=assume("5", "seven days of a database of less than a gigabyte"),
)
def server(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Charges of one server, or of the nodes of a cluster."""
    compute, units, vcores = _compute(properties.text("sku.name"))
    mode = properties.text("highAvailability.mode", "Disabled")
    if mode.lower() not in _COPIES:
        raise Unpriced(f"highAvailability.mode {mode!r} has no price here")
    copies = _COPIES[mode.lower()] * properties.whole("cluster.clusterSize", "1")
    place = region(properties)
    storage = properties.whole("storage.storageSizeGB")
    backup = max(use.figure("backup_gb") - storage, ZERO)
    charges = [
        fixed(compute, place, units * month.hours * copies),
        *_storage(properties, place, storage, copies),
        by_use(_BACKUP, place, backup),
    ]
    if applies(properties.text("version", "17"), POSTGRES, month):
        charges.append(fixed(_EXTENDED, place, vcores * month.hours * copies))
    return charges


def _storage(
    properties: Properties, place: str, storage: Decimal, copies: Decimal
) -> Iterable[Charge]:
    kind = properties.text("storage.type", "Premium_LRS").lower()
    held = storage * copies
    grows = properties.text("storage.autoGrow", "Disabled").lower() == "enabled"
    if kind == "premiumv2_lrs":
        operations = properties.whole("storage.iops", str(_INCLUDED_OPERATIONS))
        throughput = properties.whole("storage.throughput", str(_INCLUDED_THROUGHPUT))
        return (
            Charge(_FAST_STORAGE, place, held, held, held, grows),
            fixed(_OPERATIONS, place, max(operations - _INCLUDED_OPERATIONS, ZERO) * copies),
            fixed(_THROUGHPUT, place, max(throughput - _INCLUDED_THROUGHPUT, ZERO) * copies),
        )
    if kind not in ("", "premium_lrs"):
        raise Unpriced(f"storage.type {kind!r} has no price; priced: Premium_LRS, PremiumV2_LRS")
    tier = properties.text("storage.tier", "")
    if tier and tier.upper() != _TIERS.get(int(storage)):
        raise Unpriced(f"storage.tier {tier!r} is not the one that {storage} GiB come with")
    return (Charge(STORAGE, place, held, held, held, grows),)


classify(
    "dbforpostgresql:Server",
    priced="sku.name storage highAvailability.mode cluster.clusterSize version",
    unpriced_when={"backup.geoRedundantBackup": "Disabled"},
    no_influence={
        NAMES: "serverName sourceServerResourceId cluster.defaultDatabaseName"
        " highAvailability.standbyAvailabilityZone availabilityZone",
        ACCESS: "administratorLogin administratorLoginPassword authConfig dataEncryption network",
        BEHAVIOUR: "maintenanceWindow pointInTimeUTC",
        FOLLOWS: "sku.tier",
        "a replica is billed as any server": "createMode replica replicationRole",
        "a figure of use": "backup.backupRetentionDays",
    },
    choices={
        "highAvailability.mode": ("Disabled", "SameZone", "ZoneRedundant"),
        "storage.autoGrow": ("Disabled", "Enabled"),
        "version": ("17", "13"),
    },
)
