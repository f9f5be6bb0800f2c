"""Application Insights: its data is billed by its workspace."""

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Free, Use, meter
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


@meter("applicationinsights:Component")
def component(properties: Properties, _use: Use, _month: Month) -> Free:
    """Free with a workspace; classic, without one, it is billed for its data and is unpriced."""
    if not properties.names("workspaceResourceId"):
        raise Unpriced("without workspaceResourceId (classic) its own data has no price here")
    return Free("its data is billed by its workspace")


classify(
    "applicationinsights:Component",
    priced="workspaceResourceId",
    no_influence={
        NAMES: "resourceName applicationType flowType hockeyAppId kind requestSource",
        ACCESS: "disableIpMasking disableLocalAuth forceCustomerStorageForProfiler"
        " publicNetworkAccessForIngestion publicNetworkAccessForQuery",
        BEHAVIOUR: "immediatePurgeDataOn30Days ingestionMode samplingPercentage",
        "the workspace has a retention of its own": "retentionInDays",
    },
)
