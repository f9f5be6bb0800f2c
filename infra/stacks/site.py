"""What the stacks of the sites share: address, way through the edge, container app."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import Input, Output, Resource

from infra.components.container_app import ContainerApp, ContainerAppArgs, container_app_host
from infra.components.site_route import SiteRoute, SiteRouteArgs
from infra.naming import container_app_name, tags
from infra.settings import Settings
from infra.site_settings import Site as SiteSettings
from infra.stacks.platform import Platform

PORT = 8000
"""Port that the apps of this project listen on in their containers."""

HEALTH_PATH = "/healthz"
CPU = 0.25


@dataclass(frozen=True, kw_only=True)
class Site:
    """`url`: where visitors go; `origin_url`: the app itself, the same where there is no edge.

    `upload`: the command that brings a site of files its files; `app`, `route`: on the Container
    Apps environment and on the edge's profile; the next write there comes after them.
    """

    url: Output[str]
    origin_url: Output[str]
    upload: Output[str] | None = None
    app: Resource | None = None
    route: SiteRoute | None = None


def address(name: str, origin_host: Output[str], platform: Platform) -> Site:
    """Where a site is found: known before its app, which is told its public address."""
    endpoint = platform.endpoints.get(name)
    host = endpoint.host if endpoint else origin_host
    return Site(
        url=Output.concat("https://", host), origin_url=Output.concat("https://", origin_host)
    )


def route(
    name: str,
    app: Resource,
    origin_host: Output[str],
    platform: Platform,
    *,
    release: Input[str],
    private_paths: Sequence[str],
    query_strings: Sequence[str] = (),
    after: SiteRoute | None = None,
) -> SiteRoute | None:
    """Lead the edge to a site's app, where the site is behind it.

    `release`: what answers; `after`: the route of the site before it.
    """
    if not platform.edge or name not in platform.endpoints:
        return None
    return SiteRoute(
        f"{name}-route",
        SiteRouteArgs(
            resource_group_name=platform.group.name,
            endpoint=platform.endpoints[name],
            origin_host=origin_host,
            private_paths=private_paths,
            release=release,
            query_strings=query_strings,
            after=[app, platform.edge, *([after] if after else [])],
        ),
    )


def container_host(name: str, platform: Platform) -> Output[str]:
    """Host name of a site's container app."""
    return container_app_host(container_app_name(name), platform.environment.default_domain)


def container_app(
    name: str,
    chosen: SiteSettings,
    settings: Settings,
    platform: Platform,
    *,
    ready_path: str,
    app_settings: Mapping[str, Input[str]],
    app_secrets: Mapping[str, Input[str]] | None = None,
    after: Sequence[Resource] = (),
) -> ContainerApp:
    """Declare a site's container app, once its identity may pull."""
    identity, site_image = platform.identities[name], platform.images[name]
    return ContainerApp(
        name,
        ContainerAppArgs(
            resource_group_name=platform.group.name,
            location=settings.location,
            tags=tags(settings.environment),
            environment_id=platform.environment.id,
            app_name=container_app_name(name),
            image=site_image.reference,
            identity_id=identity.id,
            registry_server=site_image.registry_server,
            port=PORT,
            cpu=CPU,
            min_replicas=chosen.min_replicas,
            max_replicas=chosen.max_replicas,
            cooldown_seconds=chosen.cooldown_seconds,
            health_path=HEALTH_PATH,
            ready_path=ready_path,
            settings=app_settings,
            secrets=app_secrets or {},
            after=[identity, platform.environment_logs, *after],
        ),
    )
