"""Plans of any resources that have prices, for hypothesis."""

import itertools
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from frugal.cost.plan import Resource
from frugal.cost.usage import Usage, keys_of
from tests.cost.made import app, azure, edge, plan_of, registry, server, workspace

PLACES = ("eastus", "eastus2", "westus2", "westeurope", "northeurope", "swedencentral")
NAMES = tuple("abcdefgh")

places = st.sampled_from(PLACES)
names = st.sampled_from(NAMES)


@st.composite
def _apps(draw: st.DrawFn, name: str) -> Resource:
    least = draw(st.integers(0, 3))
    quarters = draw(st.integers(1, 16))
    return app(
        name,
        place=draw(places),
        cpu=quarters / 4,
        memory=f"{quarters / 2}Gi",
        least=least,
        most=draw(st.integers(max(least, 1), 30)),
    )


@st.composite
def _jobs(draw: st.DrawFn, name: str) -> Resource:
    resources = {"cpu": draw(st.sampled_from((0.25, 1, 2))), "memory": "1Gi"}
    template = {"containers": [{"resources": resources}]}
    return azure("app:Job", name, location=draw(places), template=template)


@st.composite
def _servers(draw: st.DrawFn, name: str) -> Resource:
    mode = draw(st.sampled_from(("Disabled", "SameZone", "ZoneRedundant")))
    size = draw(st.sampled_from(("Standard_B1ms", "Standard_D2ds_v5", "Standard_D4ds_v5")))
    gib = draw(st.sampled_from((32, 64, 128)))
    return server(size, gib, name, draw(places), highAvailability={"mode": mode})


@st.composite
def _workspaces(draw: st.DrawFn, name: str) -> Resource:
    more: dict[str, Any] = {"retentionInDays": draw(st.sampled_from((30, 31, 90, 730)))}
    cap = draw(st.none() | st.sampled_from((0.1, 0.5, 1, 10)))
    if cap is not None:
        more["workspaceCapping"] = {"dailyQuotaGb": cap}
    return workspace(name, draw(places), **more)


def resource_named(name: str) -> st.SearchStrategy[Resource]:
    """A resource of any kind that has prices in all of these regions, with any of its sizes."""
    sizes = st.sampled_from(("B1", "B3", "S1", "P0v3", "P3v3"))
    return st.one_of(
        _apps(name),
        _apps(name),
        _jobs(name),
        _servers(name),
        _workspaces(name),
        st.builds(lambda size, at: registry(size, name, at), st.just("Basic"), places),
        st.builds(lambda size, at, n: plan_of(size, name, at, capacity=n), sizes, places, _few),
        st.builds(lambda at: azure("web:WebApp", name, location=at), places),
        st.builds(lambda size: edge(f"{size}_AzureFrontDoor", name), _edges),
        st.builds(lambda at: azure("keyvault:Vault", name, location=at, **_VAULT), places),
    )


_few = st.integers(1, 5)
_edges = st.sampled_from(("Standard", "Premium"))
_VAULT = {"properties": {"sku": {"name": "standard", "family": "A"}}}


@st.composite
def resources(draw: st.DrawFn, most: int = 6) -> list[Resource]:
    """Some resources, each of another name."""
    chosen = draw(st.lists(names, max_size=most, unique=True))
    return [draw(resource_named(name)) for name in chosen]


# Beyond every tier, and small enough for any number of replicas.
_figures = {
    "active_seconds": st.integers(0, 2_000_000),
    "requests": st.integers(0, 10**11),
    "egress_gb": st.decimals(0, 10**7, places=3),
    "to_origin_gb": st.decimals(0, 1000, places=3),
    "ingested_gb": st.decimals(0, 100, places=3),
    "backup_gb": st.integers(0, 300),
    "stored_gb": st.integers(0, 100),
    "build_vcpu_seconds": st.integers(0, 20_000),
    "operations": st.integers(0, 10**9),
    "executions": st.integers(0, 1000),
}
_elsewhere = {
    "container_apps": st.fixed_dictionaries(
        {},
        optional={
            "vcpu_seconds": st.integers(0, 200_000),
            "gib_seconds": st.integers(0, 400_000),
            "requests": st.integers(0, 3_000_000),
        },
    ),
    "log_analytics_gb": st.decimals(0, 8, places=2),
    "egress_gb": st.integers(0, 200_000),
}


@st.composite
def usages(draw: st.DrawFn, having: Sequence[Resource]) -> Usage:
    """Any figures for these resources: for some of them, of some of their keys."""
    given: dict[str, dict[str, Any]] = {}
    for name, group in itertools.groupby(sorted(having, key=_name), key=_name):
        keys = set[str]().union(*(keys_of(one) for one in group)) & _figures.keys()
        figures = {key: _figures[key] for key in sorted(keys)}
        if chosen := draw(st.fixed_dictionaries({}, optional=figures)):
            given[name] = chosen
    elsewhere = draw(st.fixed_dictionaries({}, optional=_elsewhere))
    return Usage.model_validate({"resources": _texts(given), "used_elsewhere": _texts(elsewhere)})


def _name(one: Resource) -> str:
    return one.name


def _texts(value: Any) -> Any:
    return {k: _texts(v) for k, v in value.items()} if isinstance(value, dict) else str(value)
