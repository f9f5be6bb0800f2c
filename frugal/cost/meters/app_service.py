"""Azure App Service on Linux: a plan is billed by its instances, even with no app running."""

from collections.abc import Iterable

from frugal.cost.meters.base import Charge, Free, Use, assume, by_use, fixed, meter, region
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_SIZES = frozenset({"b1", "b2", "b3", "s1", "s2", "s3", "p0v3", "p1v3", "p2v3", "p3v3"})


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
    return (fixed(f"app-service.{size}", region(properties), instances * month.hours),)


@meter("web:WebApp", egress_gb=assume("1", "30,000 answers of about 35 kB"))
def web_app(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """What goes to the internet."""
    return (by_use("bandwidth.egress", region(properties), use.figure("egress_gb")),)
