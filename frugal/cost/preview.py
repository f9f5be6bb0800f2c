"""Reader of previews: the engine's steps, each on the side of the bill where it belongs.

Formats: the document of `pulumi preview --json --show-sames`, and the engine's events, which
`PULUMI_ENABLE_STREAMING_JSON_PREVIEW` and `--event-log` write one a line and Pulumi Cloud returns
as `{"events": […]}`. Sources: display.PreviewDigest and deploy.StepOp of
github.com/pulumi/pulumi/pkg/v3 3.274.1, apitype.EngineEvent of its sdk/v3.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from frugal.cost.collector import gc_paused
from frugal.cost.plan import (
    DELETION_PENDING,
    REMEDY,
    REPLACEMENT_PENDING,
    RETAINED,
    Notes,
    Plan,
    PlanError,
    Resource,
    resource_of,
    short,
)
from frugal.errors import FrugalError

_Block = Mapping[str, Any]

_IMPORTED = "Imported, so already counted before"
_ONLY_READ = "Only read from now on, and counted as it was"
_GONE = "Deleted outside of Pulumi, and not counted"

# The engine's own colours, and those that a program prints.
_COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[\d;]*m")
_PREFIX = re.compile(r"^error: ", re.IGNORECASE)
_COLOURED_ERROR = re.compile(r"(\x1b\[[\d;]*m)+error\b", re.IGNORECASE)


def from_preview(document: _Block) -> Plan:
    """Read a preview as `plan.parse` returns it. Raises PlanError, or FrugalError for a failed one.

    Before is what Azure bills today: an imported resource, but none that was deleted outside of
    Pulumi. After is what it bills then: also a resource that Pulumi gives up without deleting it.
    """
    if "deployment" in document:
        raise PlanError("This is a state, not a preview: give it with --state.")
    with gc_paused():
        if "events" in document:
            document = _digest(document)
        if failure := failure_of(document.get("diagnostics")):
            raise FrugalError(f"The preview failed: {failure}")
        summary = document.get("changeSummary")
        announced = _numbers(summary)
        steps = document.get("steps")
        if steps is None and summary is not None:
            steps = []
        if not isinstance(steps, list):
            raise PlanError(f"The plan has no list `steps`. {REMEDY}")
        return _Sides().plan(cast("list[object]", steps), announced)


def failure_of(diagnostics: object) -> str:
    """The messages of a failed preview, whose plan is incomplete; empty for one that succeeded.

    A program in Pulumi YAML that fails says so only in what it prints, in red.
    """
    errors: dict[str, None] = {}
    printed: dict[str, None] = {}
    for entry in cast("list[object]", diagnostics) if isinstance(diagnostics, list) else ():
        block = cast("dict[str, object]", entry) if isinstance(entry, dict) else {}
        raw = str(block.get("message", ""))
        message = _PREFIX.sub("", _COLOUR.sub("", raw).strip(), count=1)
        if block.get("severity") == "error":
            errors[message] = None
        elif block.get("severity") == "info#err" and _COLOURED_ERROR.match(raw):
            printed[message] = None
    return "\n".join(errors or printed)


class _Sides:
    """The resources on both sides, filled step by step."""

    def __init__(self) -> None:
        self._before: dict[str, Resource] = {}
        self._after: dict[str, Resource] = {}
        self._notes = Notes()
        # Steps whose meaning depends on the other steps of their resource.
        self._deleted: set[str] = set()
        self._replacing: set[str] = set()
        self._created_anew: dict[str, Resource] = {}
        self._replaced: list[tuple[Resource, _Block]] = []
        self._imported: dict[str, Resource] = {}
        self._replaced_by_import: set[str] = set()
        self._refreshed: dict[str, Resource] = {}

    def plan(self, steps: Iterable[object], announced: Counter[str]) -> Plan:
        """Take every step. `announced`: the engine's own count by operation. Raises PlanError."""
        counts = Counter[str]()
        for number, listed in enumerate(steps):
            where = f"steps[{number}]"
            if not isinstance(listed, dict):
                raise PlanError(f"{where} of the plan is {short(listed)}, not a step.")
            step = cast("dict[str, Any]", listed)
            operation, urn = step.get("op"), step.get("urn")
            if type(operation) is not str or type(urn) is not str:
                raise PlanError(f"{where} of the plan has no `op` and `urn`.")
            if operation not in _OPERATIONS:
                raise PlanError(
                    f"{where} of the plan is the operation {short(operation)}, which is unknown. "
                    "Is it made by `pulumi preview --json`?"
                )
            counts[operation] += 1
            if take := _OPERATIONS[operation]:
                take(self, urn, step, where)
        for urn in self._deleted:
            self._after.pop(urn, None)
        for one, state in self._replaced:
            self._add_replaced(one, state)
            self._created_anew.pop(one.urn, None)
        for urn, one in self._created_anew.items():
            # The replacement's steps are all listed and none deletes it: an earlier update has.
            self._notes.add(REPLACEMENT_PENDING, one)
            del self._before[urn]
        self._add_imported()
        unchanged = self._add_refreshed(counts, announced)
        _refuse_partial(announced, counts + Counter(same=unchanged))
        return Plan(self._before, self._after, self._notes.sentences)

    def same(self, urn: str, step: _Block, where: str) -> None:
        """Add both sides, unless --target left the resource out: one that is there has an id."""
        old = _state(step, "oldState", where)
        if old.get("id") or old.get("custom") is not True:
            self.update(urn, step, where)

    def update(self, urn: str, step: _Block, where: str) -> None:
        self._put(self._before, urn, step, "oldState", where)
        self._put(self._after, urn, step, "newState", where)

    def create(self, urn: str, step: _Block, where: str) -> None:
        self._put(self._after, urn, step, "newState", where)

    def delete(self, urn: str, step: _Block, where: str) -> None:
        """Add a resource before, or one that is retained to both sides."""
        old = _state(step, "oldState", where)
        if old.get("external") is True:
            return
        one = resource_of(urn, old, where, "oldState")
        if old.get("delete") is True:
            self._notes.add(DELETION_PENDING, one)
        elif old.get("retainOnDelete") is True:
            self._notes.add(RETAINED, one)
            self._before[urn] = self._after[urn] = one
        else:
            self._before[urn] = one
            self._deleted.add(urn)

    def replace(self, urn: str, step: _Block, where: str) -> None:
        """Add both sides of a replacement, which may be listed as several steps with one side."""
        self._replacing.add(urn)
        sides = [key for key in ("oldState", "newState") if step.get(key) is not None]
        for key in sides or ("oldState", "newState"):
            state = _state(step, key, where)
            if state.get("external") is True:
                continue
            one = resource_of(urn, state, where, key)
            if key == "newState":
                self._after[urn] = one
                if _imports(step.get("oldState"), state):
                    self._replaced_by_import.add(urn)
            elif state.get("retainOnDelete") is True:
                self._retain(one)
            else:
                self._before[urn] = one
                if state.get("pendingReplacement") is True and step["op"] != "replace":
                    self._created_anew[urn] = one

    def replaced(self, urn: str, step: _Block, where: str) -> None:
        """Take note of what a replacement deletes."""
        old = _state(step, "oldState", where)
        self._replaced.append((resource_of(urn, old, where, "oldState"), old))

    def imported(self, urn: str, step: _Block, where: str) -> None:
        """Take note of a resource that exists."""
        new = _state(step, "newState", where)
        self._imported[urn] = resource_of(urn, new, where, "newState")

    def replaced_by_import(self, urn: str, _step: _Block, _where: str) -> None:
        """Take note that the replacement exists."""
        self._replaced_by_import.add(urn)

    def read(self, urn: str, step: _Block, where: str) -> None:
        """Count a resource as before if the program has managed it: nobody deletes it."""
        if step.get("oldState") is None:
            return
        old = _state(step, "oldState", where)
        if old.get("external") is not True and old.get("delete") is not True:
            one = resource_of(urn, old, where, "oldState")
            self._notes.add(_ONLY_READ, one)
            self._before[urn] = self._after[urn] = one

    def refresh(self, urn: str, step: _Block, where: str) -> None:
        """Take note of a resource whose other steps, if any, say what becomes of it."""
        old = _state(step, "oldState", where)
        if old.get("external") is True:
            return
        one = resource_of(urn, old, where, "oldState")
        if old.get("pendingReplacement") is True:
            self._notes.add(REPLACEMENT_PENDING, one)
        elif old.get("delete") is True:
            self._notes.add(DELETION_PENDING, one)
        else:
            self._refreshed[urn] = one

    def _put(self, side: dict[str, Resource], urn: str, step: _Block, key: str, where: str) -> None:
        """Add a resource to a side, unless another program manages it or it is gone already."""
        state = _state(step, key, where)
        if state.get("external") is True:
            return
        one = resource_of(urn, state, where, key)
        if state.get("pendingReplacement") is True:
            self._notes.add(REPLACEMENT_PENDING, one)
        else:
            side[urn] = one

    def _retain(self, one: Resource) -> None:
        """Add a replaced resource that is not deleted to both sides, beside its replacement."""
        self._notes.add(RETAINED, one)
        beside = one.beside("retained")
        self._before[beside.urn] = self._after[beside.urn] = beside

    def _add_replaced(self, one: Resource, state: _Block) -> None:
        """Add what `delete-replaced` deletes, unless the replacement's other steps show it."""
        if state.get("delete") is True and one.urn not in self._replacing:
            # Left by a replacement that was interrupted.
            self._notes.add(DELETION_PENDING, one)
        elif state.get("retainOnDelete") is True:
            self._retain(one)
        else:
            self._before.setdefault(one.urn, one)

    def _add_imported(self) -> None:
        """Add what is imported to both sides: Azure bills it already."""
        for urn, one in self._imported.items():
            self._notes.add(_IMPORTED, one)
            self._before.setdefault(urn, one)
            self._after.setdefault(urn, one)
        for urn in self._replaced_by_import:
            if one := self._after.get(urn):
                if replaced := self._before.get(urn):
                    beside = replaced.beside("replaced")
                    self._before[beside.urn] = beside
                self._before[urn] = one
                self._notes.add(_IMPORTED, one)

    def _add_refreshed(self, counts: Counter[str], announced: Counter[str]) -> int:
        """Add resources that have no other step than `refresh`; return their number.

        `pulumi refresh` counts each as what became of it, such as `same`. `pulumi up --refresh`
        counts none and goes on with a step for each that still exists.
        """
        alone = [
            one
            for urn, one in self._refreshed.items()
            if urn not in self._before and urn not in self._after
        ]
        by_program = counts.keys() - {"refresh", "update", "delete"}
        counted = any(announced[key] > counts[key] for key in ("same", "update", "delete"))
        if by_program and not counted:
            for one in alone:
                self._notes.add(_GONE, one)
            return 0
        for one in alone:
            self._before[one.urn] = self._after[one.urn] = one
        return len(alone)


