"""Azure Cosmos DB: throughput of databases and containers, data, backup, dedicated gateways.

Throughput is billed in each region of the account: 1.25 times as much in a zone-redundant one, if
it is fixed and one region takes the writes; autoscale is billed between a tenth of its maximum and
the maximum. A container without throughput shares that of its database, else it has 400 RU/s
(pricing pages and "Provision throughput on containers and databases"). An account of the free tier
has 1,000 RU/s free, the first of the plan's; in `high` what is made elsewhere uses them. Two
periodic backups are free, others are billed by their data ("Periodic backup storage redundancy").
All read November 2026.
"""

import operator
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import (
    Charge,
    Free,
    Meter,
    Use,
    assume,
    by_use,
    fixed,
    meter,
    one_of,
    region,
)
from frugal.cost.money import NOTHING, ZERO, Range
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_DATABASES = (
    "cosmosdb:CassandraResourceCassandraKeyspace",
    "cosmosdb:GremlinResourceGremlinDatabase",
    "cosmosdb:MongoDBResourceMongoDBDatabase",
    "cosmosdb:SqlResourceSqlDatabase",
)
_CONTAINERS = (
    "cosmosdb:CassandraResourceCassandraTable",
    "cosmosdb:GremlinResourceGremlinGraph",
    "cosmosdb:MongoDBResourceMongoDBCollection",
    "cosmosdb:SqlResourceSqlContainer",
    "cosmosdb:TableResourceTable",
)
_DEFAULT_THROUGHPUT = Decimal(400)
_FREE_THROUGHPUT = Decimal(1000)
_ZONES = Decimal("1.25")


def _cosmos(product: str, sku: str, name: str, unit: str) -> Meter:
    return Meter("Azure Cosmos DB", f"Azure Cosmos DB{product}", sku, name, unit)


_FIXED = _cosmos("", "RUs", "100 RU/s", "1/Hour")
_AUTOSCALE = _cosmos(" autoscale", "AP1", "AP1 100 RUs", "1/Hour")
_MANY_WRITERS = _cosmos("", "mRUs", "100 Multi-master RU/s", "1/Hour")
_SERVERLESS = _cosmos(" serverless", "RUs", "1M RUs", "1M")
_DATA = _cosmos("", "RUs", "Data Stored", "1 GB/Month")
_COPY = {
    kind: _cosmos(" Snapshot", sku, f"{sku} Data Stored", "1 GB/Month")
    for kind, sku in (
        ("local", "Periodic Backup - LRS"),
        ("zone", "Periodic Backup - ZRS"),
        ("geo", "Periodic Backup - RA-GRS"),
    )
}
_FREE_COPIES = 2
_PERIODIC = "backupPolicy.periodicModeProperties"
_BACKUP = _cosmos(" - PITR", "Backup", "Cont 30D Bckp Continuous Backup", "1 GB")


class _Account(NamedTuple):
    """Regions, zone-redundant or not, and properties of an account that its containers share."""

    regions: dict[str, bool]
    serverless: bool = False
    many_writers: bool = False
    free_tier: bool = False
    continuous: bool = False
    copies: Decimal = ZERO
    copy: Meter = _COPY["geo"]
    known: bool = True


def _account(properties: Properties) -> _Account:
    found = properties.referred("accountName", "cosmosdb:DatabaseAccount")
    if found is None:
        return _Account({region(properties): False}, known=False)
    regions = {_name(place): place.flag("isZoneRedundant") for place in found.blocks("locations")}
    capabilities = {one.text("name").lower() for one in found.blocks("capabilities")}
    continuous = found.text("backupPolicy.type", "Periodic").lower() == "continuous"
    tier = found.text("backupPolicy.continuousModeProperties.tier", "Continuous30Days").lower()
    return _Account(
        regions or {region(found): False},
        serverless="enableserverless" in capabilities,
        many_writers=found.flag("enableMultipleWriteLocations"),
        free_tier=found.flag("enableFreeTier"),
        continuous=continuous and tier == "continuous30days",
        copies=ZERO if continuous else _paid_copies(found),
        copy=one_of(found, f"{_PERIODIC}.backupStorageRedundancy", _COPY, "Geo"),
    )


