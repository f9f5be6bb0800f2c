"""Application Insights: its data is billed as that of its Log Analytics workspace.

Without a workspace Azure makes one of its own for the component (Microsoft's page on managed
workspaces in Application Insights, read November 2026).
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Free, Use, assume, by_use, meter, region
from frugal.cost.meters.log_analytics import INGESTION
from frugal.cost.month import Month
from frugal.cost.properties import Properties


@meter(
    "applicationinsights:Component",
    ingested_gb=assume(
        "0.5",
        "17 MB a day, two apps that log each request",
        unless="workspaceResourceId",
    ),
)
def component(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Ingestion of a component without a workspace of the plan's own."""
    if properties.names("workspaceResourceId"):
        return Free("its data is billed by its workspace")
    return (by_use(INGESTION, region(properties), use.figure("ingested_gb")),)


classify(
    "applicationinsights:Component",
    priced="workspaceResourceId",
    no_influence={
        NAMES: "resourceName applicationType flowType hockeyAppId kind requestSource",
        ACCESS: "disableIpMasking disableLocalAuth forceCustomerStorageForProfiler"
        " publicNetworkAccessForIngestion publicNetworkAccessForQuery",
        BEHAVIOUR: "immediatePurgeDataOn30Days ingestionMode samplingPercentage",
        "the retention is that of the workspace": "retentionInDays",
    },
)
