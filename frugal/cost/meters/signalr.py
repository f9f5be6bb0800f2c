"""Azure SignalR Service: units by the day, messages beyond those that the units include.

Each unit of a paid size includes a million messages a day; only messages that leave the service
count, in steps of 2 KB (Microsoft's page on messages and connections, read November 2026). A
replica has units of its own, in its own region.
"""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
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
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties


def _meter(size: str, name: str, unit: str) -> Meter:
    return Meter("SignalR", "SignalR", size, f"{size} {name}", unit)


# Units and messages; none of the free size.
_STANDARD = _meter("Standard", "Unit", "1/Day"), _meter("Standard", "Message", "1M")
_PREMIUM = _meter("Premium", "Unit", "1/Day"), _meter("Premium", "Message", "1M")
_SIZES = {
    "free_f1": (),
    "standard_s1": _STANDARD,
    "premium_p1": _PREMIUM,
    "premium_p2": _PREMIUM,
}
_INCLUDED_A_DAY = Decimal(1_000_000)


@meter(
    "signalrservice:SignalR",
    "signalrservice:SignalRReplica",
    messages=assume("300000", "10,000 a day, a hundred visitors with a hundred messages each"),
)
def signalr(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Units times days, and messages of the month beyond the included ones."""
    meters = one_of(properties, "sku.name", _SIZES)
    if not meters:
        return Free("the Free size of SignalR, with 20 connections and 20,000 messages a day")
    place = region(properties)
    unit_days = properties.whole("sku.capacity", "1") * month.days
    beyond = max(use.figure("messages") - unit_days * _INCLUDED_A_DAY, ZERO)
    units, messages = meters
    return fixed(units, place, unit_days), by_use(messages, place, beyond)


classify(
    "signalrservice:SignalR",
    "signalrservice:SignalRReplica",
    priced="sku.name sku.capacity",
    unpriced_when={"kind": "SignalR"},  # a raw WebSocket service has meters of its own
    no_influence={
        NAMES: "resourceName replicaName",
        ACCESS: "cors disableAadAuth disableLocalAuth networkACLs publicNetworkAccess tls",
        BEHAVIOUR: "features liveTraceConfiguration regionEndpointEnabled resourceLogConfiguration"
        " resourceStopped serverless upstream",
        FOLLOWS: "sku.tier",
    },
)