# By operation of the engine; None: resources of other programs, and steps that change nothing.
_OPERATIONS: Mapping[str, Callable[[_Sides, str, _Block, str], None] | None] = {
    "same": _Sides.same,
    "update": _Sides.update,
    "create": _Sides.create,
    "delete": _Sides.delete,
    "replace": _Sides.replace,
    "create-replacement": _Sides.replace,
    "read-replacement": _Sides.replace,
    "delete-replaced": _Sides.replaced,
    "import": _Sides.imported,
    "import-replacement": _Sides.replaced_by_import,
    "read": _Sides.read,
    "refresh": _Sides.refresh,
    "discard": None,
    "read-discard": None,
    "discard-replaced": None,
    "remove-pending-replace": None,
    "diff": None,
    "extend-parameterize": None,
}


def _state(step: _Block, key: str, where: str) -> _Block:
    state = step.get(key)
    if not isinstance(state, dict):
        raise PlanError(f"{where} of the plan has no `{key}`.")
    return cast("dict[str, Any]", state)


def _imports(old: object, new: _Block) -> bool:
    """True if a replacement is by a resource that exists already."""
    imported = new.get("importID")
    if imported is None or not isinstance(old, dict):
        return False
    replaced = cast("dict[str, Any]", old)
    return imported != (replaced.get("importID") or replaced.get("id"))


