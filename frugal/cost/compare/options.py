"""Hosting options of one site, each the plan of the whole environment with that option.

A plan is priced as any plan is, with the visits of the compared site multiplied; nothing is
previewed again for another multiple.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Literal

from frugal.cost.estimate import Estimate
from frugal.cost.meters import METERS
from frugal.cost.meters.base import UsageError
from frugal.cost.money import EXACT, ZERO, Amount
from frugal.cost.month import Month
from frugal.cost.plan import Plan, Resource
from frugal.cost.prices.table import Table
from frugal.cost.pricing import estimate
from frugal.cost.usage import Offers, Usage, assign, keys_of

EdgeUse = Literal["none", "cache_misses", "cache_hits"]
"""Edge in front of a host: its cache answers no visit, or all of them. The truth lies between."""

FREE_STATIC_GB = Decimal(100)
"""Traffic a month that the Free size of Static Web Apps sends at most."""

ONE = Decimal(1)
_TITLES = {
    "staticSite": "Static Web Apps",
    "containerApp": "Container Apps",
    "appService": "App Service",
}
_KEYS = ("active_seconds", "requests", "egress_gb")


@dataclass(frozen=True, slots=True)
class HostingOption:
    """A host, as the settings name it, and the edge in front of it."""

    host: str
    edge: EdgeUse = "none"

    @property
    def name(self) -> str:
        """Title for people."""
        return _TITLES.get(self.host, self.host) + ("" if self.edge == "none" else " + edge")

    @property
    def rank(self) -> tuple[bool, int, str]:
        """Place in a comparison: without the edge first, then by host."""
        hosts = [*_TITLES, self.host]
        return self.edge != "none", hosts.index(self.host), self.host


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits of one site in a month. `given`: the figures that are the owner's own."""

    active_seconds: Amount
    requests: Amount
    egress_gb: Amount
    given: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """Bills of one environment for each hosting option of `site`.

    `sites`: all that may share the edge; `plans`: by option, whose edge is `none` or
    `cache_misses`. A site's app is called `SITE-app` on Container Apps, `SITE-web` on App Service,
    `SITE` as files, and its routes `SITE-route-…`.
    """

    site: str
    sites: Sequence[str]
    environment: str
    location: str
    plans: Mapping[HostingOption, Plan]
    usage: Usage
    table: Table
    month: Month
    _bills: dict[tuple[HostingOption, Decimal], Estimate] = field(
        default_factory=dict[tuple[HostingOption, Decimal], Estimate], init=False
    )

    @cached_property
    def visits(self) -> Visits:
        """The owner's figures of the site's own app, else the small site's. Raises UsageError."""
        return self._visits_of(self.site)

    def bill(self, option: HostingOption, multiple: Decimal = ONE) -> Estimate:
        """Price the environment with an option, at a multiple of the site's visits."""
        key = option, multiple
        if key not in self._bills:
            plan = self._priced_plans[_planned(option)]
            names = {one.name for one in plan.after.values()}
            figures = self._figures(option, multiple)
            usage = self._with({name: figures[name] for name in figures.keys() & names})
            self._bills[key] = estimate(plan, self.table, usage, self.month)
        return self._bills[key]

    def expected(self, option: HostingOption, multiple: Decimal = ONE) -> Decimal:
        """Expected cost a month."""
        return self.bill(option, multiple).monthly.expected

    def furthest(self, option: HostingOption, furthest: Decimal) -> Decimal:
        """Largest multiple up to `furthest` that the sizes of an option can serve."""
        if not self._free_static(option) or not self.visits.egress_gb:
            return furthest
        most = EXACT.multiply(FREE_STATIC_GB, Decimal(100)) // self.visits.egress_gb
        return min(furthest, most / 100)

    def without_offers(self) -> "Costs":
        """The same when the owner's twelve-month offers have ended."""
        return replace(self, usage=self.usage.model_copy(update={"offers": Offers()}))

    def not_used(self) -> Sequence[str]:
        """Entries of the usage file for the edge, whose use follows from the visits instead."""
        edges = {one.name for plan in self.plans.values() for one in _edges(plan)}
        return [
            pattern
            for pattern in self.usage.resources
            if any(fnmatchcase(name, pattern) for name in edges)
            and not any(fnmatchcase(name, pattern) for name in self._given.keys() - edges)
        ]

    def app(self, option: HostingOption) -> Resource | None:
        """The site's own resource of an option."""
        plan = self.plans[_planned(option)]
        return next(_apps(plan, self.site), None)

    @cached_property
    def _given(self) -> Mapping[str, Mapping[str, Decimal]]:
        """The owner's figures by resource, of all that any option declares. Raises UsageError."""
        declared = [one for plan in self.plans.values() for one in plan.after.values()]
        return assign(self.usage, declared)

    @cached_property
    def _priced_plans(self) -> Mapping[HostingOption, Plan]:
        """The plans without what costs nothing, which would be sorted out again for each bill."""
        plans: dict[HostingOption, Plan] = {}
        for option, plan in self.plans.items():
            usage = self._with(self._figures(option, ONE))
            bill = estimate(plan, self.table, usage, self.month)
            counted = {line.resource for line in bill.lines} | {r.resource for r in bill.unpriced}
            plans[option] = Plan({}, {u: one for u, one in plan.after.items() if u in counted})
        return plans

    def _with(self, figures: Mapping[str, Mapping[str, Decimal]]) -> Usage:
        """The usage file with other figures, which may have more digits than a file."""
        return self.usage.model_copy(update={"resources": figures})

    def _visits_of(self, site: str) -> Visits:
        own: dict[str, Decimal] = {}
        for name in (site, f"{site}-web", f"{site}-app"):
            own |= self._given.get(name, {})
        if "egress_gb" not in own and "bandwidth_gb" in own:
            own["egress_gb"] = own["bandwidth_gb"]
        default = METERS["app:ContainerApp"].usage
        active, requests, egress = (own.get(key, default[key].value) for key in _KEYS)
        most = max((self._most(plan, site) for plan in self.plans.values()), default=ZERO)
        if "active_seconds" in own and most and active > most:
            raise UsageError(
                f"resources.{site}-app: active_seconds {active} is more than its maxReplicas have "
                f"in a month. Allowed: up to {most}"
            )
        return Visits(active, requests, egress, sorted(own.keys() & set(_KEYS)))

    def _most(self, plan: Plan, site: str) -> Decimal:
        """Replica-seconds that the plan allows the site's app in a month; 0 without one."""
        app = next(_apps(plan, site), None)
        if app is None or app.type != "azure-native:app:ContainerApp":
            return ZERO
        return app.properties.whole("template.scale.maxReplicas", "10") * self.month.seconds

    def _figures(
        self, option: HostingOption, multiple: Decimal
    ) -> Mapping[str, Mapping[str, Decimal]]:
        """The owner's figures, and the visits of each site as each resource counts them.

        Behind the edge what visitors get is sent, and billed, by the edge alone.
        """
        plan = self.plans[_planned(option)]
        names = {one.name for one in plan.after.values()}
        figures = {name: own for name, own in self._given.items() if name in names}
        edge: dict[str, Decimal] = {"requests": ZERO, "egress_gb": ZERO, "to_origin_gb": ZERO}
        for site in self.sites:
            visits = self.visits if site == self.site else self._visits_of(site)
            times = multiple if site == self.site else ONE
            requests, egress = _times(visits.requests, times), _times(visits.egress_gb, times)
            behind = any(one.name.startswith(f"{site}-route-") for one in plan.after.values())
            hits = behind and site == self.site and option.edge == "cache_hits"
            reached, sent = ZERO if hits else ONE, ZERO if behind else egress
            for app in _apps(plan, site):
                active = min(_times(visits.active_seconds, times), self._most(plan, site))
                counted = {
                    "active_seconds": active * reached,
                    "requests": requests * reached,
                    "egress_gb": sent,
                    "bandwidth_gb": egress,
                }
                figures[app.name] = {k: v for k, v in counted.items() if k in keys_of(app)}
            if behind:
                edge["requests"] += requests
                edge["egress_gb"] += egress
                edge["to_origin_gb"] += _times(requests, _to_origin_gb()) * reached
        return figures | {one.name: edge for one in _edges(plan)}

    def _free_static(self, option: HostingOption) -> list[Resource]:
        return [
            one
            for one in _apps(self.plans[_planned(option)], self.site)
            if one.type == "azure-native:web:StaticSite"
            and one.properties.text("sku.name", "Free") == "Free"
        ]


def _planned(option: HostingOption) -> HostingOption:
    """The option whose plan is that of `option`."""
    return replace(option, edge="cache_misses") if option.edge == "cache_hits" else option


def _apps(plan: Plan, site: str) -> Iterator[Resource]:
    for one in plan.after.values():
        if keys_of(one) and one.name in (f"{site}-app", f"{site}-web", site):
            yield one


def _edges(plan: Plan) -> Iterator[Resource]:
    return (one for one in plan.after.values() if one.type == "azure-native:cdn:Profile")


def _to_origin_gb() -> Decimal:
    """Size of one request that the edge sends on: the small site's figure, 1 kB."""
    profile = METERS["cdn:Profile"].usage
    return EXACT.divide(profile["to_origin_gb"].value, profile["requests"].value)


def _times(figure: Decimal, multiple: Decimal) -> Decimal:
    return EXACT.multiply(figure, multiple)
