"""Azure App Service: a plan is billed by its instances, even with no app running.

The Shared size (D1) alone is billed by app, and has no price here (App Service plan overview,
ms.date 2024-08-21). Linux is what `reserved` says, not `kind`. A plan without instances keeps one;
zone redundancy takes two, or three by older pages of Microsoft's. With elastic scale the instances
grow with use up to the declared maximum. Elastic Premium (EP) is billed by Functions, WS by Logic
Apps, both for the cores and memory of instances.
"""

import re
from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters import autoscale, functions, logic_apps
from frugal.cost.meters.bandwidth import EGRESS
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


def _meter(product: str, sku: str, name: str) -> Meter:
    return Meter("Azure App Service", f"Azure App Service {product}", sku, name, "1 Hour")


_TIERS = {"b": "Basic", "s": "Standard", "p": "Premium", "i": "Isolated"}
_SIZE = re.compile(r"([bspi])(\d)(m?)(v\d)?")


def _instance(size: str, *, linux: bool) -> Meter:
    """Return the meter of an instance: the price list spells each tier in a way of its own."""
    found = _SIZE.fullmatch(size)
    assert found  # noqa: S101 - a size of the list below
    letter, number, memory, version = found.groups(default="")
    spaced = version in ("v2", "v3") and not memory and size != "p0v3"
    sku = f"{letter.upper()}{number}{memory}{' ' if spaced else ''}{version}"
    product = " ".join(filter(None, (_TIERS[letter], version, "Plan", "- Linux" if linux else "")))
    plain = version == "v4" or (letter == "b" and linux)
    return _meter(product, sku, sku if plain else f"{sku} App")


_BOTH = [
    *(f"{letter}{number}" for letter in "bs" for number in "123"),
    *(f"p{number}v2" for number in "123"),
    *(f"p{number}{version}" for version in ("v3", "v4") for number in "0123"),
    *(f"p{number}m{version}" for version in ("v3", "v4") for number in "12345"),
    *(f"i{number}{version}" for version in ("v2", "v4") for number in "123456"),
    *(f"i{number}m{version}" for version in ("v2", "v4") for number in "12345"),
]
_WINDOWS = {
    **{size: _instance(size, linux=False) for size in (*_BOTH, "p1", "p2", "p3", "p4")},
    **{
        size: _meter("Premium Windows Container Plan", size.upper(), f"{size.upper()} App")
        for size in ("pc2", "pc3", "pc4")
    },
}
_LINUX = {size: _instance(size, linux=True) for size in _BOTH}
_FREE = {
    "f1": "F1 is the free size, with daily quotas",
    "fc1": "executions are billed at the function app",
}
# Cores and GB of an instance, by the number of the size: EP2, WS3.
_PER_INSTANCE = {
    "1": (Decimal(1), Decimal("3.5")),
    "2": (Decimal(2), Decimal(7)),
    "3": (Decimal(4), Decimal(14)),
}
_BY_CORES = {
    f"{letters}{number}": ((vcpu, cores), (memory, gigabytes))
    for letters, vcpu, memory in (
        ("ep", functions.VCPU, functions.MEMORY),
        ("ws", logic_apps.VCPU, logic_apps.MEMORY),
    )
    for number, (cores, gigabytes) in _PER_INSTANCE.items()
}
_MOST_ELASTIC = "maximumElasticWorkerCount"
_SYSTEMS = [
    {size: ((each, ZERO + 1),) for size, each in sizes.items()} | _BY_CORES
    for sizes in (_WINDOWS, _LINUX)
]


