"""Azure Container Apps: apps and jobs, on the Consumption profile or on a dedicated one.

Rates and free grants: Microsoft's billing page (ms.date 2025-12-09). A replica is idle, and billed
at the lower rate, only while the app is scaled to its minimum of one or more.
"""

import functools
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters import cron
from frugal.cost.meters.bandwidth import EGRESS
from frugal.cost.meters.base import (
    Charge,
    Free,
    Meter,
    UsageError,
    Use,
    assume,
    by_use,
    grant,
    meter,
    region,
)
from frugal.cost.meters.container_environments import GPUS, is_dedicated, workload_profile
from frugal.cost.money import ZERO, plain, quotient
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

# Azure's defaults (pages on scale rules and on containers, read November 2026).
_MIN_REPLICAS = "0"
_MAX_REPLICAS = "10"
_CPU, _MEMORY_SIZE = "0.5", "1Gi"


def _standard(name: str, unit: str) -> Meter:
    return Meter("Azure Container Apps", "Azure Container Apps", "Standard", name, unit)


_VCPU_ACTIVE = _standard("Standard vCPU Active Usage", "1 Second")
_VCPU_IDLE = _standard("Standard vCPU Idle Usage", "1 Second")
_MEMORY_ACTIVE = _standard("Standard Memory Active Usage", "1 GiB Second")
_MEMORY_IDLE = _standard("Standard Memory Idle Usage", "1 GiB Second")
_REQUESTS = _standard("Standard Requests", "1M")

# Not in the API. Active and idle seconds alike, as a real bill of May 2026 has it.
grant(
    180_000,
    _VCPU_ACTIVE,
    _VCPU_IDLE,
    what="180,000 vCPU-seconds of Container Apps a subscription",
    elsewhere="container_apps.vcpu_seconds",
)
grant(
    360_000,
    _MEMORY_ACTIVE,
    _MEMORY_IDLE,
    what="360,000 GiB-seconds of Container Apps a subscription",
    elsewhere="container_apps.gib_seconds",
)
grant(
    2_000_000,
    _REQUESTS,
    what="2 million requests to Container Apps a subscription",
    elsewhere="container_apps.requests",
)

_MEMORY = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)(Gi|Mi)")


