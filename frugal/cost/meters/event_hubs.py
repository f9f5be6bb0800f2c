"""Azure Event Hubs: units of throughput, processing or capacity, and events.

Capture is billed for each throughput unit of the namespace, once for all of its hubs: at the first
that has it. Premium and Dedicated include it and the events (pricing page, read November 2026).
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import Charge, Free, Meter, Use, assume, by_use, fixed, meter, region
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced, hidden


def _hub(sku: str, name: str, unit: str = "1 Hour") -> Meter:
    return Meter("Event Hubs", "Event Hubs", sku, f"{sku} {name}", unit)


_UNITS = {
    "Basic": _hub("Basic", "Throughput Unit"),
    "Standard": _hub("Standard", "Throughput Unit"),
    "Premium": _hub("Premium", "Processing Unit"),
}
_EVENTS = {tier: _hub(tier, "Ingress Events", "1M") for tier in ("Basic", "Standard")}
_CAPTURE = _hub("Standard", "Capture")
_CAPACITY = _hub("Dedicated", "Capacity Unit")


def _units(properties: Properties) -> tuple[str, Charge]:
    """Tier of a namespace, and its units, up to those that it may inflate to."""
    tier = properties.text("sku.name", "Standard").capitalize()
    if tier not in _UNITS:
        raise Unpriced(f"sku.name {tier!r} has no price here; priced: Basic, Standard, Premium")
    units = most = properties.whole("sku.capacity", "1")
    if tier == "Standard" and properties.flag("isAutoInflateEnabled"):
        most = max(units, properties.whole("maximumThroughputUnits"))
    return tier, Charge(_UNITS[tier], region(properties), units, units, most)


def _all_month(charge: Charge, month: Month) -> Charge:
    low, expected, high = (units * month.hours for units in charge[2:5])
    return charge._replace(low=low, expected=expected, high=high)


@meter("eventhub:Namespace", events=assume("1000000", "33,000 a day"))
def namespace(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Units, and events of Basic and Standard."""
    if properties.names("clusterArmId"):
        return Free("its dedicated cluster is what is billed")
    tier, units = _units(properties)
    charges = [_all_month(units, month)]
    if tier != "Premium":
        charges.append(by_use(_EVENTS[tier], units.region, use.figure("events")))
    return charges


@meter("eventhub:EventHub")
def event_hub(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Capture of a Standard hub, for all units of its namespace."""
    if not properties.flag("captureDescription.enabled"):
        return Free("its namespace is what is billed")
    holder = properties.referred("namespaceName", "eventhub:Namespace")
    if holder is None:
        raise Unpriced("captureDescription: its namespace is not in this plan")
    tier, units = _units(holder)
    if tier == "Premium" or holder.names("clusterArmId"):
        return Free("its namespace includes capture")
    if not _is_first(properties, use):
        return Free("capture is billed at another hub of its namespace")
    return (_all_month(units._replace(meter=_CAPTURE), month),)


def _is_first(properties: Properties, use: Use) -> bool:
    """True for the first hub with capture of a namespace, and for all where names are unknown."""
    name = properties.content.get("namespaceName")
    if hidden(name) and len(use.beside["eventhub:Namespace"]) > 1:
        return True
    hubs = (hub for hub in use.beside["eventhub:EventHub"] if _captures(hub))
    first = next(hub.content for hub in hubs if hub.content.get("namespaceName") == name)
    return first is properties.content


def _captures(hub: Properties) -> bool:
    try:
        return hub.flag("captureDescription.enabled")
    except Unpriced:  # named where it is read itself
        return False


@meter("eventhub:Cluster")
def cluster(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Capacity units of a dedicated cluster."""
    units = properties.whole("sku.capacity", "1")
    return (fixed(_CAPACITY, region(properties), units * month.hours),)


classify(
    "eventhub:Namespace",
    priced="sku.name sku.capacity isAutoInflateEnabled maximumThroughputUnits clusterArmId",
    no_influence={
        NAMES: "alternateName namespaceName",
        ACCESS: "disableLocalAuth encryption minimumTlsVersion privateEndpointConnections"
        " publicNetworkAccess",
        FOLLOWS: "sku.tier",
        BEHAVIOUR: "kafkaEnabled zoneRedundant",
    },
    choices={"sku.name": ("Standard", "Premium", "Basic")},
)
classify(
    "eventhub:EventHub",
    priced="namespaceName captureDescription.enabled",
    no_influence={
        NAMES: "eventHubName userMetadata captureDescription.destination",
        BEHAVIOUR: "captureDescription.encoding captureDescription.intervalInSeconds"
        " captureDescription.sizeLimitInBytes captureDescription.skipEmptyArchives"
        " messageRetentionInDays partitionCount retentionDescription status",
    },
)
classify(
    "eventhub:Cluster",
    priced="sku.capacity",
    unpriced_when={"sku.name": "Dedicated"},
    no_influence={NAMES: "clusterName", BEHAVIOUR: "supportsScaling"},
)
