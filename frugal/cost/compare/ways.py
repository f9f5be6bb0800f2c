"""One site on each host, with and without the edge: what that site alone needs a month.

The resources are the program's own (infra/stacks, sizes from its settings), one plan for each way;
they are priced as any plan is. All ways have the same visits, at a multiple of the site's usage.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Literal

from frugal.cost.estimate import Estimate
from frugal.cost.meters import METERS
from frugal.cost.meters.base import UsageError
from frugal.cost.money import EXACT, ZERO
from frugal.cost.month import Month
from frugal.cost.plan import Resource, from_resources, resource
from frugal.cost.prices.sheet import Sheet
from frugal.cost.pricing import estimate
from frugal.cost.usage import Offers, Usage, assign, keys_of

Site = Literal["homepage", "translator"]
Host = Literal["containerApp", "appService", "staticSite"]
EdgeUse = Literal["none", "passes", "answers"]
"""`passes`: its cache answers no visit; `answers`: it answers all. The truth is in between."""

CPU, MEMORY = 0.25, "0.5Gi"
PLAN_SKU = "B1"
EDGE_SKU = "Standard_AzureFrontDoor"
REGISTRY_SKU = "Basic"
EDGE, REGISTRY, DATABASE = "edge-profile", "registry", "postgres-server"
STATIC_REGIONS = ("eastus2", "centralus", "westus2", "westeurope", "eastasia")
"""Where static web apps are placed; the first one where the environment's region has none."""

FREE_STATIC_GB = Decimal(100)
"""What the Free size of Static Web Apps may send a month; beyond, the site has to be Standard."""

_TITLES: Mapping[Host, str] = {
    "containerApp": "Container Apps",
    "appService": "App Service",
    "staticSite": "Static Web Apps",
}


@dataclass(frozen=True, slots=True)
class Way:
    """A host, and what is in front of it."""

    host: Host
    edge: EdgeUse = "none"

    @property
    def name(self) -> str:
        """In words."""
        return _TITLES[self.host] + ("" if self.edge == "none" else " + edge")


