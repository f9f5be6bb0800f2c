"""A resource that names another, in a plan: by the engine's URNs, by its id, or by its name."""

from decimal import Decimal
from typing import Any

import pytest

from frugal.cost.plan import Plan, from_state
from frugal.cost.preview import from_preview
from frugal.cost.pricing import estimate
from frugal.cost.properties import UNKNOWN
from frugal.cost.usage import NO_USAGE
from tests.cost.made import USUAL, urn
from tests.cost.price_rows import price, table

ACCOUNT, CONTAINER = "cosmosdb:DatabaseAccount", "cosmosdb:SqlResourceSqlContainer"
METER = "AP1 100 RUs"
ONE_REGION = 4 * 730 * price("azure-cosmos-db", METER)


def entry(kind: str, name: str, *, depends: dict[str, list[str]] | None = None, **inputs: Any):
    """A resource as a step or a state has it, its dependencies by name."""
    links = {
        path: [urn(f"azure-native:{ACCOUNT}", of) for of in names]
        for path, names in (depends or {}).items()
    }
    return {
        "urn": urn(f"azure-native:{kind}", name),
        "custom": True,
        "id": name,
        "type": f"azure-native:{kind}",
        "inputs": inputs,
        "propertyDependencies": links,
    }


def account(name: str, *places: str, shown: Any = None) -> dict[str, Any]:
    locations = [{"locationName": place} for place in places]
    return entry(ACCOUNT, name, accountName=shown or name, locations=locations)


def container(account_name: str, depends: str = "", name: str = "items") -> dict[str, Any]:
    return entry(
        CONTAINER,
        name,
        depends={"accountName": [depends]} if depends else None,
        accountName=account_name,
        location="eastus2",
        options={"autoscaleSettings": {"maxThroughput": 4000}},
    )


def created(*entries: dict[str, Any]) -> Plan:
    steps = [{"op": "create", "urn": one["urn"], "newState": one} for one in entries]
    return from_preview({"steps": steps})


def exported(*entries: dict[str, Any]) -> Plan:
    return from_state({"version": 3, "deployment": {"resources": list(entries)}})


def throughput(plan: Plan) -> Decimal:
    found = estimate(plan, table(), NO_USAGE, USUAL)
    assert not found.unpriced
    lines = [line.monthly.expected for line in found.lines if line.meter == METER]
    return sum(lines, Decimal(0))


TWO_REGIONS = account("two", "eastus2", "westus2")
HIDDEN = account("hidden", "eastus2", "westus2", shown=UNKNOWN)
OTHER = account("other", "eastus2")


@pytest.mark.parametrize(
    "plan",
    [
        created(OTHER, TWO_REGIONS, container("two")),
        created(OTHER, HIDDEN, container(UNKNOWN, depends="hidden")),
        created(HIDDEN, container(UNKNOWN)),
        exported(OTHER, TWO_REGIONS, container("two")),
        exported(OTHER, TWO_REGIONS, container("any", depends="two")),
    ],
    ids=["name", "unknown name", "unknown name without dependencies", "state", "dependency first"],
)
def test_the_account_of_a_container_says_how_many_regions_are_billed(plan: Plan) -> None:
    assert throughput(plan) == 2 * ONE_REGION


@pytest.mark.parametrize(
    "plan",
    [
        created(container("elsewhere")),
        created(TWO_REGIONS, container("elsewhere")),
        created(TWO_REGIONS, OTHER, container(UNKNOWN)),
        created(TWO_REGIONS, OTHER, container(UNKNOWN, depends="elsewhere")),
    ],
    ids=["no account", "another account", "one of two", "an account of another stack"],
)
def test_an_account_that_is_not_in_the_plan_is_taken_for_one_region(plan: Plan) -> None:
    assert throughput(plan) == ONE_REGION


def test_containers_that_differ_in_their_dependencies_alone() -> None:
    one, two = account("one", "eastus2", shown=UNKNOWN), HIDDEN
    inside = container(UNKNOWN, depends="one"), container(UNKNOWN, depends="hidden", name="more")
    assert throughput(created(one, two, *inside)) == 3 * ONE_REGION


@pytest.mark.parametrize("links", [None, [], {"accountName": None}, {"accountName": "two"}, 1])
def test_dependencies_that_are_no_lists_of_urns_are_passed_over(links: object) -> None:
    one = container("two") | {"propertyDependencies": links}
    assert throughput(exported(TWO_REGIONS, one)) == 2 * ONE_REGION


# The region of a resource group.

SERVER, GROUP = "dbforpostgresql:Server", "resources:ResourceGroup"


def group(name: str, place: str) -> dict[str, Any]:
    return entry(GROUP, name, resourceGroupName=name, location=place)


def server(of: str, links: str = "") -> dict[str, Any]:
    inputs = {"sku": {"name": "Standard_B1ms"}, "storage": {"storageSizeGB": 32}}
    one = entry(SERVER, f"server-{of}{links}", resourceGroupName=of, **inputs)
    urns = [urn(f"azure-native:{GROUP}", links)] if links else []
    return one | {"propertyDependencies": {"resourceGroupName": urns}}


def hourly(plan: Plan) -> list[Decimal | None]:
    found = estimate(plan, table(), NO_USAGE, USUAL)
    assert not found.unpriced
    return [line.unit_price for line in found.lines if line.meter == "B1MS"]


def test_a_resource_without_a_location_has_that_of_its_group() -> None:
    here, there = group("here", "East US 2"), group("there", "brazilsouth")
    right = [
        price("azure-database-for-postgresql", "B1MS", at) for at in ("eastus2", "brazilsouth")
    ]
    assert right[0] != right[1]
    assert hourly(exported(here, there, server("here"), server("there"))) == right
    assert hourly(created(here, there, server(UNKNOWN, "here"), server(UNKNOWN, "there"))) == right


def test_a_location_is_missing_where_the_group_is_not_in_the_plan() -> None:
    found = estimate(exported(server("elsewhere")), table(), NO_USAGE, USUAL)
    assert [one.reason for one in found.unpriced] == ["location is missing"]
