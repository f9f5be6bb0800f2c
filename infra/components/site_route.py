"""Routing of a site through the edge: its origin, a cached and an uncached route, the purge."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Resource, ResourceOptions
from pulumi_azure_native import cdn

from infra.components.edge import Endpoint
from infra.components.edge_purge import EdgePurge
from infra.components.placement import Placement

# Content types of the sites that Front Door can compress.
COMPRESSED = (
    "application/javascript",
    "application/json",
    "image/svg+xml",
    "text/css",
    "text/html",
    "text/javascript",
    "text/plain",
)


@dataclass(frozen=True, kw_only=True)
class SiteRouteArgs:
    """Route from an endpoint to an app.

    `private_paths`: patterns that are never cached, if any; `query_strings`: the parameters that
    are part of the cache key; all others are ignored; `release`: identifies the deployed version
    (an image, settings): a change purges the cache; `domains`: ids of the site's own names on the
    profile; `after`: the app, so that the edge never routes to one that does not exist yet, and
    earlier writes to the same profile.
    """

    placement: Placement
    endpoint: Endpoint
    origin_host: Input[str]
    private_paths: Sequence[str]
    release: Input[str]
    query_strings: Sequence[str] = ()
    domains: Sequence[Input[str]] = ()
    after: Sequence[Resource] = ()


class SiteRoute(ComponentResource):
    """No outputs: the address is the endpoint's.

    Its parts are created one after another, since a profile refuses concurrent writes.
    """

    def __init__(self, name: str, args: SiteRouteArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("frugal:web:SiteRoute", name, None, opts)
        profile_name = args.endpoint.profile_name
        group = cdn.AFDOriginGroup(
            f"{name}-origins",
            resource_group_name=args.placement.group,
            profile_name=profile_name,
            # No health probe: with one origin there is no failover, and probes from every point of
            # presence would keep an app that scales to zero running.
            load_balancing_settings={
                "sample_size": 4,
                "successful_samples_required": 3,
                "additional_latency_in_milliseconds": 50,
            },
            session_affinity_state=cdn.EnabledState.DISABLED,
            opts=ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        origin = cdn.AFDOrigin(
            f"{name}-origin",
            resource_group_name=args.placement.group,
            profile_name=profile_name,
            origin_group_name=group.name,
            host_name=args.origin_host,
            origin_host_header=args.origin_host,
            http_port=80,
            https_port=443,
            priority=1,
            weight=1000,
            enabled_state=cdn.EnabledState.ENABLED,
            enforce_certificate_name_check=True,
            opts=ResourceOptions(parent=self),
        )
        # Routes need an origin that is there, and leave before the last origin does.
        routes = [(f"{name}-pages", ["/*"], _cache(args.query_strings))]
        private = (
            [(f"{name}-private", list(args.private_paths), None)] if args.private_paths else []
        )
        before: Resource = origin
        for route, patterns, cache in (*routes, *private):
            before = cdn.Route(
                route,
                resource_group_name=args.placement.group,
                profile_name=profile_name,
                endpoint_name=args.endpoint.name,
                origin_group={"id": group.id},
                patterns_to_match=patterns,
                supported_protocols=[cdn.AFDEndpointProtocols.HTTP, cdn.AFDEndpointProtocols.HTTPS],
                https_redirect=cdn.HttpsRedirect.ENABLED,
                forwarding_protocol=cdn.ForwardingProtocol.HTTPS_ONLY,
                link_to_default_domain=cdn.LinkToDefaultDomain.ENABLED,
                enabled_state=cdn.EnabledState.ENABLED,
                custom_domains=[{"id": id_} for id_ in args.domains] or None,
                cache_configuration=cache,
                opts=ResourceOptions(parent=self, depends_on=[before]),
            )
        EdgePurge(
            f"{name}-purge",
            endpoint_id=args.endpoint.id,
            release=args.release,
            opts=ResourceOptions(parent=self, depends_on=[before, *args.after]),
        )
        self.register_outputs({})


def _cache(query_strings: Sequence[str]) -> cdn.AfdRouteCacheConfigurationArgs:
    """Cached as the origin's headers say; compressed at the edge."""
    behaviours = cdn.AfdQueryStringCachingBehavior
    return cdn.AfdRouteCacheConfigurationArgs(
        query_string_caching_behavior=behaviours.INCLUDE_SPECIFIED_QUERY_STRINGS
        if query_strings
        else behaviours.IGNORE_QUERY_STRING,
        query_parameters=",".join(query_strings) or None,
        compression_settings=cdn.CompressionSettingsArgs(
            is_compression_enabled=True, content_types_to_compress=list(COMPRESSED)
        ),
    )
