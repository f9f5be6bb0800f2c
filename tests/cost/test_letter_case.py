"""Values in any case of letters: Azure takes `standard_b1ms` and `EAST US` as well."""

from collections.abc import Callable
from typing import Any

import pytest

from frugal.cost.plan import Resource, resource
from tests.cost.made import app, azure, bill, edge, plan_of, registry, server, vault, workspace

_PROFILES = [{"name": "Consumption", "workloadProfileType": "Consumption"}]

RESOURCES = [
    app(least=1),
    azure("app:ManagedEnvironment", "environment", location="East US", workloadProfiles=_PROFILES),
    azure("web:StaticSite", "site", location="East US 2", sku={"name": "Standard"}),
    azure("web:WebApp", "web", location="East US", kind="app,linux"),
    edge(),
    plan_of("P0v3"),
    registry("Standard"),
    server(),
    server("Standard_D2ds_v5", 128, highAvailability={"mode": "ZoneRedundant"}),
    vault(),
    workspace(sku={"name": "PerGB2018"}),
]


def folded(value: Any, fold: Callable[[str], str]) -> Any:
    """Return every text of a block in another case, but for quantities such as `0.5Gi`."""
    if isinstance(value, dict):
        kept = {"memory": value["memory"]} if "memory" in value else {}
        return {key: folded(item, fold) for key, item in value.items()} | kept
    if isinstance(value, list):
        return [folded(item, fold) for item in value]
    return fold(value) if isinstance(value, str) else value


@pytest.mark.parametrize("fold", [str.lower, str.upper, str.swapcase])
@pytest.mark.parametrize("one", RESOURCES, ids=[one.type.split(":", 1)[1] for one in RESOURCES])
def test_the_case_of_letters_changes_no_price(one: Resource, fold: Callable[[str], str]) -> None:
    found = bill(resource(one.urn, folded(one.properties.content, fold)))
    assert found.unpriced == []
    assert found.monthly == bill(one).monthly