def _refuse_partial(announced: Counter[str], counts: Counter[str]) -> None:
    """Raise PlanError for a plan without some of its resources, whose bill would be too low."""
    for operation, missing, remedy in (
        ("same", "unchanged resources", "run it with --show-sames"),
        ("create", "resources that it creates", "run the preview again"),
    ):
        if (left_out := announced[operation] - counts[operation]) > 0:
            raise PlanError(
                f"The plan leaves out {left_out:g} {missing}, so the bill would be incomplete: "
                f"{remedy}."
            )


def _numbers(summary: object) -> Counter[str]:
    """The engine's own count of steps by operation."""
    block = cast("dict[str, object]", summary) if isinstance(summary, dict) else {}
    return Counter(
        {key: cast("int", value) for key, value in block.items() if type(value) in (int, float)}
    )


def _digest(document: _Block) -> _Block:
    """Events as the document of `pulumi preview --json`. Raises PlanError for incomplete ones."""
    listed = document["events"]
    if not isinstance(listed, list):
        raise PlanError("The plan's `events` is not a list.")
    if document.get("continuationToken"):
        raise PlanError("The list of events goes on (continuationToken): get the rest as well.")
    events = list(_last_run(cast("list[object]", listed)))
    summary = next((content for kind, content, _where in events if kind == "summaryEvent"), None)
    if summary is None:
        raise PlanError(f"The events end before their summary, so the plan is incomplete. {REMEDY}")
    diagnostics = [
        content | {"message": f"{content.get('prefix', '')}{content.get('message', '')}"}
        for kind, content, _where in events
        if kind == "diagnosticEvent" and not content.get("ephemeral")
    ]
    result = summary.get("result")
    if result in ("failed", "canceled") and not failure_of(diagnostics):
        diagnostics.append({"severity": "error", "message": f"it is {result}, without a reason"})
    return {
        "steps": _steps(events),
        "diagnostics": diagnostics,
        "changeSummary": summary.get("resourceChanges"),
    }


