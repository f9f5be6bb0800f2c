"""What `frugal compare` prices is what the program declares: same names, same charges."""

import datetime as dt
import json
from decimal import Decimal

import pytest

from frugal.commands.compared_sizes import of_settings
from frugal.cost.compare.ways import STATIC_REGIONS, Costs, Site, Way
from frugal.cost.meters import METERS
from frugal.cost.meters.base import Use
from frugal.cost.month import usual
from frugal.cost.plan import Resource, resource
from frugal.cost.prices.sheet import load
from frugal.cost.usage import NO_USAGE, keys_of
from infra.components.static_site import REGIONS
from infra.settings import read
from infra.stacks import MODELS
from tests.unit.conftest import ENVIRONMENTS, Declare, deep_merge

MONTH = usual(dt.date(2026, 11, 24))
CHANGES = {
    ("homepage", Way("staticSite")): {"homepage": {"host": "staticSite", "cdn": "none"}},
    ("homepage", Way("containerApp")): {"homepage": {"cdn": "none"}},
    ("homepage", Way("containerApp", "passes")): {"homepage": {"cdn": "frontDoor"}},
    ("translator", Way("appService")): {"translator": {"host": "appService", "cdn": "none"}},
    ("translator", Way("appService", "passes")): {
        "translator": {"host": "appService", "cdn": "frontDoor"}
    },
    ("translator", Way("containerApp", "passes")): {
        "translator": {
            "host": "containerApp",
            "cdn": "frontDoor",
            "minReplicas": 1,
            "maxReplicas": 4,
        },
        "database": {"sku": "Standard_D2ds_v5", "storageGb": 64, "highAvailability": "sameZone"},
    },
}


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
@pytest.mark.parametrize(("of", "changes"), CHANGES.items())
def test_each_way_is_charged_as_the_program_declares_it(
    program: Declare, environment: str, of: tuple[Site, Way], changes: dict[str, dict[str, object]]
) -> None:
    site, way = of
    values = deep_merge(ENVIRONMENTS[environment], changes)
    config = {f"frugal:{key}": json.dumps(fields) for key, fields in values.items()}
    settings = read(environment, {"azure-native:location": "eastus", **config}, MODELS)
    costs = Costs(of_settings(settings), NO_USAGE, load(), MONTH)
    sent = program(environment, changes)
    priced = costs.declared(site, way, Decimal(1))
    assert priced
    for ours in priced:
        one = sent.one(ours.type, ours.name)
        assert charges(ours) == charges(resource(one.urn, one.inputs)), ours.name


def charges(one: Resource) -> object:
    kind = one.type.partition(":")[2]
    found = METERS[kind].read(one.properties, Use({}, keys_of(one)), MONTH)
    return tuple(found)


def test_static_web_apps_are_placed_where_the_program_places_them() -> None:
    assert STATIC_REGIONS == REGIONS
