"""Azure AI Search: search units by the hour, semantic ranking and image extraction by use.

Search units are replicas times partitions, billed by the hour for as long as the service exists;
text and vector queries and indexing cost nothing more (Microsoft's page on managing costs,
ms.date 2024-06-19). Confidential computing has SKUs of its own in the price list ("… CC").
"""

from collections.abc import Iterable

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
from frugal.cost.month import Month
from frugal.cost.properties import Properties


def _search(sku: str, name: str, unit: str) -> Meter:
    return Meter("Azure Cognitive Search", "Azure AI Search", sku, name, unit)


_SIZES = {
    "free": "Free",
    "basic": "Basic",
    "standard": "Standard S1",
    "standard2": "Standard S2",
    "standard3": "Standard S3",
    "storage_optimized_l1": "Storage Optimized L1",
    "storage_optimized_l2": "Storage Optimized L2",
}
_UNITS = {
    (size, confidential): _search(sku, f"{sku} Unit", "1 Hour")
    for size in _SIZES.values()
    if size != "Free"
    for confidential, sku in ((False, size), (True, f"{size} CC"))
}
_RANKED = _search("Semantic Ranker", "Semantic Ranker queries", "1K")
_IMAGES = _search("Document Cracking", "Document Cracking Image Extraction", "1K")


@meter(
    "search:Service",
    semantic_queries=assume("1000", "33 ranked queries a day, where semanticSearch is standard"),
    images=assume("0", "text alone is indexed"),
)
def service(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Replicas times partitions times hours, and what enrichment and ranking use."""
    size = one_of(properties, "sku.name", _SIZES)
    if size == "Free":
        return Free("the Free size of AI Search, with 50 MB and three indexes")
    confidential = properties.text("computeType", "default").lower() == "confidential"
    place = region(properties)
    units = properties.whole("replicaCount", "1") * properties.whole("partitionCount", "1")
    charges = [
        fixed(_UNITS[size, confidential], place, units * month.hours),
        by_use(_IMAGES, place, use.figure("images")),
    ]
    if properties.text("semanticSearch", "disabled").lower() == "standard":
        charges.append(by_use(_RANKED, place, use.figure("semantic_queries")))
    return charges


classify(
    "search:Service",
    priced="sku.name computeType replicaCount partitionCount semanticSearch",
    no_influence={
        NAMES: "searchServiceName endpoint",
        ACCESS: "authOptions dataExfiltrationProtections disableLocalAuth encryptionWithCmk"
        " networkRuleSet publicNetworkAccess",
        BEHAVIOUR: "hostingMode upgradeAvailable",
    },
    choices={"semanticSearch": ("disabled", "free", "standard")},
)