_START = "preludeEvent"
_EVENTS = ("diagnosticEvent", "summaryEvent", "resourcePreEvent", "resOutputsEvent")


def _last_run(listed: Sequence[object]) -> Iterable[tuple[str, dict[str, Any], str]]:
    """Kind, content and place of the events that matter; `pulumi up` previews, then it updates."""
    starts = [n for n, event in enumerate(listed) if isinstance(event, dict) and _START in event]
    for number in range(starts[-1] if starts else 0, len(listed)):
        event = _block(listed[number], f"events[{number}]")
        for kind in _EVENTS:
            if kind in event:
                where = f"events[{number}].{kind}"
                yield kind, _block(event[kind], where), where


def _steps(events: Iterable[tuple[str, dict[str, Any], str]]) -> Sequence[_Block]:
    """Steps of the events; of a refresh the outcome, which its outputs tell."""
    steps: list[_Block] = []
    refreshed: dict[str, int] = {}
    for kind, content, where in events:
        if kind not in ("resourcePreEvent", "resOutputsEvent"):
            continue
        metadata = _block(content.get("metadata"), f"{where}.metadata")
        operation, urn = metadata.get("op"), metadata.get("urn")
        if type(operation) is not str or type(urn) is not str:
            raise PlanError(f"{where} of the plan has no `op` and `urn`.")
        old, new = metadata.get("old"), metadata.get("new")
        step = {"op": operation, "urn": urn, "oldState": old, "newState": new}
        if kind == "resOutputsEvent":
            if urn in refreshed:
                steps[refreshed[urn]] = step
            continue
        if operation == "refresh":
            refreshed[urn] = len(steps)
        steps.append(step)
    return steps


def _block(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PlanError(f"{where} of the plan is {short(value)}, not a block.")
    return cast("dict[str, Any]", value)
