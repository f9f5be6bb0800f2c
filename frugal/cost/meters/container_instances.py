"""Azure Container Instances: cores and memory of a group, by the hours that it runs.

Cores are rounded up to whole ones for the group, not for each container (Microsoft's answer in
MicrosoftDocs/azure-docs issue 66379, November 2020); memory is requested in tenths of a gigabyte.
The meter stops with the group's last container (FAQ, ms.date 2020-06-02), so that a group that is
not restarted may run for less than the month. Windows adds a price for each core and second.
"""

from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.bandwidth import EGRESS
from frugal.cost.meters.base import (
    Charge,
    Meter,
    Use,
    assume,
    by_use,
    meter,
    one_of,
    region,
)
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


def _meter(sku: str, name: str, unit: str) -> Meter:
    return Meter("Container Instances", "Container Instances", sku, f"{sku} {name}", unit)


# Cores and memory.
_SIZES = {
    size: (_meter(sku, "vCPU Duration", "1 Hour"), _meter(sku, "Memory Duration", "1 GB Hour"))
    for size, sku in (
        ("standard", "Standard"),
        ("spot", "Standard Spot"),
        ("confidential", "Confidential containers ACI"),
    )
}
_WINDOWS = _meter("Standard", "Windows Software Duration", "1 Second")
_TASK_HOURS = Decimal(10)


@meter(
    "containerinstance:ContainerGroup",
    hours=assume("730", "all month if restartPolicy is Always, else 10 hours", follows=True),
    egress_gb=assume("1", "30,000 answers of about 35 kB, if its address is public"),
)
def group(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Cores and gigabytes times the hours of running; traffic to the internet."""
    spot = properties.text("priority", "Regular").lower() == "spot"
    sizes = _SIZES["spot"] if spot else one_of(properties, "sku", _SIZES, "Standard")
    place = region(properties)
    cores, memory = _size(properties)
    always = properties.text("restartPolicy", "Always").lower() == "always"
    usual = month.hours if always else _TASK_HOURS
    hours = min(use.figure("hours") if use.has("hours") else usual, month.hours)
    least = month.hours if always and not use.has("hours") else ZERO
    hourly = [*zip(sizes, (cores, memory), strict=True)]
    if properties.text("osType").lower() == "windows":
        if sizes is not _SIZES["standard"]:
            raise Unpriced("osType Windows is priced in the Standard size alone")
        hourly.append((_WINDOWS, cores * 3600))
    for each, amount in hourly:
        yield Charge(each, place, amount * least, amount * hours, amount * month.hours)
    if properties.text("ipAddress.type", "Private").lower() == "public":
        yield by_use(EGRESS, place, use.figure("egress_gb"))


def _size(properties: Properties) -> tuple[Decimal, Decimal]:
    """Whole cores and GB of the group: the sum of its containers."""
    cores = memory = ZERO
    for container in properties.blocks("containers"):
        if container.names("resources.requests.gpu"):
            raise Unpriced("containers with a GPU have no price here")
        cores += container.number("resources.requests.cpu")
        memory += container.number("resources.requests.memoryInGB")
    if not cores:
        raise Unpriced("containers[0].resources.requests.cpu is missing")
    return cores.to_integral_value(ROUND_CEILING), memory


classify(
    "containerinstance:ContainerGroup",
    priced="containers.resources.requests ipAddress.type osType priority restartPolicy sku",
    unpriced_when={
        "containerGroupProfile": (),  # the profile has the sizes
        "standbyPoolProfile": (),
    },
    no_influence={
        NAMES: "containerGroupName subnetIds zones",
        ACCESS: "confidentialComputeProperties dnsConfig encryptionProperties"
        " imageRegistryCredentials ipAddress",
        BEHAVIOUR: "containers diagnostics extensions initContainers",
        "their storage is billed itself": "volumes",
    },
    choices={
        "ipAddress.type": ("Public", "Private"),
        "restartPolicy": ("Always", "OnFailure", "Never"),
    },
)