@meter(
    "app:ContainerApp",
    active_seconds=assume(
        "90000", "ten visits a day, far apart, each keeps one replica for the cool-down of 300 s"
    ),
    idle_seconds=assume("0", "what is left of minReplicas, all month", follows=True),
    requests=assume("30000", "1,000 a day"),
    egress_gb=assume("1", "30,000 answers of about 35 kB"),
)
def container_app(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Replica-seconds times size, active and idle; requests; traffic to the internet."""
    place = region(properties)
    profile = workload_profile(properties, use)
    if is_dedicated(profile):
        return (by_use(EGRESS, place, use.figure("egress_gb")),)
    cpu, memory = _size(properties)
    seconds = month.seconds * _revisions(properties, use)
    fewest = properties.whole("template.scale.minReplicas", _MIN_REPLICAS)
    most = properties.whole("template.scale.maxReplicas", _MAX_REPLICAS)
    if most < fewest or not most:
        raise Unpriced("template.scale.maxReplicas is below minReplicas, or 0")
    limits = _limits(properties, fewest, most, seconds)
    active, idle = _replica_seconds(use, limits)
    least, scheduled, most = limits.idle, limits.scheduled, limits.most
    if gpu := GPUS.get(profile):
        active, idle, scheduled, least = active + idle, ZERO, scheduled + least, ZERO
    return (
        *((Charge(gpu, place, scheduled, active, most),) if gpu else ()),
        Charge(_VCPU_ACTIVE, place, scheduled * cpu, active * cpu, most * cpu),
        Charge(_VCPU_IDLE, place, least * cpu, idle * cpu, ZERO),
        Charge(_MEMORY_ACTIVE, place, scheduled * memory, active * memory, most * memory),
        Charge(_MEMORY_IDLE, place, least * memory, idle * memory, ZERO),
        by_use(_REQUESTS, place, use.figure("requests")),
        by_use(EGRESS, place, use.figure("egress_gb")),
    )


@meter(
    "app:Job",
    executions=assume("10", "ten deployments", unless="configuration.scheduleTriggerConfig"),
    active_seconds=assume("60", "one execution, a minute on one replica"),
)
def job(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Executions times their replica-seconds times size: jobs are always active."""
    place = region(properties)
    profile = workload_profile(properties, use)
    if is_dedicated(profile):
        return Free("it runs on its environment's dedicated profile, which is billed")
    cpu, memory = _size(properties)
    schedule = _schedule(properties)
    if schedule and not use.has("executions"):
        executions = quotient(cron.runs(schedule) * month.hours, cron.HOURS_A_YEAR)
    else:
        executions = use.figure("executions")
    seconds = executions * use.figure("active_seconds")
    if not use.has("active_seconds"):
        seconds *= _replicas_of_execution(properties)
    # A schedule runs without visitors.
    low = seconds if schedule else ZERO
    sizes = {_VCPU_ACTIVE: cpu, _MEMORY_ACTIVE: memory}
    if gpu := GPUS.get(profile):
        sizes[gpu] = Decimal(1)
    return tuple(
        Charge(one, place, low * size, seconds * size, seconds * size, grows=True)
        for one, size in sizes.items()
    )


def _schedule(properties: Properties) -> str:
    """The cron expression of a scheduled job; empty for other jobs."""
    if properties.text("configuration.triggerType", "Manual").lower() != "schedule":
        return ""
    return properties.text("configuration.scheduleTriggerConfig.cronExpression")


def _replicas_of_execution(properties: Properties) -> Decimal:
    """Replicas that one execution runs at least; an assumed figure is of one of them."""
    trigger = properties.text("configuration.triggerType", "Manual").lower()
    block = f"configuration.{trigger}TriggerConfig"
    counts = (
        properties.whole(f"{block}.{name}", "1")
        for name in ("parallelism", "replicaCompletionCount")
    )
    return max(counts)


def _revisions(properties: Properties, use: Use) -> int:
    """The active revisions: each has its own replicas (revisions page, read November 2026)."""
    if properties.text("configuration.activeRevisionsMode", "Single").lower() == "single":
        return 1
    with_traffic = sum(
        entry.number("weight", "0") > 0
        for entry in properties.blocks("configuration.ingress.traffic")
    )
    use.notes.append(
        f"every active revision is billed, and {max(with_traffic, 1)} counted: those with traffic"
    )
    return max(with_traffic, 1)


def _size(properties: Properties) -> tuple[Decimal, Decimal]:
    """Cores and GiB of one replica: the sum of its containers."""
    cpu = memory = ZERO
    for container in properties.blocks("template.containers"):
        cpu += container.number("resources.cpu", _CPU)
        memory += _gib(container.text("resources.memory", _MEMORY_SIZE))
    if not cpu:
        raise Unpriced("template.containers is missing, or has no cores")
    return cpu, memory


@functools.lru_cache(maxsize=1024)
def _gib(text: str) -> Decimal:
    found = _MEMORY.fullmatch(text)
    if not found:
        raise Unpriced(f"resources.memory {text!r} is not a size such as 0.5Gi")
    return Decimal(found[1]) / (1024 if found[2] == "Mi" else 1)


class _Limits(NamedTuple):
    """Replica-seconds of a month: `idle` at least, `scheduled` by cron rules, `most` in all.

    `unscheduled`: the hours of a year in which no cron rule keeps more than the minimum.
    """

    idle: Decimal
    scheduled: Decimal
    most: Decimal
    unscheduled: Decimal


def _limits(properties: Properties, fewest: Decimal, most: Decimal, seconds: Decimal) -> _Limits:
    """Limits of an app's replica-seconds; above the minimum every replica is active."""
    rules = tuple(
        cron.Rule(
            rule.text("custom.metadata.start"),
            rule.text("custom.metadata.end"),
            int(rule.whole("custom.metadata.desiredReplicas")),
        )
        for rule in properties.blocks("template.scale.rules")
        if rule.text("custom.type", "").lower() == "cron"
    )
    above = {n: h for n, h in cron.hours(rules).items() if n > fewest} if rules else {}
    year = cron.HOURS_A_YEAR
    if not above:
        return _Limits(fewest * seconds, ZERO, most * seconds, year)
    rest = year - sum(above.values(), ZERO)
    replica_hours = sum((min(n, most) * hours for n, hours in above.items()), ZERO)
    return _Limits(
        quotient(fewest * rest * seconds, year),
        quotient(replica_hours * seconds, year),
        most * seconds,
        rest,
    )


def _replica_seconds(use: Use, limits: _Limits) -> tuple[Decimal, Decimal]:
    """Active and idle seconds as they are billed. Raises UsageError beyond what replicas allow."""
    least, most = limits.idle + limits.scheduled, limits.most
    if use.has("active_seconds"):
        active = use.figure("active_seconds")
    else:
        # Visits in scheduled hours need no further replica.
        room = max(most - use.given.get("idle_seconds", ZERO), ZERO)
        visits = use.figure("active_seconds")
        if limits.scheduled:
            visits = quotient(visits * limits.unscheduled, cron.HOURS_A_YEAR)
        active = min(limits.scheduled + visits, room)
    idle = use.figure("idle_seconds") if use.has("idle_seconds") else max(least - active, ZERO)
    both = active + idle
    if not least <= both <= most:
        limit = "minReplicas" if both < least else "maxReplicas"
        raise UsageError(
            f"active_seconds {plain(active)} and idle_seconds {plain(idle)} make {plain(both)} "
            f"replica-seconds, beyond what {limit} allows in a month. Allowed: {plain(least)} to "
            f"{plain(most)}; without idle_seconds, what is left of minReplicas is taken as idle."
        )
    # Only replicas of the minimum are ever idle.
    billed_idle = min(idle, limits.idle)
    return both - billed_idle, billed_idle


_SIZE = "template.containers.resources.cpu template.containers.resources.memory workloadProfileName"

classify(
    "app:ContainerApp",
    priced=f"{_SIZE} template.scale.minReplicas template.scale.maxReplicas template.scale.rules"
    " configuration.activeRevisionsMode configuration.ingress.traffic",
    unpriced_when={
        "configuration.service": (),  # an add-on for development, which is an app of its own
        "kind": ("containerapps", "functionapp"),
        "template.containers.resources.gpu": (0, 1),
    },
    no_influence={
        NAMES: "containerAppName environmentId managedBy managedEnvironmentId",
        ACCESS: "configuration",
        BEHAVIOUR: "template patchingConfiguration",
    },
)
classify(
    "app:Job",
    priced=f"{_SIZE} configuration.triggerType configuration.scheduleTriggerConfig"
    " configuration.manualTriggerConfig configuration.eventTriggerConfig",
    unpriced_when={"template.containers.resources.gpu": (0, 1)},
    no_influence={
        NAMES: "jobName environmentId",
        ACCESS: "configuration",
        BEHAVIOUR: "template",
    },
)
