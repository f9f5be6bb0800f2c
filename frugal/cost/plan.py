"""Reader of plans: the resources before and after.

Formats: `pulumi preview --json --show-sames` and `pulumi stack export` (Pulumi CLI 3.259, read
November 2026). Resources are taken by their inputs, on both sides alike.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import from_json

from frugal.cost.collector import gc_paused
from frugal.cost.properties import Properties
from frugal.cost.tokens import PROVIDER, current
from frugal.errors import FrugalError

_BEFORE = frozenset(
    {"same", "update", "delete", "replace", "delete-replaced", "create-replacement", "refresh"}
)
_AFTER = frozenset(
    {"same", "update", "create", "replace", "create-replacement", "import", "import-replacement"}
)
_REPLACING = frozenset({"replace", "create-replacement"})
# Resources that another program manages, and steps that change nothing.
_NEITHER = frozenset(
    {"read", "read-replacement", "read-discard", "discard-replaced", "remove-pending-replace"}
)
_KNOWN = _BEFORE | _AFTER | _NEITHER


class PlanError(FrugalError):
    """The input is not a plan that can be priced; the text has the reason and the remedy."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=2)


@dataclass(frozen=True, slots=True)
class Resource:
    """One declared resource. `type`: as `tokens.current` has it, `azure-native:web:WebApp`."""

    urn: str
    type: str
    name: str
    properties: Properties

    @property
    def is_azure(self) -> bool:
        """True for a resource of azure-native, the only provider that is priced."""
        return self.type.startswith(f"{PROVIDER}:")


@dataclass(frozen=True, slots=True)
class Plan:
    """The resources of a stack before and after, each once, by URN."""

    before: Mapping[str, Resource]
    after: Mapping[str, Resource]
    notes: Sequence[str] = ()


def resource(urn: str, inputs: Mapping[str, Any]) -> Resource:
    """A resource from its URN, which holds type and name, and its inputs in camelCase."""
    parts = urn.split("::", 3)
    if len(parts) != 4 or not urn.startswith("urn:pulumi:"):  # noqa: PLR2004
        raise PlanError(f"The plan names a resource {_short(urn)}, which is not a Pulumi URN.")
    return Resource(urn, current(parts[2].rsplit("$", 1)[-1]), parts[3], Properties(inputs))


def from_resources(declared: Iterable[Resource]) -> Plan:
    """A plan that begins from nothing."""
    return Plan({}, {one.urn: one for one in declared})


def parse(text: str | bytes) -> dict[str, Any]:
    """Read the JSON object of a file or a pipe. Raises PlanError."""
    if not text.strip():
        raise PlanError(
            "The plan is empty. Make one: pulumi preview --json --show-sames > plan.json"
        )
    try:
        with gc_paused():
            content = _content(text)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise PlanError(
            f"The plan is not JSON ({reason}). "
            "Make one: pulumi preview --json --show-sames > plan.json"
        ) from None
    if not isinstance(content, dict):
        raise PlanError("The plan is not a JSON object, as `pulumi preview --json` prints it.")
    return cast("dict[str, Any]", content)


def _content(text: str | bytes) -> object:
    try:
        return from_json(text)
    except ValueError:
        # The slower parser accepts more encodings and has better messages.
        return json.loads(text)


def from_preview(document: Mapping[str, Any]) -> Plan:
    """Read the output of `pulumi preview --json --show-sames`. Raises PlanError."""
    if "deployment" in document:
        raise PlanError("This is a state, not a preview: give it with --state.")
    _refuse_failed(document.get("diagnostics"))
    steps = document.get("steps")
    if steps is None and "changeSummary" in document:
        steps = []
    if not isinstance(steps, list):
        raise PlanError(
            "The plan has no list `steps`. Make one: pulumi preview --json --show-sames > plan.json"
        )
    before: dict[str, Resource] = {}
    after: dict[str, Resource] = {}
    counts = Counter[str]()
    notes: list[str] = []
    with gc_paused():
        for number, step in enumerate(cast("list[object]", steps)):
            if not isinstance(step, dict):
                raise PlanError(f"steps[{number}] of the plan is {_short(step)}, not a step.")
            counts[_take(cast("dict[str, Any]", step), number, before, after, notes)] += 1
    _refuse_partial(document.get("changeSummary"), counts)
    return Plan(before, after, tuple(notes))


