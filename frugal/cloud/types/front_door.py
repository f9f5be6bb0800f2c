"""Azure Front Door: a profile's endpoints, each a real caching proxy on a port of its own."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from starlette import routing
from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import override

from frugal.cloud import issuance
from frugal.cloud.bodies import Body, json_object, objects, section, strings
from frugal.cloud.cloud import Cloud
from frugal.cloud.edge import CachePolicy, Endpoint, Origin, Route
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of, parent_of
from frugal.cloud.listen import Listener
from frugal.cloud.resource_type import ResourceType, guid, short_hash
from frugal.cloud.running import Report, Served, Site, local_address
from frugal.cloud.store import Resource

# Of all descriptors: a request takes three more on its way to the app.
_SHARE = 0.5

TOKEN_LIFETIME = timedelta(days=7)
"""Time for the record of a name's ownership (learn.microsoft.com, Domains in Azure Front Door)."""


class Profile(ResourceType):
    """The parent of endpoints, which carries the base fee."""

    token = "azure-native:cdn:Profile"

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {"frontDoorId": guid(resource, "front door"), "resourceState": "Active"}


@dataclass(eq=False)
class RunningEndpoint(Served):
    """An endpoint that listens. `sites`: the names of the sites behind it."""

    endpoint: Endpoint
    listener: Listener
    sites: Callable[[], Iterable[str]]

    @override
    async def stop(self) -> None:
        """Close the port, then the connections to the origins; the cache is gone."""
        await self.listener.stop()
        await self.endpoint.close()

    @override
    def report(self, report: Report) -> None:
        """Add its address, as that of each site behind it."""
        address = local_address(self.port)
        report.hosts[self.endpoint.host] = address
        report.urls.update(dict.fromkeys(self.sites(), address))
        report.add_health("edge", "healthy")


class AfdEndpoint(ResourceType):
    """A host name of the edge, which answers 404 without a route."""

    token = "azure-native:cdn:AFDEndpoint"
    start_round = 3

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        host = f"{name_of(resource.id).lower()}-{short_hash(resource.id, 16)}.z01.azurefd.net"
        return {"hostName": host, "deploymentStatus": "NotStarted"}

    @override
    def routes(self, cloud: Cloud) -> list[routing.Route]:
        async def purge(request: Request) -> Response:
            resource = self.named(cloud, request)
            paths = strings(await json_object(request), "contentPaths")
            if not paths or not all(p.startswith("/") for p in paths):
                raise CloudError("BadRequest", "contentPaths: give paths that begin with '/'.")
            running = cloud.running_as(RunningEndpoint)[key_of(resource.id)]
            await running.endpoint.purge(paths)
            return Response(status_code=200)

        return [routing.Route(f"{self.path}/purge", purge, methods=["POST"])]

    @override
    async def restore(self, cloud: Cloud, resource: Resource) -> None:
        profile = cloud.store.need(parent_of(resource.id))
        endpoint = Endpoint(
            host=str(resource.computed["hostName"]),
            front_door_id=str(profile.computed["frontDoorId"]),
            routes=routes_of(cloud, resource),
            connect=lambda host: origin_address(cloud, host),
            log=cloud.logs / "edge.log",
            response_timeout=float(profile.inputs.get("originResponseTimeoutSeconds") or 60),
        )
        listener = Listener(endpoint, cloud.ports.get(resource.id), share=_SHARE)
        try:
            await listener.start()
        except BaseException:
            await endpoint.close()
            raise
        cloud.running[key_of(resource.id)] = RunningEndpoint(
            endpoint, listener, sites=lambda: sites_behind(cloud, resource)
        )


