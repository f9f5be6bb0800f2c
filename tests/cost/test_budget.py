"""The estimate held against the plan's own budget: which of its alerts it sets off."""

from typing import Any

import pytest

from frugal.cost.plan import Resource
from tests.cost.made import UNKNOWN, azure, bill, plan_of


def budget(amount: object, grain: str = "Monthly", **levels: Any) -> Resource:
    """`levels`: threshold by kind, such as `Actual=80`."""
    notifications = {
        # Azure allows any name, also one with points.
        f"{kind}.over.{level}": {"enabled": True, "threshold": level, "thresholdType": kind}
        for kind, level in levels.items()
    }
    given = {"amount": amount, "timeGrain": grain, "notifications": notifications}
    return azure("consumption:Budget", "monthly", **given)


def alerts(*resources: Resource) -> tuple[list[tuple[str, str]], list[str]]:
    found = bill(plan_of(), *resources)  # 12.41
    said = [note for note in found.notes if note.startswith("Budget ")]
    return [(str(one.percent), one.kind) for one in found.alerts], said


def test_what_is_expected_reaches_a_level_or_not() -> None:
    reached, said = alerts(budget(20, Actual=62.05, Forecasted=62.06))
    assert reached == [("62.05", "Actual")]
    assert said == []


def test_no_level_is_reached() -> None:
    reached, [sentence] = alerts(budget(1000, Actual=50))
    assert reached == []
    assert sentence == "Budget monthly: the expected bill triggers no alert."


@pytest.mark.parametrize(
    ("grain", "level", "reached"),
    [("Quarterly", 37, True), ("Quarterly", 38, False), ("Annually", 148, True)],
)
def test_a_budget_of_several_months(grain: str, level: int, reached: bool) -> None:
    found, _said = alerts(budget(100, grain, Actual=level))
    assert bool(found) == reached


def test_a_level_that_is_switched_off() -> None:
    off = {"amount": 1, "timeGrain": "Monthly", "notifications": {"a": {"threshold": 50}}}
    assert alerts(azure("consumption:Budget", "monthly", **off))[0] == []


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (budget(UNKNOWN, Actual=50), "amount is not known before the deployment"),
        (budget("[secret]", Actual=50), "amount is secret"),
        (budget(20, "Hourly", Actual=50), "timeGrain 'Hourly'"),
        (budget(20, Actual=UNKNOWN), "threshold is not known"),
    ],
)
def test_a_budget_that_cannot_be_compared_says_so(one: Resource, said: str) -> None:
    reached, [sentence] = alerts(one)
    assert reached == []
    assert sentence.startswith("Budget monthly was not compared: ")
    assert said in sentence
