"""Azure Event Grid: operations of topics and domains, throughput units of namespaces.

An operation is an event that comes in or a delivery attempt, in steps of 64 KB. The first 100,000
operations a month, and the first million events and MQTT operations of namespaces, are free once a
subscription (pricing page, read November 2026).
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
    grant,
    meter,
    region,
)
from frugal.cost.month import Month
from frugal.cost.properties import Properties

_OPERATIONS = Meter("Event Grid", "Event Grid", "Standard", "Standard Operations", "100K")
_UNITS = Meter("Event Grid", "Event Grid", "Standard", "Standard Throughput Unit", "1 Hour")
_EVENTS = Meter("Event Grid", "Event Grid", "Standard", "Standard Event Operations", "1M")
_MQTT = Meter("Event Grid", "Event Grid", "Standard", "Standard MQTT Operations", "1M")

grant(100_000, _OPERATIONS, what="100,000 operations of Event Grid a subscription")
grant(1_000_000, _EVENTS, what="a million events of Event Grid namespaces a subscription")
grant(1_000_000, _MQTT, what="a million MQTT operations of Event Grid a subscription")


_TOPICS = tuple(f"eventgrid:{kind}" for kind in ("Topic", "Domain", "SystemTopic", "PartnerTopic"))


@meter(
    *_TOPICS,
    operations=assume("60000", "1,000 events a day, each delivered once"),
)
def topic(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Events in and delivery attempts out."""
    return (by_use(_OPERATIONS, region(properties), use.figure("operations")),)


# A subscription states no region; all but mexicocentral have one price.
_ANYWHERE = "westeurope"


@meter(
    "eventgrid:EventSubscription",
    operations=assume("60000", "1,000 events a day, each delivered once"),
)
def event_subscription(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Events of a resource that has no topic of its own in the plan, such as a storage account."""
    if any(properties.referred("scope", kind) for kind in _TOPICS):
        return Free("its topic is billed for the operations")
    return (by_use(_OPERATIONS, _ANYWHERE, use.figure("operations")),)


classify(
    "eventgrid:EventSubscription",
    priced="scope",
    no_influence={
        NAMES: "eventSubscriptionName labels",
        BEHAVIOUR: "eventDeliverySchema expirationTimeUtc filter retryPolicy",
        "where it delivers to is billed itself": "deadLetterDestination"
        " deadLetterWithResourceIdentity deliveryWithResourceIdentity destination",
    },
)


@meter(
    "eventgrid:Namespace",
    events=assume("60000", "1,000 a day, each received once"),
    mqtt_operations=assume("0", "no MQTT clients"),
)
def namespace(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Throughput units times hours, events and MQTT messages."""
    place = region(properties)
    units = properties.whole("sku.capacity", "1")
    return (
        fixed(_UNITS, place, units * month.hours),
        by_use(_EVENTS, place, use.figure("events")),
        by_use(_MQTT, place, use.figure("mqtt_operations")),
    )


classify(
    *_TOPICS,
    no_influence={
        NAMES: "topicName domainName systemTopicName partnerTopicName source topicType"
        " partnerRegistrationImmutableId partnerTopicFriendlyDescription messageForActivation",
        ACCESS: "disableLocalAuth inboundIpRules minimumTlsVersionAllowed publicNetworkAccess",
        BEHAVIOUR: "activationState autoCreateTopicWithFirstSubscription"
        " autoDeleteTopicWithLastSubscription dataResidencyBoundary eventTypeInfo"
        " expirationTimeIfNotActivatedUtc inputSchema inputSchemaMapping",
    },
)
classify(
    "eventgrid:Namespace",
    priced="sku.capacity",
    no_influence={
        NAMES: "namespaceName",
        ACCESS: "inboundIpRules minimumTlsVersionAllowed privateEndpointConnections"
        " publicNetworkAccess",
        BEHAVIOUR: "isZoneRedundant topicSpacesConfiguration topicsConfiguration",
        "there is one size, Standard": "sku.name",
    },
)
