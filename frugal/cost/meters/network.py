"""Virtual networks' billed parts: addresses, NAT gateways, load balancers, private endpoints, logs.

Load balancers, NAT gateways, private endpoints and peering within a region have one price in all
regions. A load balancer without rules costs nothing, the first five rules are included (pricing
pages, read November 2026). IPv6 addresses are free.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from frugal.cost.influence import BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Free, Meter, Use, assume, by_use, fixed, meter, region
from frugal.cost.month import Month
from frugal.cost.prices.table import GLOBAL
from frugal.cost.properties import Properties, Unpriced

_LINKED = "parts that other resources declare"
_INCLUDED_RULES = 5


def _network(product: str, sku: str, name: str, unit: str = "1 Hour") -> Meter:
    return Meter("Virtual Network", product, sku, name, unit)


# Without a dynamic Standard address: Azure has none.
_ADDRESSES = {
    (sku, way): _network("IP Addresses", sku, f"{sku} IPv4 {way} Public IP")
    for sku, way in (
        ("Basic", "Dynamic"),
        ("Basic", "Static"),
        ("Standard", "Static"),
        ("Global", "Static"),
    )
}
STANDARD_ADDRESS = _ADDRESSES["Standard", "Static"]
_PREFIX = _network("Public IP Prefix", "Standard", "Standard Static IP Addresses")
_GLOBAL_PREFIX = _network("Public IP Prefix", "Global", "Global Static Public IP")


def _hours(one: Meter, place: str, count: Decimal, month: Month) -> Charge:
    return fixed(one, place, count * month.hours)


@meter("network:PublicIPAddress")
def public_ip_address(properties: Properties, _use: Use, month: Month) -> Iterable[Charge] | Free:
    """Hours of one address; without a SKU it is a Basic one."""
    if properties.text("publicIPAddressVersion", "IPv4").lower() == "ipv6":
        return Free("IPv6 addresses cost nothing")
    if properties.names("publicIPPrefix"):
        return Free("its prefix is what is billed")
    name = properties.text("sku.name", "Basic").capitalize()
    if name not in ("Basic", "Standard"):
        raise Unpriced(f"sku.name {name!r} has no price here; priced: Basic, Standard")
    sku = "Global" if properties.text("sku.tier", "Regional").lower() == "global" else name
    usual = "Dynamic" if name == "Basic" else "Static"
    allocation = properties.text("publicIPAllocationMethod", usual).capitalize()
    if (sku, allocation) not in _ADDRESSES:
        raise Unpriced(f"publicIPAllocationMethod {allocation!r} has no price with {name}")
    return (_hours(_ADDRESSES[sku, allocation], region(properties), Decimal(1), month),)


classify(
    "network:PublicIPAddress",
    priced="sku.name sku.tier publicIPAllocationMethod publicIPAddressVersion publicIPPrefix",
    unpriced_when={"ddosSettings.protectionMode": ("Disabled", "VirtualNetworkInherited")},
    no_influence={
        NAMES: "id publicIpAddressName dnsSettings ipAddress linkedPublicIPAddress natGateway"
        " servicePublicIPAddress ddosSettings.ddosProtectionPlan",
        BEHAVIOUR: "deleteOption idleTimeoutInMinutes ipTags migrationPhase zones",
    },
    choices={"sku.name": ("Standard", "Basic"), "publicIPAllocationMethod": ("Static", "Dynamic")},
)


@meter("network:PublicIPPrefix")
def public_ip_prefix(properties: Properties, _use: Use, month: Month) -> Iterable[Charge] | Free:
    """Hours of each address: 16 of a /28."""
    if properties.text("publicIPAddressVersion", "IPv4").lower() == "ipv6":
        return Free("IPv6 addresses cost nothing")
    length = int(properties.whole("prefixLength"))
    if length not in range(8, 33):
        raise Unpriced(f"prefixLength {length} has no price here; priced: 8 to 32")
    worldwide = properties.text("sku.tier", "Regional").lower() == "global"
    address = _GLOBAL_PREFIX if worldwide else _PREFIX
    return (_hours(address, region(properties), Decimal(2 ** (32 - length)), month),)


classify(
    "network:PublicIPPrefix",
    priced="sku.tier prefixLength publicIPAddressVersion",
    unpriced_when={"sku.name": "Standard", "customIPPrefix": ()},
    no_influence={NAMES: "id natGateway publicIpPrefixName", BEHAVIOUR: "ipTags zones"},
)


def _nat(name: str, unit: str) -> Meter:
    return Meter("NAT Gateway", "NAT Gateway", "Standard", name, unit)


NAT = _nat("Standard Gateway", "1 Hour")
_NAT_DATA = _nat("Standard Data Processed", "1 GB")


@meter("network:NatGateway", processed_gb=assume("5", "updates and calls of a small site"))
def nat_gateway(_properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Hours, and data in both directions."""
    return (
        _hours(NAT, GLOBAL, Decimal(1), month),
        by_use(_NAT_DATA, GLOBAL, use.figure("processed_gb")),
    )


