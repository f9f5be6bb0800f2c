"""Azure managed disks and snapshots.

A disk is billed at the offered size that its own is rounded up to, whatever is written to it;
Standard disks also for their operations, Ultra and Premium v2 by what is provisioned. A snapshot is
billed by the size of its data (Microsoft's page on disk types, ms.date 2026-08-11). Fees of a
month hold for a month of any length.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, by_use, fixed, meter, one_of, region
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

# Offered sizes in GiB and their numbers: P10 has 128 GiB, as E10 and S10 have.
_SIZES = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32767)
_NUMBERS = (1, 2, 3, 4, 6, 10, 15, 20, 30, 40, 50, 60, 70, 80)
# S4 of 32 GiB: smaller Standard HDDs are rounded up to it.
_SMALLEST_HDD = 4
_INCLUDED_IOPS, _INCLUDED_MBPS = Decimal(3_000), Decimal(125)
_TIER = re.compile(r"P(\d{1,2})", re.IGNORECASE)


_HDD, _SSD = "Standard HDD Managed Disks", "Standard SSD Managed Disks"
_PREMIUM, _PREMIUM_V2, _ULTRA = "Premium SSD Managed Disks", "Azure Premium SSD v2", "Ultra Disks"


def _meter(product: str, sku: str, name: str, unit: str) -> Meter:
    return Meter("Storage", product, sku, name, unit)


class Kind(NamedTuple):
    """A kind of disk of offered sizes: its product, the letter of its sizes, its redundancy."""

    product: str
    letter: str
    redundancy: str

    def fee(self, number: int) -> Meter:
        """Return the fee of a size: number 10 has 128 GiB."""
        sku = f"{self.letter}{number} {self.redundancy}"
        return _meter(self.product, sku, f"{sku} Disk", "1/Month")

    def operations(self, number: int) -> Meter | None:
        """Return the operations of a size; None for a Premium one."""
        if self.letter == "P":
            return None
        # The smallest Standard SSDs have no operations of their own in the list.
        of_all = self.letter == "E" and number < 4  # noqa: PLR2004
        size = "Disk Transactions" if of_all else f"{self.letter}{number}"
        sku = f"{size} {self.redundancy}"
        return _meter(self.product, sku, f"{sku} Disk Operations", "10K")


KINDS = {
    "standard_lrs": Kind(_HDD, "S", "LRS"),
    "standardssd_lrs": Kind(_SSD, "E", "LRS"),
    "standardssd_zrs": Kind(_SSD, "E", "ZRS"),
    "premium_lrs": Kind(_PREMIUM, "P", "LRS"),
    "premium_zrs": Kind(_PREMIUM, "P", "ZRS"),
}
# Fee and operations of every size.
_OFFERED = {
    (kind, number): (kind.fee(number), kind.operations(number))
    for kind in KINDS.values()
    for number in _NUMBERS
    if kind.letter != "S" or number >= _SMALLEST_HDD
}


def _provisioned(product: str, sku: str) -> tuple[Meter, Meter, Meter]:
    """Meters of capacity, operations a second and throughput."""
    return (
        _meter(product, sku, f"{sku} Provisioned Capacity", "1 GiB/Hour"),
        _meter(product, sku, f"{sku} Provisioned IOPS", "1/Hour"),
        _meter(product, sku, f"{sku} Provisioned Throughput (MBps)", "1/Hour"),
    )


_PROVISIONED = {
    "premiumv2_lrs": _provisioned(_PREMIUM_V2, "Premium LRS"),
    "ultrassd_lrs": _provisioned(_ULTRA, "Ultra LRS"),
}
_SNAPSHOTS = {
    "standard_lrs": _meter(_HDD, "Snapshots LRS", "LRS Snapshots", "1 GB/Month"),
    "standard_zrs": _meter(_HDD, "Snapshots ZRS", "ZRS Snapshots", "1 GB/Month"),
    "premium_lrs": _meter(_PREMIUM, "Snapshots LRS", "LRS Snapshots", "1 GB/Month"),
}


@meter(
    "compute:Disk",
    operations=assume("500000", "one each five seconds; Standard disks alone count them"),
)
def disk(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Charges of one disk."""
    kind = one_of(properties, "sku.name", {**KINDS, **_PROVISIONED}, "Standard_LRS")
    place = region(properties)
    size = properties.whole("diskSizeGB")
    if isinstance(kind, Kind):
        return disk_charges(kind, place, size, use, properties.text("tier", ""))
    capacity, iops, mbps = kind
    charges = [fixed(capacity, place, size * month.hours)]
    if capacity.product == _ULTRA:
        charges += (
            fixed(each, place, properties.number(path) * month.hours)
            for each, path in ((iops, "diskIOPSReadWrite"), (mbps, "diskMBpsReadWrite"))
        )
    else:
        _refuse_more_than_included(properties)
    return charges


