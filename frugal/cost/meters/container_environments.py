"""Environments of Azure Container Apps, their dedicated profiles, and session pools.

Instances of dedicated profiles are billed by their cores and memory, from the declared minimum to
the maximum; an environment that has one, or a private endpoint, has a management fee beside
(Microsoft's billing page, ms.date 2025-12-09; sizes: page on workload profiles, ms.date
2025-11-04). A network of one's own brings a load balancer and public addresses, two if the
environment is external. A code interpreter's session is billed by the hour.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Free, Meter, Use, assume, fixed, meter, region
from frugal.cost.meters.network import BALANCER_RULES, STANDARD_ADDRESS
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.prices.table import GLOBAL
from frugal.cost.properties import Properties, Unpriced


def _meter(sku: str, name: str, unit: str = "1 Hour") -> Meter:
    return Meter("Azure Container Apps", "Azure Container Apps", sku, name, unit)


_VCPU = _meter("Dedicated", "Dedicated vCPU Usage")
_MEMORY = _meter("Dedicated", "Dedicated Memory Usage")
_MANAGEMENT = _meter("Dedicated", "Dedicated Plan Management")
_SESSIONS = _meter("Dynamic Sessions", "Dynamic Sessions")

_CONSUMPTION = "consumption"
# Billed as Consumption, with the management fee of the dedicated ones.
_FLEXIBLE = ("flex", "flexible")
_DEDICATED = re.compile(r"([de])(4|8|16|32)")
_GIB_PER_CORE = {"d": 4, "e": 8}


GPUS = {
    f"{_CONSUMPTION}-gpu-nc24-a100": _meter(
        "Standard", "Standard NC A100 v4 GPU Usage", "1 Second"
    ),
    f"{_CONSUMPTION}-gpu-nc8as-t4": _meter("Standard", "Standard NC T4 v3 GPU Usage", "1 Second"),
}
"""Meters of serverless GPUs by kind of profile. A replica has one of them (Microsoft's page on
serverless GPUs, ms.date 2024-11-06), and is never billed as idle (billing page)."""


def workload_profile(properties: Properties, use: Use) -> str:
    """Kind of the profile on which an app or job runs, in lower case.

    Raises Unpriced for a profile that no environment of the plan has, and for a kind without a
    price.
    """
    name = properties.text("workloadProfileName", "Consumption")
    if name == "Consumption":
        return _CONSUMPTION
    kinds = {
        profile.text("workloadProfileType").lower()
        for environment in use.beside.get("app:ManagedEnvironment", ())
        for profile in environment.blocks("workloadProfiles")
        if profile.text("name") == name
    }
    if len(kinds) != 1:
        raise Unpriced(f"workloadProfileName {name!r}: its environment is not in the plan")
    (kind,) = kinds
    if not is_dedicated(kind) and kind not in (_CONSUMPTION, *_FLEXIBLE, *GPUS):
        raise Unpriced(f"workloadProfileName {name!r}: workload profile {kind!r} has no price here")
    return kind


def is_dedicated(kind: str) -> bool:
    """Return True for a profile whose instances the environment is billed for, and not its apps."""
    return bool(_DEDICATED.fullmatch(kind))


@meter("app:ManagedEnvironment")
def environment(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Dedicated profiles, fee and network; without them it is free, as a bill of 2026 shows."""
    charges = [*_profiles(properties, month), *_network(properties, month)]
    if not any(charge.meter == _MANAGEMENT for charge in charges):
        charges += _fee(properties, use, month)
    return charges or Free("Consumption environment: only what its apps use is billed")


