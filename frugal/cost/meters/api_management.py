"""Azure API Management: units by the hour, calls beyond those that a tier includes.

A unit of an added location costs what it costs there. The price list has a lower price for
"secondary" units of the Premium and v2 tiers, and no page of Microsoft's was found (November 2026)
that says which units those are: low has all but the first of an instance at it, expected and high
have none. Free calls: a million a month a subscription in Consumption, those of the price list's
first tier for each v2 instance.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters import autoscale
from frugal.cost.meters.base import (
    Charge,
    Meter,
    Use,
    assume,
    by_use,
    fixed,
    grant,
    meter,
    one_of,
    region,
)
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties


def _meter(sku: str, name: str, unit: str) -> Meter:
    return Meter("API Management", "API Management", sku, name, unit)


class _Tier(NamedTuple):
    """Meters of a tier: a unit, one that is secondary, calls; None where it has none."""

    unit: Meter | None
    secondary: Meter | None = None
    calls: Meter | None = None


def _hourly(sku: str, name: str | None = None) -> Meter:
    return _meter(sku, f"{name or sku} Unit", "1 Hour")


def _secondary(sku: str) -> Meter:
    return _hourly(sku, f"{sku} Secondary")


def _calls(sku: str) -> Meter:
    return _meter(sku, f"{sku} Calls", "10K")


_TIERS = {
    "developer": _Tier(_hourly("Developer")),
    "basic": _Tier(_hourly("Basic")),
    "standard": _Tier(_hourly("Standard")),
    "premium": _Tier(_hourly("Premium"), _hourly("Secondary")),
    "basicv2": _Tier(_hourly("Basic v2"), _secondary("Basic v2"), _calls("Basic v2")),
    "standardv2": _Tier(_hourly("Standard v2"), _secondary("Standard v2"), _calls("Standard v2")),
    "premiumv2": _Tier(_hourly("Premium v2"), _secondary("Premium v2")),
    "consumption": _Tier(None, calls=_calls("Consumption")),
}
_GATEWAYS = {
    "workspacegatewaystandard": _hourly("Workspace Gateway Standard"),
    "workspacegatewaypremium": _hourly("Workspace Gateway Premium"),
}

grant(
    1_000_000,
    _calls("Consumption"),
    what="a million calls to API Management (Consumption) a subscription",
)


@meter(
    "apimanagement:ApiManagementService",
    calls=assume("100000", "3,300 a day, in tiers that count them"),
)
def service(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Units of each location, and calls."""
    tier = one_of(properties, "sku.name", _TIERS)
    place = region(properties)
    least, most = autoscale.limits(use, "service")
    units = max(properties.whole("sku.capacity"), least)
    yield from _units(tier, place, units, max(most, units), month, first=1)
    for location in properties.blocks("additionalLocations"):
        units = location.whole("sku.capacity")
        yield from _units(tier, region(location), units, units, month, first=0)
    if tier.calls:
        yield by_use(tier.calls, place, use.figure("calls"))


def _units(
    tier: _Tier, place: str, units: Decimal, most: Decimal, month: Month, *, first: int
) -> Iterator[Charge]:
    """Charges of one location; `first`: units that are never secondary."""
    if tier.unit is None:
        return
    hours, limit = units * month.hours, most * month.hours
    if tier.secondary is None or units <= first:
        yield Charge(tier.unit, place, hours, hours, limit)
        return
    of_first = first * month.hours
    yield Charge(tier.unit, place, of_first, hours, limit)
    yield Charge(tier.secondary, place, hours - of_first, ZERO, ZERO)


@meter("apimanagement:ApiGateway")
def workspace_gateway(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Units of a gateway of workspaces."""
    unit = one_of(properties, "sku.name", _GATEWAYS)
    units = properties.whole("sku.capacity", "1")
    return (fixed(unit, region(properties), units * month.hours),)


classify(
    "apimanagement:ApiManagementService",
    priced="sku.name sku.capacity additionalLocations.location additionalLocations.sku.capacity",
    unpriced_when={
        "natGatewayState": "Disabled",
        "additionalLocations.natGatewayState": "Disabled",
    },
    no_influence={
        NAMES: "serviceName notificationSenderEmail publisherEmail publisherName",
        ACCESS: "certificates enableClientCertificate hostnameConfigurations"
        " privateEndpointConnections publicNetworkAccess virtualNetworkConfiguration"
        " virtualNetworkType",
        BEHAVIOUR: "additionalLocations apiVersionConstraint configurationApi customProperties"
        " developerPortalStatus disableGateway legacyPortalStatus restore zones",
        "an address is billed itself": "publicIpAddressId additionalLocations.publicIpAddressId",
    },
)
classify(
    "apimanagement:ApiGateway",
    priced="sku.name sku.capacity",
    no_influence={NAMES: "gatewayName", ACCESS: "backend virtualNetworkType"},
)
