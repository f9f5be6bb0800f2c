"""Plans made by hand, and their estimates at the prices of `tests/cost/prices`.

Those are a copy of the table of November 2026 that no refresh changes, so exact figures hold.
"""

import datetime as dt
import functools
import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from frugal.cost.estimate import Estimate
from frugal.cost.money import Range
from frugal.cost.month import Month, usual
from frugal.cost.plan import Plan, Resource, resource
from frugal.cost.prices.table import Table
from frugal.cost.pricing import estimate
from frugal.cost.usage import NO_USAGE, Usage, parse

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
USUAL = usual(dt.date(2026, 11, 24))

PRICES = Path(__file__).with_name("prices")


@functools.cache
def table() -> Table:
    return Table(PRICES)


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:test::made::{token}::{name}"


def azure(kind: str, name: str, /, **inputs: Any) -> Resource:
    """A resource of azure-native: `azure("web:WebApp", "site", location="eastus")`."""
    return resource(urn(f"azure-native:{kind}", name), inputs)


def app(name: str = "app", **given: Any) -> Resource:
    """A container app; `place`, `cpu`, `memory`, `least`, `most`: its size, region and scale."""
    cpu, memory = given.get("cpu", 0.25), given.get("memory", "0.5Gi")
    template: dict[str, Any] = {
        "containers": [{"name": name, "resources": {"cpu": cpu, "memory": memory}}],
        "scale": {"minReplicas": given.get("least", 0), "maxReplicas": given.get("most", 1)},
    }
    place = given.get("place", "eastus")
    return azure("app:ContainerApp", name, location=place, template=template)


def registry(size: str = "Basic", name: str = "registry", place: str = "eastus") -> Resource:
    return azure("containerregistry:Registry", name, location=place, sku={"name": size})


def plan_of(size: str = "B1", name: str = "plan", place: str = "eastus", **more: Any) -> Resource:
    """An App Service plan on Linux."""
    inputs = {"location": place, "sku": {"name": size, **more}, "reserved": True, "kind": "Linux"}
    return azure("web:AppServicePlan", name, **inputs)


def server(
    size: str = "Standard_B1ms", gib: int = 32, name: str = "server", place: str = "eastus", **more
) -> Resource:
    storage = {"storageSizeGB": gib}
    inputs = {"location": place, "sku": {"name": size}, "storage": storage, **more}
    return azure("dbforpostgresql:Server", name, **inputs)


def workspace(name: str = "logs", place: str = "eastus", **more: Any) -> Resource:
    return azure("operationalinsights:Workspace", name, location=place, **more)


def edge(size: str = "Standard_AzureFrontDoor", name: str = "edge") -> Resource:
    return azure("cdn:Profile", name, location="Global", sku={"name": size})


def vault(name: str = "vault") -> Resource:
    sku = {"name": "standard", "family": "A"}
    return azure("keyvault:Vault", name, location="eastus", properties={"sku": sku})


def used(text: str) -> Usage:
    """A usage file's content below its `version: 1`."""
    return parse(f"version: 1\n{text}", "usage.yaml")


ALL_ELSEWHERE = """
used_elsewhere:
  container_apps: {vcpu_seconds: 180000, gib_seconds: 360000, requests: 2000000}
  log_analytics_gb: 5
  egress_gb: 100
"""


def plan(after: Iterable[Resource], before: Iterable[Resource] = ()) -> Plan:
    return Plan({one.urn: one for one in before}, {one.urn: one for one in after})


def bill(
    *after: Resource,
    before: Iterable[Resource] = (),
    usage: Usage = NO_USAGE,
    month: Month = USUAL,
    prices: Table | None = None,
) -> Estimate:
    return estimate(plan(after, before), prices or table(), usage, month)


def month_of(hours: str, days: str = "30") -> Month:
    """A month of any length."""
    return Month(Decimal(hours), Decimal(days), dt.date(2026, 5, 1), f"{hours} hours")


def amounts(low: str, expected: str, high: str) -> Range:
    return Range(Decimal(low), Decimal(expected), Decimal(high))


def each(amount: str) -> Range:
    """The same in all three cases."""
    return amounts(amount, amount, amount)


def expected_of(found: Estimate) -> dict[str, Decimal]:
    """Expected cost of each meter by name, summed over resources."""
    sums: dict[str, Decimal] = {}
    for line in found.lines:
        sums[line.meter] = sums.get(line.meter, Decimal(0)) + line.monthly.expected
    return sums


def names(remarks: Iterable[Any]) -> list[str]:
    return [one.name for one in remarks]


def step(operation: str, old: Resource | None, new: Resource | None, **more: Any) -> dict[str, Any]:
    """A step as `pulumi preview --json` prints it."""
    either = new or old
    assert either
    entry: dict[str, Any] = {"op": operation, "urn": either.urn, **more}
    for key, one in (("oldState", old), ("newState", new)):
        if one:
            entry[key] = state(one)
    return entry


def state(one: Resource, **more: Any) -> dict[str, Any]:
    """A resource as an entry of a state; the inputs are what it was made of."""
    inputs = dict(one.properties.content)
    return {"urn": one.urn, "custom": True, "id": f"/made/{one.name}", "inputs": inputs, **more}


def preview(*steps: dict[str, Any]) -> dict[str, Any]:
    summary: dict[str, int] = {}
    for one in steps:
        summary[one["op"]] = summary.get(one["op"], 0) + 1
    return {"steps": list(steps), "changeSummary": summary}


def as_json(document: object) -> str:
    return json.dumps(document)
