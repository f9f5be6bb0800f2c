"""Platform: the resources that all sites share, which can be recreated at any time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import Input, Output, Resource, ResourceOptions
from pulumi_azure_native import app, monitor, operationalinsights, resources

from infra import domains
from infra.components.dns_zone import DnsZone, DnsZoneArgs, Zone
from infra.components.edge import Edge, EdgeArgs, Endpoint
from infra.components.identity import ACR_PULL, Identity, IdentityArgs, Role
from infra.components.image import Image, ImageArgs
from infra.components.placement import Placement
from infra.components.registry import Registry, RegistryArgs
from infra.naming import DNS_ZONE_ID, PROJECT, tags
from infra.settings import Settings

# 5 GB a month are free (Azure Monitor pricing, read November 2026); 0.15 a day stays below that.
LOG_CAP_GB_A_DAY = 0.15
LOG_RETENTION_DAYS = 30

MIGRATION = "translator-migration"
"""Name of the identity that administers the database and migrates it."""


@dataclass(frozen=True, kw_only=True)
class SiteImage:
    """A site's image: a given reference or one built here.

    `registry_server`: registry that the identity pulls from; None for a public image.
    """

    reference: Input[str]
    registry_server: Input[str] | None
    build: Image | None = None


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Outputs for the other stacks.

    `environment_logs`: the last write to the environment before the first app, since an
    environment refuses concurrent writes; `images`: of the sites; `identities`: of the sites and
    of the migration; `edge`: None where no site is behind it; `log_workspace`: customer id of the
    workspace that has the logs; `zone`: of the sites' domains, None where a person makes records.
    """

    group: resources.ResourceGroup
    placement: Placement
    registry: Registry
    environment: app.ManagedEnvironment
    environment_logs: monitor.DiagnosticSetting
    log_workspace: Output[str]
    images: Mapping[str, SiteImage]
    identities: Mapping[str, Identity]
    edge: Edge | None
    zone: Zone | None

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Endpoints of the sites that are behind the edge."""
        return self.edge.endpoints if self.edge else {}


def resource_group(name: str, settings: Settings) -> tuple[resources.ResourceGroup, Placement]:
    """Declare a resource group, protected if the environment is; return its placement."""
    common = tags(settings.environment)
    group = resources.ResourceGroup(
        f"{PROJECT}-{settings.environment}-{name}",
        location=settings.location,
        tags=common,
        opts=ResourceOptions(protect=settings.is_protected),
    )
    return group, Placement(group=group.name, location=settings.location, tags=common)


def deploy(settings: Settings) -> Platform:
    """Declare group, registry, images, identities, edge, logs and Container Apps environment."""
    # A static site needs no image, no identity, and has a CDN of its own.
    sites = {name: site for name, site in settings.sites.items() if site.is_container}
    group, place = resource_group("platform", settings)
    registry = Registry("registry", RegistryArgs(placement=place, existing_id=settings.registry.id))
    images: dict[str, SiteImage] = {}
    for name, site in sites.items():
        builds = [image.build for image in images.values() if image.build]
        # Two in parallel and the others in sequence (see _identities).
        images[name] = _image(name, site.image, registry, after=builds[1:][-1:])
    identities = _identities(settings, place, registry, images)
    behind_edge = [name for name, site in sites.items() if site.is_behind_edge]
    edge = Edge("edge", EdgeArgs(placement=place, sites=behind_edge)) if behind_edge else None
    environment, workspace, logs = _environment(place)
    return Platform(
        group=group,
        placement=place,
        registry=registry,
        environment=environment,
        environment_logs=logs,
        log_workspace=workspace.customer_id,
        images=images,
        identities=identities,
        edge=edge,
        zone=_zone(settings, place),
    )


def _zone(settings: Settings, place: Placement) -> Zone | None:
    """The DNS zone of the sites' domains: the one given in the settings, or a new one."""
    names = [host for site in settings.sites.values() for host in site.hosts]
    name = domains.zone_name(settings.dns.zone, names)
    if name is None or not names:
        return None
    if settings.dns.zone == domains.CREATE:
        args = DnsZoneArgs(placement=place, name=name, protect=settings.is_protected)
        zone = DnsZone("dns", args)
        return Zone(name=name, group=place.group, name_servers=zone.name_servers, after=[zone])
    given = DNS_ZONE_ID.match(settings.dns.zone or "")
    return Zone(name=name, group=given["group"]) if given else None


def _image(
    site: str, given: str | None, registry: Registry, *, after: Sequence[Image]
) -> SiteImage:
    """The image given in the settings, else one built from `apps/<site>`."""
    if given:
        server = given.partition("/")[0]
        return SiteImage(
            reference=given, registry_server=server if server.endswith(".azurecr.io") else None
        )
    args = ImageArgs(registry_id=registry.id, repository=site, context=f"apps/{site}")
    build = Image(f"{site}-image", args, ResourceOptions(depends_on=list(after)))
    return SiteImage(reference=build.image, registry_server=registry.login_server, build=build)


def _identities(
    settings: Settings,
    place: Placement,
    registry: Registry,
    images: Mapping[str, SiteImage],
) -> Mapping[str, Identity]:
    """Identities of the sites and of the migration, with the role to pull images.

    Their roles are assigned in parallel. The waits until these are effective come one after
    another, each after the build of its site, which takes most of that time, and none before the
    first build: Pulumi's host of dynamic resources has four threads (pulumi 3.272,
    dynamic/__main__.py), and a wait must not take one from a build.
    """
    identities: dict[str, Identity] = {}
    builds = {name: image.build for name, image in images.items() if image.build}
    before: Sequence[Resource] = list(builds.values())[:1]
    for name in (*images, MIGRATION):
        build = builds.get(name)
        identities[name] = Identity(
            name,
            IdentityArgs(
                placement=place,
                roles={"pull": Role(definition=ACR_PULL, scope=registry.id)},
                role_age=settings.waits.role_age,
                deadline=settings.waits.deadline,
                after=[*before, *([build] if build and build not in before else [])],
            ),
        )
        before = [identities[name]]
    return identities


def _environment(
    place: Placement,
) -> tuple[app.ManagedEnvironment, operationalinsights.Workspace, monitor.DiagnosticSetting]:
    """The Container Apps environment, the workspace of its logs and their way there."""
    workspace = operationalinsights.Workspace(
        "logs",
        resource_group_name=place.group,
        location=place.location,
        sku={"name": "PerGB2018"},
        retention_in_days=LOG_RETENTION_DAYS,
        workspace_capping={"daily_quota_gb": LOG_CAP_GB_A_DAY},
        tags=place.tags,
    )
    environment = app.ManagedEnvironment(
        "environment",
        resource_group_name=place.group,
        location=place.location,
        # Through Azure Monitor: the workspace's shared key would be stored in the state.
        app_logs_configuration={"destination": "azure-monitor"},
        workload_profiles=[{"name": "Consumption", "workload_profile_type": "Consumption"}],
        zone_redundant=False,
        tags=place.tags,
    )
    logs = monitor.DiagnosticSetting(
        "environment-logs",
        resource_uri=environment.id,
        workspace_id=workspace.id,
        logs=[
            {"category": category, "enabled": True}
            for category in ("ContainerAppConsoleLogs", "ContainerAppSystemLogs")
        ],
    )
    return environment, workspace, logs
