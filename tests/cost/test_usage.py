"""Usage files: whose figure counts, what follows from others, and what is refused."""

from decimal import Decimal
from pathlib import Path

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.usage import UsageError, load
from frugal.cost.usage import parse as read_usage
from tests.cost.made import (
    amounts,
    app,
    azure,
    bill,
    edge,
    expected_of,
    registry,
    used,
    vault,
    workspace,
)

D = Decimal


def operations(resources: str, *names: str) -> dict[str, Decimal]:
    """Operations of each vault by a usage file's `resources`."""
    found = bill(*(vault(name) for name in names), usage=used(f"resources: {resources}"))
    return {line.name: line.quantity * 10_000 for line in found.lines}


def refused(text: str, *resources) -> str:
    with pytest.raises(UsageError) as why:
        bill(*resources, usage=read_usage(text, "usage.yaml"))
    assert why.value.code == 2
    return str(why.value)


# Whose figure counts.


def test_without_a_figure_it_is_the_small_sites_and_zero_is_zero() -> None:
    found = operations("{a: {operations: 7}, b: {operations: 0}, c: {}}", "a", "b", "c", "d")
    assert found == {"a": 7, "b": 0, "c": 10_000, "d": 10_000}


def test_each_match_of_a_glob_gets_the_figure() -> None:
    found = operations("{'web-?': {operations: 5}}", "web-a", "web-b", "web-10", "Web-a")
    assert found == {"web-a": 5, "web-b": 5, "web-10": 10_000, "Web-a": 10_000}


@pytest.mark.parametrize("exact_first", [True, False])
def test_an_exact_name_goes_before_any_glob(exact_first: bool) -> None:
    entries = ["a: {operations: 1}", "'*': {operations: 2}"]
    text = ", ".join(entries if exact_first else entries[::-1])
    assert operations(f"{{{text}}}", "a", "b") == {"a": 1, "b": 2}


def test_of_two_globs_the_later_counts() -> None:
    assert operations("{'*': {operations: 1}, 'a*': {operations: 2}}", "ab") == {"ab": 2}
    assert operations("{'a*': {operations: 2}, '*': {operations: 1}}", "ab") == {"ab": 1}


def test_globs_and_names_are_put_together_key_by_key() -> None:
    usage = used("resources: {'*': {requests: 0, egress_gb: 0}, edge: {egress_gb: 10}}")
    found = bill(edge(), usage=usage)
    assert found.monthly.expected == 35 + D("0.825") + D("0.002")
    assert [(one.name, one.key) for one in found.assumptions] == [("edge", "to_origin_gb")]


def test_a_name_that_looks_like_a_glob() -> None:
    assert operations("{'a[1]': {operations: 3}}", "a[1]", "a1") == {"a[1]": 3, "a1": 10_000}


def test_a_glob_over_types_gives_each_what_it_knows() -> None:
    found = bill(
        edge(), app(), workspace(), usage=used("resources: {'*': {egress_gb: 4, requests: 0}}")
    )
    assert expected_of(found)["Standard Data Transfer Out"] == 4 * D("0.0825")
    given = {(one.name, one.key) for one in found.assumptions}
    assert ("logs", "ingested_gb") in given
    assert ("app", "egress_gb") not in given


def test_the_same_figures_for_both_sides() -> None:
    usage = used("resources: {gone: {operations: 20000}}")
    found = bill(before=[vault("gone")], usage=usage)
    assert found.delta == amounts("0", "-0.06", "-0.06")


