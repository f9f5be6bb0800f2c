"""Azure Kubernetes Service: control plane, nodes, and what a cluster makes for their way out.

The Free tier's control plane costs nothing, Standard has a fee by the hour and Premium one that
includes long-term support. Nodes are virtual machines with a managed disk each, unless their disk
is that of the machine (ephemeral), as it is by default where it fits: low has none then. A cluster
has a load balancer and a public address of its own, or a NAT gateway, by `outboundType`
(Microsoft's pages on pricing tiers, node pools and egress, read November 2026). What runs in it
may make more, such as addresses.
"""

from collections.abc import Iterator
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, fixed, meter, one_of, region
from frugal.cost.meters.disks import KINDS
from frugal.cost.meters.network import BALANCER_RULES, NAT, STANDARD_ADDRESS
from frugal.cost.meters.virtual_machines import disk_of_each, hours_of, machine
from frugal.cost.money import ZERO, Range
from frugal.cost.month import Month
from frugal.cost.prices.table import GLOBAL
from frugal.cost.properties import Properties, Unpriced


def _aks(name: str) -> Meter:
    service = "Azure Kubernetes Service"
    return Meter(service, service, "Standard", f"Standard {name}", "1 Hour")


_TIERS = {"free": None, "standard": _aks("Uptime SLA"), "premium": _aks("Long Term Support")}
_TIERS["paid"] = _TIERS["standard"]  # its name in versions until 2023
# GB of a node's managed disk by the vCores that it has at least.
_DISKS = {64: 2048, 32: 1024, 16: 512, 8: 256, 0: 128}
_NODES = {
    "hours": assume("730", "they run all month", follows=True),
    "operations": assume("500000", "one each five seconds; Standard disks alone count them"),
}


@meter("containerservice:ManagedCluster", **_NODES)
def cluster(properties: Properties, use: Use, month: Month) -> Iterator[Charge]:
    """Control plane, the pools declared in it, and their way to the internet."""
    place = region(properties)
    _refuse_addons(properties)
    if fee := one_of(properties, "sku.tier", _TIERS, "Free"):
        yield fixed(fee, place, month.hours)
    licence = properties.text("windowsProfile.licenseType", "None")
    for pool in properties.blocks("agentPoolProfiles"):
        yield from _pool(pool, place, licence, use, month)
    yield from _way_out(properties, place, month)
    use.notes.append("what runs in it may make more, such as addresses and disks")


def _refuse_addons(properties: Properties) -> None:
    """Raise Unpriced for add-ons that make an application gateway or a DNS zone."""
    gateway = "addonProfiles.ingressApplicationGateway"
    made = not properties.names(f"{gateway}.config.applicationGatewayId")
    if properties.flag(f"{gateway}.enabled") and made:
        raise Unpriced(f"{gateway} makes a gateway that the plan does not show")
    if properties.flag("addonProfiles.httpApplicationRouting.enabled"):
        raise Unpriced("addonProfiles.httpApplicationRouting makes a DNS zone")


@meter("containerservice:AgentPool", **_NODES)
def agent_pool(properties: Properties, use: Use, month: Month) -> Iterator[Charge]:
    """Nodes of one pool."""
    holder = properties.referred("resourceName", "containerservice:ManagedCluster")
    if holder is None:
        raise Unpriced("its cluster, with the region, is not in this plan")
    licence = holder.text("windowsProfile.licenseType", "None")
    yield from _pool(properties, region(holder), licence, use, month)


def _pool(pool: Properties, place: str, licence: str, use: Use, month: Month) -> Iterator[Charge]:
    count = pool.whole("count", "1")
    counts = Range(count, count, count)
    if pool.flag("enableAutoScaling"):
        least, most = pool.whole("minCount", "1"), pool.whole("maxCount")
        counts = Range(least, max(count, least), max(most, count))
    windows = pool.text("osType", "Linux").lower() == "windows"
    size = pool.text("vmSize")
    each = machine(size, windows=windows and licence.lower() != "windows_server")
    yield hours_of(each, place, counts, use, month)
    kind = pool.text("osDiskType", "").lower()
    if kind == "ephemeral":
        return
    gigabytes = pool.whole("osDiskSizeGB", "0") or _usual_disk(size)
    premium = "s" in size.lower().removeprefix("standard_").partition("_")[0]
    disk = KINDS["premium_lrs" if premium else "standardssd_lrs"]
    held = counts if kind == "managed" else counts._replace(low=ZERO)
    yield from disk_of_each(disk, place, gigabytes, held, use)


