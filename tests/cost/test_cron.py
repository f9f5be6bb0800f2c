"""Cron schedules: runs and hours of a year, and what they cost in Container Apps."""

from decimal import Decimal
from typing import Any

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.meters.cron import Rule, hours, runs
from frugal.cost.month import calendar_month
from frugal.cost.plan import Resource
from frugal.cost.properties import Unpriced
from frugal.cost.usage import parse, template
from tests.cost.made import ALL_ELSEWHERE, UNKNOWN, azure, bill, used

D = Decimal


@pytest.mark.parametrize(
    ("expression", "in_a_year"),
    [
        ("0 * * * *", 8760),
        ("*/5 * * * *", 105_120),
        ("30 8,20 * * *", 730),
        ("0 0 1 * *", 12),
        ("0 0 31 * *", 7),
        ("0 6 * * MON-FRI", 261),  # 2026 begins and ends on a Thursday
        ("0 6 * * 0", 52),
        ("0 6 * * 7", 52),
        ("0 6 1 * 4", 12 + 53 - 2),  # either; both on 1 January and 1 October
        ("0 6 29 FEB *", 0),
    ],
)
def test_runs_of_a_year(expression: str, in_a_year: int) -> None:
    assert runs(expression) == in_a_year


@pytest.mark.parametrize(
    ("rules", "by_replicas"),
    [
        ([Rule("0 8 * * *", "0 18 * * *", 3)], {3: 3650}),
        ([Rule("0 22 * * *", "30 6 * * *", 2)], {2: 8.5 * 365}),
        ([Rule("0 8 * * 1-5", "0 18 * * 1-5", 3)], {3: 2610}),
        # The most of two at a time.
        (
            [Rule("0 8 * * *", "0 18 * * *", 2), Rule("0 12 * * *", "0 13 * * *", 5)],
            {2: 9 * 365, 5: 365},
        ),
        ([Rule("0 8 * * *", "0 12 * * *", 2), Rule("0 16 * * *", "0 18 * * *", 2)], {2: 6 * 365}),
        # KEDA: also on between two ends, here from Friday to Sunday evening.
        ([Rule("0 8 * * 1-5", "0 18 * * *", 1)], {1: 2610 + 104 * 24}),
        ([Rule("0 0 29 2 *", "0 0 1 1 *", 1)], {1: 8760}),
        ([Rule("0 0 1 1 *", "0 0 29 2 *", 1)], {1: 0}),
    ],
)
def test_hours_of_a_year(rules: list[Rule], by_replicas: dict[int, float]) -> None:
    assert hours(tuple(rules)) == by_replicas
    assert hours(tuple(reversed(rules))) == by_replicas


@pytest.mark.parametrize(
    "expression", ["", "hourly", "@daily", "0 0 * * * *", "60 * * * *", "* * * *"]
)
def test_what_is_no_schedule(expression: str) -> None:
    with pytest.raises(Unpriced, match="is not a cron expression of five fields"):
        runs(expression)


# Jobs and scale rules in eastus: active 2.4e-5 a vCPU-second and 3e-6 a GiB-second, idle 3e-6 each.


def job(schedule: object, trigger: str = "Schedule", **more: Any) -> Resource:
    config = {"cronExpression": schedule, **more}
    configuration = {"triggerType": trigger, "scheduleTriggerConfig": config}
    template = {"containers": [{"resources": {"cpu": 0.5, "memory": "1Gi"}}]}
    inputs = {"location": "eastus", "configuration": configuration, "template": template}
    return azure("app:Job", "job", **inputs)


def seconds(found: Estimate) -> Decimal:
    """Expected replica-seconds: a GiB-second is one here."""
    return sum((line.quantity for line in found.lines if "Memory" in line.meter), D(0))


def test_an_hourly_job_runs_730_times_a_month() -> None:
    found = bill(job("0 * * * *"), usage=used(ALL_ELSEWHERE))
    assert seconds(found) == 730 * 60
    assert found.monthly.expected == 730 * 60 * (D("0.5") * D("2.4e-5") + D("3e-6"))
    # A schedule runs without visitors.
    assert found.monthly.low == found.monthly.expected
    assert [one.key for one in found.assumptions] == ["active_seconds"]


def test_a_schedule_in_a_month_of_its_own_length() -> None:
    found = bill(job("0 * * * *"), usage=used(ALL_ELSEWHERE), month=calendar_month("2026-08"))
    assert seconds(found) == 744 * 60