classify(
    "network:NatGateway",
    unpriced_when={"sku.name": "Standard"},
    no_influence={
        NAMES: "id natGatewayName",
        _LINKED: "publicIpAddresses publicIpPrefixes",
        BEHAVIOUR: "idleTimeoutInMinutes zones",
    },
)


def _balancer(name: str, unit: str) -> Meter:
    return Meter("Load Balancer", "Load Balancer", "Standard", f"Standard {name}", unit)


BALANCER_RULES = _balancer("Included LB Rules and Outbound Rules", "1 Hour")
_MORE_RULES = _balancer("Overage LB Rules and Outbound Rules", "1/Hour")
_BALANCED = _balancer("Data Processed", "1 GB")


@meter("network:LoadBalancer", processed_gb=assume("5", "150,000 answers of about 35 kB"))
def load_balancer(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Hours with rules, hours of rules beyond five, and data."""
    size = properties.text("sku.name", "Basic")
    if size.lower() == "basic":
        return Free("the Basic size")
    if size.lower() != "standard":
        raise Unpriced(f"sku.name {size!r} has no price here; priced: Basic, Standard")
    rules = len(list(properties.blocks("loadBalancingRules")))
    rules += len(list(properties.blocks("outboundRules")))
    used = Decimal(1 if rules else 0)
    beyond = Decimal(max(rules - _INCLUDED_RULES, 0))
    data = use.figure("processed_gb") * used
    return (
        _hours(BALANCER_RULES, GLOBAL, used, month),
        _hours(_MORE_RULES, GLOBAL, beyond, month),
        by_use(_BALANCED, GLOBAL, data),
    )


classify(
    "network:LoadBalancer",
    priced="sku.name loadBalancingRules outboundRules",
    unpriced_when={"sku.tier": "Regional"},
    no_influence={
        NAMES: "id loadBalancerName",
        _LINKED: "backendAddressPools frontendIPConfigurations",
        "rules of inbound NAT are not counted": "inboundNatPools inboundNatRules",
        BEHAVIOUR: "probes",
    },
)


def _private_link(name: str, unit: str = "1 GB") -> Meter:
    return _network("Virtual Network Private Link", "Standard", f"Standard {name}", unit)


_ENDPOINT = _private_link("Private Endpoint", "1 Hour")
_WAYS = ("Ingress", "Egress")
_LINK_DATA = {way: _private_link(f"Data Processed - {way}") for way in _WAYS}


@meter(
    "network:PrivateEndpoint",
    ingress_gb=assume("1", "what an app writes to a database or a storage account"),
    egress_gb=assume("1", "what an app reads from it"),
)
def private_endpoint(_properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Hours, and data in each direction."""
    return (
        _hours(_ENDPOINT, GLOBAL, Decimal(1), month),
        by_use(_LINK_DATA["Ingress"], GLOBAL, use.figure("ingress_gb")),
        by_use(_LINK_DATA["Egress"], GLOBAL, use.figure("egress_gb")),
    )


classify(
    "network:PrivateEndpoint",
    no_influence={
        NAMES: "id customDnsConfigs customNetworkInterfaceName ipConfigurations"
        " privateEndpointName",
        _LINKED: "applicationSecurityGroups manualPrivateLinkServiceConnections"
        " privateLinkServiceConnections subnet",
    },
)


def _peering(product: str, kind: str) -> Mapping[str, Meter]:
    return {way: _network(product, kind, f"{kind} {way}", "1 GB") for way in _WAYS}


_WITHIN = _peering("Virtual Network Peering", "Intra-Region")
_BETWEEN = _peering("Global Virtual Network Peering", "Inter-Region")


@meter(
    "network:VirtualNetworkPeering",
    ingress_gb=assume("1", "a day's 30 MB between an app and what it shares with others"),
    egress_gb=assume("1", "a day's 30 MB between an app and what it shares with others"),
)
def peering(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Data in each direction: one price within a region, else that of the network's region."""
    own = properties.referred("virtualNetworkName", "network:VirtualNetwork")
    remote = properties.referred("remoteVirtualNetwork", "network:VirtualNetwork")
    if own is None or remote is None:
        raise Unpriced("one of its two networks, with the region, is not in this plan")
    place, data = region(own), _BETWEEN
    if place == region(remote):
        place, data = GLOBAL, _WITHIN
    return (
        by_use(data["Ingress"], place, use.figure("ingress_gb")),
        by_use(data["Egress"], place, use.figure("egress_gb")),
    )


classify(
    "network:VirtualNetworkPeering",
    priced="virtualNetworkName remoteVirtualNetwork",
    no_influence={
        NAMES: "id name type virtualNetworkPeeringName",
        BEHAVIOUR: "allowForwardedTraffic allowGatewayTransit allowVirtualNetworkAccess"
        " doNotVerifyRemoteGateways enableOnlyIPv6Peering localAddressSpace localSubnetNames"
        " localVirtualNetworkAddressSpace peerCompleteVnets peeringState peeringSyncLevel"
        " remoteAddressSpace remoteBgpCommunities remoteSubnetNames"
        " remoteVirtualNetworkAddressSpace syncRemoteAddressSpace useRemoteGateways",
    },
)


@meter("network:VirtualNetwork")
def virtual_network(_properties: Properties, _use: Use, _month: Month) -> Free:
    """Free by itself; peerings that are part of it have no price here."""
    return Free("a network itself costs nothing, only what runs or passes in it")


classify(
    "network:VirtualNetwork",
    unpriced_when={"virtualNetworkPeerings": ()},
    no_influence={
        NAMES: "id virtualNetworkName",
        _LINKED: "ddosProtectionPlan enableDdosProtection subnets",
        BEHAVIOUR: "addressSpace bgpCommunities dhcpOptions enableVmProtection encryption"
        " flowTimeoutInMinutes ipAllocations privateEndpointVNetPolicies",
    },
)


def _watcher(name: str) -> Meter:
    return Meter("Network Watcher", "Network Watcher", "Standard", f"Standard {name}", "1 GB")


_COLLECTED = _watcher("VNet Flow Logs Collected")
_ANALYSED = _watcher("Traffic Analytics Processing")
_ANALYSED_OFTEN = _watcher("Traffic Analytics Processing at 10-Minute Interval")


@meter(
    "network:FlowLog",
    collected_gb=assume("6", "200 MB a day: the first 5 GB of a month are free"),
    analysed_gb=assume("1", "what traffic analytics processes of it"),
)
def flow_log(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Logs collected, and processed by traffic analytics."""
    if properties.names("enabled") and not properties.flag("enabled"):
        return Free("switched off")
    place = region(properties)
    charges = [by_use(_COLLECTED, place, use.figure("collected_gb"))]
    block = "flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration"
    if properties.flag(f"{block}.enabled"):
        often = properties.whole(f"{block}.trafficAnalyticsInterval", "60") == 10  # noqa: PLR2004
        analysed = _ANALYSED_OFTEN if often else _ANALYSED
        charges.append(by_use(analysed, place, use.figure("analysed_gb")))
    return charges


classify(
    "network:FlowLog",
    priced="enabled flowAnalyticsConfiguration",
    no_influence={
        NAMES: "flowLogName id networkWatcherName storageId targetResourceId",
        BEHAVIOUR: "enabledFilteringCriteria format",
        "the storage account bills what is kept": "retentionPolicy",
    },
)
