"""Application Insights: its data is billed by its workspace."""

from frugal.cost.meters.base import Free, Use, meter
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


# In version 2 of the provider it is `insights:Component`.
@meter("applicationinsights:Component", "insights:Component")
def component(properties: Properties, _use: Use, _month: Month) -> Free:
    """Free with a workspace; classic, without one, it is billed for its data and is unpriced."""
    if not properties.names("workspaceResourceId"):
        raise Unpriced("without workspaceResourceId (classic) its own data has no price here")
    return Free("its data is billed by its workspace")