_SERVERS = tuple(
    Way(host, edge) for edge in ("none", "passes") for host in ("containerApp", "appService")
)
WAYS: Mapping[Site, Sequence[Way]] = {
    # A static web app has an edge of its own.
    "homepage": (Way("staticSite"), *_SERVERS),
    "translator": _SERVERS,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """What an environment's settings say of the resources. `storage_gb`: GiB of the database."""

    environment: str
    location: str
    replicas: Mapping[Site, tuple[int, int]]
    own_registry: bool
    database_sku: str
    storage_gb: int
    high_availability: str


@dataclass(frozen=True, slots=True)
class Visits:
    """A month's visits of one site. `given`: the figures that are the owner's own."""

    active_seconds: Decimal
    requests: Decimal
    egress_gb: Decimal
    given: frozenset[str]


@dataclass(slots=True)
class Costs:
    """Prices the ways of the sites of one environment."""

    sizes: Sizes
    usage: Usage
    sheet: Sheet
    month: Month
    _seen: dict[tuple[Site, Way, Decimal], Estimate] = field(
        default_factory=dict[tuple[Site, Way, Decimal], Estimate], init=False
    )

    def bill(self, site: Site, way: Way, multiple: Decimal) -> Estimate:
        """What the site costs that way, at a multiple of its usage. Raises UsageError."""
        key = site, way, multiple
        if key not in self._seen:
            self._seen[key] = self.together([(site, way)], multiple)
        return self._seen[key]

    def together(
        self,
        sites: Sequence[tuple[Site, Way]],
        multiple: Decimal = Decimal(1),
        *,
        data: bool = True,
    ) -> Estimate:
        """One bill of several sites, which share registry and grants. `data`: with the database."""
        declared: dict[str, Resource] = {}
        figures: dict[str, Mapping[str, Decimal]] = {}
        for site, way in sites:
            visits = self.visits(site)
            resources = self.declared(site, way, _times(visits.egress_gb, multiple))
            declared |= {
                one.urn: one for one in resources if data or "dbforpostgresql" not in one.type
            }
            figures |= self._used(site, way, visits, multiple)
        given = assign(_of(self.usage, declared.values()), declared.values())
        # A copy is not validated anew: a figure times a multiple may have more digits than a file.
        usage = self.usage.model_copy(update={"resources": {**given, **figures}})
        return estimate(from_resources(declared.values()), self.sheet, usage, self.month)

    def without_offers(self) -> "Costs":
        """The same when the owner's twelve-month offers have ended."""
        usage = self.usage.model_copy(update={"offers": Offers()})
        return Costs(self.sizes, usage, self.sheet, self.month)

    def visits(self, site: Site) -> Visits:
        """The owner's figures of the site's own app, else the small site's. Raises UsageError."""
        declared = [one for way in WAYS[site] for one in self.declared(site, way, ZERO)]
        given = assign(_of(self.usage, declared), declared)
        app, web, files = (given.get(name, {}) for name in _names(site))
        own = {**files, **web, **app}
        if "egress_gb" not in own and "bandwidth_gb" in own:
            own["egress_gb"] = own["bandwidth_gb"]
        default = METERS["app:ContainerApp"].usage
        keys = ("active_seconds", "requests", "egress_gb")
        active, requests, egress = (own.get(key, default[key].value) for key in keys)
        if active > self._most(site) and "active_seconds" in own:
            raise UsageError(
                f"resources.{site}-app: active_seconds {active} is more than its maxReplicas have "
                f"in a month. Allowed: up to {self._most(site)}"
            )
        return Visits(active, requests, egress, frozenset(own.keys() & set(keys)))

    def not_used(self, site: Site) -> Sequence[str]:
        """Entries of the usage file that the site has no use for.

        Those of the edge too, which are of all sites: what it sends follows from the visits.
        """
        declared = [one for way in WAYS[site] for one in self.declared(site, way, ZERO)]
        names = {one.name for one in declared if keys_of(one) and one.name != EDGE}
        return [
            pattern
            for pattern in self.usage.resources
            if not any(fnmatchcase(name, pattern) for name in names)
        ]

    def _most(self, site: Site) -> Decimal:
        """Replica-seconds that the settings allow in a month."""
        return self.sizes.replicas[site][1] * self.month.seconds

    def _used(
        self, site: Site, way: Way, visits: Visits, multiple: Decimal
    ) -> Mapping[str, Mapping[str, Decimal]]:
        """The same visits, as each resource counts them.

        Behind the edge what visitors get is sent, and billed, by the edge alone.
        """
        requests, egress = _times(visits.requests, multiple), _times(visits.egress_gb, multiple)
        active = min(_times(visits.active_seconds, multiple), self._most(site))
        app, web, files = _names(site)
        sent = egress if way.edge == "none" else ZERO
        reached = ZERO if way.edge == "answers" else Decimal(1)
        used: dict[str, Mapping[str, Decimal]] = {}
        match way.host:
            case "containerApp":
                used[app] = {
                    "active_seconds": active * reached,
                    "requests": requests * reached,
                    "egress_gb": sent,
                }
            case "appService":
                used[web] = {"egress_gb": sent}
            case "staticSite":
                used[files] = {"bandwidth_gb": egress}
        if way.edge != "none":
            used[EDGE] = {
                "requests": requests,
                "egress_gb": egress,
                "to_origin_gb": _times(requests, _to_origin_gb()) * reached,
            }
        return used

    def declared(self, site: Site, way: Way, egress_gb: Decimal) -> Sequence[Resource]:
        """The resources of a way; `egress_gb` decides on the size of a static web app."""
        sizes, location = self.sizes, self.sizes.location
        app, web, files = _names(site)
        made: list[Resource] = []

        def add(kind: str, name: str, **inputs: object) -> None:
            urn = f"urn:pulumi:{sizes.environment}::frugal::azure-native:{kind}::{name}"
            made.append(resource(urn, inputs))

        if way.host == "staticSite":
            place = location if location in STATIC_REGIONS else STATIC_REGIONS[0]
            size = "Free" if egress_gb <= FREE_STATIC_GB else "Standard"
            add("web:StaticSite", files, location=place, sku={"name": size, "tier": size})
            return made
        if way.host == "containerApp":
            least, most = sizes.replicas[site]
            template = {
                "containers": [{"resources": {"cpu": CPU, "memory": MEMORY}}],
                "scale": {"minReplicas": least, "maxReplicas": most},
            }
            add("app:ContainerApp", app, location=location, template=template)
        else:
            sku = {"name": PLAN_SKU, "capacity": 1}
            add("web:AppServicePlan", f"{site}-plan", location=location, reserved=True, sku=sku)
            add("web:WebApp", web, location=location)
        if sizes.own_registry:
            name = {"name": REGISTRY_SKU}
            add("containerregistry:Registry", REGISTRY, location=location, sku=name)
        if way.edge != "none":
            add("cdn:Profile", EDGE, location="Global", sku={"name": EDGE_SKU})
        if site == "translator":
            add(
                "dbforpostgresql:Server",
                DATABASE,
                location=location,
                sku={"name": sizes.database_sku},
                storage={"storageSizeGB": sizes.storage_gb, "autoGrow": "Disabled"},
                highAvailability={"mode": sizes.high_availability},
            )
        return made


def _names(site: Site) -> tuple[str, str, str]:
    """On Container Apps, on App Service, as files: as the program names them."""
    return f"{site}-app", f"{site}-web", site


def _of(usage: Usage, resources: Iterable[Resource]) -> Usage:
    """The entries for these resources: a file is for a whole plan, and this is a part of one.

    Of a glob, whose other matches may have other keys, the keys that these resources have.
    """
    keys = {one.name: keys_of(one) for one in resources}
    known = set[str]().union(*(meter.usage for meter in METERS.values()))
    kept: dict[str, Mapping[str, Decimal]] = {}
    for pattern, figures in usage.resources.items():
        matches = [own for name, own in keys.items() if fnmatchcase(name, pattern)]
        if pattern in keys:
            kept[pattern] = figures
        elif matches:
            others = known.difference(*matches)
            kept[pattern] = {key: value for key, value in figures.items() if key not in others}
    return usage.model_copy(update={"resources": kept})


def _to_origin_gb() -> Decimal:
    """What one request that passes the edge sends on: the small site's figure, 1 kB."""
    profile = METERS["cdn:Profile"].usage
    return EXACT.divide(profile["to_origin_gb"].value, profile["requests"].value)


def _times(figure: Decimal, multiple: Decimal) -> Decimal:
    return EXACT.multiply(figure, multiple)