def test_what_the_owner_says_of_a_job_comes_before_its_schedule() -> None:
    given = used(f"resources: {{job: {{executions: 5, active_seconds: 100}}}}{ALL_ELSEWHERE}")
    assert seconds(bill(job("0 * * * *"), usage=given)) == 500


def test_the_usage_file_of_a_scheduled_job_leaves_its_executions_to_the_schedule() -> None:
    scheduled, other = job("0 * * * *"), azure("app:Job", "other", **job("").properties.content)
    other.properties.content["configuration"].pop("scheduleTriggerConfig")
    other.properties.content["configuration"]["triggerType"] = "Manual"
    written = template([scheduled, other])
    assert "    # executions: 10" in written
    assert parse(written, "usage.yaml").resources.keys() == {"job", "other"}
    assert parse(written, "usage.yaml").resources["other"]["executions"] == 10
    usage = parse(written, "usage.yaml")
    assert bill(scheduled, other, usage=usage).monthly == bill(scheduled, other).monthly


@pytest.mark.parametrize(("trigger", "executions"), [("schedule", 12), ("Manual", 10)])
def test_the_schedule_of_a_job_that_has_one(trigger: str, executions: int) -> None:
    found = bill(job("0 0 1 * *", trigger), usage=used(ALL_ELSEWHERE))
    monthly = executions if trigger == "Manual" else D(executions * 730) / 8760
    assert seconds(found) == monthly * 60


@pytest.mark.parametrize(
    ("schedule", "said"),
    [("now and then", "is not a cron expression"), (UNKNOWN, "not known before the deployment")],
)
def test_a_schedule_that_cannot_be_read(schedule: str, said: str) -> None:
    assert said in bill(job(schedule)).unpriced[0].reason


def scaled(*rules: dict[str, Any], least: int = 0, most: int = 10) -> Resource:
    resources = {"cpu": 0.25, "memory": "0.5Gi"}
    scale = {"minReplicas": least, "maxReplicas": most, "rules": list(rules)}
    template = {"containers": [{"resources": resources}], "scale": scale}
    return azure("app:ContainerApp", "app", location="eastus", template=template)


def by_day(replicas: object, start: str = "0 8 * * *", end: str = "0 18 * * *") -> dict[str, Any]:
    metadata = {"timezone": "Europe/Berlin", "start": start, "end": end}
    return {"custom": {"type": "cron", "metadata": {**metadata, "desiredReplicas": replicas}}}


HTTP = {"http": {"metadata": {"concurrentRequests": "50"}}}


def test_three_replicas_ten_hours_a_day() -> None:
    found = bill(scaled(by_day("3"), HTTP))
    # 3 x 3,650 h x 730 / 8,760 = 3,285,000 s, of which the grants take 180,000 and 360,000.
    assert found.monthly.low == D("19.2375")
    # Visits outside of these hours add 90,000 x 14 / 24.
    outside = D(52_500) * (D("0.25") * D("2.4e-5") + D("0.5") * D("3e-6"))
    assert found.monthly.expected == D("19.2375") + outside


def test_replicas_of_the_minimum_are_active_too_while_more_run() -> None:
    found = bill(scaled(by_day("3"), least=1), usage=used(ALL_ELSEWHERE))
    active = 3_285_000 * (D("0.25") * D("2.4e-5") + D("0.5") * D("3e-6"))
    idle = 2_628_000 * D(14) / 24 * (D("0.25") * D("3e-6") + D("0.5") * D("3e-6"))
    assert found.monthly.low == active + idle


@pytest.mark.parametrize("rule", [by_day("2"), by_day("1"), HTTP])
def test_a_rule_that_keeps_no_more_than_the_minimum_changes_nothing(rule: dict[str, Any]) -> None:
    assert bill(scaled(rule, least=2)).monthly == bill(scaled(least=2)).monthly


def test_a_rule_beyond_the_maximum() -> None:
    assert bill(scaled(by_day("9"), most=3)).monthly == bill(scaled(by_day(3), most=3)).monthly


def test_no_use_is_less_than_the_schedule() -> None:
    figures = used("resources: {app: {active_seconds: 100}}")
    assert bill(scaled(by_day("3")), usage=figures).monthly.expected == D("19.2375")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (by_day(UNKNOWN), "desiredReplicas is not known before the deployment"),
        (by_day("some"), "desiredReplicas: 'some' is not a number"),
        (by_day("3", start="@daily"), "is not a cron expression"),
        ({"custom": {"type": "cron"}}, "custom.metadata.start is missing"),
    ],
)
def test_a_rule_that_cannot_be_read(rule: dict[str, Any], said: str) -> None:
    assert said in bill(scaled(rule)).unpriced[0].reason
