"""Azure virtual machines and their scale sets: hours of a size, and the disks made with it.

Each size has a price with Linux and one with Windows; with Windows and a licence of one's own
(`licenseType`) it costs what it does with Linux. Images of other publishers may bring a price of
their own. A disk of an image has the image's size unless it has one itself, with Azure's own 30 GB
(Linux) and 127 GB (Windows); without a kind it is priced from Standard HDD to Premium SSD
(Microsoft's pages on Azure Hybrid Benefit and managed disks, read November 2026).
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters import autoscale
from frugal.cost.meters.bandwidth import EGRESS
from frugal.cost.meters.base import Charge, Free, Meter, Use, assume, by_use, meter, one_of, region
from frugal.cost.meters.disks import KINDS, Kind, disk_charges
from frugal.cost.money import ZERO, Range
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_SIZE = re.compile(r"(?:standard_)?([abdef])(s?)(\d+)([a-z]*)(?:_v(\d))?", re.IGNORECASE)
# Series of the fifth version whose SKUs the API writes as those of the others.
_SPACED = ("Dls", "Dlds", "Es", "Eds", "Eas", "Eads")
_BURSTABLE = {"p": "Bps", "a": "Bas"}


def machine(size: str, *, windows: bool) -> Meter:
    """Meter of a size such as Standard_D2s_v5: the API spells each series in a way of its own."""
    found = _SIZE.fullmatch(size)
    if not found:
        raise Unpriced(f"the size {size!r} has no price here; priced: Standard_B2s, …")
    family, small = found[1].upper(), found[2].upper()
    number, features, version = found[3], found[4].lower(), found[5] or ""
    name = sku = f"{family}{small}{number}{features}{f' v{version}' if version else ''}"
    series = f"{family}{small}{features}v{version}"
    if family == "A":
        series = f"Av{version}"
    elif family == "B":
        series = f"{_BURSTABLE.get(features[:1], 'Bs')}v{version}" if version else "BS"
    elif version == "2":
        series = f"{family}{small}{features.upper()}v2"
        name = sku if small or family == "F" else f"{family}{number} v2/{family}S{number} v2"
    elif version == "3":
        series = f"{family}{features.upper()}v3"
        name = sku if features else f"{sku}/{family}{number}s v3"
    elif version == "5" and family + features not in _SPACED:
        sku = f"Standard_{family}{number}{features}_v5"
    product = f"Virtual Machines {series} Series{' Windows' if windows else ''}"
    return Meter("Virtual Machines", product, sku, name, "1 Hour")


# One size of each series.
_NAMES = (
    "A2_v2 B2s B2s_v2 B2as_v2 B2ps_v2 D2_v2 DS2_v2 D2_v3 D2s_v3 D2s_v4 D2as_v4 D2ds_v4 D2_v5 D2s_v5"
    " D2as_v5 D2ds_v5 D2ads_v5 D2ls_v5 D2ps_v5 D2s_v6 D2as_v6 D2ds_v6 E2s_v3 E2s_v4 E2as_v4 E2s_v5"
    " E2ds_v5 E2s_v6 F2s_v2"
)
SIZES: Final = {name: machine(name, windows=False) for name in _NAMES.split()}

# Publishers whose images cost nothing beyond the machine.
_LINUX = ("canonical", "debian", "almalinux", "resf", "oracle", "microsoftcblmariner", "openlogic")
_WINDOWS = ("microsoftwindowsserver", "microsoftwindowsdesktop")
_IMAGE_GB = {False: Decimal(30), True: Decimal(127)}
ONE = Range(*[ZERO + 1] * 3)


def hours_of(meter: Meter, place: str, count: Range, use: Use, month: Month) -> Charge:
    """Hours of machines: all month, unless the owner states fewer."""
    hours = min(use.figure("hours"), month.hours) if use.has("hours") else month.hours
    return Charge(meter, place, count.low * hours, count.expected * hours, count.high * month.hours)


def disk_of_each(kind: Kind, place: str, size: Decimal, count: Range, use: Use) -> Iterator[Charge]:
    """A disk for each of some machines."""
    for one in disk_charges(kind, place, size, use):
        yield one._replace(
            low=one.low * count.low,
            expected=one.expected * count.expected,
            high=one.high * count.high,
        )


@meter(
    "compute:VirtualMachine",
    hours=assume("730", "it runs all month", follows=True),
    operations=assume("500000", "one each five seconds; Standard disks alone count them"),
    egress_gb=assume("1", "30,000 answers of about 35 kB"),
)
def virtual_machine(properties: Properties, use: Use, month: Month) -> Iterator[Charge]:
    """Hours of one machine, its disks, and traffic to the internet."""
    size = properties.text("hardwareProfile.vmSize")
    yield from _machines(properties, "", size, ONE, use=use, month=month)


@meter(
    "compute:VirtualMachineScaleSet",
    hours=assume("730", "they run all month", follows=True),
    operations=assume("500000", "one each five seconds; Standard disks alone count them"),
    egress_gb=assume("1", "30,000 answers of about 35 kB"),
)
def scale_set(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Hours of the machines, their disks, and traffic to the internet."""
    if not properties.names("virtualMachineProfile"):
        return Free("its machines are declared by themselves")
    least, most = autoscale.limits(use, "virtualmachinescalesets")
    count = max(properties.whole("sku.capacity"), least)
    counts = Range(count, count, max(count, most))
    size = properties.text("sku.name")
    return [*_machines(properties, "virtualMachineProfile.", size, counts, use=use, month=month)]


