"""`frugal cost` from the outside: options, exit codes, what goes to which output."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cost.command import Ran, frugal
from tests.cost.made import (
    UNKNOWN,
    app,
    azure,
    edge,
    plan_of,
    preview,
    registry,
    server,
    state,
    step,
    table,
    workspace,
)

# 4.998 stays; 12.41 becomes 56.575: 17.408 → 61.573, +44.165.
DEARER = preview(
    step("same", registry(), registry()), step("update", plan_of("B1"), plan_of("P0v3"))
)
# 4.998 and a cache that nobody can price.
GAP = preview(
    step("create", None, registry()),
    step("create", None, azure("cache:Redis", "cache", location="eastus")),
)


def cost(document: object, *more: str) -> Ran:
    return frugal("cost", "--preview", "-", *more, given=json.dumps(document).encode())


def bill(document: object, *more: str) -> dict:
    ran = cost(document, "--format", "json", *more)
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def refused(ran: Ran) -> str:
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("Error: ")
    return ran.err


# Exit codes.

EXITS = [
    (DEARER, "", 0),
    (DEARER, "--fail-above 61.573", 0),
    (DEARER, "--fail-above 61.572999", 3),
    (DEARER, "--fail-above 0", 3),
    (DEARER, "--fail-increase 44.165", 0),
    (DEARER, "--fail-increase 44.164", 3),
    (DEARER, "--fail-above 100 --fail-increase 10", 3),
    (DEARER, "--fail-above 10 --fail-increase 100", 3),
    (DEARER, "--allow-unpriced", 0),
    (GAP, "", 4),
    (GAP, "--allow-unpriced", 0),
    (GAP, "--fail-above 100", 4),
    (GAP, "--fail-increase 100", 4),
    (GAP, "--fail-above 100 --allow-unpriced", 0),
    # What is priced is above it already, whatever the rest costs.
    (GAP, "--fail-above 4", 3),
    (GAP, "--fail-increase 4", 3),
    (GAP, "--fail-above 4 --allow-unpriced", 3),
]


@pytest.mark.parametrize(("document", "options", "code"), EXITS)
def test_exit_codes(document: object, options: str, code: int) -> None:
    ran = cost(document, "--format", "json", *options.split())
    assert ran.code == code
    assert json.loads(ran.out)["currency"] == "USD"
    assert bool(ran.err) == (code != 0)


def test_a_limit_says_what_is_above_it() -> None:
    above = "USD a month is above the limit of 20.00.\n"
    assert cost(DEARER, "--fail-above", "20").err == f"61.57 {above}"
    assert cost(DEARER, "--fail-increase", "20").err == f"+44.17 {above}"
    assert "Resources without a price: 1" in cost(GAP).err
    assert "--allow-unpriced" in cost(GAP).err


def test_a_saving_is_no_increase() -> None:
    back = preview(step("update", plan_of("P0v3"), plan_of("B1")))
    assert cost(back, "--fail-increase", "0").code == 0


@pytest.mark.parametrize("option", ["--fail-above", "--fail-increase"])
@pytest.mark.parametrize(
    "amount", ["", "much", "-1", "1e3", "NaN", "1,5", "\u0661", "1" * 20, "+1"]
)
def test_a_limit_that_is_no_amount(option: str, amount: str) -> None:
    message = refused(cost(DEARER, f"{option}={amount}"))
    assert f"{option} {amount!r} is not allowed; allowed: an amount in USD" in message


# What is given.


def test_a_file_and_a_pipe_are_the_same(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(DEARER))
    ran = frugal("cost", "--preview", str(file), "--format", "json")
    assert ran.code == 0
    assert json.loads(ran.out) == bill(DEARER)


def test_a_state_alone_is_the_same_before_and_after() -> None:
    document = {"deployment": {"resources": [state(registry()), state(server())]}}
    given = json.dumps(document).encode()
    ran = frugal("cost", "--state", "-", "--format", "json", given=given)
    found = json.loads(ran.out)
    assert ran.code == 0
    assert found["monthly"] == found["before"]
    assert found["monthly"]["expected"] == "21.088"
    assert found["delta"] == {"low": "0", "expected": "0", "high": "0"}


def test_a_state_and_a_preview_are_before_and_after(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(json.dumps({"deployment": {"resources": [state(server())]}}))
    found = bill(preview(step("create", None, registry())), "--state", str(file))
    assert found["before"]["expected"] == "16.09"
    assert found["monthly"]["expected"] == "4.998"


@pytest.mark.parametrize(
    "options",
    [
        ["-s", "dev"],
        ["--stack", "local"],
        ["-s", ""],
        ["--set", "homepage.cdn=none"],
        ["-s", "prod", "--set", "homepage.cdn=none"],
    ],
)
@pytest.mark.parametrize("source", ["--preview", "--state"])
def test_a_plan_that_is_made_can_have_no_settings(source: str, options: list[str]) -> None:
    message = refused(frugal("cost", source, "-", *options, given=b"{}"))
    assert "-s and --set belong to the preview that `frugal cost` runs itself" in message


def test_an_empty_environment_is_not_the_local_one() -> None:
    assert "no environment ''; there are: dev, local, prod." in refused(frugal("cost", "-s", ""))


def test_a_setting_that_the_program_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"diagnostics": [{"severity": "error", "message": "homepage.cnd: unknown key"}]}
    refusing = subprocess.CompletedProcess([], 255, json.dumps(told), "")
    monkeypatch.setattr("frugal.commands.preview.preview_from_nothing", lambda *_, **__: refusing)
    message = refused(frugal("cost", "-s", "dev", "--set", "homepage.cnd=none"))
    assert "with --set homepage.cnd=none failed: homepage.cnd: unknown key" in message
    assert frugal("cost", "-s", "dev").code == 1


def test_preview_and_state_are_two_files() -> None:
    message = refused(frugal("cost", "--preview", "-", "--state", "-", given=b"{}"))
    assert "two different files" in message


@pytest.mark.parametrize("option", ["--preview", "--state"])
@pytest.mark.parametrize("name", ["", "none.json", "folder"])
def test_a_file_that_cannot_be_read(option: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    path = str(tmp_path / name) if name else ""
    assert f"{path!r} cannot be read: " in refused(frugal("cost", option, path))


@pytest.mark.parametrize("given", [b"", b"?", b"[]", b"{}"])
def test_what_is_no_plan_or_state_is_named_with_the_command_that_makes_one(given: bytes) -> None:
    plan = refused(frugal("cost", "--preview", "-", given=given))
    assert plan.startswith("Error: The plan ")
    assert "Make one: pulumi preview --json --show-sames > plan.json" in plan
    state = refused(frugal("cost", "--state", "-", given=given))
    assert state.startswith("Error: The state ")
    assert "Make one: pulumi stack export > state.json" in state


def test_a_partial_plan_is_refused() -> None:
    document = preview(step("create", None, registry()))
    document["changeSummary"]["same"] = 2
    assert "run it with --show-sames" in refused(cost(document))
    assert refused(frugal("cost", "--preview", "-")).startswith("Error: The plan is empty.")


def test_hidden_properties_are_exit_4_with_their_names() -> None:
    document = preview(
        step("create", None, registry(place=UNKNOWN)), step("create", None, app(least="[secret]"))
    )
    ran = cost(document, "--format", "json")
    assert ran.code == 4
    reasons = {one["name"]: one["reason"] for one in json.loads(ran.out)["unpriced"]}
    assert reasons["registry"].startswith("location is not known")
    assert reasons["app"] == "template.scale.minReplicas is secret"


def test_what_is_not_azure_natives_is_never_exit_4() -> None:
    other = step("create", None, registry())
    other["urn"] = "urn:pulumi:test::made::docker:index/image:Image::image"
    found = bill(preview(other))
    assert [one["name"] for one in found["other"]] == ["image"]


# What is shown.


def test_each_format_has_the_total() -> None:
    shown = {form: cost(DEARER, "--format", form) for form in ("table", "markdown", "html", "json")}
    assert {form: ran.code for form, ran in shown.items()} == dict.fromkeys(shown, 0)
    assert all("61.57" in ran.out for ran in shown.values())
    assert all(ran.err == "" for ran in shown.values())
    assert shown["html"].out.lstrip().lower().startswith("<!doctype html>")
    assert cost(DEARER).out == shown["table"].out


def test_a_format_that_there_is_not() -> None:
    ran = cost(DEARER, "--format", "pdf")
    assert (ran.code, ran.out) == (2, "")


def test_json_amounts_are_exact_and_plain(tmp_path: Path) -> None:
    usage = tmp_path / "usage.yaml"
    usage.write_text(
        "version: 1\nresources: {edge: {egress_gb: 60000, requests: 1, to_origin_gb: 0}}"
    )
    found = bill(preview(step("create", None, edge())), "--usage", str(usage))
    lines = {line["meter"]: line for line in found["lines"]}
    assert lines["Standard Requests"]["monthly"]["expected"] == "0.0000009"
    out = lines["Standard Data Transfer Out"]
    assert out["unit_price"] is None
    assert out["tiers"] == [
        {"from": "0", "quantity": "10000", "unit_price": "0.0825"},
        {"from": "10000", "quantity": "40000", "unit_price": "0.065002"},
        {"from": "50000", "quantity": "10000", "unit_price": "0.056001"},
    ]
    assert found["monthly"]["expected"] == "4020.0900009"
    assert found["prices_as_of"] == table().as_of.isoformat()


# A month, use.


def test_a_calendar_month_has_its_own_length() -> None:
    found = bill(preview(step("create", None, plan_of())), "--month", "2026-08")
    assert found["monthly"]["expected"] == "12.648"
    assert found["month"] == "2026-08: 744 hours, 31 days"
    assert bill(preview(), "--month", "2028-02")["month"] == "2028-02: 696 hours, 29 days"
    assert bill(preview())["month"] == "730 hours, 30 days"


@pytest.mark.parametrize("month", ["", "2026-13", "2026-8", "August", "1999-01", "2026-08-01", " "])
def test_a_month_that_is_none(month: str) -> None:
    message = refused(cost(DEARER, "--month", month))
    assert f"--month {month!r} is not allowed; allowed: a year and a month" in message


def test_a_usage_file_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "usage.yaml"
    file.write_text("version: 1\nresources: {registry: {stored_gb: -1}}\n")
    message = refused(cost(DEARER, "--usage", str(file)))
    assert f"{file}: resources.registry.stored_gb: -1 is not allowed" in message
    missing = refused(cost(DEARER, "--usage", str(file.with_name("none"))))
    assert "cannot be read: No such file or directory" in missing


def test_init_usage_writes_a_file_that_gives_the_same_bill(tmp_path: Path) -> None:
    document = preview(
        *(step("create", None, one) for one in (registry(), app(least=1), edge(), workspace()))
    )
    file = tmp_path / "mine.yaml"
    ran = cost(document, "--init-usage", str(file))
    assert (ran.code, ran.out) == (0, "")
    assert f"frugal cost --usage {file}" in ran.err
    with_file, without = bill(document, "--usage", str(file)), bill(document)
    assert with_file["lines"] == without["lines"]
    assert (with_file["defaults"], bool(without["defaults"])) == ([], True)


def test_init_usage_overwrites_nothing(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("mine")
    message = refused(cost(DEARER, "--init-usage", str(file)))
    assert f"{file} exists already" in message
    assert file.read_text() == "mine"
    link = tmp_path / "link.yaml"
    link.symlink_to(tmp_path / "none" / "mine.yaml")
    assert f"{link} cannot be written: No such file" in refused(
        cost(DEARER, "--init-usage", str(link))
    )


def test_init_usage_of_a_plan_that_cannot_be_read_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    refused(frugal("cost", "--preview", "-", "--init-usage", str(file), given=b"{"))
    assert not file.exists()


# Previews that the command runs itself: what is known before, the limit, progress.


@pytest.fixture
def previewed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The environments that were previewed; the preview gives a plan."""
    asked: list[str] = []

    def preview(_place: object, _console: object, environment: str, *_: str, **__: object):
        asked.append(environment)
        return subprocess.CompletedProcess([], 0, json.dumps(DEARER), "")

    monkeypatch.setattr("frugal.commands.preview.preview_from_nothing", preview)
    return asked


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"\xff", "cannot be read: it is not text"),
        (b"version: [", "this is not YAML"),
        (b"resources: {}", "a usage file begins with `version: 1`"),
        (b"version: 1\nresources: {registry: {stored_gb: -1}}", "stored_gb: -1 is not allowed"),
    ],
)
def test_a_usage_file_that_is_wrong_is_refused_before_the_preview(
    previewed: list[str], tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "usage.yaml"
    if content is not None:
        file.write_bytes(content)
    assert told in refused(frugal("cost", "-s", "dev", "--usage", str(file)))
    assert previewed == []


def test_a_file_that_init_usage_cannot_or_must_not_write_is_named_before_the_preview(
    previewed: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("mine")
    assert "exists already" in refused(frugal("cost", "-s", "dev", "--init-usage", str(file)))
    nowhere = tmp_path / "folder" / "mine.yaml"
    message = refused(frugal("cost", "-s", "dev", "--init-usage", str(nowhere)))
    assert f"there is no folder {nowhere.parent}" in message
    long = str(tmp_path / ("x" * 300))
    message = refused(frugal("cost", "-s", "dev", "--init-usage", long))
    assert f"{long} cannot be written: File name too long" in message
    assert previewed == []


def test_a_resource_of_the_usage_file_that_the_plan_lacks_is_refused_after_it(
    previewed: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "usage.yaml"
    file.write_text("version: 1\nresources: {lake: {stored_gb: 1}}")
    message = refused(frugal("cost", "-s", "dev", "--usage", str(file)))
    assert "resources.lake: no resource of the plan" in message
    assert previewed == ["dev"]


def test_the_limit_of_an_environment_is_in_the_answer_and_in_json(previewed: list[str]) -> None:
    for limit, told in {
        "80": "18.43 left",
        "60.5": "exceeded by 1.07",
        "'70'": "8.43 left",
    }.items():
        options = ("cost", "-s", "dev", "--set", f"maxMonthlyCost={limit}")
        assert told in frugal(*options).out
        found = json.loads(frugal(*options, "--format", "json").out)
        assert found["limit"] == limit.strip("'")
    assert "Limit" not in frugal("cost", "-s", "dev").out


def test_a_limit_of_an_environment_that_is_no_amount(previewed: list[str]) -> None:
    message = refused(frugal("cost", "-s", "dev", "--set", "maxMonthlyCost=much"))
    assert "frugal:maxMonthlyCost 'much' is not allowed; allowed: an amount in USD" in message


def test_progress_is_shown_where_standard_error_is_a_terminal(
    previewed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert frugal("cost", "-s", "dev").err == ""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # rich takes the streams for terminals then
    assert "Previewing dev" in frugal("cost", "-s", "dev").err


def test_data_is_made_for_its_format_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    monkeypatch.setattr("frugal.commands.cost.estimate_data", lambda *_: {"made": made.append(1)})
    for shown_as in ("table", "markdown", "html"):
        assert cost(DEARER, "--format", shown_as).code == 0
    assert made == []
    assert cost(DEARER, "--format", "json").out == '{\n  "made": null\n}\n'


def test_details_are_shown_when_asked_for() -> None:
    short, whole = cost(DEARER).out, cost(DEARER, "--details").out
    assert "17.41 → 61.57 USD a month expected (+44.17)" in short
    assert len(short.splitlines()) <= 25
    assert "P0v3 App" not in short
    assert "P0v3 App" in whole
    assert "Sources of the prices" in whole
