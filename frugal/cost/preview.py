"""Reader of previews: the engine's steps, each on the side of the bill where it belongs.

Formats: the document of `pulumi preview --json --show-sames`, and the engine's events. Sources:
display.PreviewDigest and deploy.StepOp of github.com/pulumi/pulumi/pkg/v3 3.274.1.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, cast

from frugal.cost.collector import gc_paused
from frugal.cost.events import digest, failure_of
from frugal.cost.plan import (
    DELETION_PENDING,
    REMEDY,
    REPLACEMENT_PENDING,
    RETAINED,
    Notes,
    Plan,
    PlanError,
    Resource,
    block,
    exists,
    identity,
    resource_of,
)
from frugal.cost.properties import short
from frugal.errors import FrugalError

_Block = Mapping[str, Any]

_IMPORTED = "Imported, so already counted before"
_ONLY_READ = "Only read from now on, and counted as it was"
_GONE = "Deleted outside of Pulumi, and not counted"

_OLD, _NEW = "oldState", "newState"


def from_preview(document: _Block) -> Plan:
    """Read a preview as `plan.parse` returns it. Raises PlanError, or FrugalError for a failed one.

    Before is what Azure bills today: an imported resource, but none that was deleted outside of
    Pulumi. After is what it bills then: also a resource that Pulumi gives up without deleting it.
    """
    if "deployment" in document:
        raise PlanError("This is a state, not a preview: give it with --state.")
    with gc_paused():
        if "events" in document:
            document = digest(document)
        if failure := failure_of(document.get("diagnostics")):
            raise FrugalError(f"The preview failed: {failure}")
        summary = document.get("changeSummary")
        listed = document.get("steps", None if summary is None else [])
        if not isinstance(listed, list):
            raise PlanError(f"The plan has no list `steps`. {REMEDY}")
        steps = [_step(entry, n) for n, entry in enumerate(cast("list[object]", listed))]
        counts = block(summary or {}, "changeSummary of the plan")
        announced = {name: n for name, n in counts.items() if type(n) in (int, float)}
        return _Sides(steps, Counter(announced)).plan()


class _Step(NamedTuple):
    """An operation on a resource; `where`: its place, for messages."""

    operation: str
    urn: str
    where: str
    content: _Block

    def state(self, key: str) -> _Block:
        """The resource before or after. Raises PlanError."""
        return block(self.content.get(key), f"{self.where}.{key} of the plan")

    def resource(self, key: str) -> Resource:
        """The same, to be priced. Raises PlanError."""
        return resource_of(self.urn, self.state(key), f"{self.where}.{key}")

    @property
    def imports(self) -> bool:
        """True for a replacement by a resource that exists already."""
        if self.operation not in _REPLACEMENTS:
            return self.operation == "import-replacement"
        if not (self.content.get(_OLD) and self.content.get(_NEW)):
            return False
        old, imported = self.state(_OLD), self.state(_NEW).get("importID")
        return imported is not None and imported != (old.get("importID") or old.get("id"))


def _step(listed: object, number: int) -> _Step:
    where = f"steps[{number}]"
    content = block(listed, f"{where} of the plan")
    operation, urn = identity(content, where)
    if operation not in _OPERATIONS:
        raise PlanError(
            f"{where} of the plan is the operation {short(operation)}, which is unknown. "
            "Is it made by `pulumi preview --json`?"
        )
    return _Step(operation, urn, where, content)


class _Sides:
    """The resources on both sides, filled step by step."""

    def __init__(self, steps: Sequence[_Step], announced: Counter[str]) -> None:
        """`announced`: the engine's own count by operation."""
        self._before: dict[str, Resource] = {}
        self._after: dict[str, Resource] = {}
        self._notes = Notes()
        self._steps = steps
        self._operations: defaultdict[str, set[str]] = defaultdict(set)
        for step in steps:
            self._operations[step.urn].add(step.operation)
        self._announced = announced
        self._counts = Counter(step.operation for step in steps)
        self._refreshed = 0

    def plan(self) -> Plan:
        """Take every step. Raises PlanError."""
        for step in sorted(self._steps, key=lambda step: _ORDER[step.operation]):
            if take := _OPERATIONS[step.operation]:
                take(self, step)
        for urn in dict.fromkeys(step.urn for step in self._steps if step.imports):
            if one := self._after.get(urn):
                self._add_existing(one)
        self._refuse_partial()
        return Plan(self._before, self._after, self._notes.sentences)

    def same(self, step: _Step) -> None:
        """Add both sides, unless --target left the resource out: one that is there has an id."""
        old = step.state(_OLD)
        if old.get("id") or old.get("custom") is not True:
            self.update(step)

    def update(self, step: _Step) -> None:
        self._put(self._before, step, _OLD)
        self._put(self._after, step, _NEW)

    def create(self, step: _Step) -> None:
        self._put(self._after, step, _NEW)

    def read(self, step: _Step) -> None:
        """Count a resource as before if the program has managed it: nobody deletes it."""
        if step.content.get(_OLD) is None:
            return
        one = step.resource(_OLD)
        if exists(step.state(_OLD), one, self._notes):
            self._notes.add(_ONLY_READ, one)
            self._before[step.urn] = self._after[step.urn] = one

    def replace(self, step: _Step) -> None:
        """Add both sides of a replacement, which may be listed as several steps with one side."""
        for key in [key for key in (_OLD, _NEW) if step.content.get(key) is not None] or [_NEW]:
            state, one = step.state(key), step.resource(key)
            if state.get("external") is True:
                continue
            if key == _NEW:
                self._after[step.urn] = one
            elif state.get("retainOnDelete") is True:
                self._retain(one)
            elif state.get("pendingReplacement") is True and self._was_deleted(step.urn):
                self._notes.add(REPLACEMENT_PENDING, one)
            else:
                self._before[step.urn] = one

    def _was_deleted(self, urn: str) -> bool:
        """True if a replacement's steps are all listed and none deletes: an earlier update has."""
        operations = self._operations[urn]
        in_steps = not operations.isdisjoint(("create-replacement", "read-replacement"))
        return in_steps and "delete-replaced" not in operations

    def delete(self, step: _Step) -> None:
        """Add a resource before, or one that is retained to both sides."""
        old, one = step.state(_OLD), step.resource(_OLD)
        if not exists(old, one, self._notes):
            return
        self._before[step.urn] = one
        if old.get("retainOnDelete") is True:
            self._notes.add(RETAINED, one)
            self._after[step.urn] = one
        else:
            self._after.pop(step.urn, None)

    def delete_replaced(self, step: _Step) -> None:
        """Add what a replacement deletes, unless the replacement's other steps show it."""
        old, one = step.state(_OLD), step.resource(_OLD)
        if old.get("delete") is True and self._operations[step.urn].isdisjoint(_REPLACEMENTS):
            # Left by a replacement that was interrupted.
            self._notes.add(DELETION_PENDING, one)
        elif old.get("retainOnDelete") is True:
            self._retain(one)
        else:
            self._before.setdefault(step.urn, one)

    def import_(self, step: _Step) -> None:
        """Add a resource to both sides: Azure bills it already."""
        one = step.resource(_NEW)
        self._notes.add(_IMPORTED, one)
        self._before.setdefault(step.urn, one)
        self._after.setdefault(step.urn, one)

    def refresh(self, step: _Step) -> None:
        """Add a resource that has no other step, if it is still there."""
        old, one = step.state(_OLD), step.resource(_OLD)
        has_other_steps = step.urn in self._before or step.urn in self._after
        if not exists(old, one, self._notes) or has_other_steps:
            return
        if self._deleted_outside:
            self._notes.add(_GONE, one)
        else:
            self._refreshed += 1
            self._before[step.urn] = self._after[step.urn] = one

    @cached_property
    def _deleted_outside(self) -> bool:
        """True if resources with no step but `refresh` are gone.

        `pulumi refresh` counts each as what became of it, such as `same`. `pulumi up --refresh`
        counts none and goes on with a step for each that still exists.
        """
        by_program = self._counts.keys() - {"refresh", "update", "delete"}
        left = self._announced - self._counts
        return bool(by_program) and not left.keys() & {"same", "update", "delete"}

    def _put(self, side: dict[str, Resource], step: _Step, key: str) -> None:
        one = step.resource(key)
        if exists(step.state(key), one, self._notes):
            side[step.urn] = one

    def _retain(self, one: Resource) -> None:
        """Add a replaced resource that is not deleted to both sides, beside its replacement."""
        self._notes.add(RETAINED, one)
        beside = one.beside("retained")
        self._before[beside.urn] = self._after[beside.urn] = beside

    def _add_existing(self, one: Resource) -> None:
        """Add a replacement that is imported to the side before, beside what it replaces."""
        if replaced := self._before.get(one.urn):
            beside = replaced.beside("replaced")
            self._before[beside.urn] = beside
        self._before[one.urn] = one
        self._notes.add(_IMPORTED, one)

    def _refuse_partial(self) -> None:
        """Raise PlanError for a plan without some of its resources: its bill would be too low."""
        missing = self._announced - self._counts - Counter(same=self._refreshed)
        for operation, what, remedy in (
            ("same", "unchanged resources", "run it with --show-sames"),
            ("create", "resources that it creates", "run the preview again"),
        ):
            if left_out := missing[operation]:
                raise PlanError(
                    f"The plan leaves out {left_out:g} {what}, so the bill would be incomplete: "
                    f"{remedy}."
                )


# By operation of the engine, in the order in which they are taken: the last ones depend on the
# others of their resource. None: resources of other programs, and steps that change nothing.
_OPERATIONS: Mapping[str, Callable[[_Sides, _Step], None] | None] = {
    "same": _Sides.same,
    "update": _Sides.update,
    "create": _Sides.create,
    "replace": _Sides.replace,
    "create-replacement": _Sides.replace,
    "read-replacement": _Sides.replace,
    "read": _Sides.read,
    "delete": _Sides.delete,
    "delete-replaced": _Sides.delete_replaced,
    "import": _Sides.import_,
    "refresh": _Sides.refresh,
    "import-replacement": None,
    "discard": None,
    "read-discard": None,
    "discard-replaced": None,
    "remove-pending-replace": None,
    "diff": None,
    "extend-parameterize": None,
}
_ORDER = {operation: number for number, operation in enumerate(_OPERATIONS)}
_REPLACEMENTS = ("replace", "create-replacement", "read-replacement")
