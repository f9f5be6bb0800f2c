"""Application gateways, firewalls, and gateways of virtual networks.

An instance of an application gateway reserves ten capacity units (Microsoft, "Understand pricing
for Application Gateway"). A VPN gateway includes ten connections to other networks and 128 to
single computers (VPN Gateway pricing page). Both read November 2026.
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import Charge, Free, Meter, Use, assume, by_use, fixed, meter, region
from frugal.cost.money import ZERO, Range
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_RULES = "rules and parts of what it does, at no price of their own"
_UNITS_PER_INSTANCE = 10


def _application_gateway(variant: str, sku: str) -> tuple[Meter, Meter]:
    """Meters of a gateway's hours, and of its capacity units."""
    product = f"Application Gateway {variant} v2"
    return (
        Meter("Application Gateway", product, sku, f"{sku} Fixed Cost", "1/Hour"),
        Meter("Application Gateway", product, sku, f"{sku} Capacity Units", "1/Hour"),
    )


_APPLICATION_GATEWAYS = {
    "standard_v2": _application_gateway("Standard", "Standard"),
    "waf_v2": _application_gateway("WAF", "Standard"),
    "basic": _application_gateway("Basic", "Basic"),
}


@meter(
    "network:ApplicationGateway",
    capacity_units=assume("1", "2,500 connections and 1 GB an hour are one unit"),
)
def application_gateway(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Hours of the gateway, and of the capacity units that it reserves or uses."""
    name = properties.text("sku.name")
    if name.lower() not in _APPLICATION_GATEWAYS:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: Standard_v2, WAF_v2, Basic")
    gateway, unit = _APPLICATION_GATEWAYS[name.lower()]
    place = region(properties)
    if properties.names("autoscaleConfiguration"):
        least = properties.whole("autoscaleConfiguration.minCapacity", "0")
        most = properties.whole("autoscaleConfiguration.maxCapacity", "10")
    else:
        least = most = properties.whole("sku.capacity")
    reserved, limit = least * _UNITS_PER_INSTANCE, most * _UNITS_PER_INSTANCE
    used = min(max(use.figure("capacity_units"), reserved), limit)
    hours = Range._make(units * month.hours for units in (reserved, used, limit))
    return fixed(gateway, place, month.hours), Charge(unit, place, *hours)


classify(
    "network:ApplicationGateway",
    priced="sku.name sku.capacity autoscaleConfiguration.minCapacity"
    " autoscaleConfiguration.maxCapacity",
    no_influence={
        NAMES: "applicationGatewayName id",
        FOLLOWS: "sku.tier sku.family",
        ACCESS: "authenticationCertificates sslCertificates sslPolicy sslProfiles"
        " trustedClientCertificates trustedRootCertificates",
        _RULES: "backendAddressPools backendHttpSettingsCollection backendSettingsCollection"
        " customErrorConfigurations firewallPolicy forceFirewallPolicyAssociation"
        " frontendIPConfigurations frontendPorts gatewayIPConfigurations globalConfiguration"
        " httpListeners listeners loadDistributionPolicies privateLinkConfigurations probes"
        " redirectConfigurations requestRoutingRules rewriteRuleSets routingRules urlPathMaps"
        " webApplicationFirewallConfiguration",
        BEHAVIOUR: "enableFips enableHttp2 zones",
    },
)


def _firewall(sku: str) -> tuple[Meter, Meter]:
    """Meters of a firewall's hours, and of its data."""
    return (
        Meter("Azure Firewall", "Azure Firewall", sku, f"{sku} Deployment", "1 Hour"),
        Meter("Azure Firewall", "Azure Firewall", sku, f"{sku} Data Processed", "1 GB"),
    )


_FIREWALLS = {
    ("azfw_vnet", "basic"): _firewall("Basic"),
    ("azfw_vnet", "standard"): _firewall("Standard"),
    ("azfw_vnet", "premium"): _firewall("Premium"),
    ("azfw_hub", "basic"): _firewall("Basic Secured Virtual Hub"),
    ("azfw_hub", "standard"): _firewall("Standard Secure Virtual Hub"),
    ("azfw_hub", "premium"): _firewall("Premium Secured Virtual Hub"),
}


@meter("network:AzureFirewall", processed_gb=assume("5", "updates and calls of a small site"))
def firewall(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Hours of a firewall in a network or a virtual hub, and data."""
    name = properties.text("sku.name", "AZFW_VNet")
    tier = properties.text("sku.tier", "Standard")
    key = name.lower(), tier.lower()
    if key not in _FIREWALLS:
        raise Unpriced(f"sku.name {name!r} with sku.tier {tier!r} has no price here")
    deployment, data = _FIREWALLS[key]
    place = region(properties)
    return fixed(deployment, place, month.hours), by_use(data, place, use.figure("processed_gb"))


classify(
    "network:AzureFirewall",
    priced="sku.name sku.tier",
    unpriced_when={"autoscaleConfiguration": ()},
    no_influence={
        NAMES: "azureFirewallName id firewallPolicy virtualHub",
        _RULES: "additionalProperties applicationRuleCollections hubIPAddresses ipConfigurations"
        " managementIpConfiguration natRuleCollections networkRuleCollections threatIntelMode",
        BEHAVIOUR: "zones",
    },
    choices={"sku.tier": ("Standard", "Premium", "Basic")},
)


@meter("network:FirewallPolicy")
def firewall_policy(_properties: Properties, use: Use, _month: Month) -> Free:
    """Free with one firewall at most; with several it has a price of its own.

    Microsoft, "Azure Firewall Manager policy overview", read November 2026.
    """
    firewalls = use.beside.get("network:AzureFirewall", ())
    policies = use.beside["network:FirewallPolicy"]
    # Others inherit from a base policy, which no firewall has itself.
    own = sum(one.names("basePolicy") for one in policies) or len(policies)
    if sum(one.names("firewallPolicy") for one in firewalls) > own:
        raise Unpriced("more firewalls than policies: one that is shared has no price here")
    return Free("a policy of one firewall, which is billed")


classify(
    "network:FirewallPolicy",
    no_influence={
        NAMES: "firewallPolicyName id basePolicy",
        ACCESS: "explicitProxy transportSecurity",
        _RULES: "dnsSettings insights intrusionDetection snat sql threatIntelMode"
        " threatIntelWhitelist",
        "its firewall has the same": "sku",
    },
)


def _express_route(sku: str, kind: str = "") -> Meter:
    return Meter("ExpressRoute", f"ExpressRoute {kind}Gateway", sku, f"{sku} Gateway", "1 Hour")


_EXPRESS_ROUTE = {
    "standard": _express_route("Standard", "Standard "),
    "highperformance": _express_route("High Performance", "High Performance "),
    "ultraperformance": _express_route("Ultra High Performance", "Ultra High Performance "),
    "ergw1az": _express_route("ErGw1AZ"),
    "ergw2az": _express_route("ErGw2AZ"),
    "ergw3az": _express_route("ErGw3AZ"),
}


def _vpn(sku: str, name: str) -> Meter:
    return Meter("VPN Gateway", "VPN Gateway", sku, name, "1 Hour")


_NUMBERED = [f"VpnGw{number}{zones}" for number in range(1, 6) for zones in ("", "AZ")]
_VPN = {"basic": _vpn("Basic", "Basic Gateway"), **{s.lower(): _vpn(s, s) for s in _NUMBERED}}
_CLIENTS = {sku: _vpn(sku, "P2S Connection") for sku in _NUMBERED}
_CONNECTION = _vpn("VpnGw1", "S2S Connection")


def _gateway(properties: Properties) -> Meter:
    """Meter of a gateway's hours."""
    name = properties.text("sku.name")
    kind = properties.text("gatewayType", "Vpn")
    meters = {"vpn": _VPN, "expressroute": _EXPRESS_ROUTE}.get(kind.lower(), {})
    if name.lower() not in meters:
        raise Unpriced(f"gatewayType {kind!r} with sku.name {name!r} has no price here")
    return meters[name.lower()]


@meter(
    "network:VirtualNetworkGateway",
    extra_clients=assume("0", "a gateway includes 128 connected computers"),
)
def network_gateway(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Hours of a gateway, and of connected computers beyond those that are included."""
    place = region(properties)
    gateway = _gateway(properties)
    charges = [fixed(gateway, place, month.hours)]
    if properties.names("vpnClientConfiguration") and gateway.sku in _CLIENTS:
        hours = use.figure("extra_clients") * month.hours
        charges.append(by_use(_CLIENTS[gateway.sku], place, hours))
    return charges


@meter("network:VirtualNetworkGatewayConnection")
def connection(properties: Properties, _use: Use, month: Month) -> Iterable[Charge] | Free:
    """Hours of a connection, if ten others are there already."""
    if properties.text("connectionType").lower() == "expressroute":
        return Free("its circuit is what is billed")
    return (Charge(_CONNECTION, region(properties), ZERO, ZERO, month.hours),)


classify(
    "network:VirtualNetworkGateway",
    priced="sku.name gatewayType vpnClientConfiguration",
    unpriced_when={"autoScaleConfiguration": ()},
    no_influence={
        NAMES: "id virtualNetworkGatewayName vNetExtendedLocationResourceId gatewayDefaultSite",
        FOLLOWS: "sku.tier vpnGatewayGeneration",
        _RULES: "ipConfigurations natRules virtualNetworkGatewayPolicyGroups",
        BEHAVIOUR: "activeActive adminState allowRemoteVnetTraffic allowVirtualWanTraffic"
        " bgpSettings customRoutes disableIPSecReplayProtection enableBgp"
        " enableBgpRouteTranslationForNat enableDnsForwarding enablePrivateIpAddress"
        " resiliencyModel vpnType",
    },
)
classify(
    "network:VirtualNetworkGatewayConnection",
    priced="connectionType",
    no_influence={
        NAMES: "id localNetworkGateway2 peer virtualNetworkGateway1 virtualNetworkGateway2"
        " virtualNetworkGatewayConnectionName",
        ACCESS: "authorizationKey sharedKey",
        BEHAVIOUR: "connectionMode connectionProtocol dpdTimeoutSeconds egressNatRules enableBgp"
        " enablePrivateLinkFastPath expressRouteGatewayBypass gatewayCustomBgpIpAddresses"
        " ingressNatRules ipsecPolicies routingWeight trafficSelectorPolicies"
        " useLocalAzureIpAddress usePolicyBasedTrafficSelectors",
    },
)


def _containers(name: str, unit: str = "1 Hour") -> Meter:
    product = "Application Gateway for Containers"
    return Meter("Application Gateway", product, "Standard", f"Standard {name}", unit)


_CONTAINER_GATEWAY = _containers("AGC")
_CONTAINER_UNITS = _containers("Capacity Units", "1/Hour")
_FRONTEND, _ASSOCIATION = _containers("Frontend"), _containers("Association")


@meter(
    "servicenetworking:TrafficControllerInterface",
    capacity_units=assume("1", "2,500 connections and 1 GB an hour are one unit"),
)
def container_gateway(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Hours of a gateway for containers, and of the capacity units that it uses."""
    place = region(properties)
    units = use.figure("capacity_units") * month.hours
    return (
        fixed(_CONTAINER_GATEWAY, place, month.hours),
        by_use(_CONTAINER_UNITS, place, units),
    )


def _part(properties: Properties, part: Meter, month: Month) -> Iterable[Charge]:
    holder = properties.referred(
        "trafficControllerName", "servicenetworking:TrafficControllerInterface"
    )
    if holder and holder.names("securityPolicyConfigurations.wafSecurityPolicy"):
        raise Unpriced("its gateway has a firewall, whose price is not known here")
    return (fixed(part, region(properties), month.hours),)


@meter("servicenetworking:FrontendsInterface")
def frontend(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Hours of an address of a gateway for containers."""
    return _part(properties, _FRONTEND, month)


@meter("servicenetworking:AssociationsInterface")
def association(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Hours of its link to a network."""
    return _part(properties, _ASSOCIATION, month)


classify(
    "servicenetworking:TrafficControllerInterface",
    unpriced_when={"securityPolicyConfigurations.wafSecurityPolicy": ()},
    no_influence={
        NAMES: "trafficControllerName",
    },
)
classify(
    "servicenetworking:FrontendsInterface",
    "servicenetworking:AssociationsInterface",
    priced="trafficControllerName",
    no_influence={NAMES: "frontendName associationName associationType subnet"},
)
