"""Azure App Service on Linux: a plan is billed by its instances, even with no app running."""

from collections.abc import Iterable

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
    region,
)
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


def _linux(plan: str, sku: str, name: str) -> Meter:
    product = f"Azure App Service {plan} Plan - Linux"
    return Meter("Azure App Service", product, sku, name, "1 Hour")


_SIZES = {
    "b1": _linux("Basic", "B1", "B1"),
    "b2": _linux("Basic", "B2", "B2"),
    "b3": _linux("Basic", "B3", "B3"),
    "s1": _linux("Standard", "S1", "S1 App"),
    "s2": _linux("Standard", "S2", "S2 App"),
    "s3": _linux("Standard", "S3", "S3 App"),
    "p0v3": _linux("Premium v3", "P0v3", "P0v3 App"),
    "p1v3": _linux("Premium v3", "P1 v3", "P1 v3 App"),
    "p2v3": _linux("Premium v3", "P2 v3", "P2 v3 App"),
    "p3v3": _linux("Premium v3", "P3 v3", "P3 v3 App"),
}


@meter("web:AppServicePlan")
def plan(properties: Properties, _use: Use, month: Month) -> Iterable[Charge] | Free:
    """Instances times hours; apps and slots on it cost nothing more."""
    name = properties.text("sku.name")
    if not properties.flag("reserved") and "linux" not in properties.text("kind", "").lower():
        raise Unpriced(
            f"sku.name {name!r} on Windows: only Linux plans are priced (reserved: true)"
        )
    size = name.lower()
    if size == "f1":
        return Free("F1 is the free size, with daily quotas")
    if size not in _SIZES:
        raise Unpriced(f"sku.name {name!r} has no price here; priced: {', '.join(sorted(_SIZES))}")
    instances = properties.whole("sku.capacity", "1")
    return (fixed(_SIZES[size], region(properties), instances * month.hours),)


@meter("web:WebApp", egress_gb=assume("1", "30,000 answers of about 35 kB"))
def web_app(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Traffic to the internet."""
    return (by_use(EGRESS, region(properties), use.figure("egress_gb")),)