def _profiles(properties: Properties, month: Month) -> Iterator[Charge]:
    """Instances of dedicated profiles, and one management fee for all."""
    managed = False
    for profile in properties.blocks("workloadProfiles"):
        kind = profile.text("workloadProfileType").lower()
        if kind == _CONSUMPTION or kind.startswith(f"{_CONSUMPTION}-gpu"):
            continue
        managed = True
        if kind in _FLEXIBLE:
            continue
        found = _DEDICATED.fullmatch(kind)
        if not found:
            raise Unpriced(f"workload profile {kind!r} has no price here; priced: D4 to E32")
        cores = Decimal(found[2])
        least = profile.whole("minimumCount", "0") * month.hours
        most = max(least, profile.whole("maximumCount", "0") * month.hours)
        for each, size in ((_VCPU, cores), (_MEMORY, cores * _GIB_PER_CORE[found[1]])):
            yield Charge(each, region(properties), least * size, least * size, most * size)
    if managed:
        yield fixed(_MANAGEMENT, region(properties), month.hours)


def _network(properties: Properties, month: Month) -> Iterator[Charge]:
    """Load balancer and addresses of an environment in a network of one's own."""
    if properties.names("vnetConfiguration.infrastructureSubnetId"):
        addresses = 1 if properties.flag("vnetConfiguration.internal") else 2
        yield fixed(BALANCER_RULES, GLOBAL, month.hours)
        yield fixed(STANDARD_ADDRESS, region(properties), addresses * month.hours)


def _fee(properties: Properties, use: Use, month: Month) -> Iterator[Charge]:
    """Management fee while a private endpoint leads here: that needs public access disabled."""
    if properties.text("publicNetworkAccess", "Enabled").lower() == "enabled":
        return
    least = month.hours if _has_private_endpoint(use) else ZERO
    if not least:
        use.notes.append(
            "without public access, and the plan has no private endpoint for it; one made elsewhere"
            " costs the fee that high has"
        )
    yield Charge(_MANAGEMENT, region(properties), least, least, month.hours)


def _has_private_endpoint(use: Use) -> bool:
    """Return True if a private endpoint of the plan has the group managedEnvironments."""
    endpoints = use.beside.get("network:PrivateEndpoint", ())
    return any("'managedenvironments'" in str(one.content).lower() for one in endpoints)


@meter(
    "app:ContainerAppsSessionPool",
    session_hours=assume("30", "one session of an hour a day"),
)
def session_pool(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Hours of sessions, at most of as many as may run at once."""
    if properties.text("containerType", "PythonLTS").lower() == "customcontainer":
        raise Unpriced("containerType CustomContainer: its instances follow from its sessions")
    hours = use.figure("session_hours")
    most = properties.whole("scaleConfiguration.maxConcurrentSessions", "0") * month.hours
    limit = max(most, hours)
    return (Charge(_SESSIONS, region(properties), ZERO, hours, limit, grows=not most),)


classify(
    "app:ManagedEnvironment",
    priced="workloadProfiles publicNetworkAccess vnetConfiguration.infrastructureSubnetId"
    " vnetConfiguration.internal",
    no_influence={
        NAMES: "environmentName kind infrastructureResourceGroup",
        ACCESS: "customDomainConfiguration diskEncryptionConfiguration peerAuthentication"
        " peerTrafficConfiguration vnetConfiguration",
        BEHAVIOUR: "daprAIConnectionString daprAIInstrumentationKey ingressConfiguration",
        "its apps are billed, wherever they run": "availabilityZones zoneRedundant",
        "billed where the data goes": "appInsightsConfiguration appLogsConfiguration"
        " openTelemetryConfiguration",
    },
    choices={
        "publicNetworkAccess": ("Enabled", "Disabled"),
        "vnetConfiguration.internal": (False, True),
    },
)
classify(
    "app:ContainerAppsSessionPool",
    priced="containerType scaleConfiguration.maxConcurrentSessions",
    no_influence={
        NAMES: "environmentId sessionPoolName",
        ACCESS: "managedIdentitySettings secrets sessionNetworkConfiguration",
        BEHAVIOUR: "customContainerTemplate dynamicPoolConfiguration poolManagementType"
        " scaleConfiguration.readySessionInstances",
    },
)