def disk_charges(
    kind: Kind, place: str, size: Decimal, use: Use, tier: str = ""
) -> Iterator[Charge]:
    """Fee of a disk of an offered size, and operations if it is a Standard one.

    `tier`: performance tier of a Premium disk, whose price it then has.
    """
    index = bisect_left(_SIZES, int(size))
    if index == len(_SIZES):
        raise Unpriced(f"a disk of {size} GiB is larger than the largest that is offered")
    number = max(_NUMBERS[index], _tier_number(tier))
    if kind.letter == "S":
        number = max(number, _SMALLEST_HDD)
    fee, operations = _OFFERED[kind, number]
    yield fixed(fee, place, ZERO + 1)
    if operations:
        yield by_use(operations, place, use.figure("operations"))


def _tier_number(tier: str) -> int:
    if not tier:
        return 0
    found = _TIER.fullmatch(tier)
    if not found or int(found[1]) not in _NUMBERS:
        raise Unpriced(f"tier {tier!r} is not a performance tier such as P30")
    return int(found[1])


def _refuse_more_than_included(properties: Properties) -> None:
    """Raise Unpriced for Premium v2 beyond what it includes.

    The API has a price for that, above a first tier that counts hours, not what is provisioned.
    """
    for path, included in (
        ("diskIOPSReadWrite", _INCLUDED_IOPS),
        ("diskMBpsReadWrite", _INCLUDED_MBPS),
    ):
        if properties.number(path, "0") > included:
            raise Unpriced(f"{path} beyond the {included} included has no price here")


@meter(
    "compute:Snapshot",
    stored_gb=assume("10", "the data of a small system disk, not the size of the disk"),
)
def snapshot(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Data of one snapshot, at most the size of its disk."""
    stored = one_of(properties, "sku.name", _SNAPSHOTS, "Standard_LRS")
    expected = use.figure("stored_gb")
    most = properties.number("diskSizeGB", "0")
    return (
        Charge(stored, region(properties), ZERO, expected, max(most, expected), grows=not most),
    )


_ACCESS = (
    "dataAccessAuthMode diskAccessId encryption encryptionSettingsCollection networkAccessPolicy"
    " publicNetworkAccess"
)
_BEHAVIOUR = (
    "completionPercent creationData hyperVGeneration osType securityProfile supportedCapabilities"
    " supportsHibernation"
)
_PLAN = {"a machine is billed for it": "purchasePlan"}
classify(
    "compute:Disk",
    priced="sku.name diskSizeGB tier diskIOPSReadWrite diskMBpsReadWrite",
    unpriced_when={
        "burstingEnabled": False,
        "diskIOPSReadOnly": (),
        "diskMBpsReadOnly": (),
        "maxShares": 1,
        "securityProfile.securityType": "TrustedLaunch",
    },
    no_influence={
        NAMES: "diskName zones",
        ACCESS: _ACCESS,
        BEHAVIOUR: f"{_BEHAVIOUR} optimizedForFrequentAttach",
        **_PLAN,
    },
)
classify(
    "compute:Snapshot",
    priced="sku.name diskSizeGB",
    no_influence={
        NAMES: "snapshotName",
        ACCESS: _ACCESS,
        BEHAVIOUR: f"{_BEHAVIOUR} copyCompletionError incremental",
        **_PLAN,
    },
    choices={"sku.name": ("Standard_LRS", "Standard_ZRS", "Premium_LRS")},
)
