"""Reading states, as `pulumi stack export` prints them."""

from typing import Any

import pytest

from frugal.cost.plan import PlanError, from_state
from frugal.cost.pricing import estimate
from frugal.cost.usage import NO_USAGE
from tests.cost.made import USUAL, each, names, plan_of, registry, server, state, table


def exported(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"manifest": {}, "resources": list(resources)}}


def test_a_state_is_the_same_before_and_after() -> None:
    plan = from_state(exported(state(registry()), state(plan_of())))
    found = estimate(plan, table(), NO_USAGE, USUAL)
    assert found.before == found.monthly == each("17.408")
    assert {line.change for line in found.lines} == {"same"}


def test_what_a_state_keeps_that_is_not_to_be_counted() -> None:
    listed = [
        state(registry()),
        state(server(), delete=True),
        state(plan_of(), external=True),
    ]
    plan = from_state(exported(*listed))
    assert names(plan.after.values()) == ["registry"]
    assert plan.notes == (
        "Pending deletion, and not counted: server (azure-native:dbforpostgresql:Server).",
    )


def test_the_living_one_of_two_with_a_name_counts() -> None:
    pair = [state(server("Standard_B2s")), state(server(), delete=True)]
    for listed in (pair, pair[::-1]):
        found = estimate(from_state(exported(*listed)), table(), NO_USAGE, USUAL)
        assert found.monthly == each("53.32")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "no `deployment`"),
        ({"deployment": None}, "no `deployment`"),
        ({"steps": []}, "give it with --preview"),
        ({"deployment": {"resources": {}}}, "is not a list"),
        ({"deployment": {"resources": [1]}}, "resources[0] of the state is 1"),
        ({"deployment": {"resources": [{}]}}, "resources[0] of the state has no `urn`"),
        ({"deployment": {"resources": [{"urn": "u"}]}}, "'u', which is not a Pulumi URN"),
    ],
)
def test_what_is_no_state_is_told_so(document: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError) as why:
        from_state(document)
    assert said in str(why.value)


def test_a_state_without_resources() -> None:
    for deployment in ({}, {"resources": None}, {"resources": []}):
        assert from_state({"deployment": deployment}).after == {}


def test_a_deletion_that_leaves_the_resource_in_azure() -> None:
    listed = [state(server("Standard_B2s")), state(server(), delete=True, retainOnDelete=True)]
    plan = from_state(exported(*listed))
    found = estimate(plan, table(), NO_USAGE, USUAL)
    assert found.before == found.monthly == each("69.41")
    assert "retained in Azure" in plan.notes[0]


@pytest.mark.parametrize(
    "flag", ["protect", "taint", "retainOnDelete", "refreshBeforeUpdate", "initErrors", "importID"]
)
def test_flags_that_leave_a_resource_where_it_is(flag: str) -> None:
    plan = from_state(exported(state(server(), **{flag: True})))
    assert names(plan.after.values()) == ["server"]
    assert plan.notes == ()


def test_what_was_deleted_for_its_replacement() -> None:
    plan = from_state(exported(state(server(), pendingReplacement=True)))
    assert plan.after == {}
    [note] = plan.notes
    assert note.startswith("Deleted for a replacement that is not created yet, and not counted: s")


def test_operations_that_were_interrupted() -> None:
    document = exported(state(registry()))
    document["deployment"]["pending_operations"] = [
        {"type": "creating", "resource": state(server())},
        {"type": "updating", "resource": state(registry("Standard"))},
    ]
    plan = from_state(document)
    assert names(plan.after.values()) == ["registry"]
    created, updated = plan.notes
    said = "An update was interrupted while"
    assert created.startswith(f"{said} creating it, so not counted: server (azure-native:")
    assert updated.startswith(f"{said} updating it, so counted as before: registry (azure-n")
    document["deployment"]["pending_operations"] = [{}]
    with pytest.raises(PlanError, match=r"operations\[0\]\.resource of the state is missing"):
        from_state(document)
