"""A Log Analytics workspace: ingestion, and retention beyond the 31 days included."""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, grant, meter, region
from frugal.cost.money import ZERO, quotient
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_INCLUDED_DAYS = Decimal(31)


def _logs(name: str, unit: str) -> Meter:
    return Meter("Log Analytics", "Log Analytics", "Analytics Logs", name, unit)


_INGESTION = _logs("Analytics Logs Data Ingestion", "1 GB")
_RETENTION = _logs("Analytics Logs Data Retention", "1 GB/Month")

# Of a billing account (pricing page, 2026): other subscriptions may have used it.
grant(
    5,
    _INGESTION,
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
    if size.lower() != "pergb2018":
        raise Unpriced(f"sku.name {size!r} has no price here; priced: PerGB2018")
    place = region(properties)
    ingested = use.figure("ingested_gb")
    cap = _cap(properties)
    most = ingested if cap is None else cap * month.days
    ingested = min(ingested, most)
    beyond = max(properties.whole("retentionInDays", "30") - _INCLUDED_DAYS, ZERO)
    kept = use.figure("retained_gb") if use.has("retained_gb") else _share(ingested, beyond, month)
    most_kept = max(kept, _share(most, beyond, month))
    grows = cap is None
    return (
        Charge(_INGESTION, place, ZERO, ingested, most, grows),
        Charge(_RETENTION, place, ZERO, kept, most_kept, grows),
    )


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
    priced="sku.name retentionInDays workspaceCapping.dailyQuotaGb",
    unpriced_when={
        "features.clusterResourceId": (),  # a dedicated cluster is billed for the data
        "sku.capacityReservationLevel": (),
    },
    no_influence={
        NAMES: "workspaceName defaultDataCollectionRuleResourceId",
        ACCESS: "forceCmkForQuery publicNetworkAccessForIngestion publicNetworkAccessForQuery",
        BEHAVIOUR: "features",
    },
)