class AfdCustomDomain(ResourceType):
    """A name at the edge: approved once its TXT record is found, served once a route has it.

    States: learn.microsoft.com, Domains in Azure Front Door (read November 2026). Azure looks for
    the record by itself; here a GET does.
    """

    token = "azure-native:cdn:AFDCustomDomain"
    required: ClassVar[Mapping[str, object]] = {"tlsSettings.certificateType": "ManagedCertificate"}

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        host = _host_name(resource)
        for other in cloud.store.of(self.token):
            if _host_name(other) == host and key_of(other.id) != key_of(resource.id):
                raise CloudError("Conflict", f"The host name '{host}' is in use already.")

    @override
    async def apply(self, cloud: Cloud, resource: Resource, before: Resource | None) -> None:
        if before is None:
            _renew_token(cloud, resource)

    @override
    def live(self, cloud: Cloud, resource: Resource) -> Body:
        return {
            "deploymentStatus": "NotStarted",
            "domainValidationState": self._state(cloud, resource),
            "validationProperties": {
                "validationToken": resource.data["token"],
                "expirationDate": f"{_expiry(resource):%Y-%m-%dT%H:%M:%S}Z",
            },
        }

    @override
    def routes(self, cloud: Cloud) -> list[routing.Route]:
        async def refresh(request: Request) -> Response:
            resource = self.named(cloud, request)
            _renew_token(cloud, resource)
            cloud.store.put(resource)
            return Response(status_code=202)

        path = f"{self.path}/refreshValidationToken"
        return [routing.Route(path, refresh, methods=["POST"])]

    @override
    def names(self, cloud: Cloud, resource: Resource) -> Mapping[str, str]:
        if not resource.data.get("approved"):
            return {}
        for route in cloud.store.within(parent_of(resource.id), AfdRoute.token):
            running = cloud.running_as(RunningEndpoint).get(key_of(parent_of(route.id)))
            if running and key_of(resource.id) in _domain_keys(route):
                return {_host_name(resource): f"http://127.0.0.1:{running.listener.port}"}
        return {}

    @override
    async def check_removal(self, cloud: Cloud, resource: Resource) -> None:
        for route in cloud.store.within(parent_of(resource.id), AfdRoute.token):
            if key_of(resource.id) in _domain_keys(route):
                raise CloudError(
                    "BadRequest",
                    f"The custom domain '{name_of(resource.id)}' is associated with the route "
                    f"'{name_of(route.id)}'. Remove it there first.",
                )

    def _state(self, cloud: Cloud, resource: Resource) -> str:
        if resource.data.get("approved"):
            renewed = issuance.renew(cloud, resource, lambda: self._points_here(cloud, resource))
            return "Approved" if renewed else "PendingRevalidation"
        if cloud.days.now() > _expiry(resource).timestamp():
            return "TimedOut"
        host = _host_name(resource)
        if resource.data["token"] not in cloud.dns.values(f"_dnsauth.{host}", "TXT"):
            return "Pending"
        resource.data.update(approved=True, asked=cloud.days.now())
        cloud.store.put(resource)
        cloud.serve_names()
        return "Approved"

    def _points_here(self, cloud: Cloud, resource: Resource) -> bool:
        """Return True while the name leads to an endpoint of the profile, which renews it."""
        host = _host_name(resource)
        endpoints = cloud.store.within(parent_of(resource.id), AfdEndpoint.token)
        hosts = {str(one.computed["hostName"]) for one in endpoints}
        return bool(hosts & set(cloud.dns.values(host, "CNAME")) or cloud.dns.values(host, "A"))


class OriginGroup(ResourceType):
    """A set of origins that a route points at."""

    token = "azure-native:cdn:AFDOriginGroup"

    @override
    async def check_removal(self, cloud: Cloud, resource: Resource) -> None:
        _refuse_under_a_route(cloud, resource.id, f"origin group '{name_of(resource.id)}'")


class _InRouting(ResourceType):
    """A part of the routing of a profile's endpoints, two levels below the profile."""

    @override
    def adapt(self, cloud: Cloud, resource: Resource) -> None:
        for endpoint in cloud.store.within(parent_of(parent_of(resource.id))):
            running = cloud.running_as(RunningEndpoint).get(key_of(endpoint.id))
            if running is not None:
                running.endpoint.configure(routes_of(cloud, endpoint))


class AfdOrigin(_InRouting):
    """One host that a route's requests go to."""

    token = "azure-native:cdn:AFDOrigin"
    unsupported: ClassVar[Mapping[str, Sequence[object]]] = {"sharedPrivateLinkResource": ()}

    @override
    async def check_removal(self, cloud: Cloud, resource: Resource) -> None:
        group = parent_of(resource.id)
        enabled = [o for o in cloud.store.within(group, self.token) if _enabled(o)]
        if all(key_of(o.id) == key_of(resource.id) for o in enabled):
            _refuse_under_a_route(cloud, group, "the last origin")