# What is refused.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begins with `version: 1`"),
        ("- a", "begins with `version: 1`"),
        ("resources: {}", "begins with `version: 1`"),
        ("version: 2", "version: 2 is not allowed; allowed: 1"),
        ("version: 1\nresource: {}", "resource: unknown key; allowed: version, resources, offers"),
        ("version: [", "line 1: this is not YAML"),
        (
            "version: 1\noffers: {postgres_12_months: {start: 2026-02-30}}",
            "line 2: 2026-02-30 is not a date: day",
        ),
        ("version: 1\na: !!python/object:os.system x", "this is not YAML"),
        ("version: 1\nresources: {app: {requests: -1}}", "resources.app.requests: -1"),
        ("version: 1\nresources: {app: {requests: true}}", "resources.app.requests: True"),
        ("version: 1\nresources: {app: {requests: }}", "resources.app.requests: None"),
        ("version: 1\nresources: {app: {requests: [1]}}", "resources.app.requests: [1]"),
        (
            "version: 1\nresources: {app: {requests: .inf}}",
            "resources.app.requests: inf is not allowed; allowed: a finite number",
        ),
        ("version: 1\nresources: {app: {requests: 1e30}}", "resources.app.requests: '1e30'"),
        ("version: 1\nresources: {app: {requests: 0.1234567891}}", "resources.app.requests"),
        ("version: 1\nresources: {app: 5}", "resources.app: 5 is not allowed"),
        ("version: 1\nresources: {app: {visits: 1}}", "resources.app.visits: unknown key; allowed"),
        ("version: 1\nresources: {ap: {requests: 1}}", "resources.ap: no resource of the plan"),
        ("version: 1\nresources: {'b*': {requests: 1}}", "resources.b*: no resource"),
        ("version: 1\nresources: {address: {requests: 1}}", "resources.address: no resource"),
        ("version: 1\nused_elsewhere: {egress_gb: -1}", "used_elsewhere.egress_gb: -1"),
        ("version: 1\nused_elsewhere: {egress: 1}", "used_elsewhere.egress: unknown key; allowed"),
        (
            "version: 1\nused_elsewhere: {container_apps: {seconds: 1}}",
            "used_elsewhere.container_apps.seconds: unknown key; allowed: vcpu_seconds",
        ),
        (
            "version: 1\noffers: {postgres: {}}",
            "offers.postgres: unknown key; allowed: postgres_12",
        ),
        ("version: 1\noffers: {postgres_12_months: {}}", "postgres_12_months.start is missing"),
        ("version: 1\noffers: {postgres_12_months: {start: 5}}", "a date, such as 2026-01-31"),
        (
            "version: 1\nresources: {app: -1}",
            "resources.app: -1 is not allowed; allowed: keys with",
        ),
        ("version: 1\nresources: {app: {requests: 1.0000000001}}", "at most 9 decimal places"),
        ("version: 1\nresources: {app: {requests: 1000000000000000000000}}", "a smaller number"),
        ("version: 1\nresources: {3: {requests: 1}}", "3 is not allowed; allowed: a text"),
        (
            "version: 1\noffers: {postgres_12_months: {start: soon}}",
            "offers.postgres_12_months.start: 'soon'",
        ),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    address = azure("network:PublicIPAddress", "address", location="eastus")
    message = refused(text, app(), address)
    assert message.startswith(("usage.yaml", "Usage file, resources."))
    assert said in message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("version: 1\nresources:\n  app: {requests: 1}\n  app: {requests: 2}\n", 4),
        ("version: 1\nresources:\n  app:\n    requests: 1\n    requests: 1\n", 5),
        ("version: 1\nversion: 1\n", 2),
        ("version: 1\nresources: {app: {}}\nresources: {}\n", 3),
    ],
)
def test_a_key_that_is_there_twice(text: str, line: int) -> None:
    assert f"usage.yaml, line {line}: " in refused(text, app())
    assert "is given twice" in refused(text, app())


def test_what_is_near_is_offered() -> None:
    message = refused("version: 1\nresources: {hompage: {}}", app("homepage"), app("other"))
    assert message.endswith("similar: homepage.")


@pytest.mark.parametrize(
    ("given", "beyond"),
    [
        ("active_seconds: 5256001", "maxReplicas"),
        ("idle_seconds: 5256001", "maxReplicas"),
        ("active_seconds: 2628000, idle_seconds: 2628001", "maxReplicas"),
        ("active_seconds: 0, idle_seconds: 0", "minReplicas"),
        ("active_seconds: 1000000, idle_seconds: 1000000", "minReplicas"),
    ],
)
def test_more_or_less_than_replicas_can_run(given: str, beyond: str) -> None:
    text = f"version: 1\nresources: {{app: {{{given}}}}}"
    message = refused(text, app(least=1, most=2))
    assert f"beyond what {beyond} allows in a month. Allowed: 2628000 to 5256000" in message
    assert message.startswith("resources.app: ")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none.yaml cannot be read: No such file.*--init-usage"):
        load(tmp_path / "none.yaml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read: it is not text"):
        load(tmp_path / "binary")


# What follows from what.


def seconds(given: str, **scale: int) -> tuple[Decimal, Decimal]:
    """Active and idle vCPU-seconds of an app with 1 vCPU, nothing of them free."""
    elsewhere = "used_elsewhere: {container_apps: {vcpu_seconds: 180000}}"
    usage = used(f"resources: {{app: {{{given}}}}}\n{elsewhere}")
    found = bill(app(cpu=1, memory="2Gi", **scale), usage=usage)
    of = {line.meter: line.quantity for line in found.lines}
    return of["Standard vCPU Active Usage"], of["Standard vCPU Idle Usage"]


def test_idle_is_what_is_left_of_the_minimum() -> None:
    assert seconds("active_seconds: 28000", least=1, most=2) == (28_000, 2_600_000)
    assert seconds("active_seconds: 3000000", least=1, most=2) == (3_000_000, 0)
    assert seconds("active_seconds: 28000", least=0) == (28_000, 0)
    assert seconds("", least=1) == (90_000, 2_538_000)