def _machines(
    properties: Properties, at: str, size: str, count: Range, *, use: Use, month: Month
) -> Iterator[Charge]:
    """Charges of machines; `at`: the path before `storageProfile`."""
    place = region(properties)
    windows = _is_windows(properties, at)
    own_licence = properties.text(f"{at}licenseType", "None").lower().startswith("windows")
    yield hours_of(machine(size, windows=windows and not own_licence), place, count, use, month)
    yield from _system_disk(properties, f"{at}storageProfile.osDisk", windows, count, use)
    for disk in properties.blocks(f"{at}storageProfile.dataDisks"):
        if disk.text("createOption", "Empty").lower() == "attach":
            continue
        yield from _disk(disk, "", place, disk.whole("diskSizeGB"), count=count, use=use)
    yield by_use(EGRESS, place, use.figure("egress_gb"))


def _is_windows(properties: Properties, at: str) -> bool:
    """True with Windows; raises Unpriced where an image may have a price, or nothing says."""
    publisher = properties.text(f"{at}storageProfile.imageReference.publisher", "")
    if publisher and publisher.lower() not in (*_LINUX, *_WINDOWS):
        raise Unpriced(f"images of {publisher!r} may have a price of their own")
    if publisher:
        return publisher.lower() in _WINDOWS
    if system := properties.text(f"{at}storageProfile.osDisk.osType", ""):
        return system.lower() == "windows"
    if properties.names(f"{at}osProfile.windowsConfiguration"):
        return True
    if not properties.names(f"{at}osProfile.linuxConfiguration"):
        raise Unpriced(f"{at}storageProfile.osDisk.osType is missing")
    return False


def _system_disk(
    properties: Properties, at: str, windows: bool, count: Range, use: Use
) -> Iterator[Charge]:
    if properties.text(f"{at}.createOption", "FromImage").lower() == "attach":
        return
    if properties.names(f"{at}.diffDiskSettings.option"):
        return  # on the machine itself
    place = region(properties)
    if not properties.names(f"{at}.diskSizeGB"):
        use.notes.append("the disk of its system has the size of its image, taken as Azure's own")
    size = properties.whole(f"{at}.diskSizeGB", str(_IMAGE_GB[windows]))
    yield from _disk(properties, f"{at}.", place, size, count=count, use=use)