def _usual_disk(size: str) -> Decimal:
    """GB of a node's disk that has no size of its own: by vCores, which most sizes name."""
    vcores = int("".join(filter(str.isdecimal, size.partition("_v")[0])) or 0)
    return Decimal(next(gb for least, gb in _DISKS.items() if vcores >= least))


def _way_out(properties: Properties, place: str, month: Month) -> Iterator[Charge]:
    kind = properties.text("networkProfile.outboundType", "loadBalancer").lower()
    if kind == "loadbalancer":
        block = "networkProfile.loadBalancerProfile"
        yield fixed(BALANCER_RULES, GLOBAL, month.hours)
        own = (
            properties.names(f"{block}.outboundIPs"),
            properties.names(f"{block}.outboundIPPrefixes"),
        )
        count = ZERO if any(own) else properties.whole(f"{block}.managedOutboundIPs.count", "1")
    elif kind == "managednatgateway":
        block = "networkProfile.natGatewayProfile.managedOutboundIPProfile"
        yield fixed(NAT, GLOBAL, month.hours)
        count = properties.whole(f"{block}.count", "1")
    else:
        return
    yield fixed(STANDARD_ADDRESS, place, count * month.hours)


_POOL_PRICED = (
    *("count", "enableAutoScaling", "minCount", "maxCount"),
    *("vmSize", "osType", "osDiskType", "osDiskSizeGB"),
)
_POOL_UNPRICED: dict[str, object] = {
    "capacityReservationGroupID": (),
    "enableNodePublicIP": False,
    "enableUltraSSD": False,
    "gatewayProfile": (),
    "hostGroupID": (),
    "powerState.code": "Running",
    "scaleSetPriority": "Regular",
    "type": ("VirtualMachineScaleSets", "AvailabilitySet"),
    "virtualMachinesProfile": (),
}
_POOL = (
    "availabilityZones creationData enableEncryptionAtHost enableFIPS gpuInstanceProfile gpuProfile"
    " kubeletConfig kubeletDiskType linuxOSConfig localDNSProfile maxPods messageOfTheDay mode"
    " networkProfile nodeLabels nodePublicIPPrefixID nodeTaints orchestratorVersion osSKU"
    " podIPAllocationMode podSubnetID proximityPlacementGroupID scaleDownMode"
    " scaleSetEvictionPolicy securityProfile spotMaxPrice upgradeSettings virtualMachineNodesStatus"
    " vnetSubnetID windowsProfile workloadRuntime"
)

classify(
    "containerservice:AgentPool",
    priced=f"resourceName {' '.join(_POOL_PRICED)}",
    unpriced_when=_POOL_UNPRICED,
    no_influence={NAMES: "agentPoolName", BEHAVIOUR: f"{_POOL} powerState"},
)
classify(
    "containerservice:ManagedCluster",
    priced=f"sku.tier addonProfiles windowsProfile.licenseType networkProfile.outboundType"
    " networkProfile.loadBalancerProfile networkProfile.natGatewayProfile"
    f" {' '.join(f'agentPoolProfiles.{path}' for path in _POOL_PRICED)}",
    unpriced_when={
        **{f"agentPoolProfiles.{path}": value for path, value in _POOL_UNPRICED.items()},
        "aiToolchainOperatorProfile.enabled": False,  # makes nodes with a GPU
        "apiServerAccessProfile.enablePrivateCluster": False,  # brings a private endpoint
        "networkProfile.advancedNetworking.enabled": False,
        "networkProfile.loadBalancerSku": "standard",
        "nodeProvisioningProfile.mode": "Manual",
        "securityProfile.defender.securityMonitoring.enabled": False,
        "sku.name": ("Base", "Basic"),
    },
    no_influence={
        NAMES: "resourceName dnsPrefix fqdnSubdomain kind nodeResourceGroup privateLinkResources",
        ACCESS: "aadProfile apiServerAccessProfile autoUpgradeProfile disableLocalAccounts"
        " diskEncryptionSetID enableRBAC httpProxyConfig identityProfile linuxProfile"
        " nodeResourceGroupProfile oidcIssuerProfile podIdentityProfile publicNetworkAccess"
        " securityProfile servicePrincipalProfile",
        BEHAVIOUR: "agentPoolProfiles autoScalerProfile bootstrapProfile ingressProfile"
        " kubernetesVersion metricsProfile networkProfile nodeProvisioningProfile"
        " aiToolchainOperatorProfile serviceMeshProfile storageProfile supportPlan upgradeSettings"
        " windowsProfile workloadAutoScalerProfile",
        "what it collects is billed by its workspace": "azureMonitorProfile",
    },
    choices={"sku.tier": ("Free", "Standard", "Premium")},
)
