"""Azure SQL Database: databases and elastic pools, by DTU, by vCore or serverless; job agents.

A vCore is billed with its SQL Server licence, unless there is one already (`BasePrice`); serverless
and Hyperscale have it in their price. Storage of General Purpose and Business Critical is the
maximum size and 30 % more for the log (Microsoft, "Scale single database resources" and "vCore
purchasing model", 2022-04-22). Storage that DTUs include: "Resource limits", read November 2026.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import Charge, Free, Meter, Use, assume, by_use, fixed, meter, region
from frugal.cost.money import ZERO, Range
from frugal.cost.month import Month
from frugal.cost.prices.table import GLOBAL
from frugal.cost.properties import Properties, Unpriced

_GIB = Decimal(2**30)
_LOG = Decimal("1.3")
_DEFAULT = str(32 * _GIB)
_LEAST_HYPERSCALE = Decimal(10)
_POOLED = "Single/Elastic Pool"

# DTUs by size: a SKU may have a size in its name, or a capacity.
_DTUS = {
    "standard": {10: 0, 20: 1, 50: 2, 100: 3, 200: 4, 400: 6, 800: 7, 1600: 9, 3000: 12},
    "premium": {125: 1, 250: 2, 500: 4, 1000: 6, 1750: 11, 4000: 15},
}
# Included GB of a Premium pool by its eDTUs; a Standard pool includes as many as it has eDTUs.
_PREMIUM_POOL = {125: 250, 250: 500, 500: 750, 1000: 1024}
_PREMIUM_POOL.update({500 * step: 512 * step for step in range(3, 9)})

_TIERS = {"gp": "General Purpose", "bc": "Business Critical"}


def _sql(product: str, sku: str, name: str, unit: str) -> Meter:
    return Meter("SQL Database", f"SQL Database {product}", sku, name, unit)


def _hourly(product: str, sku: str = "vCore", name: str = "vCore") -> Meter:
    return _sql(product, sku, name, "1 Hour")


def _stored(product: str, sku: str, name: str) -> Meter:
    return _sql(product, sku, f"{name}Data Stored", "1 GB/Month")


_COMPUTE = {
    ("gp", "gen5"): _hourly(f"{_POOLED} General Purpose - Compute Gen5"),
    ("gp", "fsv2"): _hourly(f"{_POOLED} General Purpose - Compute FSv2 Series"),
    ("bc", "gen5"): _hourly(f"{_POOLED} Business Critical - Compute Gen5"),
    ("bc", "m"): _hourly(f"{_POOLED} Business Critical - Compute M Series"),
    ("hs", "gen5"): _hourly("SingleDB/Elastic Pool Hyperscale - Compute Gen5"),
    ("hs", "prms"): _hourly(f"{_POOLED} Hyperscale - Premium Series Compute"),
    ("hs", "moprms"): _hourly(f"{_POOLED} Hyperscale - Premium Series Memory Optimized Compute"),
}
_STORAGE = {
    key: _stored(f"{_POOLED} {tier} - Storage", tier, f"{tier} ") for key, tier in _TIERS.items()
}
_LICENCES = {key: _hourly(f"{_POOLED} {tier} - SQL License") for key, tier in _TIERS.items()}
_SERVERLESS = {
    "gp": _hourly("General Purpose - Serverless - Compute Gen5", "1 vCore"),
    "hs": _hourly("Hyperscale - Serverless - Compute Gen5", "1 vCore", "1 vCore"),
}
_ZONES = "Zone Redundancy vCore"
_ZONE_COMPUTE = _COMPUTE["gp", "gen5"]._replace(sku="vCore ZR Zone Redundancy", name=_ZONES)
_ZONE_SERVERLESS = _hourly(
    "General Purpose - Serverless - Compute Gen5", "1 vCore Zone Redundancy", _ZONES
)
_ZONE_STORAGE = _stored(
    f"{_POOLED} General Purpose - Storage",
    "General Purpose Zone Redundancy",
    "General Purpose Zone Redundancy ",
)
_HYPERSCALE_STORAGE = _stored("Hyperscale - Storage", "Hyperscale", "Hyperscale ")
_COPIES = {"geo": "RA-GRS", "local": "LRS", "zone": "ZRS", "geozone": "RA-GZRS"}
_BACKUPS = {
    kind: _stored(f"{_POOLED} PITR Backup Storage", f"Backup {copies}", f"{copies} ")
    for kind, copies in _COPIES.items()
}
_BASIC = _sql("Single Basic", "B", "B DTU", "1/Day")
_MORE_STORAGE = {tier: _stored(f"{tier} - Storage", tier, "") for tier in ("Standard", "Premium")}
_POOL_UNITS = {
    tier: _sql(f"Elastic Pool - {tier}", "1 DTU", "eDTUs", "1/Day")
    for tier in ("Basic", "Standard", "Premium")
}


class _Size(NamedTuple):
    """`GP_S_Gen5_2`: tier, serverless or not, hardware, vCores."""

    tier: str
    serverless: bool
    hardware: str
    vcores: Decimal


def _size(properties: Properties) -> _Size:
    name = properties.text("sku.name")
    tier, *parts = name.lower().split("_")
    serverless = parts[:1] == ["s"]
    parts = parts[1:] if serverless else parts
    hardware, *count = parts or [""]
    vcores = Decimal(count[0]) if count and count[0].isdecimal() else None
    known = (
        tier in _SERVERLESS and hardware == "gen5" if serverless else (tier, hardware) in _COMPUTE
    )
    if not known:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: S0, GP_Gen5, GP_S_Gen5, …")
    return _Size(tier, serverless, hardware, vcores or properties.whole("sku.capacity"))


@meter(
    "sql:Database",
    vcore_hours=assume("50", "serverless: half a vCore for a hundred hours of use"),
    stored_gb=assume("10", "Hyperscale: the least that it has"),
    backup_gb=assume("1", "seven days of a database of less than a gigabyte"),
)
def database(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Compute and storage of one database, and backups beyond its own size."""
    name = properties.text("sku.name", "").lower()
    if properties.names("elasticPoolId") or name == "elasticpool":
        return Free("its elastic pool is what is billed")
    if name == "free":
        return Free("the Free size")
    if properties.flag("useFreeLimit"):
        behaviour = properties.text("freeLimitExhaustionBehavior", "AutoPause")
        if behaviour.lower() == "autopause":
            return Free("the free offer: it pauses when a month's free use is up")
    if "_" not in name:
        charges, held = _by_dtu(properties, name, month)
    else:
        charges, held = _by_vcore(properties, use, month)
    kind = properties.text("requestedBackupStorageRedundancy", "Geo")
    if kind.lower() not in _BACKUPS:
        raise Unpriced(f"requestedBackupStorageRedundancy {kind!r} has no price here")
    beyond = max(use.figure("backup_gb") - held, ZERO)
    return [*charges, by_use(_BACKUPS[kind.lower()], region(properties), beyond)]