class AfdRoute(_InRouting):
    """A route from paths of an endpoint to an origin group, cached or not."""

    token = "azure-native:cdn:Route"
    unsupported: ClassVar[Mapping[str, Sequence[object]]] = {
        "originPath": ("/",),
        "ruleSets": (),
    }

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        group = cloud.store.need(_group_id(resource))
        if not any(_enabled(o) for o in cloud.store.within(group.id, AfdOrigin.token)):
            raise CloudError(
                "BadRequest",
                "Please make sure that the originGroup is created successfully and at least one "
                f"enabled origin is created under the origin group '{name_of(group.id)}'.",
            )
        for domain in objects(resource.inputs, "customDomains"):
            cloud.store.need(str(domain.get("id")))
        protocols = set(strings(resource.inputs, "supportedProtocols"))
        if resource.inputs.get("httpsRedirect") == "Enabled" and protocols != {"Http", "Https"}:
            raise CloudError(
                "BadRequest", "httpsRedirect needs both Http and Https in supportedProtocols."
            )
        for other in cloud.store.within(parent_of(resource.id), self.token):
            taken = _patterns(resource) & _patterns(other)
            if taken and key_of(other.id) != key_of(resource.id):
                raise CloudError(
                    "BadRequest",
                    f"Pattern(s) {', '.join(sorted(taken))} are in route '{name_of(other.id)}' of "
                    "this endpoint already.",
                )


def origin_address(cloud: Cloud, host: str) -> str | None:
    """Return the local address of a declared host name; None when nothing has it."""
    for site in cloud.running_as(Site).values():
        if site.host.lower() == host.lower():
            return f"http://127.0.0.1:{site.port}"
    return None


def front_door_ids(cloud: Cloud) -> list[str]:
    """The id of each profile, which its edges send to origins as X-Azure-FDID."""
    return [str(profile.computed["frontDoorId"]) for profile in cloud.store.of(Profile.token)]


def sites_behind(cloud: Cloud, endpoint: Resource) -> list[str]:
    """The names of the sites that an endpoint's routes lead to."""
    hosts = {o.host for route in routes_of(cloud, endpoint) for o in route.origins}
    return [site.name for site in cloud.running_as(Site).values() if site.host in hosts]


def routes_of(cloud: Cloud, endpoint: Resource) -> list[Route]:
    """An endpoint's routes that lead anywhere."""
    inside = cloud.store.within(endpoint.id, AfdRoute.token)
    routes = [_route(cloud, r) for r in inside if _enabled(r)]
    return [r for r in routes if r.origins]


def _route(cloud: Cloud, resource: Resource) -> Route:
    inputs = resource.inputs
    origins = cloud.store.within(_group_id(resource), AfdOrigin.token)
    # Lower goes first; the default is 1 (Microsoft.Cdn 2025-06-01).
    origins.sort(key=lambda o: float(o.inputs.get("priority") or 1))
    cache = section(inputs, "cacheConfiguration")
    return Route(
        patterns=tuple(strings(inputs, "patternsToMatch") or ["/*"]),
        origins=tuple(_origin(o) for o in origins if _enabled(o)),
        cache=_cache(cache) if cache else None,
    )


def _origin(resource: Resource) -> Origin:
    host = str(resource.inputs["hostName"])
    return Origin(host=host, host_header=str(resource.inputs.get("originHostHeader") or host))


def _cache(declared: Body) -> CachePolicy:
    compression = section(declared, "compressionSettings")
    parameters = str(declared.get("queryParameters") or "")
    return CachePolicy(
        query_string=declared.get("queryStringCachingBehavior") or "IgnoreQueryString",
        query_parameters=tuple(p.strip() for p in parameters.split(",") if p.strip()),
        compress=bool(compression.get("isCompressionEnabled")),
        content_types=tuple(strings(compression, "contentTypesToCompress")),
    )


def _host_name(domain: Resource) -> str:
    return str(domain.inputs["hostName"]).lower()


def _domain_keys(route: Resource) -> set[str]:
    """Keys of the own names that a route has."""
    return {key_of(str(one.get("id"))) for one in objects(route.inputs, "customDomains")}


def _renew_token(cloud: Cloud, domain: Resource) -> None:
    domain.data.update(token=secrets.token_hex(16), asked=cloud.days.now())


def _expiry(domain: Resource) -> datetime:
    return datetime.fromtimestamp(domain.data["asked"], UTC) + TOKEN_LIFETIME


def _patterns(route: Resource) -> set[str]:
    return {p.lower() for p in strings(route.inputs, "patternsToMatch")}


def _enabled(resource: Resource) -> bool:
    # Azure makes an origin or route without this property disabled (azurerm issues 18063, 31647).
    return resource.inputs.get("enabledState") == "Enabled"


def _group_id(route: Resource) -> str:
    return str(section(route.inputs, "originGroup").get("id", ""))


def _refuse_under_a_route(cloud: Cloud, group_id: str, what: str) -> None:
    for route in cloud.store.of(AfdRoute.token):
        if _group_id(route).lower() == group_id.lower():
            raise CloudError(
                "BadRequest",
                f"Cannot disable or delete {what} when the origin group is still associated with a "
                f"route ('{name_of(route.id)}').",
            )
