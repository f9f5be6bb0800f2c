"""Azure Database for MySQL, Flexible Server: compute, storage, input and output, backup.

High availability doubles compute and storage. 300 operations a second and 3 for each GB are
included; without a fixed number each operation is billed (pricing page, read November 2026).
A version in Extended Support costs more for each vCore.
"""

import re
from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, by_use, fixed, meter, region
from frugal.cost.meters.extended_support import MYSQL, applies
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_SERVER = "Azure Database for MySQL Flexible Server"
_TIERS = {"d": "General Purpose", "e": "Memory Optimized"}
_BURSTABLE = re.compile(r"b(\d+)m?s")
# The API's names of sizes that are not like the others'.
_SKUS = {"b1ms": "B1MS", "b2s": "B2S", "b2ms": "Standard_B2ms2"}
_SIZE = re.compile(r"([de])(\d+)(i?)([a-z]*)_v(\d)")
_INCLUDED_OPERATIONS = 300
_OPERATIONS_PER_GB = 3


def _mysql(product: str, sku: str, name: str, unit: str = "1 Hour") -> Meter:
    return Meter("Azure Database for MySQL", f"{_SERVER} {product}", sku, name, unit)


_STORAGE = _mysql("Storage", "Storage", "Storage Data Stored", "1 GB/Month")
_BACKUP = _mysql(
    "Backup Storage", "Backup Storage LRS", "Backup Storage LRS Data Stored", "1 GB/Month"
)
_PAID = _mysql("Storage", "Paid IO LRS", "Paid IO LRS IO Rate Operations", "1M")
_EXTENDED = Meter(
    "Azure Database for MySQL",
    "Azure Database for MySQL Extended Support",
    "Extended Support",
    "Extended Support vCore",
    "1 Hour",
)
_MORE = _mysql("Storage", "Additional IOPS", "Additional IOPS", "1 IOPS/Month")


def _compute(name: str) -> tuple[Meter, int, int]:
    """Meter of a size, how many of its units the size is, and its vCores."""
    size = name.lower().removeprefix("standard_")
    if found := _BURSTABLE.fullmatch(size):
        sku = _SKUS.get(size, f"Standard_B{size[1:]}")
        return _mysql("Burstable BS Series Compute", sku, size.upper()), 1, int(found[1])
    found = _SIZE.fullmatch(size)
    if not found:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: Standard_B1ms, …")
    family, count, isolated, features, generation = found.groups()
    tier = _TIERS[family]
    if (family, features, generation) == ("e", "ds", "5"):
        sku = f"Standard_E{count}{isolated}d_v5"
        return _mysql(f"{tier} Edsv5 Series Compute", sku, f"{count} vCore"), 1, int(count)
    series = f"{family.upper()}{features}v{generation} "
    product = f"{tier} {'' if series[1:] == 'dsv4 ' else series}Series Compute"
    return _mysql(product, "vCore", "vCore"), int(count), int(count)


# Sizes with a price of their own, and one of each series that is priced by the vCore.
_NAMES = "B1ms B2s B2ms B4ms B8ms B12ms B16ms B20ms D2ds_v4 D2ads_v5 E2ds_v4 E2ads_v5"
SIZES = {
    name: _compute(name)[0]
    for name in (*_NAMES.split(), *(f"E{n}ds_v5" for n in (2, 4, 8, 16, 20, 32, 48, 64, 96)))
}


@meter(
    "dbformysql:Server",
    operations=assume("1000000", "without a fixed number: a read or write each 2.6 seconds"),
    backup_gb=assume("5", "seven days of a database of less than a gigabyte"),
)
def server(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Charges of one server."""
    place = region(properties)
    compute, units, vcores = _compute(properties.text("sku.name"))
    available = properties.text("highAvailability.mode", "Disabled").lower() != "disabled"
    copies = 2 if available else 1
    storage = properties.whole("storage.storageSizeGB")
    grows = properties.text("storage.autoGrow", "Enabled").lower() == "enabled"
    held = storage * copies
    charges = [
        fixed(compute, place, units * month.hours * copies),
        Charge(_STORAGE, place, held, held, held, grows),
        by_use(_BACKUP, place, max(use.figure("backup_gb") - storage, ZERO)),
    ]
    if applies(properties.text("version", "8.4"), MYSQL, month):
        charges.append(fixed(_EXTENDED, place, vcores * month.hours * copies))
    if properties.text("storage.autoIoScaling", "Disabled").lower() == "enabled":
        charges.append(by_use(_PAID, place, use.figure("operations")))
    else:
        included = _INCLUDED_OPERATIONS + _OPERATIONS_PER_GB * storage
        beyond = max(properties.whole("storage.iops", "0") - included, ZERO)
        charges.append(fixed(_MORE, place, beyond * copies))
    return charges


classify(
    "dbformysql:Server",
    priced="sku.name storage.storageSizeGB storage.iops storage.autoIoScaling storage.autoGrow"
    " highAvailability.mode version",
    unpriced_when={
        "backup.geoRedundantBackup": "Disabled",
        "storage.storageRedundancy": "LocalRedundancy",
        "storage.logOnDisk": "Disabled",
    },
    no_influence={
        NAMES: "serverName createMode importSourceProperties replicationRole restorePointInTime"
        " sourceServerResourceId",
        ACCESS: "administratorLogin administratorLoginPassword dataEncryption network",
        FOLLOWS: "sku.tier",
        BEHAVIOUR: "availabilityZone highAvailability.standbyAvailabilityZone maintenanceWindow",
        "backups beyond the storage are a figure of use": "backup.backupIntervalHours"
        " backup.backupRetentionDays",
    },
    choices={
        "highAvailability.mode": ("Disabled", "ZoneRedundant"),
        "storage.autoIoScaling": ("Disabled", "Enabled"),
        "version": ("8.4", "5.7", "8.0.21"),
    },
)
