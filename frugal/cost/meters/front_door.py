"""Azure Front Door: a monthly base fee a profile, requests, traffic to visitors and origins.

Prices are by the visitors' zone; Zone 1 (North America, Europe, …) is taken for all of them.
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Free, Meter, Use, assume, by_use, fixed, meter
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

SERVICE = "Azure Front Door Service"
ZONE = "Zone 1"


def _meters(size: str) -> tuple[Meter, ...]:
    """Base fee, requests, traffic to visitors and to origins of a size."""
    product = "Azure Front Door"
    return (
        Meter(SERVICE, product, size, f"{size} Base Fees", "1/Month"),
        Meter(SERVICE, product, size, f"{size} Requests", "10K"),
        Meter(SERVICE, product, size, f"{size} Data Transfer Out", "1 GB"),
        # From the edge to the origin, as its pricing page has it: both cost 0.02 in Zone 1.
        Meter(SERVICE, product, size, f"{size} Data Transfer In", "1 GB"),
    )


_SIZES = {
    "standard_azurefrontdoor": _meters("Standard"),
    "premium_azurefrontdoor": _meters("Premium"),
}


@meter(
    "cdn:Profile",
    requests=assume("100000", "3,300 a day, pages and their assets"),
    egress_gb=assume("3", "100,000 answers of about 30 kB"),
    to_origin_gb=assume("0.1", "requests that the cache does not answer, 1 kB each"),
)
def profile(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Charges of one profile; the base fee is the same in a month of any length."""
    name = properties.text("sku.name")
    if name.lower() not in _SIZES:
        why = "classic profiles can no longer be made, and end on 2027-09-30"
        raise Unpriced(f"sku.name {name!r} has no price here ({why})")
    base, requests, egress, to_origin = _SIZES[name.lower()]
    return (
        fixed(base, ZONE, ZERO + 1),
        by_use(requests, ZONE, use.figure("requests")),
        by_use(egress, ZONE, use.figure("egress_gb")),
        by_use(to_origin, ZONE, use.figure("to_origin_gb")),
    )


classify(
    "cdn:Profile",
    priced="sku.name",
    no_influence={
        NAMES: "profileName",
        BEHAVIOUR: "logScrubbing originResponseTimeoutSeconds",
    },
)


@meter("frontdoor:Policy")
def firewall_policy(properties: Properties, _use: Use, _month: Month) -> Free:
    """Free with a profile of today's sizes; classic policies are billed by themselves."""
    name = properties.text("sku.name", "Classic_AzureFrontDoor")
    if name.lower() not in _SIZES:
        raise Unpriced(f"sku.name {name!r} has no price here (a policy of a classic Front Door)")
    return Free("its Front Door profile is what is billed")


classify(
    "frontdoor:Policy",
    priced="sku.name",
    no_influence={
        NAMES: "policyName",
        ACCESS: "customRules managedRules policySettings",
    },
    choices={"sku.name": ("Standard_AzureFrontDoor", "Premium_AzureFrontDoor")},
)
