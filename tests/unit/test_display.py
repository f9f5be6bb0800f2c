"""Progress and failures of an engine's run, read from its events."""

import json
from pathlib import Path
from typing import Any

import pytest

from frugal.local.display import Display

STACK = "urn:pulumi:local::frugal::pulumi:pulumi:Stack::frugal-local"
IMAGE = "urn:pulumi:local::frugal::frugal:web:App$pulumi-python:dynamic/frugal:Image::site-image"


def event(kind: str, urn: str, op: str = "create", **fields: object) -> dict[str, Any]:
    return {kind: {"metadata": {"op": op, "urn": urn, "new": {"custom": True}}, **fields}}


def said(severity: str, message: str, urn: str = STACK) -> dict[str, Any]:
    return {"diagnosticEvent": {"severity": severity, "message": message, "urn": urn}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "events"
    file.touch()
    return file


def write(file: Path, *events: dict[str, Any]) -> None:
    with file.open("a") as lines:
        lines.writelines(f"{json.dumps(one)}\n" for one in events)


def test_a_line_of_progress_has_what_is_done_and_what_is_in_progress(file: Path) -> None:
    display = Display(file)
    assert display.step() == "Starting, 0 s: 0 resources done"
    write(file, event("resourcePreEvent", IMAGE, planning=True))
    assert display.step() == "Previewing, 0 s: 0 resources done; in progress: site-image"
    # The update writes its events over those of the preview.
    write(file, said("warning", "of the preview"))
    display.step()
    file.write_text("")
    write(file, event("resourcePreEvent", "a::b"))
    assert display.step() == "Updating, 0 s: 0 resources done; in progress: b"
    assert display.warnings() == []
    many = [event("resourcePreEvent", f"urn::{n}") for n in range(9)]
    write(file, event("resOutputsEvent", "a::b"), *many, event("resourcePreEvent", "c::d", "same"))
    with file.open("a") as lines:
        lines.write('{"resOutputs')
    assert display.step() == "Updating, 0 s: 1 resources done; in progress: 0, 1, 2, …"


BUILD = [said("info#err", f"site: line {n}\n") for n in range(20)]
FAILURES = {
    "the program's own error, after what it printed": (
        [said("info#err", "no such size\n\n"), said("error", "code 1\n")],
        "no such size\ncode 1",
    ),
    "a resource's, and not that the update failed": (
        [*BUILD, said("error", "refused", IMAGE), said("error", "update failed")],
        "site-image: refused",
    ),
    "the end of a log to which it refers": (
        [
            *BUILD,
            said("info#err", "other: line"),
            said("error", "Failed (log above)", IMAGE),
            said("info#err", "site: later"),
        ],
        "\n".join([*(f"site: line {n}" for n in range(8, 20)), "site-image: Failed (log above)"]),
    ),
    "an error that belongs to nothing": (
        [{"diagnosticEvent": {"severity": "error", "message": "no such stack"}}],
        "no such stack",
    ),
    "nothing": ([said("warning", "careful")], ""),
}


@pytest.mark.parametrize(("events", "failure"), FAILURES.values(), ids=FAILURES)
def test_a_failure_has_the_essential_lines(
    file: Path, events: list[dict[str, Any]], failure: str
) -> None:
    display = Display(file)
    write(file, *events)
    display.step()
    assert display.failure() == failure


def test_a_note_is_given_while_the_run_goes_on_and_once(file: Path) -> None:
    display = Display(file)
    lines = "domain: homepage: waiting\ndomain:   www.example.com. 300 IN CNAME a.example.\n"
    write(file, said("info#err", lines), *BUILD)
    assert display.notes() == []
    display.step()
    shown = ["homepage: waiting", "  www.example.com. 300 IN CNAME a.example."]
    assert display.notes() == shown
    display.step()
    assert display.notes() == []


def test_a_warning_is_given_once(file: Path) -> None:
    display = Display(file)
    write(file, said("warning", "no contacts\n"), *BUILD)
    display.step()
    write(file, said("warning", "no contacts"))
    display.step()
    assert display.warnings() == ["no contacts"]


def test_an_update_that_was_not_looked_at_until_it_had_written_more_than_its_preview(
    file: Path,
) -> None:
    display = Display(file)
    write(file, {"sequence": 0, "timestamp": 1}, said("warning", "of the preview"))
    display.step()
    file.write_text("")
    write(file, {"sequence": 0, "timestamp": 2}, said("warning", "of the update"), *BUILD)
    display.step()
    assert display.warnings() == ["of the update"]


def test_the_results_are_the_last_outputs_of_the_stack_and_the_summary(file: Path) -> None:
    display = Display(file)
    assert (display.outputs, display.changes) == ({}, {})
    for outputs in ({"url": "old"}, {"url": "new", "key": "[secret]"}):
        stack = event("resOutputsEvent", STACK, "same")
        stack["resOutputsEvent"]["metadata"]["new"] = {"outputs": outputs}
        write(file, stack, event("resOutputsEvent", IMAGE, "same"))
    write(file, {"summaryEvent": {"resourceChanges": {"create": 1, "same": 4}}})
    display.step()
    assert display.outputs == {"url": "new", "key": "[secret]"}
    assert display.changes == {"create": 1, "same": 4}