def _disk(
    block: Properties, at: str, place: str, size: Decimal, *, count: Range, use: Use
) -> Iterator[Charge]:
    """A disk for each machine; `at`: the path before `managedDisk`."""
    kind = f"{at}managedDisk.storageAccountType"
    if block.names(kind):
        yield from disk_of_each(one_of(block, kind, KINDS), place, size, count, use)
        return
    use.notes.append("the kind of a disk is not stated: low has the cheapest")
    least, usual = count._replace(expected=ZERO, high=ZERO), count._replace(low=ZERO)
    yield from disk_of_each(KINDS["standard_lrs"], place, size, least, use)
    yield from disk_of_each(KINDS["premium_lrs"], place, size, usual, use)


_DISK = (
    "osDisk.createOption osDisk.diffDiskSettings osDisk.diskSizeGB osDisk.osType"
    " osDisk.managedDisk.storageAccountType dataDisks.createOption dataDisks.diskSizeGB"
    " dataDisks.managedDisk.storageAccountType imageReference.publisher"
)
_PRICED = (
    "licenseType osProfile.linuxConfiguration osProfile.windowsConfiguration"
    f" {' '.join(f'storageProfile.{path}' for path in _DISK.split())}"
)
_INTERFACE = "networkProfile.networkInterfaceConfigurations.ipConfigurations"
_ADDRESS = f"{_INTERFACE}.publicIPAddressConfiguration"
_PLAIN = "applicationProfile diagnosticsProfile evictionPolicy scheduledEventsProfile userData"


def _below(prefix: str, paths: str) -> str:
    return " ".join(prefix + path for path in paths.split())


classify(
    "compute:VirtualMachine",
    priced=f"hardwareProfile.vmSize {_PRICED}",
    unpriced_when={
        "additionalCapabilities.ultraSSDEnabled": False,
        "capacityReservation": (),
        "host": (),
        "hostGroup": (),
        "plan": (),  # an image of the marketplace, with a price of its own
        "priority": "Regular",
        "storageProfile.osDisk.vhd": (),
        "storageProfile.dataDisks.vhd": (),
        "storageProfile.osDisk.managedDisk.securityProfile.securityEncryptionType": (
            "VMGuestStateOnly",
            "NonPersistedTPM",
        ),
        _ADDRESS: (),
    },
    no_influence={
        NAMES: "vmName availabilitySet proximityPlacementGroup virtualMachineScaleSet",
        ACCESS: "osProfile securityProfile",
        BEHAVIOUR: f"{_PLAIN} additionalCapabilities billingProfile extensionsTimeBudget placement"
        " hardwareProfile networkProfile platformFaultDomain scheduledEventsPolicy storageProfile"
        " zones",
    },
)
classify(
    "compute:VirtualMachineScaleSet",
    priced=f"sku.name sku.capacity {_below('virtualMachineProfile.', _PRICED)}",
    unpriced_when={
        "additionalCapabilities.ultraSSDEnabled": False,
        "hostGroup": (),
        "plan": (),
        "skuProfile": (),  # a mix of sizes
        "virtualMachineProfile.capacityReservation": (),
        "virtualMachineProfile.priority": "Regular",
        "virtualMachineProfile.storageProfile.osDisk.vhdContainers": (),
        f"virtualMachineProfile.{_ADDRESS}": (),
    },
    no_influence={
        NAMES: "vmScaleSetName proximityPlacementGroup",
        ACCESS: _below("virtualMachineProfile.", "osProfile securityProfile"),
        BEHAVIOUR: "additionalCapabilities automaticRepairsPolicy constrainedMaximumCapacity"
        " doNotRunExtensionsOnOverprovisionedVMs orchestrationMode overprovision"
        " platformFaultDomainCount priorityMixPolicy resiliencyPolicy scaleInPolicy"
        " scheduledEventsPolicy singlePlacementGroup sku.tier spotRestorePolicy upgradePolicy"
        " zonalPlatformFaultDomainAlignMode zoneBalance zones virtualMachineProfile",
    },
)