def _paid_copies(account: Properties) -> Decimal:
    """Backups beyond the free ones, of those that the interval and the retention leave."""
    interval = account.whole(f"{_PERIODIC}.backupIntervalInMinutes", "240")
    hours = account.whole(f"{_PERIODIC}.backupRetentionIntervalInHours", "8")
    return max(hours * 60 // max(interval, ZERO + 1) - _FREE_COPIES, ZERO)


def _name(place: Properties) -> str:
    return place.text("locationName").replace(" ", "").lower()


def _throughput(properties: Properties) -> tuple[Range, bool] | None:
    """Declared RU/s, and True for autoscale; None without."""
    if properties.names("options.autoscaleSettings.maxThroughput"):
        most = properties.whole("options.autoscaleSettings.maxThroughput")
        return Range(most / 10, most / 10, most), True
    if properties.names("options.throughput"):
        units = properties.whole("options.throughput")
        return Range(units, units, units), False
    return None


def _provisioned(
    account: _Account, units: Range, autoscale: bool, month: Month, free: Range = NOTHING
) -> list[Charge]:
    one = _MANY_WRITERS if account.many_writers else _AUTOSCALE if autoscale else _FIXED
    charges: list[Charge] = []
    for place, zones in account.regions.items():
        times = month.hours / 100 * (_ZONES if zones and one is _FIXED else 1)
        granted = Range._make(map(min, units, free))
        free = Range._make(map(operator.sub, free, granted))
        paid = map(operator.sub, units, granted)
        low, expected, high = (quantity * times for quantity in paid)
        # Another region of an account that is not of this plan would cost as much again.
        charges.append(Charge(one, place, low, expected, high, grows=not account.known))
    return charges


@meter(*_DATABASES)
def database(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Throughput that the containers of a database share."""
    declared = _throughput(properties)
    if declared is None:
        return Free("its containers and their throughput are what is billed")
    account = _account(properties)
    return _provisioned(account, *declared, month, _free(account, properties, use))


@meter(
    *_CONTAINERS,
    stored_gb=assume("1", "a million small documents"),
    request_units=assume("10000000", "serverless: a million reads and a million writes"),
)
def container(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """A container's own throughput, its data, and its continuous backup."""
    account = _account(properties)
    declared = _throughput(properties)
    if account.serverless:
        place = next(iter(account.regions))
        charges = [by_use(_SERVERLESS, place, use.figure("request_units"))]
    elif declared:
        charges = _provisioned(account, *declared, month, _free(account, properties, use))
    else:
        units = _default_throughput(properties)
        charges = _provisioned(account, units, False, month, _free(account, properties, use))
    stored = use.figure("stored_gb")
    if account.copies:
        place = next(iter(account.regions))
        charges.append(by_use(account.copy, place, stored * account.copies))
    for place in account.regions:
        charges.append(by_use(_DATA, place, stored))
        if account.continuous:
            charges.append(by_use(_BACKUP, place, stored))
    return charges


def _default_throughput(properties: Properties) -> Range:
    parents = [
        parent
        for kind in _DATABASES
        for path in ("databaseName", "keyspaceName")
        if (parent := properties.referred(path, kind))
    ]
    if any(_throughput(parent) for parent in parents):
        return Range(ZERO, ZERO, ZERO)
    least = _DEFAULT_THROUGHPUT if parents else ZERO
    return Range(least, _DEFAULT_THROUGHPUT, _DEFAULT_THROUGHPUT)


def _free(account: _Account, properties: Properties, use: Use) -> Range:
    """RU/s of the free tier that a database or container has, over all regions of its account.

    The first of the account's have them; in `high`, none.
    """
    if not account.free_tier:
        return NOTHING
    name = properties.content.get("accountName")
    databases, containers = (
        [
            one
            for kind in kinds
            for one in use.beside.get(kind, ())
            if one.content.get("accountName") == name
        ]
        for kinds in (_DATABASES, _CONTAINERS)
    )
    shared = [_parent(one) for one in databases if _declared(one) != NOTHING]
    left = Range(_FREE_THROUGHPUT, _FREE_THROUGHPUT, ZERO)
    for one in (*databases, *containers):
        units = _declared(one)
        if units == NOTHING and one in containers and _parent(one) not in shared:
            units = Range(*[_DEFAULT_THROUGHPUT] * 3)
        taken = Range._make(each * len(account.regions) for each in units)
        share = Range._make(map(min, taken, left))
        if one.content is properties.content:
            return share
        left = Range._make(map(operator.sub, left, share))
    return NOTHING


def _declared(one: Properties) -> Range:
    try:
        declared = _throughput(one)
    except Unpriced:  # named where it is read itself
        return NOTHING
    return declared[0] if declared else NOTHING


def _parent(one: Properties) -> object:
    """Name of a container's database, and of a database."""
    return one.content.get("databaseName") or one.content.get("keyspaceName")


@meter("cosmosdb:DatabaseAccount")
def account(_properties: Properties, _use: Use, _month: Month) -> Free:
    """Free by itself."""
    return Free("its containers and their throughput are what is billed")


@meter("cosmosdb:Service")
def dedicated_gateway(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Nodes of a dedicated gateway, in each region of the account."""
    kind = properties.text("properties.serviceType")
    if kind.lower() != "sqldedicatedgateway":
        raise Unpriced(f"properties.serviceType {kind!r} has no price here")
    size = properties.text("properties.instanceSize").removeprefix("Cosmos.")
    series = "Memory Optimized" if size.startswith("E") else "General Purpose"
    node = _cosmos(f" Dedicated Gateway - {series}", size, size, "1 Hour")
    nodes = properties.whole("properties.instanceCount", "1")
    places = _account(properties).regions
    return [fixed(node, place, nodes * month.hours) for place in places]


classify(
    *_DATABASES,
    *_CONTAINERS,
    priced="accountName databaseName keyspaceName options",
    unpriced_when={
        "resource.analyticalStorageTtl": 0,
    },
    no_influence={
        NAMES: "containerName collectionName graphName tableName resource.id resource.createMode"
        " resource.restoreParameters",
        BEHAVIOUR: "resource.clientEncryptionPolicy resource.computedProperties"
        " resource.conflictResolutionPolicy resource.defaultTtl resource.fullTextPolicy"
        " resource.indexingPolicy resource.indexes resource.partitionKey resource.schema"
        " resource.shardKey resource.uniqueKeyPolicy resource.vectorEmbeddingPolicy",
    },
)
classify(
    "cosmosdb:DatabaseAccount",
    priced="locations capabilities backupPolicy enableMultipleWriteLocations enableFreeTier",
    no_influence={
        NAMES: "accountName createMode kind restoreParameters databaseAccountOfferType",
        ACCESS: "cors customerManagedKeyStatus defaultIdentity"
        " disableKeyBasedMetadataWriteAccess disableLocalAuth ipRules"
        " isVirtualNetworkFilterEnabled keyVaultKeyUri minimalTlsVersion networkAclBypass"
        " networkAclBypassResourceIds publicNetworkAccess virtualNetworkRules",
        BEHAVIOUR: "analyticalStorageConfiguration apiProperties capacity connectorOffer"
        " consistencyPolicy defaultPriorityLevel enableAnalyticalStorage enableAutomaticFailover"
        " enableBurstCapacity enableCassandraConnector enablePartitionMerge"
        " enablePerRegionPerPartitionAutoscale enablePriorityBasedExecution",
    },
)
classify(
    "cosmosdb:Service",
    priced="accountName properties.serviceType properties.instanceSize properties.instanceCount",
    no_influence={NAMES: "serviceName", BEHAVIOUR: "properties.dedicatedGatewayType"},
)
