"""Azure Static Web Apps: free, or a price a month for each app, by its hours."""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import (
    Charge,
    Free,
    Meter,
    Use,
    assume,
    by_use,
    fixed,
    grant,
    meter,
    region,
)
from frugal.cost.money import quotient
from frugal.cost.month import HOURS, Month
from frugal.cost.properties import Properties, Unpriced


def _standard(name: str, unit: str) -> Meter:
    return Meter("Azure App Service", "Static Web Apps", "Standard", name, unit)


_APP = _standard("Standard App", "1/Month")
_BANDWIDTH = _standard("Standard Bandwidth Usage", "1 GB")
_EDGE = _standard("Standard Azure Front Door Add-on", "1 Hour")

# The API's first tier, taken as one for the subscription.
grant(100, _BANDWIDTH, what="100 GB of Static Web Apps")


@meter("web:StaticSite", bandwidth_gb=assume("1", "30,000 answers of about 35 kB"))
def static_site(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Part months are billed as hours of 730; that share is taken to 12 places."""
    size = properties.text("sku.name", "Free")
    if size.lower() == "free":
        return Free("the Free size of Static Web Apps, with 100 GB of traffic and no more")
    if size.lower() != "standard":
        raise Unpriced(f"sku.name {size!r} has no price here; priced: Free, Standard")
    place = region(properties)
    share = quotient(month.hours, Decimal(HOURS))
    edge = properties.text("enterpriseGradeCdnStatus", "Disabled").lower()
    return (
        fixed(_APP, place, share),
        by_use(_BANDWIDTH, place, use.figure("bandwidth_gb")),
        *((fixed(_EDGE, place, month.hours),) if edge in ("enabled", "enabling") else ()),
    )


classify(
    "web:StaticSite",
    priced="sku.name enterpriseGradeCdnStatus",
    no_influence={
        NAMES: "branch kind name provider repositoryUrl templateProperties",
        ACCESS: "publicNetworkAccess repositoryToken",
        BEHAVIOUR: "allowConfigFileUpdates buildProperties stagingEnvironmentPolicy",
        FOLLOWS: "sku",
    },
    choices={
        "enterpriseGradeCdnStatus": ("Disabled", "Enabled"),
        "sku.name": ("Free", "Standard"),
    },
)
