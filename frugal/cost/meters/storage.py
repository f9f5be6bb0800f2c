"""Azure Storage: blobs of an account; its file shares, queues and tables.

An account costs nothing by itself. Operations cost the same with a readable second copy (RA-) as
without; what is copied to a second region is billed as a transfer (Blob Storage pricing page and
"Plan and manage costs for Azure Blob Storage", read November 2026).
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.bandwidth import EGRESS
from frugal.cost.meters.base import Charge, Free, Meter, Use, assume, by_use, meter, region
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_COPIES = {
    "lrs": "LRS",
    "zrs": "ZRS",
    "grs": "GRS",
    "ragrs": "RA-GRS",
    "gzrs": "GZRS",
    "ragzrs": "RA-GZRS",
}
# By kind, and whether blobs have folders (a hierarchical namespace).
_BLOBS = {
    ("storagev2", False): "General Block Blob v2",
    ("storagev2", True): "Azure Data Lake Storage Gen2 Hierarchical Namespace",
    ("blobstorage", False): "Blob Storage",
    ("blockblobstorage", False): "Premium Block Blob",
    ("blockblobstorage", True): "Premium ADLS Gen2 Hierarchical Namespace",
}
_TIERED = ("storagev2", "blobstorage")


def _storage(product: str, sku: str, name: str, unit: str = "10K") -> Meter:
    return Meter("Storage", product, sku, name, unit)


_REPLICATION = _storage(
    "Storage - Bandwidth", "Geo-Replication v2", "Geo-Replication v2 Data Transfer", "1 GB"
)


def _redundancy(account: Properties) -> tuple[str, str]:
    """Performance and redundancy of an account: `Standard` and `RA-GRS`."""
    name = account.text("sku.name")
    performance, _, copies = name.lower().partition("_")
    if performance not in ("standard", "premium") or copies not in _COPIES:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: Standard_LRS, Premium_ZRS, …")
    return performance.capitalize(), _COPIES[copies]


_Meters = tuple[Meter, Meter, Meter, Meter | None]
"""Data stored, writes, reads, retrieval."""


def _premium(product: str, copies: str) -> _Meters:
    sku = f"Premium {copies}"
    return (
        _storage(product, sku, f"{sku} Data Stored", "1 GB/Month"),
        _storage(product, sku, f"{sku} Write Operations"),
        _storage(product, sku, f"{sku} Read Operations"),
        None,
    )


def _first_generation(copies: str) -> _Meters:
    product, sku = "General Block Blob", f"Standard {copies}"
    return (
        _storage(product, sku, f"{copies} Data Stored", "1 GB/Month"),
        _storage(product, sku, f"{copies} Write Operations"),
        _storage(product, sku, "Read Operations"),
        None,
    )


def _tiered(product: str, tier: str, copies: str, hierarchical: bool) -> _Meters:
    """Meters of a tier; the API's names of operations differ by tier, redundancy and namespace."""
    written = copies.removeprefix("RA-")
    sku = f"{tier} {written}"
    if tier == "Cold":
        write = read = retrieve = sku
    elif hierarchical:
        write, read, retrieve = tier if written == "LRS" else sku, tier, tier
    else:
        write = sku
        read = retrieve = f"{tier} ZRS" if "Z" in written else tier
    return (
        _storage(product, f"{tier} {copies}", f"{tier} {copies} Data Stored", "1 GB/Month"),
        _storage(product, sku, f"{write} Write Operations"),
        _storage(product, sku, f"{read} Read Operations"),
        None if tier == "Hot" else _storage(product, sku, f"{retrieve} Data Retrieval", "1 GB"),
    )


_METERS: dict[tuple[str, bool, str, str], _Meters] = {
    **{
        (kind, hierarchical, tier, copies): _tiered(product, tier, copies, hierarchical)
        for (kind, hierarchical), product in _BLOBS.items()
        for tier in ("Hot", "Cool", "Cold")
        for copies in (_COPIES.values() if kind == "storagev2" else ("LRS", "GRS", "RA-GRS"))
        if kind in _TIERED
    },
    **{
        ("storage", False, "Standard", copies): _first_generation(copies)
        for copies in ("LRS", "ZRS", "GRS", "RA-GRS")
    },
    **{
        ("blockblobstorage", hierarchical, "Premium", copies): _premium(
            _BLOBS["blockblobstorage", hierarchical], copies
        )
        for hierarchical in (False, True)
        for copies in ("LRS", "ZRS")
    },
}