def _take(
    step: Mapping[str, Any],
    number: int,
    before: dict[str, Resource],
    after: dict[str, Resource],
    notes: list[str],
) -> str:
    """Add the resources of a step; return its operation."""
    operation, urn = step.get("op"), step.get("urn")
    if type(operation) is not str or type(urn) is not str:
        raise PlanError(f"steps[{number}] of the plan has no `op` and `urn`.")
    if operation not in _KNOWN:
        raise PlanError(
            f"steps[{number}] of the plan is the operation {_short(operation)}, which is unknown. "
            "Is it made by `pulumi preview --json`?"
        )
    sides = {"oldState": before} if operation in _BEFORE else {}
    if operation in _AFTER:
        sides["newState"] = after
    if operation in _REPLACING:
        # A replacement may be listed as several steps, each with one side of it.
        sides = {key: side for key, side in sides.items() if step.get(key) is not None} or sides
    for key, side in sides.items():
        state = step.get(key)
        if not isinstance(state, dict):
            raise PlanError(f"steps[{number}] of the plan has no `{key}`.")
        entry = cast("dict[str, Any]", state)
        if entry.get("external") is True:
            continue  # read, not managed by this program
        one = resource(urn, _inputs(entry, f"steps[{number}].{key}"))
        replaced = operation == "delete-replaced"
        if replaced and urn in before:
            continue  # already added by another step of the replacement, or by a later one
        if replaced and urn not in after and entry.get("delete") is True:
            notes.append(_waits(one))
        else:
            side[urn] = one
    return operation


def _waits(one: Resource) -> str:
    return f"{one.name} ({one.type}) is pending deletion and is not counted."


def _inputs(state: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    inputs = state.get("inputs")
    if inputs is None:
        return {}
    if not isinstance(inputs, dict):
        raise PlanError(f"{where}.inputs of the plan is {_short(inputs)}, not a block.")
    return cast("dict[str, Any]", inputs)


def _refuse_failed(diagnostics: object) -> None:
    """Raise FrugalError for a failed preview, whose plan is incomplete."""
    for entry in cast("list[object]", diagnostics) if isinstance(diagnostics, list) else ():
        told = cast("dict[str, object]", entry) if isinstance(entry, dict) else {}
        if told.get("severity") == "error":
            raise FrugalError(f"The preview failed: {str(told.get('message', '')).strip()}")


def _refuse_partial(summary: object, counts: Counter[str]) -> None:
    """Raise PlanError for a plan without some of its resources, whose bill would be too low."""
    announced = cast("dict[str, object]", summary) if isinstance(summary, dict) else {}
    for operation, missing, remedy in (
        ("same", "unchanged resources", "run it with --show-sames"),
        ("create", "resources that it creates", "run the preview again"),
    ):
        told = announced.get(operation, 0)
        if type(told) in (int, float) and cast("float", told) > counts[operation]:
            raise PlanError(
                f"The plan leaves out {cast('float', told) - counts[operation]:g} {missing}, so "
                f"the bill would be incomplete: {remedy}."
            )


def from_state(document: Mapping[str, Any]) -> Plan:
    """Read the output of `pulumi stack export`: the same before and after. Raises PlanError."""
    deployment = document.get("deployment")
    if not isinstance(deployment, dict):
        hint = "This is a preview: give it with --preview." if "steps" in document else ""
        raise PlanError(hint or "The state has no `deployment`. Make one: pulumi stack export")
    listed = cast("dict[str, Any]", deployment).get("resources")
    if listed is None:
        listed = []
    if not isinstance(listed, list):
        raise PlanError("The state's `deployment.resources` is not a list.")
    found: dict[str, Resource] = {}
    notes: list[str] = []
    for number, state in enumerate(cast("list[object]", listed)):
        where = f"resources[{number}]"
        if not isinstance(state, dict):
            raise PlanError(f"{where} of the state is {_short(state)}, not a resource.")
        entry = cast("dict[str, Any]", state)
        urn = entry.get("urn")
        if type(urn) is not str:
            raise PlanError(f"{where} of the state has no `urn`.")
        if entry.get("external") is True:
            continue  # read, not managed: another program's
        one = resource(urn, _inputs(entry, where))
        if entry.get("delete") is True:
            notes.append(_waits(one))
            continue
        found[urn] = one
    return Plan(found, found, tuple(notes))


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004
