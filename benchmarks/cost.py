"""Time and memory of pricing a large plan, against parsing its JSON; time of a tenth, of a command.

Each step updates a resource of one of twenty types and some 500 sizes, with inputs and outputs as
the engine prints them; no price depends on most of it. Priced from bytes to the totals, as `frugal
cost --preview FILE` does, without reading the price table and showing the bill. The command itself
is measured on a small plan, against the import of its libraries.
"""

import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.timing import in_turns, show
from frugal.cost.collector import gc_paused
from frugal.cost.month import usual
from frugal.cost.plan import parse
from frugal.cost.preview import from_preview
from frugal.cost.prices.table import Table
from frugal.cost.pricing import estimate
from frugal.cost.usage import NO_USAGE

_FEW, SMALL, LARGE = 20, 1_000, 10_000
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
    peaks = [_peak(kinds[kind]) for kind in (read, priced)]
    shown = ", ".join(f"{one:.2f} GB" for one in peaks)
    out.print(f"Peak memory of {read} and {priced}: {shown}; ratio {peaks[1] / peaks[0]:.2f}")
    growth = {kind: seconds[kind] for kind in (priced_small, priced)}
    show(out, "Ten times as much", growth, base=priced_small)
    with tempfile.NamedTemporaryFile() as file:
        file.write(plan(_FEW))
        file.flush()
        libraries = partial(
            _run, sys.executable, "-c", "import pydantic, rich.console, typer, yaml"
        )
        frugal = str(Path(sys.executable).with_name("frugal"))
        command = partial(_run, frugal, "cost", "--preview", file.name)
        commands = {"its libraries": libraries, f"frugal cost, {_FEW} updates": command}
        seconds = in_turns(commands, _ROUNDS, lambda line: progress.print(f"cost: {line}"))
    show(out, "The command on a small plan", seconds, base="its libraries")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _peak(action: Callable[[], object]) -> float:
    """GB of a process that does nothing but `action`, with what this one has."""
    ours, theirs = Pipe(duplex=False)
    process = get_context("fork").Process(target=_tell_peak, args=(action, theirs))
    process.start()
    peak = ours.recv()
    process.join()
    return peak


def _tell_peak(action: Callable[[], object], to: Connection) -> None:
    action()
    to.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)


def price(text: bytes, table: Table) -> None:
    """Everything that is computed from a plan's JSON."""
    with gc_paused():
        bill = estimate(from_preview(parse(text)), table, NO_USAGE, usual(dt.date(2026, 11, 24)))
    if not bill.delta.expected or bill.unpriced:
        raise RuntimeError("the plan was not priced")


def plan(steps: int) -> bytes:
    """The JSON of a preview with as many updates, of all types in turn."""
    return json.dumps(
        {"steps": [_step(number) for number in range(steps)], "changeSummary": {"update": steps}}
    ).encode()


def _step(number: int) -> Mapping[str, Any]:
    kind, inputs = _TYPES[number % len(_TYPES)]
    turn = number // len(_TYPES)
    name = f"{kind.partition(':')[2].lower()}-{number:05}"
    urn = f"urn:pulumi:large::benchmark::azure-native:{kind}::{name}"
    old, new = (_state(urn, kind, name, inputs(turn + more)) for more in (0, 1))
    return {
        "op": "update",
        "urn": urn,
        "provider": "urn:pulumi:large::benchmark::pulumi:providers:azure-native::default::1",
        "oldState": old,
        "newState": new,
        "diffReasons": ["tags"],
        "detailedDiff": {"tags": {"kind": "update", "inputDiff": True}},
    }


Inputs = dict[str, Any]


def _app(turn: int) -> Inputs:
    variables = [
        {"name": f"SETTING_{number:02}", "value": f"the value of setting number {number}"}
        for number in range(24)
    ]
    quarters = 1 + turn % 16
    resources = {"cpu": quarters / 4, "memory": f"{quarters / 2}Gi"}
    container = {"env": variables, "image": "large.azurecr.io/app:1", "resources": resources}
    least = turn % 3
    return {
        "configuration": {
            "activeRevisionsMode": "Single",
            "ingress": {"external": True, "targetPort": 8000, "transport": "Auto"},
        },
        "template": {
            "containers": [{"name": "app", **container}],
            "scale": {"maxReplicas": least + 1 + turn % 10, "minReplicas": least},
        },
    }


