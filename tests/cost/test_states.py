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
        "server (azure-native:dbforpostgresql:Server) is pending deletion and is not counted.",
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
