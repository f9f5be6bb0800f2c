"""Azure Static Web Apps: free, or a price a month for each app, by its hours."""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import Charge, Free, Use, assume, by_use, fixed, meter, region
from frugal.cost.money import quotient
from frugal.cost.month import HOURS, Month
from frugal.cost.properties import Properties, Unpriced


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
    return (
        fixed("static-web-apps.standard", place, share),
        by_use("static-web-apps.bandwidth", place, use.figure("bandwidth_gb")),
    )


classify(
    "web:StaticSite",
    priced="sku.name",
    unpriced_when={"enterpriseGradeCdnStatus": ("Disabled", "Disabling")},
    no_influence={
        NAMES: "branch kind name provider repositoryUrl templateProperties",
        ACCESS: "publicNetworkAccess repositoryToken",
        BEHAVIOUR: "allowConfigFileUpdates buildProperties stagingEnvironmentPolicy",
        FOLLOWS: "sku",
    },
    choices={"sku.name": ("Free", "Standard")},
)
