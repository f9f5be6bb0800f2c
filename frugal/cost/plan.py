"""Plans: the resources of a stack before and after; and the reader of states.

State: the output of `pulumi stack export`, versions 3 and 4 (apitype.DeploymentV3 and ResourceV3 of
github.com/pulumi/pulumi/sdk/v3 3.274.1). Resources are taken by their inputs.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from pydantic_core import from_json

from frugal.cost.collector import gc_paused
from frugal.cost.properties import Properties, short
from frugal.cost.tokens import PROVIDER, current
from frugal.errors import FrugalError

REMEDY = "Make one: pulumi preview --json --show-sames > plan.json"
STATE_REMEDY = "Make one: pulumi stack export > state.json"

DELETION_PENDING = "Pending deletion, and not counted"
REPLACEMENT_PENDING = "Deleted for a replacement that is not created yet, and not counted"
RETAINED = "Given up by the program but retained in Azure (retainOnDelete), and counted"


_NONE: Mapping[str, Any] = MappingProxyType({})


class PlanError(FrugalError):
    """The input is not a plan that can be priced; the text has the reason and the remedy."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=2)


class Resource(NamedTuple):
    """One resource. `type`: as `tokens.current` has it, `azure-native:web:WebApp`.

    `properties`: its inputs; `outputs`: those of the last update, if there was one;
    `dependencies`: the engine's `propertyDependencies`, URNs by property.
    """

    urn: str
    type: str
    name: str
    properties: Properties
    outputs: Mapping[str, Any] = _NONE
    dependencies: Mapping[str, object] = _NONE

    @property
    def is_azure(self) -> bool:
        """True for a resource of azure-native, the only provider that is priced."""
        return self.type.startswith(f"{PROVIDER}:")

    def beside(self, role: str) -> "Resource":
        """The same resource under another URN, for a second resource of one URN on one side."""
        return self._replace(urn=f"{self.urn} ({role})")


@dataclass(frozen=True, slots=True)
class Plan:
    """The resources of a stack before and after, each once, by URN."""

    before: Mapping[str, Resource]
    after: Mapping[str, Resource]
    notes: Sequence[str] = ()


def resource(
    urn: str,
    inputs: Mapping[str, Any],
    outputs: Mapping[str, Any] = _NONE,
    dependencies: Mapping[str, object] = _NONE,
) -> Resource:
    """A resource from its URN, which holds type and name, and its inputs in camelCase."""
    parts = urn.split("::", 3)
    if len(parts) != 4 or not urn.startswith("urn:pulumi:"):  # noqa: PLR2004
        raise PlanError(f"The plan names a resource {short(urn)}, which is not a Pulumi URN.")
    kind = current(parts[2].rsplit("$", 1)[-1])
    return Resource(urn, kind, parts[3], Properties(inputs), outputs, dependencies)