@meter(
    "web:AppServicePlan",
    executions=assume("30000", "1,000 a day, where the plan is Consumption (Y1)"),
    gb_seconds=assume("7500", "a quarter of a second each on 1 GB"),
)
def plan(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Instances times hours; apps and slots on it cost nothing more."""
    size = properties.text("sku.name").lower()
    if size in _FREE:
        return Free(_FREE[size])
    place = region(properties)
    if size == "y1":
        return functions.consumption(place, use)
    meters = one_of(properties, "sku.name", _SYSTEMS[properties.flag("reserved")])
    elastic = size in _BY_CORES or properties.flag("elasticScaleEnabled")
    scaled = autoscale.limits(use, "serverfarms")
    least, most = map(max, _instances(properties, elastic=elastic), scaled)
    most = max(most, least)
    grows = elastic and not properties.names(_MOST_ELASTIC)
    return [
        Charge(each, place, least * hourly, least * hourly, most * hourly, grows)
        for each, amount in meters
        for hourly in (amount * month.hours,)
    ]


def _instances(properties: Properties, *, elastic: bool) -> tuple[Decimal, Decimal]:
    """Least and most instances."""
    least = most = max(properties.whole("sku.capacity", "1"), ZERO + 1)
    if properties.flag("zoneRedundant"):
        least, most = max(least, ZERO + 2), max(most, ZERO + 3)
    if elastic:
        most = max(most, properties.whole(_MOST_ELASTIC, "0"))
    return least, most


@meter(
    "web:WebApp",
    egress_gb=assume("1", "30,000 answers of about 35 kB"),
    executions=assume("30000", "1,000 a day, of a function app on Flex Consumption"),
    gb_seconds=assume("15000", "a quarter of a second each on 2 GB"),
    ready_executions=assume("0", "executions are counted as on demand"),
    ready_gb_seconds=assume("0", "executions are counted as on demand"),
)
def web_app(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Traffic to the internet, and on Flex Consumption what the app executes."""
    place = region(properties)
    yield by_use(EGRESS, place, use.figure("egress_gb"))
    if properties.names("functionAppConfig"):
        yield from functions.flex(properties, place, use, month)


_EMPTY = _meter("Isolated v2 Plan", "I1 v2", "I1 v2 App")
_HOST = _meter("Isolated v2 Plan", "IDH v2", "IDH v2")
# Instances of I1v2 with the 18 cores that a zone-redundant environment is billed for at least.
_LEAST_ZONAL = Decimal(9)


@meter("web:AppServiceEnvironment")
def environment(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Dedicated hosts, or what an environment costs of which too little is used.

    An empty one costs an instance of I1v2 on Windows, a zone-redundant one what its plans lack of
    18 cores (App Service Environment overview, ms.date 2024-06-18): at most all, none expected.
    """
    place = region(properties)
    hosts = properties.whole("dedicatedHostCount", "0")
    if hosts:
        return (fixed(_HOST, place, hosts * month.hours),)
    most = _LEAST_ZONAL if properties.flag("zoneRedundant") else ZERO + 1
    return (Charge(_EMPTY, place, ZERO, ZERO, most * month.hours),)


classify(
    "web:AppServicePlan",
    priced="reserved sku.name sku.capacity zoneRedundant elasticScaleEnabled"
    " maximumElasticWorkerCount",
    unpriced_when={
        "isCustomMode": False,  # a managed instance
        "isSpot": False,
        "kubeEnvironmentProfile": (),
    },
    no_influence={
        NAMES: "kind name workerTierName",
        ACCESS: "network planDefaultIdentity rdpEnabled registryAdapters",
        BEHAVIOUR: "asyncScalingEnabled freeOfferExpirationTime installScripts perSiteScaling"
        " spotExpirationTime storageMounts targetWorkerCount targetWorkerSizeId",
        FOLLOWS: "sku",
        "containers cost what Windows does": "hyperV isXenon",
        "its environment is billed itself": "hostingEnvironmentProfile",
    },
    choices={
        "reserved": (False, True),
        "zoneRedundant": (False, True),
        "elasticScaleEnabled": (False, True),
    },
)
classify(
    "web:WebApp",
    priced="functionAppConfig.scaleAndConcurrency",
    unpriced_when={
        "hostNameSslStates.sslState": ("Disabled", "SniEnabled"),  # a certificate by address
        "managedEnvironmentId": (),  # functions on Container Apps
        # More than one instance of Elastic Premium that the app keeps is billed at the plan.
        "siteConfig.minimumElasticInstanceCount": (0, 1),
    },
    no_influence={
        NAMES: "name kind serverFarmId customDomainVerificationId autoGeneratedDomainNameLabelScope"
        " virtualNetworkSubnetId",
        ACCESS: "clientCertEnabled clientCertExclusionPaths clientCertMode"
        " endToEndEncryptionEnabled hostNameSslStates hostNamesDisabled httpsOnly"
        " keyVaultReferenceIdentity publicNetworkAccess sshEnabled storageAccountRequired",
        BEHAVIOUR: "clientAffinityEnabled clientAffinityPartitioningEnabled"
        " clientAffinityProxyEnabled cloningInfo containerSize dailyMemoryTimeQuota daprConfig"
        " dnsConfiguration enabled functionAppConfig ipMode outboundVnetRouting redundancyMode"
        " scmSiteAlsoStopped siteConfig",
        "its plan is billed": "hostingEnvironmentProfile hyperV isXenon reserved resourceConfig"
        " workloadProfileName",
    },
)
classify(
    "web:AppServiceEnvironment",
    priced="dedicatedHostCount zoneRedundant",
    unpriced_when={"ipsslAddressCount": 0},
    no_influence={
        NAMES: "dnsSuffix kind name virtualNetwork",
        ACCESS: "internalLoadBalancingMode networkingConfiguration userWhitelistedIpRanges",
        BEHAVIOUR: "clusterSettings customDnsSuffixConfiguration frontEndScaleFactor multiSize"
        " upgradePreference",
    },
    choices={"zoneRedundant": (False, True)},
)