def _job(turn: int) -> Inputs:
    resources = {"cpu": (1 + turn % 8) / 4, "memory": f"{(1 + turn % 8) / 2}Gi"}
    container = {"image": "large.azurecr.io/app:1", "name": "app", "resources": resources}
    trigger = {"replicaTimeout": 600, "triggerType": "Manual"}
    return {"configuration": trigger, "template": {"containers": [container]}}


def _server(turn: int) -> Inputs:
    return {
        "sku": {"name": f"Standard_D{(2, 4, 8, 16)[turn % 4]}ds_v5", "tier": "GeneralPurpose"},
        "storage": {"storageSizeGB": 32 << turn // 4 % 7},
        "version": "16",
    }


def _plan(turn: int) -> Inputs:
    name = ("B1", "B2", "B3", "S1", "S2", "S3", "P0v3", "P1v3", "P2v3", "P3v3")[turn % 10]
    sku = {"name": name, "capacity": 1 + turn // 10 % 14}
    return {"kind": "linux", "reserved": True, "sku": sku}


def _workspace(turn: int) -> Inputs:
    cap = {"dailyQuotaGb": (1 + turn % 25) / 2}
    days = (30, 60, 90, 180, 365)[turn // 25 % 5]
    return {"retentionInDays": days, "sku": {"name": "PerGB2018"}, "workspaceCapping": cap}


def _named(*names: str) -> Callable[[int], Inputs]:
    return lambda turn: {"sku": {"name": names[turn % len(names)]}}


def _nothing(_turn: int) -> Inputs:
    return {}


_TYPES: Sequence[tuple[str, Callable[[int], Inputs]]] = (
    ("app:ContainerApp", _app),
    ("app:Job", _job),
    ("app:ManagedEnvironment", _nothing),
    ("authorization:RoleAssignment", _nothing),
    ("cdn:AFDEndpoint", _nothing),
    ("cdn:Profile", _named("Standard_AzureFrontDoor", "Premium_AzureFrontDoor")),
    ("cognitiveservices:Account", lambda turn: {"kind": "TextTranslation", **_named("S1")(turn)}),
    ("consumption:Budget", _nothing),
    ("containerregistry:Registry", _named("Basic", "Standard", "Premium")),
    ("dbforpostgresql:Database", _nothing),
    ("dbforpostgresql:Server", _server),
    ("keyvault:Secret", _nothing),
    ("keyvault:Vault", lambda _turn: {"properties": {"sku": {"family": "A", "name": "standard"}}}),
    ("managedidentity:UserAssignedIdentity", _nothing),
    ("network:NetworkSecurityGroup", _nothing),
    ("operationalinsights:Workspace", _workspace),
    ("resources:ResourceGroup", _nothing),
    ("web:AppServicePlan", _plan),
    ("web:StaticSite", _named("Free", "Standard")),
    ("web:WebApp", _nothing),
)


def _state(urn: str, kind: str, name: str, inputs: Inputs) -> Mapping[str, Any]:
    group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/large"
    module, _, name_of_type = kind.partition(":")
    filled = {
        **inputs,
        "location": "westeurope",
        "resourceGroupName": "large",
        "tags": {f"tag-{number:02}": f"{name} has this value" for number in range(12)},
    }
    address = f"{group}/providers/Microsoft.{module}/{name_of_type}/{name}"
    computed = {f"endpoint{number:02}": f"{address}/endpoint-{number:02}" for number in range(10)}
    return {
        "urn": urn,
        "custom": True,
        "id": address,
        "type": f"azure-native:{kind}",
        "inputs": filled,
        "outputs": {**filled, **computed, "name": name, "type": name_of_type},
        "parent": "urn:pulumi:large::benchmark::pulumi:pulumi:Stack::benchmark-large",
        "dependencies": [
            "urn:pulumi:large::benchmark::azure-native:resources:ResourceGroup::large"
        ],
    }
