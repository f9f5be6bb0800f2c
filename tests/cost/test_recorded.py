"""Plans, event streams and states as the pinned engine writes them (`recording/__main__.py`).

The program has a resource group, a plan (B1: 12.41 in eastus, 13.14 in westeurope; P0v3: 56.575)
and a server (B1ms with 32 GB: 16.09): 28.50 in all.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.plan import Plan, PlanError, from_state, parse
from frugal.cost.preview import from_preview
from frugal.cost.pricing import estimate
from frugal.cost.usage import NO_USAGE
from frugal.errors import FrugalError
from tests.cost.made import USUAL, names, table

FOLDER = Path(__file__).parent / "recorded"

RETAINED = "Given up by the program but retained in Azure"
IMPORTED = "Imported, so already counted before"
GONE = "Deleted outside of Pulumi"
DELETION = "Pending deletion"
REPLACEMENT = "Deleted for a replacement that is not created yet"

# Expected before, expected after, and the beginning of the plan's one note, if it has one.
BILLS = {
    "create": ("0", "28.5", ""),
    "update": ("28.5", "72.665", ""),
    "delete": ("28.5", "16.09", ""),
    "destroy": ("28.5", "0", ""),
    "destroy-by-program": ("28.5", "0", ""),
    "replace": ("28.5", "29.23", ""),
    "replace-steps": ("28.5", "29.23", ""),
    "replace-delete-first": ("28.5", "29.23", ""),
    # The server depends on the plan, and goes with it.
    "replace-with-dependents": ("28.5", "13.14", ""),
    "retain-deleted": ("28.5", "28.5", RETAINED),
    "retain-replaced": ("12.41", "25.55", RETAINED),
    "retain-replaced-steps": ("12.41", "25.55", RETAINED),
    "import": ("12.41", "12.41", IMPORTED),
    "import-with-a-tag": ("12.41", "12.41", IMPORTED),
    # Both were billed; one goes.
    "import-replacement": ("25.55", "13.14", IMPORTED),
    "import-replacement-steps": ("25.55", "13.14", IMPORTED),
    "import-replacement-stream": ("25.55", "13.14", IMPORTED),
    "read": ("0", "0", ""),
    "read-what-was-managed": ("12.41", "12.41", "Only read from now on"),
    "read-another": ("12.41", "0", ""),
    "managed-what-was-read": ("0", "13.14", ""),
    "discard": ("0", "0", ""),
    # The server is declared, but neither targeted nor there.
    "target": ("12.41", "56.575", ""),
    "exclude": ("12.41", "56.575", ""),
    # The server is there, and neither targeted nor declared.
    "target-removed": ("28.5", "72.665", ""),
    "refresh": ("28.5", "28.5", ""),
    "refresh-drift": ("28.5", "72.665", ""),
    "refresh-stream": ("28.5", "72.665", ""),
    "refresh-vanished": ("28.5", "16.09", ""),
    "refresh-vanished-stream": ("28.5", "16.09", ""),
    "refresh-by-program": ("28.5", "28.5", ""),
    "refresh-by-program-vanished": ("28.5", "16.09", ""),
    "preview-refresh": ("28.5", "28.5", ""),
    "preview-refresh-without-sames": ("28.5", "28.5", ""),
    "preview-refresh-drift": ("72.665", "28.5", ""),
    "preview-refresh-vanished": ("16.09", "28.5", ""),
    "preview-refresh-vanished-stream": ("16.09", "28.5", ""),
    "preview-refresh-vanished-and-removed": ("16.09", "16.09", GONE),
    "stream": ("28.5", "72.665", ""),
    "stream-replace": ("28.5", "29.23", ""),
    # A preview and the update.
    "update-stream": ("28.5", "72.665", ""),
    "printed-error": ("0", "28.5", ""),
    "printed-error-stream": ("0", "28.5", ""),
    "deletion-pending": ("29.23", "29.23", DELETION),
    "deletion-pending-refresh": ("29.23", "29.23", DELETION),
    "deletion-pending-state": ("29.23", "29.23", DELETION),
    "replacement-pending": ("16.09", "29.23", REPLACEMENT),
    "replacement-pending-target": ("16.09", "16.09", REPLACEMENT),
    "replacement-pending-removed": ("16.09", "16.09", ""),
    "replacement-pending-state": ("16.09", "16.09", REPLACEMENT),
    "state": ("28.5", "28.5", ""),
    # The plan is protected and tainted, the server is read.
    "state-protected-and-tainted": ("12.41", "12.41", ""),
    # Programs in other languages, with other cases of letters. The plan in Go has two instances.
    "yaml": ("0", "28.5", ""),
    "typescript": ("0", "28.5", ""),
    "go": ("0", "40.91", ""),
    "renamed": ("12.41", "56.575", ""),
    "budget": ("0", "12.41", ""),
}
UNPRICED = {"secret": "sku.name is secret", "stream-secret": "sku.name is secret"}
FAILED = {
    "raised": "no more",
    "raised-stream": "no more",
    "yaml-failed": "failed: nowhere does not exist on group",
    "yaml-failed-stream": "failed, without a reason",
    "ended-without-a-word-stream": "failed, without a reason",
}
PARTIAL = {"without-sames": "leaves out 3 unchanged resources"}
# Only the exit code of the preview says that it failed.
SILENT = {"ended-without-a-word"}


def plan_of(name: str) -> Plan:
    [file] = FOLDER.glob(f"{name}.json*")
    document = parse(file.read_bytes())
    return from_state(document) if "deployment" in document else from_preview(document)


def of(name: str) -> tuple[Plan, Estimate]:
    plan = plan_of(name)
    return plan, estimate(plan, table(), NO_USAGE, USUAL)


def test_each_recording_has_its_row() -> None:
    recorded = {file.stem for file in FOLDER.iterdir()}
    assert recorded == {*BILLS, *UNPRICED, *FAILED, *PARTIAL, *SILENT}


@pytest.mark.parametrize("name", BILLS)
def test_before_and_after(name: str) -> None:
    plan, found = of(name)
    before, after, note = BILLS[name]
    assert found.unpriced == []
    assert (found.before.expected, found.monthly.expected) == (Decimal(before), Decimal(after))
    assert len(plan.notes) == bool(note)
    assert "".join(plan.notes).startswith(note)


@pytest.mark.parametrize("name", UNPRICED)
def test_a_secret_is_not_read(name: str) -> None:
    [gap] = of(name)[1].unpriced
    assert gap.reason == UNPRICED[name]


@pytest.mark.parametrize("name", FAILED)
def test_a_failed_preview_is_refused(name: str) -> None:
    with pytest.raises(FrugalError, match=FAILED[name]) as error:
        plan_of(name)
    assert error.value.code == 1
    assert str(error.value).startswith("The preview failed: ")


@pytest.mark.parametrize("name", PARTIAL)
def test_a_partial_plan_is_refused(name: str) -> None:
    with pytest.raises(PlanError, match=PARTIAL[name]):
        plan_of(name)


@pytest.mark.parametrize("name", SILENT)
def test_a_program_that_ends_without_a_word(name: str) -> None:
    assert names(plan_of(name).after.values()) == ["made-test", "group"]


def test_a_state_of_version_4() -> None:
    [file] = FOLDER.glob("state-protected-and-tainted.json")
    assert parse(file.read_bytes())["version"] == 4
    assert parse((FOLDER / "state.json").read_bytes())["version"] == 3


def test_the_currency_of_a_deployed_budget() -> None:
    _plan, found = of("budget")
    assert found.alerts == []
    assert [note for note in found.notes if "Budget" in note] == [
        "Budget monthly is in GBP, and was not compared with a bill in USD."
    ]


@pytest.mark.parametrize("name", BILLS)
def test_the_order_of_the_steps_does_not_matter(name: str) -> None:
    [file] = FOLDER.glob(f"{name}.json*")
    document = parse(file.read_bytes())
    if "steps" in document:
        document["steps"].reverse()
        turned, plan = from_preview(document), plan_of(name)
        assert set(turned.notes) == set(plan.notes)
        bills = [estimate(one, table(), NO_USAGE, USUAL) for one in (turned, plan)]
        assert len({bill.monthly for bill in bills}) == len({bill.before for bill in bills}) == 1
