"""Azure DNS: public and private zones; Traffic Manager.

A zone costs less from the 26th of a subscription on, which is not counted here. Prices are those of
the first billing zone, in which nearly all regions lie (pricing pages, read November 2026).
"""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, by_use, fixed, meter
from frugal.cost.month import Month
from frugal.cost.prices.table import GLOBAL
from frugal.cost.properties import Properties, Unpriced

_ONE = Decimal(1)
_ZONE = "Zone 1"


def _dns(sku: str, name: str, unit: str) -> Meter:
    return Meter("Azure DNS", "Azure DNS", sku, f"{sku} {name}", unit)


_PUBLIC = _dns("Public", "Zone", "1"), _dns("Public", "Queries", "1M")
_PRIVATE = _dns("Private", "Zone", "1"), _dns("Private", "Queries", "1M")


def _zone(meters: tuple[Meter, Meter], use: Use) -> Iterable[Charge]:
    zone, queries = meters
    return fixed(zone, _ZONE, _ONE), by_use(queries, _ZONE, use.figure("queries"))


@meter("dns:Zone", queries=assume("100000", "3,300 a day"))
def public_zone(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """The zone, and queries to it."""
    private = properties.text("zoneType", "Public").lower() == "private"
    return _zone(_PRIVATE if private else _PUBLIC, use)


@meter("privatedns:PrivateZone", queries=assume("100000", "3,300 a day"))
def private_zone(_properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """The zone, and queries to it."""
    return _zone(_PRIVATE, use)


classify(
    "dns:Zone",
    priced="zoneType",
    no_influence={
        NAMES: "zoneName registrationVirtualNetworks resolutionVirtualNetworks",
    },
)
classify("privatedns:PrivateZone", no_influence={NAMES: "privateZoneName"})


def _manager(sku: str, name: str, unit: str = "1") -> Meter:
    return Meter("Traffic Manager", "Traffic Manager", sku, name, unit)


_FAST_INTERVAL = 10
_QUERIES = _manager("Azure Endpoint", "DNS Queries", "1M")
_KINDS = ("Azure Endpoint", "Non-Azure Endpoint")
_CHECKS = {kind: _manager(kind, f"{kind} Health Checks") for kind in _KINDS}
_FAST = {kind: _manager(kind, f"{kind} Fast Interval Health Check Add-ons") for kind in _KINDS}


def _endpoints(kinds: Iterable[str], fast: bool) -> list[Charge]:
    """Health checks of endpoints, by type: of Azure or external ones; nested ones have none."""
    counts = dict.fromkeys(_KINDS, 0)
    for kind in kinds:
        name = kind.rpartition("/")[2].lower()
        if name not in ("azureendpoints", "externalendpoints", "nestedendpoints"):
            raise Unpriced(f"an endpoint of type {kind!r} has no price here")
        if name != "nestedendpoints":
            counts["Azure Endpoint" if name == "azureendpoints" else "Non-Azure Endpoint"] += 1
    charges: list[Charge] = []
    for sku, count in counts.items():
        if count:
            charges.append(fixed(_CHECKS[sku], GLOBAL, _ONE * count))
            if fast:
                charges.append(fixed(_FAST[sku], GLOBAL, _ONE * count))
    return charges


def _is_fast(profile: Properties) -> bool:
    return profile.whole("monitorConfig.intervalInSeconds", "30") == _FAST_INTERVAL


@meter("trafficmanager:Profile", queries=assume("100000", "3,300 a day"))
def profile(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Queries, and health checks of the endpoints that the profile itself declares."""
    kinds = [endpoint.text("type") for endpoint in properties.blocks("endpoints")]
    return [
        by_use(_QUERIES, GLOBAL, use.figure("queries")),
        *_endpoints(kinds, _is_fast(properties)),
    ]


@meter("trafficmanager:Endpoint")
def endpoint(properties: Properties, _use: Use, _month: Month) -> Iterable[Charge]:
    """Health checks of one endpoint."""
    holder = properties.referred("profileName", "trafficmanager:Profile")
    if holder is None:
        raise Unpriced("its profile, with the interval of checks, is not in this plan")
    return _endpoints([properties.text("endpointType")], _is_fast(holder))


classify(
    "trafficmanager:Profile",
    priced="endpoints monitorConfig.intervalInSeconds",
    unpriced_when={"trafficViewEnrollmentStatus": "Disabled"},
    no_influence={
        NAMES: "dnsConfig id name profileName type",
        BEHAVIOUR: "allowedEndpointRecordTypes maxReturn profileStatus"
        " trafficRoutingMethod monitorConfig.customHeaders monitorConfig.expectedStatusCodeRanges"
        " monitorConfig.path monitorConfig.port monitorConfig.profileMonitorStatus"
        " monitorConfig.protocol monitorConfig.timeoutInSeconds"
        " monitorConfig.toleratedNumberOfFailures",
    },
)
classify(
    "trafficmanager:Endpoint",
    priced="profileName endpointType",
    no_influence={
        NAMES: "endpointName id name target targetResourceId type",
        BEHAVIOUR: "alwaysServe customHeaders endpointLocation endpointMonitorStatus"
        " endpointStatus geoMapping minChildEndpoints minChildEndpointsIPv4"
        " minChildEndpointsIPv6 priority subnets weight",
    },
)
