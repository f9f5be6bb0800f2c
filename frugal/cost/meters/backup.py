"""Azure Backup of virtual machines: an instance by its size, and what the vault stores.

A machine of up to 50 GB is half an instance, of up to 500 GB one, and each further 500 GB one more
(pricing page, read November 2026). A vault costs nothing by itself.
"""

from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal

from frugal.cost.influence import BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, by_use, fixed, meter, region
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_COPIES = {"georedundant": "GRS", "locallyredundant": "LRS", "zoneredundant": "ZRS"}
_SMALL, _STEP = 50, 500


def _backup(sku: str, name: str, unit: str) -> Meter:
    return Meter("Backup", "Backup", sku, f"{sku} {name}", unit)


_INSTANCE = _backup("Azure VM", "Protected Instance", "1/Month")
_STORED = {
    copies: _backup("Standard", f"{copies} Data Stored", "1 GB/Month")
    for copies in ("GRS", "LRS", "RA-GRS", "ZRS")
}


@meter(
    "recoveryservices:ProtectedItem",
    protected_gb=assume("100", "a small machine's disks"),
    stored_gb=assume("100", "the first copy, and what changes in a month"),
)
def protected_item(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """A protected machine, and its backups."""
    kind = properties.text("properties.protectedItemType")
    if kind.lower() not in ("microsoft.compute/virtualmachines", "azureiaasvmprotecteditem"):
        raise Unpriced(f"protectedItemType {kind!r} has no price here; priced: virtual machines")
    vault = properties.referred("vaultName", "recoveryservices:Vault")
    if vault is None:
        raise Unpriced("its vault, with region and redundancy, is not in this plan")
    settings = "properties.redundancySettings"
    name = vault.text(f"{settings}.standardTierStorageRedundancy", "GeoRedundant")
    if name.lower() not in _COPIES:
        raise Unpriced(f"standardTierStorageRedundancy {name!r} has no price here")
    copies = _COPIES[name.lower()]
    if vault.text(f"{settings}.crossRegionRestore", "Disabled").lower() == "enabled":
        copies = "RA-GRS"
    gigabytes = use.figure("protected_gb")
    steps = (gigabytes / _STEP).to_integral_value(ROUND_CEILING)
    instances = Decimal("0.5") if gigabytes <= _SMALL else steps
    place = region(vault)
    return (
        fixed(_INSTANCE, place, instances),
        by_use(_STORED[copies], place, use.figure("stored_gb")),
    )


classify(
    "recoveryservices:ProtectedItem",
    priced="properties.protectedItemType vaultName",
    no_influence={
        NAMES: "containerName eTag fabricName protectedItemName properties.policyId"
        " properties.policyName properties.sourceResourceId properties.containerName"
        " properties.friendlyName properties.fabricName properties.protectedItemDataId"
        " properties.protectedItemDataSourceId properties.protectedItemId properties.serverName"
        " properties.parentName properties.parentType properties.computerName"
        " properties.backupEngineName properties.backupSetName",
        "only a part of what is stored may be archived": "properties.isArchiveEnabled",
        BEHAVIOUR: "properties.createMode properties.deferredDeleteSyncTimeInUTC"
        " properties.deferredDeleteTimeInUTC properties.deferredDeleteTimeRemaining"
        " properties.extendedInfo properties.extendedProperties"
        " properties.isDeferredDeleteScheduleUpcoming properties.isRehydrate"
        " properties.isScheduledForDeferredDelete properties.kpisHealths"
        " properties.lastBackupStatus properties.lastBackupTime properties.lastRecoveryPoint"
        " properties.nodesList properties.policyState properties.protectedItemHealthStatus"
        " properties.protectionState properties.protectionStatus"
        " properties.resourceGuardOperationRequests properties.softDeleteRetentionPeriodInDays"
        " properties.sourceAssociations",
    },
)
