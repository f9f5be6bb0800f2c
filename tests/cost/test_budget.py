"""The estimate held against the plan's own budget: which of its alerts it sets off."""

from typing import Any

import pytest

from frugal.cost.plan import Plan, Resource
from frugal.cost.pricing import estimate
from frugal.cost.usage import Usage
from tests.cost.made import UNKNOWN, USUAL, azure, bill, plan_of, table, used


def budget(amount: object, grain: str = "Monthly", **levels: Any) -> Resource:
    """`levels`: threshold by kind, such as `Actual=80`."""
    notifications = {
        # Azure allows any name, also one with points.
        f"{kind}.over.{level}": {"enabled": True, "threshold": level, "thresholdType": kind}
        for kind, level in levels.items()
    }
    given = {"amount": amount, "timeGrain": grain, "notifications": notifications}
    return azure("consumption:Budget", "monthly", **given)


IN_DOLLARS = used("currency: usd")


def alerts(*resources: Resource) -> tuple[list[tuple[str, str]], list[str]]:
    found = bill(plan_of(), *resources, usage=IN_DOLLARS)  # 12.41
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


def deployed(one: Resource, unit: object) -> Plan:
    outputs = {"currentSpend": {"amount": 3, "unit": unit}}
    old = one._replace(outputs=outputs)
    priced = plan_of()
    return Plan({one.urn: old}, {one.urn: one, priced.urn: priced})


@pytest.mark.parametrize(
    ("usage", "unit", "currency"),
    [
        (used("currency: GBP"), None, "GBP"),
        (used("currency: USD"), "GBP", "GBP"),
        (used(""), "gbp", "GBP"),
        (used("currency: GBP"), "USD", "USD"),
        (used("currency: GBP"), "", "GBP"),
    ],
)
def test_a_budget_in_another_currency_is_not_compared(
    usage: Usage, unit: object, currency: str
) -> None:
    found = estimate(deployed(budget(20, Actual=50), unit), table(), usage, USUAL)
    said = [note for note in found.notes if note.startswith("Budget ")]
    if currency == "USD":
        assert (len(found.alerts), said) == (1, [])
    else:
        assert found.alerts == []
        assert said == [
            f"Budget monthly is in {currency}, and was not compared with a bill in USD."
        ]


def test_a_budget_in_a_currency_that_is_not_known_is_compared_and_says_so() -> None:
    found = bill(plan_of(), budget(20, Actual=50))
    assert [str(one.percent) for one in found.alerts] == ["50"]
    [note] = [note for note in found.notes if note.startswith("Budget ")]
    assert note.startswith("Budget monthly was compared as if in USD: its currency is not known.")
    assert "`currency:` in the usage file" in note


def test_a_budget_of_cost_management() -> None:
    amounts = {"amount": 20, "timeGrain": "monthly", "category": "Cost"}
    levels = {"a": {"enabled": True, "threshold": 50}}
    one = azure("costmanagement:Budget", "monthly", **amounts, notifications=levels)
    assert alerts(one)[0] == [("50", "Actual")]