@meter(
    "storage:StorageAccount",
    stored_gb=assume("1", "a site's pages, images and a few backups"),
    write_operations=assume("10000", "330 files a day"),
    read_operations=assume("100000", "3,300 a day"),
    retrieved_gb=assume("1", "all of it read once, from a cool or cold tier"),
    replicated_gb=assume("1", "all of it written once, to a second region"),
    egress_gb=assume("1", "30,000 answers of about 35 kB"),
)
def account(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Blobs: data, operations, retrieval from cooler tiers, copies in a second region."""
    kind = properties.text("kind").lower()
    if kind == "filestorage":
        return Free("its file shares are what is billed")
    performance, copies = _redundancy(properties)
    hierarchical = properties.flag("isHnsEnabled")
    tier = performance
    if performance == "Standard" and kind in _TIERED:
        tier = properties.text("accessTier", "Hot").capitalize()
    meters = _METERS.get((kind, hierarchical, tier, copies))
    if meters is None:
        raise Unpriced(f"a {tier} account of kind {kind!r} with {copies} has no price here")
    stored, writes, reads, retrieval = meters
    place = region(properties)
    charges = [
        by_use(stored, place, use.figure("stored_gb")),
        by_use(writes, place, use.figure("write_operations")),
        by_use(reads, place, use.figure("read_operations")),
        by_use(EGRESS, place, use.figure("egress_gb")),
    ]
    if retrieval:
        charges.append(by_use(retrieval, place, use.figure("retrieved_gb")))
    if "G" in copies:
        charges.append(by_use(_REPLICATION, place, use.figure("replicated_gb")))
    return charges


classify(
    "storage:StorageAccount",
    priced="kind sku.name isHnsEnabled accessTier",
    unpriced_when={
        "isSftpEnabled": False,
        "routingPreference.routingChoice": "MicrosoftRouting",
        "routingPreference.publishInternetEndpoints": False,
    },
    no_influence={
        NAMES: "accountName customDomain routingPreference.publishMicrosoftEndpoints",
        ACCESS: "allowBlobPublicAccess allowCrossTenantReplication allowSharedKeyAccess"
        " allowedCopyScope azureFilesIdentityBasedAuthentication defaultToOAuthAuthentication"
        " enableExtendedGroups enableHttpsTrafficOnly encryption isLocalUserEnabled keyPolicy"
        " minimumTlsVersion networkRuleSet publicNetworkAccess sasPolicy",
        BEHAVIOUR: "dnsEndpointType enableNfsV3 immutableStorageWithVersioning"
        " largeFileSharesState",
    },
    choices={"accessTier": ("Hot", "Cool", "Cold")},
)


def _holder(properties: Properties) -> Properties:
    found = properties.referred("accountName", "storage:StorageAccount")
    if found is None:
        raise Unpriced("its storage account, with region and redundancy, is not in this plan")
    return found


@meter(
    "storage:FileShare",
    stored_gb=assume("1", "a small site's files"),
    write_operations=assume("10000", "330 files a day"),
    read_operations=assume("100000", "3,300 a day"),
)
def file_share(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Data up to the quota and operations; in a premium account the quota itself."""
    holder = _holder(properties)
    place = region(holder)
    performance, copies = _redundancy(holder)
    if performance == "Premium":
        quota = properties.whole("shareQuota")
        sku = f"Premium {copies}"
        stored = _storage("Premium Files", sku, f"{sku} Provisioned", "1 GB/Month")
        return (Charge(stored, place, quota, quota, quota),)
    copies = copies.removeprefix("RA-")
    tier = properties.text("accessTier", "TransactionOptimized").lower()
    if tier == "transactionoptimized":
        sku, data = f"Standard {copies}", copies
        read = f"{copies} Read Operations" if "Z" in copies else "Read Operations"
    elif tier in ("hot", "cool"):
        sku = data = f"{tier.capitalize()} {copies}"
        read = f"{tier.capitalize()} Read Operations"
    else:
        raise Unpriced(f"accessTier {tier!r} has no price here")
    held = use.figure("stored_gb")
    most = properties.whole("shareQuota") if properties.names("shareQuota") else None
    product = "Files v2"
    stored = _storage(product, sku, f"{data} Data Stored", "1 GB/Month")
    return (
        by_use(stored, place, held)
        if most is None
        else Charge(stored, place, ZERO, min(held, most), most),
        by_use(
            _storage(product, sku, f"{data} Write Operations"),
            place,
            use.figure("write_operations"),
        ),
        by_use(_storage(product, sku, read), place, use.figure("read_operations")),
    )


classify(
    "storage:FileShare",
    priced="accountName accessTier shareQuota",
    unpriced_when={
        "fileSharePaidBursting": (),
        "provisionedBandwidthMibps": (),
        "provisionedIops": (),
    },
    no_influence={
        NAMES: "expand metadata shareName",
        ACCESS: "rootSquash signedIdentifiers",
        BEHAVIOUR: "enabledProtocols",
    },
)


@meter(
    "storage:Queue",
    stored_gb=assume("0.01", "messages that are taken within minutes"),
    operations=assume("100000", "3,300 a day: sent, asked for, deleted"),
)
def queue(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Data, and operations at the price of sending and taking a message (class 1)."""
    holder = _holder(properties)
    copies = _redundancy(holder)[1]
    sku = f"Standard {copies}"
    operation = f"{copies.removeprefix('RA-')} Class 1 Operations"
    return (
        by_use(
            _storage("Queues v2", sku, f"{copies} Data Stored", "1 GB/Month"),
            region(holder),
            use.figure("stored_gb"),
        ),
        by_use(_storage("Queues v2", sku, operation), region(holder), use.figure("operations")),
    )


@meter(
    "storage:Table",
    stored_gb=assume("0.1", "a hundred thousand rows of a kilobyte"),
    operations=assume("100000", "3,300 a day"),
)
def table(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Data, and operations at the price of reads, which writes have as well."""
    holder = _holder(properties)
    copies = _redundancy(holder)[1]
    sku = f"Standard {copies}"
    return (
        by_use(
            _storage("Tables", sku, f"{copies} Data Stored", "1 GB/Month"),
            region(holder),
            use.figure("stored_gb"),
        ),
        by_use(
            _storage("Tables", sku, "Read Operations"), region(holder), use.figure("operations")
        ),
    )


classify(
    "storage:Queue",
    "storage:Table",
    priced="accountName",
    no_influence={NAMES: "metadata queueName tableName", ACCESS: "signedIdentifiers"},
)
