"""Time of pricing a large plan, against parsing its JSON, and against a plan of a tenth.

Each step updates a Container App whose old and new state are more than 3 kB each, as the engine
prints them; no price depends on most of it. Priced from bytes to the totals, as `frugal cost
--preview FILE` does, without reading the price table and showing the bill.
"""

import datetime as dt
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from rich.console import Console

from benchmarks.timing import in_turns, show
from frugal.cost.month import usual
from frugal.cost.plan import from_preview, parse
from frugal.cost.prices.table import Table
from frugal.cost.pricing import estimate
from frugal.cost.usage import NO_USAGE

SMALL, LARGE = 1_000, 10_000
STATE_BYTES = 3_000
_ROUNDS = 5


def run(out: Console, progress: Console) -> None:
    """Measure and print the table."""
    table = Table()
    small, large = plan(SMALL), plan(LARGE)
    kinds = {
        f"json.loads, {LARGE:,} updates": lambda: json.loads(large),
        f"priced, {LARGE:,} updates": partial(price, large, table),
        f"json.loads, {SMALL:,} updates": lambda: json.loads(small),
        f"priced, {SMALL:,} updates": partial(price, small, table),
    }
    seconds = in_turns(kinds, _ROUNDS, lambda line: progress.print(f"cost: {line}"))
    read, priced, read_small, priced_small = kinds
    title = f"Pricing a plan of {len(large) / 1e6:.0f} MB and one of a tenth"
    show(out, title, seconds, base={priced: read, priced_small: read_small})
    growth = {kind: seconds[kind] for kind in (priced_small, priced)}
    show(out, "Ten times as much", growth, base=priced_small)


def price(text: bytes, table: Table) -> None:
    """Everything that is computed from a plan's JSON."""
    bill = estimate(from_preview(parse(text)), table, NO_USAGE, usual(dt.date(2026, 11, 24)))
    if not bill.delta.expected or bill.unpriced:
        raise RuntimeError("the plan was not priced")


def plan(steps: int) -> bytes:
    """The JSON of a preview with as many updates."""
    return json.dumps(
        {"steps": [_step(number) for number in range(steps)], "changeSummary": {"update": steps}}
    ).encode()


def _step(number: int) -> Mapping[str, Any]:
    name = f"app-{number:05}"
    urn = f"urn:pulumi:large::benchmark::azure-native:app:ContainerApp::{name}"
    old, new = (_state(urn, name, least) for least in (0, 1))
    return {
        "op": "update",
        "urn": urn,
        "provider": "urn:pulumi:large::benchmark::pulumi:providers:azure-native::default::1",
        "oldState": old,
        "newState": new,
        "diffReasons": ["template"],
        "detailedDiff": {"template.scale.minReplicas": {"kind": "update", "inputDiff": True}},
    }


def _state(urn: str, name: str, least: int) -> Mapping[str, Any]:
    group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/large"
    variables = [
        {"name": f"SETTING_{number:02}", "value": f"{name} takes this value, number {number}"}
        for number in range(24)
    ]
    inputs = {
        "configuration": {
            "activeRevisionsMode": "Single",
            "ingress": {"external": True, "targetPort": 8000, "transport": "Auto"},
            "registries": [{"identity": f"{group}/identity", "server": "large.azurecr.io"}],
        },
        "containerAppName": name,
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [f"{group}/identity"]},
        "location": "westeurope",
        "managedEnvironmentId": f"{group}/providers/Microsoft.App/managedEnvironments/large",
        "resourceGroupName": "large",
        "template": {
            "containers": [
                {
                    "env": variables,
                    "image": f"large.azurecr.io/{name}:1",
                    "name": name,
                    "resources": {"cpu": 0.25, "memory": "0.5Gi"},
                }
            ],
            "scale": {"maxReplicas": 3, "minReplicas": least},
        },
    }
    return {
        "urn": urn,
        "custom": True,
        "id": f"{group}/providers/Microsoft.App/containerApps/{name}",
        "type": "azure-native:app:ContainerApp",
        "inputs": inputs,
        "parent": "urn:pulumi:large::benchmark::pulumi:pulumi:Stack::benchmark-large",
        "dependencies": [
            "urn:pulumi:large::benchmark::azure-native:resources:ResourceGroup::large"
        ],
    }
