"""Azure Monitor: alerts and what they send, tests of availability, Prometheus metrics.

An alert on metrics is billed for each time series, ten of a subscription are free; one on logs by
how often it runs (pricing page, read November 2026).
"""

import re
from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
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
from frugal.cost.money import ZERO, quotient
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_ONE = Decimal(1)
_OFF = Free("switched off")


def _monitor(sku: str, name: str, unit: str) -> Meter:
    return Meter("Azure Monitor", "Azure Monitor", sku, name, unit)


def _alert(name: str) -> Meter:
    return _monitor("Alerts", f"Alerts {name}", "1/Month")


_SERIES = _alert("Metric Monitored")
_DYNAMIC = _alert("Dynamic Threshold")
grant(10, _SERIES, what="10 time series in alerts on metrics a subscription")


def _off(properties: Properties) -> bool:
    return properties.names("enabled") and not properties.flag("enabled")


def _watched(properties: Properties) -> str:
    """Region of an alert; alerts on metrics are of all regions, and have one price in them."""
    place = region(properties)
    return "westeurope" if place == "global" else place


@meter(
    "monitor:MetricAlert",
    time_series=assume("1", "one for each condition and resource", follows=True),
)
def metric_alert(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Time series that an alert watches, and those with a learned threshold."""
    if _off(properties):
        return _OFF
    conditions = list(properties.blocks("criteria.allOf"))
    learned = sum(one.text("criterionType", "").lower().startswith("dynamic") for one in conditions)
    watched = properties.count("scopes") * max(len(conditions), 1)
    series = use.figure("time_series") if use.has("time_series") else _ONE * watched
    place = _watched(properties)
    charges = [fixed(_SERIES, place, series)]
    if learned:
        charges.append(fixed(_DYNAMIC, place, quotient(series * learned, _ONE * len(conditions))))
    return charges


classify(
    "monitor:MetricAlert",
    priced="criteria enabled scopes",
    no_influence={
        NAMES: "ruleName description targetResourceRegion targetResourceType",
        "what it sends is billed by its action group": "actions",
        BEHAVIOUR: "autoMitigate evaluationFrequency severity windowSize",
    },
)

_MINUTES = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


def _minutes(duration: str) -> int:
    found = _MINUTES.fullmatch(duration)
    if not found:
        raise Unpriced(f"evaluationFrequency {duration!r} is not a duration such as PT5M")
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return (days * 24 + hours) * 60 + minutes


_STEPS = (15, 10, 5, 1)
_RULES = {step: _alert(f"System Log Monitored at {step} Minute Frequency") for step in _STEPS}
_FURTHER = {step: _alert(f"Resource Monitored at {step} Minute Frequency") for step in _STEPS}


@meter(
    "monitor:ScheduledQueryRule",
    time_series=assume("1", "with dimensions: one series each", follows=True),
)
def log_alert(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """The rule by its frequency; with dimensions each further time series as well."""
    if _off(properties):
        return _OFF
    minutes = _minutes(properties.text("evaluationFrequency", "PT5M"))
    frequency = next(step for step in _STEPS if step <= max(minutes, 1))
    further = max(use.figure("time_series") - 1, ZERO) if use.has("time_series") else ZERO
    place = region(properties)
    return (
        fixed(_RULES[frequency], place, _ONE),
        by_use(_FURTHER[frequency], place, further),
    )


classify(
    "monitor:ScheduledQueryRule",
    priced="enabled evaluationFrequency",
    unpriced_when={"kind": ("LogAlert", "SimpleLogAlert")},
    no_influence={
        NAMES: "ruleName description displayName scopes targetResourceTypes",
        "what it sends is billed by its action group": "actions",
        BEHAVIOUR: "autoMitigate checkWorkspaceAlertsStorageConfigured criteria"
        " muteActionsDuration overrideQueryTimeRange resolveConfiguration severity"
        " skipQueryValidation windowSize",
    },
)

# Receivers with one price: the property, the meter and its unit.
_RECEIVERS = {
    "emailReceivers": _monitor("Emails", "Emails", "1"),
    "azureAppPushReceivers": _monitor("Notifications", "Notifications Push Notification", "1"),
    "webhookReceivers": _monitor("Notifications", "Notifications Web hook", "10"),
    "itsmReceivers": _monitor(
        "Notifications", "Notifications ITSM Connector Create/Update Event", "1"
    ),
}


@meter(
    "monitor:ActionGroup",
    alerts=assume("20", "a small site's alerts in a month, to each receiver"),
)
def action_group(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Messages to receivers; of each kind some are free, text messages by country."""
    if _off(properties):
        return _OFF
    counts: dict[Meter, int] = {}
    for path, one in _RECEIVERS.items():
        for receiver in properties.blocks(path):
            secure = path == "webhookReceivers" and receiver.flag("useAadAuth")
            sent = one._replace(name="Notifications Secure web hook") if secure else one
            counts[sent] = counts.get(sent, 0) + 1
    for path in ("smsReceivers", "voiceReceivers"):
        for receiver in properties.blocks(path):
            sent = _call(path, receiver.text("countryCode"))
            counts[sent] = counts.get(sent, 0) + 1
    if not counts:
        return Free("none of its receivers is billed by it")
    place = _watched(properties)
    alerts = use.figure("alerts")
    return [by_use(one, place, alerts * count) for one, count in counts.items()]


def _call(path: str, country: str) -> Meter:
    if path == "smsReceivers":
        return _monitor(
            f"SMS Country Code {country}", f"SMS Country Code {country} Notification", "1"
        )
    name = "Voice Calls" if country == "1" else f"Voice Calls Voice Call Country Code {country}"
    return _monitor("Voice Calls", name, "1")


classify(
    "monitor:ActionGroup",
    priced="enabled emailReceivers azureAppPushReceivers webhookReceivers itsmReceivers"
    " smsReceivers voiceReceivers",
    no_influence={
        NAMES: "actionGroupName groupShortName",
        "what they start is billed by itself": "armRoleReceivers automationRunbookReceivers"
        " azureFunctionReceivers eventHubReceivers incidentReceivers logicAppReceivers",
    },
)


_SAMPLES = _monitor("Metrics ingestion", "Metrics ingestion Metric samples", "10M")
_SAMPLES_READ = _monitor(
    "Prometheus Metrics Queries", "Prometheus Metrics Queries Metric samples", "10M"
)


@meter("monitor:AzureMonitorWorkspace", samples=assume("10000000", "200 series, one a minute"))
def metrics(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Samples of Prometheus metrics, stored and read once."""
    place = region(properties)
    samples = use.figure("samples")
    return by_use(_SAMPLES, place, samples), by_use(_SAMPLES_READ, place, samples)


classify(
    "monitor:AzureMonitorWorkspace",
    no_influence={NAMES: "azureMonitorWorkspaceName", ACCESS: "publicNetworkAccess"},
)

_MULTI_STEP = Meter(
    "Application Insights", "Application Insights", "Basic", "Multi-step Web Test", "1/Month"
)
_EXECUTION = _monitor("Standard Web Test", "Standard Web Test Execution", "1")


@meter("applicationinsights:WebTest")
def web_test(properties: Properties, _use: Use, month: Month) -> Iterable[Charge] | Free:
    """Runs of a standard test from each place; a ping test is free, a multi-step one has a fee."""
    if _off(properties):
        return _OFF
    kind = properties.text("webTestKind", properties.text("kind", "ping")).lower()
    place = region(properties)
    if kind == "ping":
        return Free("tests by URL (ping) cost nothing")
    if kind == "multistep":
        return (fixed(_MULTI_STEP, place, _ONE),)
    every = properties.whole("frequency", "300")
    places = len(list(properties.blocks("locations")))
    return (fixed(_EXECUTION, place, quotient(month.seconds * places, max(every, _ONE))),)


classify(
    "applicationinsights:WebTest",
    priced="enabled webTestKind kind frequency locations",
    no_influence={
        NAMES: "webTestName syntheticMonitorId description",
        BEHAVIOUR: "configuration request retryEnabled timeout validationRules",
    },
)
