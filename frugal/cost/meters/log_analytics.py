"""Log Analytics: ingestion and retention of workspaces, tables of other plans, commitments.

Retention is billed beyond the 31 days included. A commitment is a price a day; what is ingested
beyond it costs the same for each GB (Azure Monitor pricing page, read November 2026).
"""

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

_INCLUDED_DAYS = Decimal(31)


def _logs(name: str, unit: str) -> Meter:
    return Meter("Log Analytics", "Log Analytics", "Analytics Logs", name, unit)


INGESTION = _logs("Analytics Logs Data Ingestion", "1 GB")
_RETENTION = _logs("Analytics Logs Data Retention", "1 GB/Month")

# Of a billing account (pricing page, 2026): other subscriptions may have used it.
grant(
    5,
    INGESTION,
    what="5 GB of Log Analytics a billing account",
    elsewhere="log_analytics_gb",
    in_high=False,
)


@meter(
    "operationalinsights:Workspace",
    ingested_gb=assume("0.5", "17 MB a day, two apps that log each request"),
    retained_gb=assume(
        "0",
        "what is ingested, for the days that retentionInDays has beyond 31",
        follows=True,
    ),
)
def workspace(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Ingestion, up to the daily cap if there is one, and retention of the ingested data."""
    size = properties.text("sku.name", "PerGB2018")
    if size.lower() not in ("pergb2018", "capacityreservation"):
        why = "has no price here; priced: PerGB2018, CapacityReservation"
        raise Unpriced(f"sku.name {size!r} {why}")
    place = region(properties)
    ingested = use.figure("ingested_gb")
    cap = _cap(properties)
    most = ingested if cap is None else cap * month.days
    ingested = min(ingested, most)
    beyond = max(properties.whole("retentionInDays", "30") - _INCLUDED_DAYS, ZERO)
    kept = use.figure("retained_gb") if use.has("retained_gb") else _share(ingested, beyond, month)
    most_kept = max(kept, _share(most, beyond, month))
    grows = cap is None
    retention = Charge(_RETENTION, place, ZERO, kept, most_kept, grows)
    if size.lower() == "pergb2018":
        return Charge(INGESTION, place, ZERO, ingested, most, grows), retention
    level = properties.whole("sku.capacityReservationLevel")
    usual, busiest = (max(quotient(amount, level), month.days) for amount in (ingested, most))
    return Charge(_commitment(level), place, month.days, usual, busiest, grows), retention


def _monitor(sku: str, name: str, unit: str) -> Meter:
    return Meter("Azure Monitor", "Azure Monitor", sku, name, unit)


_LOGS = {
    plan: _monitor(f"{plan} Logs", f"{plan} Logs Data Ingestion", "1 GB")
    for plan in ("Basic", "Auxiliary")
}
_ARCHIVE = _monitor("Data Archive", "Data Archive", "1 GB/Month")
_EXPORT = _monitor("Log Analytics data export", "Log Analytics data export Data Exported", "1 GB")


def _commitment(level: Decimal) -> Meter:
    """Meter of a commitment to so many GB a day."""
    sku = f"{level} GB Commitment Tier"
    return _monitor(sku, f"{sku} Capacity Reservation", "1/Day")


def _cap(properties: Properties) -> Decimal | None:
    """GB a day; Azure writes no cap as -1."""
    cap = properties.number("workspaceCapping.dailyQuotaGb", "-1", signed=True)
    return None if cap < 0 else cap


def _share(monthly: Decimal, days: Decimal, month: Month) -> Decimal:
    """GB retained on average, of monthly GB that are retained for `days` days; to 12 places."""
    if not days:
        return ZERO
    return quotient(monthly * days, month.days)


classify(
    "operationalinsights:Workspace",
    priced="sku.name sku.capacityReservationLevel retentionInDays workspaceCapping.dailyQuotaGb",
    unpriced_when={
        "features.clusterResourceId": (),  # a dedicated cluster is billed for the data
    },
    no_influence={
        NAMES: "workspaceName defaultDataCollectionRuleResourceId",
        ACCESS: "forceCmkForQuery publicNetworkAccessForIngestion publicNetworkAccessForQuery",
        BEHAVIOUR: "features",
    },
)


@meter(
    "operationalinsights:Table",
    ingested_gb=assume("1", "a chatty app's logs of a month"),
)
def table(properties: Properties, use: Use, month: Month) -> Iterable[Charge] | Free:
    """Ingestion of the plans Basic and Auxiliary, and long-term retention.

    Long-term retention begins after `retentionInDays`, or the 30 days of Basic and Auxiliary.
    """
    plan = properties.text("plan", "Analytics").capitalize()
    if plan != "Analytics" and plan not in _LOGS:
        raise Unpriced(f"plan {plan!r} has no price here; priced: Analytics, Basic, Auxiliary")
    near = properties.whole("retentionInDays", "30")
    days = max(properties.whole("totalRetentionInDays", str(near)) - near, ZERO)
    if plan == "Analytics" and not days:
        return Free("its workspace is what is billed")
    holder = properties.referred("workspaceName", "operationalinsights:Workspace")
    if holder is None:
        raise Unpriced("its workspace, with the region, is not in this plan")
    place, ingested = region(holder), use.figure("ingested_gb")
    charges: list[Charge] = []
    if plan != "Analytics":
        charges.append(by_use(_LOGS[plan], place, ingested))
    charges.append(by_use(_ARCHIVE, place, _share(ingested, days, month)))
    return charges


@meter("operationalinsights:DataExport", exported_gb=assume("1", "a chatty app's logs of a month"))
def data_export(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Data exported continuously to a storage account or event hub."""
    if properties.names("enable") and not properties.flag("enable"):
        return Free("switched off")
    holder = properties.referred("workspaceName", "operationalinsights:Workspace")
    if holder is None:
        raise Unpriced("its workspace, with the region, is not in this plan")
    return (by_use(_EXPORT, region(holder), use.figure("exported_gb")),)


@meter("operationalinsights:Cluster")
def cluster(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """The commitment of a dedicated cluster, whose workspaces are billed through it."""
    return (fixed(_commitment(properties.whole("sku.capacity")), region(properties), month.days),)


classify(
    "operationalinsights:Table",
    priced="plan retentionInDays totalRetentionInDays workspaceName",
    unpriced_when={"restoredLogs": (), "searchResults": ()},
    no_influence={NAMES: "tableName schema"},
)
classify(
    "operationalinsights:DataExport",
    priced="enable workspaceName",
    no_influence={
        NAMES: "createdDate dataExportId dataExportName eventHubName lastModifiedDate resourceId"
        " tableNames",
    },
)
classify(
    "operationalinsights:Cluster",
    priced="sku.capacity",
    unpriced_when={"sku.name": "CapacityReservation"},
    no_influence={
        NAMES: "clusterName",
        ACCESS: "isDoubleEncryptionEnabled keyVaultProperties",
        BEHAVIOUR: "billingType isAvailabilityZonesEnabled",
    },
)
