"""Parallelism of a deployment: the longest dependency chain against the sum of all creations.

The graph is the engine's own, from a plan of the whole environment: the dependencies of each
resource, its parent included. Its edges are those that the state has after `up` (compared for
`local`). The weights are `benchmarks.durations`, so the ratio shows the parallelism that the
declaration allows, and does not predict the time of an update.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import NotRequired, TypedDict, cast

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.durations import ASSUMED, TYPICAL, UNKNOWN, Duration
from frugal.errors import FrugalError
from frugal.local.engine import preview_from_nothing
from frugal.paths import checkout

_ENVIRONMENTS = ("dev", "prod")


class State(TypedDict):
    """The data of a planned resource that the chain needs."""

    urn: str
    type: str
    custom: NotRequired[bool]
    parent: NotRequired[str]
    dependencies: NotRequired[list[str] | None]


@dataclass(frozen=True)
class Planned:
    """A resource, the seconds of its creation, and the URNs of its dependencies."""

    name: str
    type: str
    duration: Duration
    after: frozenset[str]


def read(states: Sequence[State]) -> dict[str, Planned]:
    """The resources of a plan by URN; components and the stack take no time."""
    graph: dict[str, Planned] = {}
    for state in states:
        kind = state["type"]
        duration = TYPICAL.get(kind, UNKNOWN) if state.get("custom") else Duration(0, "")
        after = {*(state.get("dependencies") or ()), state.get("parent", "")} - {""}
        graph[state["urn"]] = Planned(
            state["urn"].rsplit("::", 1)[-1], kind, duration, frozenset(after)
        )
    return graph


def longest(graph: Mapping[str, Planned]) -> list[Planned]:
    """The chain of resources, each waiting for the one before, whose durations sum to the most."""
    total: dict[str, float] = {}
    before: dict[str, str | None] = {}
    # Sorted, so that the choice between equal chains is stable.
    for urn in TopologicalSorter(
        {urn: sorted(one.after) for urn, one in graph.items()}
    ).static_order():
        before[urn] = max(sorted(graph[urn].after), key=total.__getitem__, default=None)
        total[urn] = graph[urn].duration.seconds + total.get(before[urn] or "", 0)
    chain: list[Planned] = []
    urn = max(sorted(total), key=total.__getitem__, default=None)
    while urn is not None:
        chain.insert(0, graph[urn])
        urn = before[urn]
    return [one for one in chain if one.duration.seconds]


def run(out: Console, progress: Console) -> None:
    """Plan each environment and print its chain, then a comparison."""
    summary = Table(
        title="Longest chain against the sum", title_justify="left", box=box.SIMPLE_HEAD
    )
    for header in ("s", "resources", "sum", "chain", "sum : chain", "of the chain, from a source"):
        summary.add_column(header, justify="left" if header == "s" else "right")
    for environment in _ENVIRONMENTS:
        progress.print(f"chain: planning {environment}")
        graph = read(_planned(environment, progress))
        chain = longest(graph)
        _show(out, environment, chain)
        durations = [one.duration for one in graph.values() if one.duration.seconds]
        whole, length = (sum(d.seconds for d in part) for part in (durations, _durations(chain)))
        known = sum(d.seconds for d in _durations(chain) if d.source != ASSUMED)
        figures = (len(durations), f"{whole:.0f}", f"{length:.0f}", f"{whole / length:.2f}")
        summary.add_row(environment, *map(str, figures), f"{known / length:.0%}")
    out.print(summary)


def _planned(environment: str, progress: Console) -> list[State]:
    done = preview_from_nothing(checkout(), progress, environment, "--json", "--show-sames")
    if done.returncode != 0:
        raise FrugalError(f"{environment} cannot be planned: {done.stdout + done.stderr}")
    planned = json.loads(done.stdout)
    return [cast("State", step["newState"]) for step in planned["steps"]]


def _durations(chain: Sequence[Planned]) -> list[Duration]:
    return [one.duration for one in chain]


def _show(out: Console, environment: str, chain: Sequence[Planned]) -> None:
    table = Table(
        title=f"Longest chain of {environment}", title_justify="left", box=box.SIMPLE_HEAD
    )
    for header in ("resource", "type"):
        table.add_column(header)
    for header in ("s", "done after"):
        table.add_column(header, justify="right")
    table.add_column("source")
    done = 0.0
    for one in chain:
        done += one.duration.seconds
        seconds = (f"{one.duration.seconds:.0f}", f"{done:.0f}")
        table.add_row(one.name, one.type.rsplit(":", 1)[-1], *seconds, one.duration.source)
    out.print(table)