class Notes:
    """Remarks about resources of azure-native that a reader of plans treats in a special way."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, None]] = {}

    def add(self, remark: str, one: Resource) -> None:
        """Add a resource to a remark: `Pending deletion, and not counted`."""
        if one.is_azure:
            self._names.setdefault(remark, {})[f"{one.name} ({one.type})"] = None

    @property
    def sentences(self) -> Sequence[str]:
        """A sentence for each remark, with the names of its resources."""
        return tuple(f"{remark}: {', '.join(names)}." for remark, names in self._names.items())


def from_resources(declared: Iterable[Resource]) -> Plan:
    """A plan that begins from nothing."""
    return Plan({}, {one.urn: one for one in declared})


def parse(text: str | bytes, *, state: bool = False) -> dict[str, Any]:
    """Read the JSON of a file or a pipe: an object, or the engine's events, one a line.

    Events become the object that Pulumi Cloud has: `{"events": […]}`. Raises PlanError, whose
    message calls the text a state or a plan.
    """
    name, remedy = ("state", STATE_REMEDY) if state else ("plan", REMEDY)
    if not text.strip():
        raise PlanError(f"The {name} is empty. {remedy}")
    try:
        with gc_paused():
            content = _content(text)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise PlanError(f"The {name} is not JSON ({reason}). {remedy}") from None
    if not isinstance(content, dict):
        raise PlanError(f"The {name} is not a JSON object. {remedy}")
    return cast("dict[str, Any]", content)


def _content(text: str | bytes) -> object:
    try:
        return from_json(text)
    except ValueError:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text))
    try:
        # This parser has better messages.
        return json.loads(text)
    except ValueError:
        try:
            return {"events": [from_json(line) for line in text.splitlines() if line.strip()]}
        except ValueError:
            pass
        raise


def from_state(document: Mapping[str, Any]) -> Plan:
    """Read the output of `pulumi stack export`: the same before and after. Raises PlanError."""
    deployment = document.get("deployment")
    if not isinstance(deployment, dict):
        is_preview = "steps" in document or "events" in document
        hint = "This is a preview: give it with --preview." if is_preview else ""
        raise PlanError(hint or f"The state has no `deployment`. {STATE_REMEDY}")
    content = cast("dict[str, Any]", deployment)
    found: dict[str, Resource] = {}
    notes = Notes()
    for where, entry in _entries(content, "resources"):
        one = _listed(entry, where)
        if entry.get("delete") is True and entry.get("retainOnDelete") is True:
            notes.add(RETAINED, one)
            retained = one.beside("retained")
            found[retained.urn] = retained
        elif exists(entry, one, notes):
            found[one.urn] = one
    for where, operation in _entries(content, "pending_operations"):
        place = f"{where}.resource"
        one = _listed(block(operation.get("resource"), f"{place} of the state"), place)
        counted = "counted as before" if one.urn in found else "not counted"
        doing = str(operation.get("type"))
        notes.add(f"An update was interrupted while {doing} it, so {counted}", one)
    return Plan(found, found, notes.sentences)


def exists(state: Mapping[str, Any], one: Resource, notes: Notes) -> bool:
    """True for a resource that this program manages and Azure bills; else a note has the reason."""
    if state.get("external") is True:
        return False  # read, not managed: another program's
    if state.get("pendingReplacement") is True:
        notes.add(REPLACEMENT_PENDING, one)
    elif state.get("delete") is True:
        notes.add(DELETION_PENDING, one)
    else:
        return True
    return False


def _entries(content: Mapping[str, Any], key: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """Each entry of a list of a state, with its place for messages."""
    listed = content.get(key, ())
    if not isinstance(listed, list | tuple | None):
        raise PlanError(f"The state's `deployment.{key}` is not a list.")
    for number, entry in enumerate(cast("Sequence[object]", listed or ())):
        where = f"{key}[{number}]"
        yield where, block(entry, f"{where} of the state")


def _listed(entry: Mapping[str, Any], where: str) -> Resource:
    urn = entry.get("urn")
    if type(urn) is not str:
        raise PlanError(f"{where} of the state has no `urn`.")
    return resource_of(urn, entry, where)


def identity(step: Mapping[str, Any], where: str) -> tuple[str, str]:
    """Operation and URN of a step. Raises PlanError."""
    operation, urn = step.get("op"), step.get("urn")
    if type(operation) is not str or type(urn) is not str:
        raise PlanError(f"{where} of the plan has no `op` and `urn`.")
    return operation, urn


def block(value: object, where: str) -> Mapping[str, Any]:
    """A value that must be a block; `where`: its place. Raises PlanError."""
    if type(value) is not dict:
        why = "is missing" if value is None else f"is {short(value)}, not a block"
        raise PlanError(f"{where} {why}.")
    return cast("dict[str, Any]", value)


def resource_of(urn: str, state: Mapping[str, Any], where: str) -> Resource:
    """A resource from its entry in a state or a step, whose place is `where`. Raises PlanError."""
    inputs: object = state.get("inputs")
    if inputs is not None and type(inputs) is not dict:
        raise PlanError(f"{where}.inputs is {short(inputs)}, not a block.")
    return resource(
        urn,
        cast("dict[str, Any]", inputs or {}),
        _block(state, "outputs"),
        _block(state, "propertyDependencies"),
    )


def _block(state: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = state.get(key)
    return cast("dict[str, Any]", value) if type(value) is dict else _NONE
