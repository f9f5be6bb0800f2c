"""Condensed display of an engine's run, from the events that it writes to a file.

Format: one `apitype.EngineEvent` a line (github.com/pulumi/pulumi/sdk/v3 3.274.1), without colours
if the run has `--color never`. The events of an update replace those of its preview.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from frugal.notes import PREFIX

_BEGINNING = 64  # bytes of a run's first event, with its time in seconds
_NAMED = 3  # resources in a line of progress
_PRINTED = 12  # lines of what the program printed
_STACK = "::pulumi:pulumi:Stack::"  # in the URN of what the program prints

_Event = Mapping[str, Any]
_NONE: _Event = {}


class Display:
    """Progress of a run, reasons of its failure, and its results.

    `outputs`: the stack's, secrets masked by the engine; `changes`: number of resources by
    operation, such as `{"create": 3, "same": 12}`. Both are as the last `step` has found them.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._phase = "Starting"
        self._begun = time.monotonic()
        self._notes: list[str] = []
        self._forget()

    def _forget(self) -> None:
        self._position = 0
        self._beginning = b""
        self._done = 0
        self._working: dict[str, None] = {}
        self._diagnostics: list[_Event] = []
        self.outputs = _NONE
        self.changes: Mapping[str, int] = {}

    def step(self) -> str:
        """Return a line of progress: seconds, resources done, resources in progress."""
        if self._is_anew():
            self._forget()
        for event in self._read():
            self._take(event)
        names = [urn.rpartition("::")[2] for urn in self._working]
        shown = ", ".join([*names[:_NAMED], *(["…"] if names[_NAMED:] else [])])
        seconds = time.monotonic() - self._begun
        line = f"{self._phase}, {seconds:.0f} s: {self._done} resources done"
        return f"{line}; in progress: {shown}" if shown else line

    def notes(self) -> list[str]:
        """Return the notes of the run (frugal/notes.py) that the steps so far have read, once."""
        notes, self._notes = self._notes, []
        return notes

    def warnings(self) -> list[str]:
        """Return the warnings of the program and the engine, each once."""
        found = (one for one in self._diagnostics if one["severity"] == "warning")
        return list(dict.fromkeys(one["message"].strip() for one in found))

    def failure(self) -> str:
        """Return the resources' errors, or the program's own if it did not come to a resource.

        What the program printed last is put before an error of its own, and the end of a build's
        log before an error that refers to it.
        """
        resources: list[str] = []
        program: list[str] = []
        printed: list[str] = []
        for one in self._diagnostics:
            if one["severity"] == "info#err":
                printed.extend(filter(str.strip, one["message"].splitlines()))
            elif one["severity"] == "error":
                text, urn = one["message"].strip(), one.get("urn", _STACK)
                if _STACK in urn:
                    program += [*printed[-_PRINTED:], text]
                else:
                    name = urn.rpartition("::")[2]
                    # Builds run side by side; a line begins with the name of its own.
                    begin = f"{name.removesuffix('-image')}: "
                    log = [line for line in printed if line.startswith(begin)][-_PRINTED:]
                    resources += [*(log if "log above" in text else ()), f"{name}: {text}"]
        return "\n".join(dict.fromkeys(resources or program))

    def _take(self, event: _Event) -> None:
        self._count(event)
        if one := event.get("diagnosticEvent"):
            self._diagnostics.append(one)
            lines = str(one.get("message", "")).splitlines()
            self._notes += [line.removeprefix(PREFIX) for line in lines if line.startswith(PREFIX)]
        metadata = _within(event, "resOutputsEvent", "metadata")
        if _STACK in metadata.get("urn", ""):
            self.outputs = _within(metadata, "new", "outputs")
        if summary := event.get("summaryEvent"):
            self.changes = _within(summary, "resourceChanges")

    def _count(self, event: _Event) -> None:
        for kind in ("resourcePreEvent", "resOutputsEvent", "resOpFailedEvent"):
            metadata: _Event = event.get(kind, {}).get("metadata", {})
            state: _Event = metadata.get("new") or metadata.get("old") or {}
            if not state.get("custom"):
                continue
            urn = str(metadata["urn"])
            if kind == "resourcePreEvent":
                self._phase = "Previewing" if event[kind].get("planning") else "Updating"
                if metadata["op"] != "same":
                    self._working[urn] = None
            else:
                self._working.pop(urn, None)
                self._done += 1

    def _is_anew(self) -> bool:
        """True if the update has begun to write over what was read of the preview.

        It may have written more already if this process was held up, for example by a terminal
        whose output is stopped.
        """
        with self._file.open("rb") as content:
            beginning = content.read(len(self._beginning))
            return beginning != self._beginning or content.seek(0, os.SEEK_END) < self._position

    def _read(self) -> Iterator[_Event]:
        """Read the whole lines since the last call; a damaged one is passed over."""
        with self._file.open("rb") as content:
            content.seek(self._position)
            whole, newline, _rest = content.read().rpartition(b"\n")
        self._position += len(whole) + len(newline)
        self._beginning = self._beginning or whole[:_BEGINNING]
        for line in whole.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event


def _within(event: _Event, *path: str) -> _Event:
    """The object at a path; an empty one where there is none."""
    for name in path:
        event = event.get(name) or _NONE
    return event
