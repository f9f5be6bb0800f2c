"""A site: its definition, and the deployment of its app on a host and behind the edge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import pulumi
from pulumi import Input, Output, Resource

from frugal.errors import FrugalError
from infra.components.app_service import AppService, AppServiceArgs, web_app_host
from infra.components.container_app import ContainerApp, ContainerAppArgs, container_app_host
from infra.components.site_route import SiteRoute, SiteRouteArgs
from infra.models import SiteSettings
from infra.naming import container_app_name, unique_name
from infra.settings import Settings
from infra.stacks import address
from infra.stacks.address import Address, AddressArgs
from infra.stacks.data import Data
from infra.stacks.platform import Platform

PORT = 8000
"""Port that the apps of this project listen on in their containers."""

HEALTH_PATH = "/healthz"
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - of a container, which only the ingress reaches
CPU = 0.25
_HOSTS = ("containerApp", "appService")
PLAN_SKU = "B1"

S = TypeVar("S", bound=SiteSettings)


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A site's addresses, and its last writes to shared resources.

    `url`: public address; `origin_url`: the app's own, the same without an edge; `outputs`:
    further outputs of the stack; `app`, `route`: the last resources so far on the Container Apps
    environment and on the edge's profile, each of which takes one write at a time.
    """

    url: Output[str]
    origin_url: Output[str]
    outputs: Mapping[str, Output[str]] = field(default_factory=dict[str, Output[str]])
    app: Resource | None = None
    route: SiteRoute | None = None


