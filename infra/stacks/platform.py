"""Platform: what all sites stand on and what can be made again at any time."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output, ResourceOptions
from pulumi_azure_native import app, monitor, operationalinsights, resources

from infra.components.edge import Edge, EdgeArgs, Endpoint
from infra.components.identity import ACR_PULL, Identity, IdentityArgs, Role
from infra.components.registry import Registry, RegistryArgs
from infra.naming import PROJECT, tags
from infra.settings import Settings

# 5 GB a month are free (Azure Monitor pricing, read November 2026); 0.15 a day stays below that.
LOG_CAP_GB_A_DAY = 0.15
LOG_RETENTION_DAYS = 30

MIGRATION = "translator-migration"
"""Name of the identity that administers the database and migrates it."""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """What the other stacks use.

    `identities`: of the sites and of the migration; `endpoints`: of the sites that are behind the
    edge; `log_workspace`: customer id of the workspace that has the logs.
    """

    group: resources.ResourceGroup
    registry: Registry
    environment: app.ManagedEnvironment
    log_workspace: Output[str]
    identities: Mapping[str, Identity]
    endpoints: Mapping[str, Endpoint]


def deploy(settings: Settings) -> Platform:
    """Declare group, registry, identities, edge, logs and Container Apps environment."""
    # A site of files runs nothing, pulls nothing, and has an edge of its own.
    served = {} if settings.homepage.host == "staticSite" else {"homepage": settings.homepage}
    sites = {**served, "translator": settings.translator}
    common = tags(settings.environment)
    group = resources.ResourceGroup(
        f"{PROJECT}-{settings.environment}-platform",
        location=settings.location,
        tags=common,
        opts=ResourceOptions(protect=settings.protected),
    )
    registry = Registry(
        "registry",
        RegistryArgs(
            resource_group_name=group.name,
            location=settings.location,
            tags=common,
            existing_id=settings.registry.id,
        ),
    )
    # Before the images, whose build covers the time until Azure knows the roles everywhere.
    identities = {
        site: Identity(
            site,
            IdentityArgs(
                resource_group_name=group.name,
                location=settings.location,
                tags=common,
                roles={"pull": Role(definition=ACR_PULL, scope=registry.id)},
            ),
        )
        for site in (*sites, MIGRATION)
    }
    behind_edge = [site for site, chosen in sites.items() if chosen.cdn == "frontDoor"]
    endpoints: Mapping[str, Endpoint] = {}
    if behind_edge:
        edge = Edge(
            "edge", EdgeArgs(resource_group_name=group.name, tags=common, sites=behind_edge)
        )
        endpoints = edge.endpoints
    workspace = _workspace(settings, group.name)
    return Platform(
        group=group,
        registry=registry,
        environment=_environment(settings, group.name, workspace),
        log_workspace=workspace.customer_id,
        identities=identities,
        endpoints=endpoints,
    )


def _workspace(settings: Settings, group_name: Output[str]) -> operationalinsights.Workspace:
    return operationalinsights.Workspace(
        "logs",
        resource_group_name=group_name,
        location=settings.location,
        sku={"name": "PerGB2018"},
        retention_in_days=LOG_RETENTION_DAYS,
        workspace_capping={"daily_quota_gb": LOG_CAP_GB_A_DAY},
        tags=tags(settings.environment),
    )


def _environment(
    settings: Settings, group_name: Output[str], workspace: operationalinsights.Workspace
) -> app.ManagedEnvironment:
    environment = app.ManagedEnvironment(
        "environment",
        resource_group_name=group_name,
        location=settings.location,
        # By Azure Monitor, not by the workspace's shared key, which would enter the state.
        app_logs_configuration={"destination": "azure-monitor"},
        workload_profiles=[{"name": "Consumption", "workload_profile_type": "Consumption"}],
        zone_redundant=False,
        tags=tags(settings.environment),
    )
    monitor.DiagnosticSetting(
        "environment-logs",
        resource_uri=environment.id,
        workspace_id=workspace.id,
        logs=[
            {"category": category, "enabled": True}
            for category in ("ContainerAppConsoleLogs", "ContainerAppSystemLogs")
        ],
    )
    return environment
