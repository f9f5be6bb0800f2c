"""Azure Stream Analytics: streaming units by the hour, of a job or a cluster.

A job is billed while it runs, and Pulumi does not start it: low has none of it, expected and high
have the whole month. In the API a unit of the second version is ten, a third of one is three and
two thirds are seven (Microsoft's page on streaming units, read November 2026); its tiers count the
hours of one job.
"""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Free, Meter, Use, assume, fixed, meter, one_of, region
from frugal.cost.money import ZERO, quotient
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


def _units(sku: str, name: str = "Streaming Unit") -> Meter:
    return Meter("Stream Analytics", "Stream Analytics", sku, f"{sku} {name}", "1 Hour")


_SIZES = {
    "standard": _units("Standard"),
    "standardv2": _units("Standard V2", "Streaming Unit/Job"),
}
_CLUSTERS = {
    "default": _units("Dedicated"),
    "defaultv2": _units("Dedicated V2", "Streaming Unit/Job"),
}
_THIRDS = {Decimal(3): 1, Decimal(7): 2}


@meter("streamanalytics:StreamingJob", hours=assume("730", "it runs all month", follows=True))
def job(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Streaming units times the hours of running."""
    if properties.names("cluster"):
        return Free("it runs on its cluster, which is billed")
    if properties.text("jobType", "Cloud").lower() != "cloud":
        raise Unpriced("jobType Edge is billed by the devices that run it")
    unit = one_of(properties, "sku.name", _SIZES)
    default = "1" if unit is _SIZES["standard"] else "10"
    units = properties.whole("transformation.streamingUnits", default)
    hours = use.figure("hours") if use.has("hours") else month.hours
    of_month, of_use = (_unit_hours(unit, units, each) for each in (month.hours, hours))
    return (Charge(unit, region(properties), ZERO, of_use, max(of_month, of_use)),)


@meter("streamanalytics:Cluster")
def cluster(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Streaming units times the hours of the month, whether jobs run or not."""
    unit = one_of(properties, "sku.name", _CLUSTERS)
    quantity = _unit_hours(unit, properties.whole("sku.capacity"), month.hours)
    return (fixed(unit, region(properties), quantity),)


def _unit_hours(unit: Meter, units: Decimal, hours: Decimal) -> Decimal:
    if not unit.sku.endswith("V2"):
        return units * hours
    if units in _THIRDS:
        return quotient(_THIRDS[units] * hours, Decimal(3))
    return units * hours / 10


classify(
    "streamanalytics:StreamingJob",
    priced="cluster jobType sku.name transformation.streamingUnits",
    no_influence={
        NAMES: "jobName",
        ACCESS: "jobStorageAccount",
        BEHAVIOUR: "compatibilityLevel contentStoragePolicy dataLocale functions inputs"
        " eventsLateArrivalMaxDelayInSeconds eventsOutOfOrderMaxDelayInSeconds"
        " eventsOutOfOrderPolicy outputErrorPolicy outputStartMode outputStartTime outputs"
        " transformation",
    },
)
classify(
    "streamanalytics:Cluster",
    priced="sku.name sku.capacity",
    no_influence={NAMES: "clusterName"},
)
