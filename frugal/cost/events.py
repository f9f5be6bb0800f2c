"""Events of the engine and the messages in them, as the document of `pulumi preview --json`.

`PULUMI_ENABLE_STREAMING_JSON_PREVIEW` and `--event-log` write an event a line; Pulumi Cloud returns
`{"events": […]}`. Source: apitype.EngineEvent of github.com/pulumi/pulumi/sdk/v3 3.274.1.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from frugal.cost.plan import REMEDY, PlanError, block, identity

# The engine's own colours, and those that a program prints.
_COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[\d;]*m")
_PREFIX = re.compile(r"^error: ", re.IGNORECASE)
_COLOURED_ERROR = re.compile(r"(\x1b\[[\d;]*m)+error\b", re.IGNORECASE)

_START = "preludeEvent"
_EVENTS = ("diagnosticEvent", "summaryEvent", "resourcePreEvent", "resOutputsEvent")


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


class _Event(NamedTuple):
    kind: str
    content: Mapping[str, Any]
    where: str


def digest(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Events as the document of `pulumi preview --json`. Raises PlanError for incomplete ones."""
    listed = document["events"]
    if not isinstance(listed, list):
        raise PlanError("The plan's `events` is not a list.")
    if document.get("continuationToken"):
        raise PlanError("The list of events goes on (continuationToken): get the rest as well.")
    events = list(_last_run(cast("list[object]", listed)))
    summary = next((one.content for one in events if one.kind == "summaryEvent"), None)
    if summary is None:
        raise PlanError(f"The events end before their summary, so the plan is incomplete. {REMEDY}")
    diagnostics = [
        {
            **one.content,
            "message": f"{one.content.get('prefix', '')}{one.content.get('message', '')}",
        }
        for one in events
        if one.kind == "diagnosticEvent" and not one.content.get("ephemeral")
    ]
    result = summary.get("result")
    if result in ("failed", "canceled") and not failure_of(diagnostics):
        diagnostics.append({"severity": "error", "message": f"it is {result}, without a reason"})
    return {
        "steps": _steps(events),
        "diagnostics": diagnostics,
        "changeSummary": summary.get("resourceChanges"),
    }


def _last_run(listed: Sequence[object]) -> Iterator[_Event]:
    """The events that matter; `pulumi up` previews, then it updates."""
    starts = [n for n, event in enumerate(listed) if isinstance(event, dict) and _START in event]
    for number in range(starts[-1] if starts else 0, len(listed)):
        event = block(listed[number], f"events[{number}] of the plan")
        for kind in event.keys() & _EVENTS:
            where = f"events[{number}].{kind}"
            yield _Event(kind, block(event[kind], f"{where} of the plan"), where)


def _steps(events: Sequence[_Event]) -> Sequence[Mapping[str, Any]]:
    """Steps of the events; of a refresh the outcome, which its outputs tell."""
    steps: list[Mapping[str, Any]] = []
    refreshed: dict[str, int] = {}
    for kind, content, where in events:
        if kind not in ("resourcePreEvent", "resOutputsEvent"):
            continue
        metadata = block(content.get("metadata"), f"{where}.metadata of the plan")
        operation, urn = identity(metadata, where)
        old, new = metadata.get("old"), metadata.get("new")
        step = {"op": operation, "urn": urn, "oldState": old, "newState": new}
        if kind == "resourcePreEvent":
            if operation == "refresh":
                refreshed[urn] = len(steps)
            steps.append(step)
        elif urn in refreshed:
            steps[refreshed[urn]] = step
    return steps