def _by_dtu(properties: Properties, name: str, month: Month) -> tuple[list[Charge], Decimal]:
    """Charges, and GB of data; `Standard` with a capacity of 10 DTUs is S0."""
    place = region(properties)
    if name == "basic":
        return [fixed(_BASIC, place, month.days)], Decimal(2)
    if name in _DTUS:
        dtus = int(properties.whole("sku.capacity", "10" if name == "standard" else None))
        name = f"{name[0]}{_DTUS[name].get(dtus, '')}"
    tier = {"s": "Standard", "p": "Premium"}.get(name[:1], "")
    sizes = _DTUS.get(tier.lower(), {}).values()
    number = int(name[1:]) if name[1:].isdecimal() else -1
    if number not in sizes:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: Basic, S0, P1, GP_Gen5, …")
    size = f"{name[0].upper()}{number}"
    if tier == "Premium":
        label, included = f"{size} DTU", 4096 if number > 6 else 500  # noqa: PLR2004
    else:
        # From S4 on, the API calls a size by tens of DTUs; its price is that of the whole size.
        label, included = f"{size} DTUs" if number <= 3 else "10 DTUs", 250  # noqa: PLR2004
    most = properties.number("maxSizeBytes", str(included * _GIB)) / _GIB
    return [
        fixed(_sql(f"Single {tier}", size, label, "1/Day"), place, month.days),
        fixed(_MORE_STORAGE[tier], place, max(most - included, ZERO)),
    ], most


def _by_vcore(properties: Properties, use: Use, month: Month) -> tuple[list[Charge], Decimal]:
    """Charges, and GB of data."""
    place = region(properties)
    size = _size(properties)
    if size.serverless:
        hours = _serverless_hours(properties, size.vcores, use, month)
        compute, zones = _SERVERLESS[size.tier], _ZONE_SERVERLESS
    else:
        nodes = _nodes(properties) if size.tier == "hs" else (1, 1, 1)
        hours = Range._make(count * size.vcores * month.hours for count in nodes)
        compute, zones = _COMPUTE[size.tier, size.hardware], _ZONE_COMPUTE
    charges = [Charge(compute, place, *hours)]
    if size.tier == "hs":
        held = max(use.figure("stored_gb"), _LEAST_HYPERSCALE)
        stored = Charge(_HYPERSCALE_STORAGE, place, _LEAST_HYPERSCALE, held, held, grows=True)
        return [*charges, stored], held
    storage = _STORAGE[size.tier]
    if size.tier == "gp" and properties.flag("zoneRedundant"):
        if size.hardware != "gen5":
            raise Unpriced(f"zoneRedundant has no price on {size.hardware}")
        charges.append(Charge(zones, place, *hours))
        storage = _ZONE_STORAGE
    licence = properties.text("licenseType", "LicenseIncluded").lower()
    if not size.serverless and licence != "baseprice":
        charges.append(fixed(_LICENCES[size.tier], GLOBAL, hours.high))
    held = properties.number("maxSizeBytes", _DEFAULT) / _GIB
    return [*charges, fixed(storage, place, held * _LOG)], held


