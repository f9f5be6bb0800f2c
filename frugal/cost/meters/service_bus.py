"""Azure Service Bus, and Azure Relay.

The base fee of Standard is billed once for a subscription, however many namespaces it has
(Microsoft, "Premium and standard messaging tiers"). 13 million operations and 1,000 connections of
Standard are included (pricing page). Both read November 2026. Premium has neither fee nor
operations.
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters import autoscale
from frugal.cost.meters.base import (
    Charge,
    Free,
    Meter,
    Use,
    assume,
    billed_once,
    by_use,
    fixed,
    grant,
    meter,
    region,
)
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


def _bus(sku: str, name: str, unit: str) -> Meter:
    return Meter("Service Bus", "Service Bus", sku, name, unit)


_BASE = _bus("Standard", "Standard Base Unit", "1/Hour")
_OPERATIONS = {
    "basic": _bus("Basic", "Basic Messaging Operations", "1M"),
    "standard": _bus("Standard", "Standard Messaging Operations", "1M"),
}
_UNIT = _bus("Premium", "Premium Messaging Unit", "1/Hour")

grant(
    13_000_000,
    _OPERATIONS["standard"],
    what="13 million operations of Service Bus Standard a subscription",
)
billed_once(_BASE, what="the base fee of further namespaces of Service Bus Standard")


@meter("servicebus:Namespace", operations=assume("1000000", "33,000 messages a day"))
def namespace(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Operations of Basic and Standard, the base fee of Standard, units of Premium."""
    name = properties.text("sku.name", "Standard")
    place = region(properties)
    if name.lower() == "premium":
        least, most = autoscale.limits(use, "namespaces")
        units = max(properties.whole("sku.capacity", "1"), least)
        hours = units * month.hours
        return (Charge(_UNIT, place, hours, hours, max(most, units) * month.hours),)
    if name.lower() not in _OPERATIONS:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: Basic, Standard, Premium")
    charges = [by_use(_OPERATIONS[name.lower()], place, use.figure("operations"))]
    if name.lower() == "standard":
        charges.append(fixed(_BASE, place, month.hours))
    return charges


classify(
    "servicebus:Namespace",
    priced="sku.name sku.capacity",
    unpriced_when={
        "premiumMessagingPartitions": (0, 1),
        "geoDataReplication": (),
        "platformCapabilities.confidentialCompute.mode": "Disabled",
    },
    no_influence={
        NAMES: "alternateName namespaceName",
        ACCESS: "disableLocalAuth encryption ipAddressType minimumTlsVersion"
        " privateEndpointConnections publicNetworkAccess",
        FOLLOWS: "sku.tier",
        BEHAVIOUR: "zoneRedundant",
    },
    choices={"sku.name": ("Standard", "Premium", "Basic")},
)

_LISTENER = _bus("Hybrid Connections", "Hybrid Connections Listener Unit", "1 Hour")
_TRANSFER = _bus("Hybrid Connections", "Hybrid Connections Data Transfer", "1 GB")
_RELAY = _bus("WCF Relay", "WCF Relay", "100 Hours")
_MESSAGES = _bus("WCF Relay", "WCF Relay Message", "10K")


def _place(properties: Properties) -> str:
    holder = properties.referred("namespaceName", "relay:Namespace")
    if holder is None:
        raise Unpriced("its namespace, with the region, is not in this plan")
    return region(holder)


@meter(
    "relay:HybridConnection",
    listeners=assume("1", "one, connected all month"),
    transferred_gb=assume("1", "30,000 answers of about 35 kB"),
)
def hybrid_connection(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Hours of connected listeners, and data beyond the first 5 GB."""
    place = _place(properties)
    hours = use.figure("listeners") * month.hours
    return (
        by_use(_LISTENER, place, hours),
        by_use(_TRANSFER, place, use.figure("transferred_gb")),
    )


@meter("relay:WCFRelay", messages=assume("100000", "3,300 a day"))
def wcf_relay(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Hours of an open relay, all month, and messages."""
    place = _place(properties)
    return (
        by_use(_RELAY, place, month.hours),
        by_use(_MESSAGES, place, use.figure("messages")),
    )


@meter("relay:Namespace")
def relay_namespace(_properties: Properties, _use: Use, _month: Month) -> Free:
    """Free by itself."""
    return Free("its relays and hybrid connections are what is billed")


classify(
    "relay:HybridConnection",
    "relay:WCFRelay",
    priced="namespaceName",
    no_influence={
        NAMES: "hybridConnectionName relayName userMetadata",
        ACCESS: "requiresClientAuthorization requiresTransportSecurity",
        BEHAVIOUR: "relayType",
    },
)
classify(
    "relay:Namespace",
    no_influence={
        NAMES: "namespaceName sku",
        ACCESS: "privateEndpointConnections publicNetworkAccess",
    },
)
