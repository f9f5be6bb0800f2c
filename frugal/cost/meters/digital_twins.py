"""Azure Digital Twins: messages, operations and query units, and no base fee.

All three count from the first one; messages and operations in steps of 1 KB (pricing page, read
November 2026).
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, by_use, meter, region
from frugal.cost.month import Month
from frugal.cost.properties import Properties

_METERS = {
    key: Meter("Digital Twins", "Digital Twins", "Standard", f"Standard {name}", "1K")
    for key, name in (
        ("messages", "Message"),
        ("operations", "Operations"),
        ("query_units", "Query Units"),
    )
}


@meter(
    "digitaltwins:DigitalTwin",
    messages=assume("100000", "3,300 a day, a change each half a minute"),
    operations=assume("100000", "one for each message"),
    query_units=assume("100000", "a thousand queries a day of three to four units"),
)
def instance(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Charges of one instance."""
    place = region(properties)
    return [by_use(each, place, use.figure(key)) for key, each in _METERS.items()]


classify(
    "digitaltwins:DigitalTwin",
    no_influence={
        NAMES: "resourceName",
        ACCESS: "privateEndpointConnections publicNetworkAccess",
    },
)