@dataclass(frozen=True, kw_only=True)
class Deployment(Generic[S]):
    """A site to deploy: its settings, and the stacks that it depends on.

    `environment`: settings of the whole environment; `previous`: the site that is deployed before
    this one; `address`: its own names, declared by `with_address`.
    """

    name: str
    settings: S
    environment: Settings
    platform: Platform
    data: Data
    previous: Deployed | None
    address: Address | None = None

    def with_address(self) -> "Deployment[S]":
        """Declare the site's own names, if it has any."""
        return replace(self, address=address.declare(self.address_args))

    @property
    def unique_name(self) -> Output[str]:
        """Globally unique name of the site's web app."""
        return self.platform.group.id.apply(lambda group_id: unique_name(self.name, group_id))

    @property
    def origin_host(self) -> Output[str]:
        """Host name of the app, known before it is created."""
        if self.settings.host == "appService":
            return web_app_host(self.unique_name)
        return container_app_host(
            container_app_name(self.name), self.platform.environment.default_domain
        )

    @property
    def address_args(self) -> AddressArgs:
        """The site as its names are declared for."""
        return AddressArgs(
            name=self.name,
            settings=self.settings,
            environment=self.environment,
            platform=self.platform,
            origin_host=self.origin_host,
            container_app_id=self.container_app_id,
            web_app_id=self.web_app_id,
            last_route=self.last_route,
        )

    @property
    def container_app_id(self) -> Output[str]:
        """Resource id of the site's container app, known before it is created."""
        name = container_app_name(self.name)
        return Output.concat(
            self.platform.group.id, "/providers/Microsoft.App/containerApps/", name
        )

    @property
    def web_app_id(self) -> Output[str]:
        """Resource id of the site's web app, known before it is created."""
        return Output.concat(
            self.platform.group.id, "/providers/Microsoft.Web/sites/", self.unique_name
        )

    @property
    def azure_hosts(self) -> Sequence[Output[str]]:
        """Host names that Azure gives the site, the public one first."""
        endpoint = self.platform.endpoints.get(self.name)
        return [endpoint.host, self.origin_host] if endpoint else [self.origin_host]

    @property
    def url(self) -> Output[str]:
        """Public address, known before the app, which gets it as a setting.

        The site's own name as soon as its records are verified.
        """
        azure = Output.concat("https://", self.azure_hosts[0])
        if self.address is None:
            return azure
        own = f"https://{self.address.hosts[0]}"
        return Output.all(self.address.check.verified, azure).apply(
            lambda known: own if known[0] else str(known[1])
        )

    @property
    def other_hosts(self) -> Mapping[str, Input[str]]:
        """Setting of the app: the names that lead to the public address.

        Azure's among them from the release on that follows the binding: until then a visitor would
        come to a name without a certificate, or to an edge that does not answer yet.
        """
        if self.address is None:
            return {}
        own, check = self.address.hosts[1:], self.address.check
        return {
            "OTHER_HOSTS": Output.all(check.verified, check.settled, *self.azure_hosts).apply(
                lambda known: ",".join(
                    [*(own if known[0] else ()), *map(str, known[2:] if known[1] else ())]
                )
            )
        }

    @property
    def custom_domains(self) -> Output[Sequence[Mapping[str, str]]] | None:
        """Bindings of the container app; None where it has no names of its own."""
        if self.address is None or self.settings.is_behind_edge:
            return None
        return self.address.check.custom_domains

    @property
    def last_route(self) -> SiteRoute | None:
        """Last write to the edge's profile before this site."""
        return self.previous.route if self.previous else None

    @property
    def previous_app(self) -> Sequence[Resource]:
        """Last write to the Container Apps environment before this site; one or none."""
        return [self.previous.app] if self.previous and self.previous.app else []

    def run(
        self,
        *,
        ready_path: str | None,
        settings: Mapping[str, Input[str]],
        secrets: Mapping[str, Input[str]] | None = None,
        after: Sequence[Resource] = (),
        port: int | None = None,
        health_path: str | None = HEALTH_PATH,
    ) -> Resource:
        """Declare the app on its host, after the role of its identity is effective.

        `settings`, `secrets`: the app's environment variables; `ready_path`: startup probe of a
        container app; `after`: resources to create before the app; `port`: handed to the app in
        PORT, with every address in HOST, None for an app that listens on PORT by itself. Without
        its path a probe is Azure's own, a TCP connection. Raises FrugalError for a host that runs
        no app.
        """
        settings = {**settings, **self.other_hosts}
        if port is not None:
            settings = {"HOST": _EVERY_ADDRESS, "PORT": str(port), **settings}
        port = port or PORT
        platform = self.platform
        if self.settings.host not in _HOSTS:
            raise FrugalError(
                f"frugal:{self.name}.host: site.run cannot run an app on "
                f"{self.settings.host!r}; allowed: {', '.join(_HOSTS)}"
            )
        identity, image = platform.identities[self.name], platform.images[self.name]
        if self.settings.host == "appService":
            if self.settings.min_replicas:
                pulumi.log.warn(
                    f"frugal:{self.name}.minReplicas has no effect on host appService, "
                    "which always runs one instance"
                )
            return AppService(
                self.name,
                AppServiceArgs(
                    placement=platform.placement,
                    app_name=self.unique_name,
                    plan_sku=PLAN_SKU,
                    image=image.reference,
                    identity_id=identity.id,
                    identity_client_id=identity.client_id,
                    registry_server=image.registry_server,
                    port=port,
                    health_path=health_path,
                    settings=settings,
                    secrets=secrets or {},
                    after=[identity, *after],
                ),
            )
        return ContainerApp(
            self.name,
            ContainerAppArgs(
                placement=platform.placement,
                environment_id=platform.environment.id,
                app_name=container_app_name(self.name),
                image=image.reference,
                identity_id=identity.id,
                registry_server=image.registry_server,
                port=port,
                cpu=CPU,
                min_replicas=self.settings.min_replicas,
                max_replicas=self.settings.max_replicas,
                cooldown_seconds=self.settings.cooldown_seconds,
                health_path=health_path,
                ready_path=ready_path,
                settings=settings,
                secrets=secrets or {},
                custom_domains=self.custom_domains,
                after=[identity, platform.environment_logs, *after],
            ),
        )

    def publish(
        self,
        app: Resource,
        *,
        release: Input[str],
        private_paths: Sequence[str] = (),
        query_strings: Sequence[str] = (),
        outputs: Mapping[str, Output[str]] | None = None,
    ) -> Deployed:
        """Declare the way from the site's names to the app: the edge's routes, or a binding.

        `release`, `private_paths`, `query_strings`: as in SiteRouteArgs; `outputs`: as in Deployed.
        """
        edge, last_route = self.platform.edge, self.last_route
        if edge and (endpoint := edge.endpoints.get(self.name)):
            last_route = SiteRoute(
                f"{self.name}-route",
                SiteRouteArgs(
                    placement=self.platform.placement,
                    endpoint=endpoint,
                    origin_host=self.origin_host,
                    private_paths=private_paths,
                    release=release,
                    query_strings=query_strings,
                    domains=self.address.edge_domains if self.address else (),
                    after=[
                        app,
                        edge,
                        *(self.address.edge_writes if self.address else ()),
                        *([last_route] if last_route else []),
                    ],
                ),
            )
        last_app = app if isinstance(app, ContainerApp) else self.previous and self.previous.app
        states: dict[str, Output[str]] = {}
        if self.address and not self.settings.is_behind_edge:
            if not isinstance(app, ContainerApp | AppService):
                message = f"frugal:{self.name}.domain: publish what site.run has returned"
                raise FrugalError(message)
            binding = address.bind(self.address_args, app, self.address)
            states[f"{self.name}DomainState"] = binding.state
            # It writes to the app's environment too.
            last_app = binding if isinstance(app, ContainerApp) else last_app
        elif self.address:
            states[f"{self.name}DomainState"] = self.address.edge_state
        return Deployed(
            url=self.url,
            origin_url=Output.concat("https://", self.origin_host),
            outputs={**(outputs or {}), **states},
            app=last_app,
            route=last_route,
        )


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site of the program: `settings` is the model of its key, and `deploy` declares it."""

    name: str
    settings: type[SiteSettings]
    deploy: Callable[[Deployment[Any]], Deployed]