def test_only_the_minimum_idles_all_else_is_active() -> None:
    assert seconds("active_seconds: 0, idle_seconds: 3000000", least=1, most=2) == (
        372_000,
        2_628_000,
    )
    assert seconds("active_seconds: 1000, idle_seconds: 5000", least=0) == (6_000, 0)
    assert seconds("active_seconds: 2628000, idle_seconds: 0", least=1) == (2_628_000, 0)


def test_the_small_sites_activity_leaves_room_for_given_idleness() -> None:
    assert seconds("idle_seconds: 2600000", least=1) == (28_000, 2_600_000)
    assert seconds("idle_seconds: 2628000", least=1) == (0, 2_628_000)


def logs(given: str, **inputs: object) -> Estimate:
    return bill(workspace(**inputs), usage=used(f"resources: {{logs: {{{given}}}}}"))


def test_what_is_kept_follows_from_what_is_ingested_unless_it_is_given() -> None:
    kept = "Analytics Logs Data Retention"
    assert expected_of(logs("ingested_gb: 30", retentionInDays=31))[kept] == 0
    assert expected_of(logs("ingested_gb: 30", retentionInDays=61))[kept] == 3
    assert expected_of(logs("ingested_gb: 30, retained_gb: 7", retentionInDays=61))[kept] == D(
        "0.7"
    )
    assert expected_of(logs("ingested_gb: 30, retained_gb: 0", retentionInDays=61))[kept] == 0


def test_a_daily_cap_holds_what_is_ingested() -> None:
    found = logs("ingested_gb: 500", workspaceCapping={"dailyQuotaGb": 1})
    assert found.monthly == amounts("0", "57.5", "69")
    assert not any(line.grows for line in found.lines)
    uncapped = logs("ingested_gb: 500", workspaceCapping={"dailyQuotaGb": -1})
    assert uncapped.monthly == amounts("0", str(495 * D("2.3")), "1150")
    assert all(line.grows for line in uncapped.lines)


def test_an_executions_seconds_times_the_executions() -> None:
    template = {"containers": [{"resources": {"cpu": 2, "memory": "4Gi"}}]}
    job = azure("app:Job", "job", location="eastus", template=template)
    usage = used(
        "resources: {job: {executions: 3, active_seconds: 100000}}\n"
        "used_elsewhere: {container_apps: {gib_seconds: 360000}}"
    )
    expected = (600_000 - 180_000) * D("0.000024") + 1_200_000 * D("0.000003")
    assert bill(job, usage=usage).monthly.expected == expected


def test_storage_and_build_time_beyond_what_is_included() -> None:
    usage = used("resources: {registry: {stored_gb: 15, build_vcpu_seconds: 7000}}")
    found = bill(registry(), usage=usage)
    assert found.monthly == amounts("4.998", "5.598", "5.598")
    assert bill(registry("Standard"), usage=usage).monthly.expected == D("19.998") + D("0.1")


def test_used_elsewhere_takes_of_every_shared_amount() -> None:
    elsewhere = (
        "used_elsewhere: {container_apps: {vcpu_seconds: 80000, gib_seconds: 200000, "
        "requests: 500000}, log_analytics_gb: 3, egress_gb: 40}"
    )
    usage = used(
        "resources: {app: {active_seconds: 1000000, requests: 2000000, egress_gb: 70}, "
        f"logs: {{ingested_gb: 4}}}}\n{elsewhere}"
    )
    found = expected_of(bill(app(cpu=0.5, memory="1Gi"), workspace(), usage=usage))
    assert found["Standard vCPU Active Usage"] == (500_000 - 100_000) * D("0.000024")
    assert found["Standard Memory Active Usage"] == (1_000_000 - 160_000) * D("0.000003")
    assert found["Standard Requests"] == D("0.5") * D("0.4")
    assert found["Analytics Logs Data Ingestion"] == 2 * D("2.3")
    assert found["Standard Data Transfer Out"] == 10 * D("0.087")


def test_egress_used_elsewhere_begins_in_a_later_tier() -> None:
    usage = used("resources: {app: {egress_gb: 100}}\nused_elsewhere: {egress_gb: 10300}")
    found = expected_of(bill(app(), usage=usage))
    assert found["Standard Data Transfer Out"] == 35 * D("0.087") + 65 * D("0.083")


def test_more_used_elsewhere_than_is_free() -> None:
    elsewhere = "used_elsewhere: {log_analytics_gb: 50}"
    usage = used(f"resources: {{logs: {{ingested_gb: 1}}}}\n{elsewhere}")
    assert bill(workspace(), usage=usage).monthly.expected == D("2.3")