def _nodes(properties: Properties) -> tuple[Decimal, Decimal, Decimal]:
    """Replicas of Hyperscale, the first included; one more by default, if the region has it."""
    if properties.names("highAvailabilityReplicaCount"):
        count = 1 + properties.whole("highAvailabilityReplicaCount")
        return count, count, count
    return Decimal(1), Decimal(2), Decimal(2)


def _serverless_hours(properties: Properties, vcores: Decimal, use: Use, month: Month) -> Range:
    """vCore-hours between the least that runs, unless the database pauses, and all vCores."""
    most = vcores * month.hours
    usual = max(Decimal("0.5"), vcores / 8)
    least = properties.number("minCapacity", str(usual)) * month.hours
    if properties.number("autoPauseDelay", "60", signed=True) >= 0:
        least = ZERO
    return Range(least, min(max(use.figure("vcore_hours"), least), most), most)


@meter("sql:ElasticPool", stored_gb=assume("10", "Hyperscale: the least that it has"))
def elastic_pool(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Compute and storage of one pool; its databases cost nothing more."""
    name = properties.text("sku.name").lower()
    tier = name.removesuffix("pool").capitalize()
    if tier not in _POOL_UNITS:
        if "_s_" in name:
            raise Unpriced(f"sku.name {name!r} has no price here")
        if not name.startswith("hs"):
            properties.number("maxSizeBytes")  # there is no default that all sizes share
        return _by_vcore(properties, use, month)[0]
    place = region(properties)
    dtus = properties.whole("sku.capacity")
    charges = [fixed(_POOL_UNITS[tier], place, dtus * month.days)]
    if tier != "Basic":
        included = dtus if tier == "Standard" else Decimal(_PREMIUM_POOL.get(int(dtus), 0))
        most = properties.number("maxSizeBytes", "0") / _GIB
        beyond = max(most - included, ZERO)
        charges.append(fixed(_MORE_STORAGE[tier], place, beyond))
    return charges


@meter("sql:JobAgent")
def job_agent(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Hours of an agent; JA100 runs a hundred jobs at a time."""
    size = properties.text("sku.name", "JA100").upper()
    agent = _hourly("- Elastic Jobs Agent", size, f"{size} Job Agent")
    return (fixed(agent, region(properties), month.hours),)


_CREATION = (
    "longTermRetentionBackupResourceId recoverableDatabaseId recoveryServicesRecoveryPointId"
    " restorableDroppedDatabaseId restorePointInTime sampleName sourceDatabaseDeletionDate"
    " sourceDatabaseId sourceResourceId"
)
classify(
    "sql:Database",
    priced="sku.name sku.capacity elasticPoolId useFreeLimit freeLimitExhaustionBehavior"
    " maxSizeBytes requestedBackupStorageRedundancy zoneRedundant licenseType minCapacity"
    " autoPauseDelay highAvailabilityReplicaCount",
    unpriced_when={"secondaryType": ("Geo", "Named")},
    no_influence={
        NAMES: f"serverName databaseName createMode {_CREATION}",
        ACCESS: "encryptionProtector encryptionProtectorAutoRotation federatedClientId keys",
        FOLLOWS: "sku.family sku.size sku.tier",
        BEHAVIOUR: "availabilityZone catalogCollation collation isLedgerOn manualCutover"
        " maintenanceConfigurationId performCutover preferredEnclaveType readScale",
    },
)
classify(
    "sql:ElasticPool",
    priced="sku.name sku.capacity maxSizeBytes zoneRedundant licenseType"
    " highAvailabilityReplicaCount",
    unpriced_when={"autoPauseDelay": -1, "minCapacity": ()},
    no_influence={
        NAMES: "serverName elasticPoolName",
        FOLLOWS: "sku.family sku.size sku.tier",
        BEHAVIOUR: "availabilityZone maintenanceConfigurationId perDatabaseSettings"
        " preferredEnclaveType",
    },
)
classify(
    "sql:JobAgent",
    priced="sku.name",
    unpriced_when={"sku.capacity": (100, 200, 400, 800)},
    no_influence={
        NAMES: "databaseId jobAgentName serverName",
        FOLLOWS: "sku.family sku.size sku.tier",
    },
)
