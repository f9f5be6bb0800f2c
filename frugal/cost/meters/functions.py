"""Azure Functions: executions of Consumption and Flex Consumption, instances of Elastic Premium.

Consumption and on-demand executions of Flex have a free grant each, once a subscription: the first
tier of the price list. Always-ready instances of Flex are billed for the memory that they hold, all
month, and then for what they execute, without a grant (Microsoft's page on the Flex Consumption
plan, ms.date 2024-05-24). Elastic Premium is billed by the cores and memory of its instances, of
which at least one always runs (page on the Premium plan, ms.date 2020-08-28).
"""

from collections.abc import Iterator

from frugal.cost.meters.base import Charge, Meter, Use, by_use, fixed, grant
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties

_SERVICE = "Functions"
VCPU = Meter(_SERVICE, "Premium Functions", "Premium", "Premium vCPU Duration", "1 Hour")
MEMORY = Meter(_SERVICE, "Premium Functions", "Premium", "Premium Memory Duration", "1 GiB Hour")


def _meter(product: str, sku: str, name: str, unit: str) -> Meter:
    return Meter(_SERVICE, product, sku, f"{sku} {name}", unit)


_TIME = _meter("Functions", "Standard", "Execution Time", "1 GB Second")
_RUNS = _meter("Functions", "Standard", "Total Executions", "10")
_FLEX_TIME = _meter("Flex Consumption", "On Demand", "Execution Time", "1 GB Second")
_FLEX_RUNS = _meter("Flex Consumption", "On Demand", "Total Executions", "10")
_READY = _meter("Flex Consumption", "Always Ready", "Baseline", "1 GB Second")
_READY_TIME = _meter("Flex Consumption", "Always Ready", "Execution Time", "1 GB Second")
_READY_RUNS = _meter("Flex Consumption", "Always Ready", "Total Executions", "10")

grant(400_000, _TIME, what="400,000 GB-seconds of Functions (Consumption) a subscription")
grant(1_000_000, _RUNS, what="a million executions of Functions (Consumption) a subscription")
grant(100_000, _FLEX_TIME, what="100,000 GB-seconds of Functions (Flex) a subscription")
grant(250_000, _FLEX_RUNS, what="250,000 executions of Functions (Flex) a subscription")

# Azure's default of a Flex instance.
_MEMORY_MB = "2048"


def consumption(place: str, use: Use) -> Iterator[Charge]:
    """Executions of the function apps on a Consumption plan."""
    yield by_use(_TIME, place, use.figure("gb_seconds"))
    yield by_use(_RUNS, place, use.figure("executions"))


def flex(properties: Properties, place: str, use: Use, month: Month) -> Iterator[Charge]:
    """Always-ready instances and executions of a function app on Flex Consumption.

    The declared maximum of instances, if any, is the limit of what executes on demand.
    """
    scale = "functionAppConfig.scaleAndConcurrency"
    gigabytes = properties.number(f"{scale}.instanceMemoryMB", _MEMORY_MB) / 1024
    ready = sum(
        (each.whole("instanceCount", "0") for each in properties.blocks(f"{scale}.alwaysReady")),
        ZERO,
    )
    most = properties.whole(f"{scale}.maximumInstanceCount", "0") * gigabytes * month.seconds
    time = use.figure("gb_seconds")
    yield Charge(_FLEX_TIME, place, ZERO, time, max(most, time), grows=not most)
    yield by_use(_FLEX_RUNS, place, use.figure("executions"))
    if ready:
        yield fixed(_READY, place, ready * gigabytes * month.seconds)
        yield by_use(_READY_TIME, place, use.figure("ready_gb_seconds"))
        yield by_use(_READY_RUNS, place, use.figure("ready_executions"))
