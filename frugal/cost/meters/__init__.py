"""Meters: what is counted of each resource type, one file a service."""

from collections.abc import Mapping

from frugal.cost.meters import (
    app_service,
    application_insights,
    container_apps,
    front_door,
    key_vault,
    log_analytics,
    postgres,
    registry,
    static_web_apps,
    translator,
)
from frugal.cost.meters.base import Reader

READERS: Mapping[str, Reader] = {
    "app:ContainerApp": container_apps.container_app,
    "app:Job": container_apps.job,
    "app:ManagedEnvironment": container_apps.environment,
    "applicationinsights:Component": application_insights.component,
    "cdn:Profile": front_door.profile,
    "cognitiveservices:Account": translator.account,
    "containerregistry:Registry": registry.registry,
    "dbforpostgresql:Server": postgres.server,
    # Its name in version 2 of the provider.
    "insights:Component": application_insights.component,
    "keyvault:Vault": key_vault.vault,
    "operationalinsights:Workspace": log_analytics.workspace,
    "web:AppServicePlan": app_service.plan,
    "web:StaticSite": static_web_apps.static_site,
    "web:WebApp": app_service.web_app,
}
"""By type without the provider. What is neither here nor in `free.FREE` is unpriced."""
