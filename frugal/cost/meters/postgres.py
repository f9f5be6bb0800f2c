"""Azure Database for PostgreSQL, Flexible Server: compute, storage, backup beyond the storage.

High availability doubles compute and storage. A stopped server still pays its storage.
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, by_use, fixed, meter, region
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


def _meter(product: str, sku: str, name: str, unit: str) -> Meter:
    return Meter("Azure Database for PostgreSQL", product, sku, name, unit)


def _burstable(sku: str, name: str) -> Meter:
    product = "Azure Database for PostgreSQL Flexible Server Burstable BS Series Compute"
    return _meter(product, sku, name, "1 Hour")


def _ddsv5(cores: int) -> Meter:
    product = "Azure Database for PostgreSQL Flexible Server General Purpose Ddsv5 Series Compute"
    # The price is of the whole server, not of each vCore.
    return _meter(product, f"{cores} vCore", "vCore", "1 Hour")


B1MS = _burstable("B1MS", "B1MS")
STORAGE = _meter(
    "Azure Database for PostgreSQL Flex Server Storage",
    "Storage",
    "Storage Data Stored",
    "1 GB/Month",
)
_BACKUP = _meter(
    "Azure Database for PostgreSQL Flexible Server Backup Storage",
    "Backup Storage LRS",
    "Backup Storage LRS Data Stored",
    "1 GB/Month",
)
_SIZES = {
    "b1ms": B1MS,
    "b2s": _burstable("B2S", "B2S"),
    "b2ms": _burstable("B2ms", "B2ms vCore"),
    **{f"d{cores}ds_v5": _ddsv5(cores) for cores in (2, 4, 8, 16)},
}
_COPIES = {"disabled": 1, "samezone": 2, "zoneredundant": 2}
# The default performance tier of a storage size; a higher one costs more.
_TIERS = {32: "P4", 64: "P6", 128: "P10", 256: "P15", 512: "P20", 1024: "P30", 2048: "P40"}


@meter(
    "dbforpostgresql:Server",
    backup_gb=assume("5", "seven days of a database of less than a gigabyte"),
)
def server(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Charges of one server."""
    name = properties.text("sku.name")
    size = name.lower().removeprefix("standard_")
    if size not in _SIZES:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: {', '.join(sorted(_SIZES))}")
    mode = properties.text("highAvailability.mode", "Disabled")
    if mode.lower() not in _COPIES:
        raise Unpriced(f"highAvailability.mode {mode!r} has no price here")
    copies = _COPIES[mode.lower()]
    place = region(properties)
    storage = properties.whole("storage.storageSizeGB")
    _refuse_special_storage(properties, int(storage))
    backup = max(use.figure("backup_gb") - storage, ZERO)
    held = storage * copies
    return (
        fixed(_SIZES[size], place, month.hours * copies),
        Charge(STORAGE, place, held, held, held, grows=_grows(properties)),
        by_use(_BACKUP, place, backup),
    )


def _grows(properties: Properties) -> bool:
    return properties.text("storage.autoGrow", "Disabled") == "Enabled"


def _refuse_special_storage(properties: Properties, size: int) -> None:
    kind = properties.text("storage.type", "Premium_LRS")
    if kind not in ("", "Premium_LRS"):
        raise Unpriced(f"storage.type {kind!r} has no price here; priced: Premium_LRS")
    tier = properties.text("storage.tier", "")
    if tier and tier != _TIERS.get(size):
        raise Unpriced(f"storage.tier {tier!r} is not the one that {size} GiB come with")
    if properties.text("backup.geoRedundantBackup", "Disabled") != "Disabled":
        raise Unpriced("backup.geoRedundantBackup has no price here")


classify(
    "dbforpostgresql:Server",
    priced="sku.name storage highAvailability.mode backup.geoRedundantBackup",
    unpriced_when={"cluster.clusterSize": 1},
    no_influence={
        NAMES: "serverName sourceServerResourceId cluster highAvailability availabilityZone",
        ACCESS: "administratorLogin administratorLoginPassword authConfig dataEncryption network",
        BEHAVIOUR: "maintenanceWindow pointInTimeUTC version",
        FOLLOWS: "sku.tier",
        "a replica is billed as any server": "createMode replica replicationRole",
        "a figure of use": "backup.backupRetentionDays",
    },
    choices={
        "highAvailability.mode": ("Disabled", "SameZone", "ZoneRedundant"),
        "storage.autoGrow": ("Disabled", "Enabled"),
    },
)
