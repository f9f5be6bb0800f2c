"""Reading plans and states: every resource once, on the side where it is; else one message."""

import json
from decimal import Decimal
from typing import Any

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.money import NOTHING
from frugal.cost.plan import PlanError, parse, resource
from frugal.cost.preview import from_preview
from frugal.cost.pricing import estimate
from frugal.cost.usage import NO_USAGE
from frugal.errors import FrugalError
from tests.cost.made import (
    UNKNOWN,
    USUAL,
    app,
    azure,
    bill,
    each,
    edge,
    names,
    plan_of,
    preview,
    registry,
    server,
    step,
    table,
    urn,
    workspace,
)

D = Decimal


def read(*steps: dict[str, Any]) -> Estimate:
    return estimate(from_preview(preview(*steps)), table(), NO_USAGE, USUAL)


def refused(document: object) -> str:
    with pytest.raises(PlanError) as why:
        from_preview(parse(json.dumps(document)))
    assert why.value.code == 2
    return str(why.value)


# Sides.


def test_each_operation_on_its_side() -> None:
    kept, old, new = registry(), plan_of(), plan_of(capacity=3)
    gone, fresh = server(), edge()
    found = read(
        step("same", kept, kept),
        step("update", old, new),
        step("delete", gone, None),
        step("create", None, fresh),
    )
    assert found.before == each(str(D("4.998") + D("12.41") + D("16.09")))
    assert found.monthly.low == D("4.998") + D("37.23") + 35
    change = {line.name: line.change for line in found.lines if line.monthly.low or line.before.low}
    assert change == {"registry": "same", "plan": "changed", "server": "removed", "edge": "added"}
    reason = {line.name: line.reason for line in found.lines}
    assert reason["plan"] == "sku.capacity unset → 3"
    assert (reason["registry"], reason["server"], reason["edge"]) == ("", "removed", "new")


REPLACEMENTS = {
    "one step": ["replace"],
    "create first": ["create-replacement", "replace", "delete-replaced"],
    "delete first": ["delete-replaced", "replace", "create-replacement"],
    "two steps": ["create-replacement", "delete-replaced"],
}


@pytest.mark.parametrize("listed", REPLACEMENTS.values(), ids=REPLACEMENTS)
@pytest.mark.parametrize("one_side_each", [False, True])
def test_a_replacement_counts_once(listed: list[str], one_side_each: bool) -> None:
    old, new = server(), server("Standard_B2s")
    steps = [
        step(
            operation,
            None if one_side_each and operation == "create-replacement" else old,
            None if operation == "delete-replaced" else new,
        )
        for operation in listed
    ]
    found = read(*steps)
    assert (found.before, found.monthly) == (each("16.09"), each("53.32"))
    compute = [line for line in found.lines if line.monthly.low != line.before.low]
    assert {line.change for line in compute} == {"added", "removed"}
    assert {line.reason for line in compute} == {"sku.name Standard_B1ms → Standard_B2s"}


def test_what_still_waits_to_be_deleted_is_not_taken_for_what_is_there() -> None:
    """A replacement that was interrupted leaves the old resource in the state, to be deleted."""
    now, older = server("Standard_B2s"), server("Standard_D2ds_v5")
    waiting = step("delete-replaced", older, None)
    waiting["oldState"]["delete"] = True
    found = read(step("same", now, now), waiting)
    assert found.delta == NOTHING
    assert found.before == each("53.32")


def test_what_waits_to_be_deleted_alone_is_named() -> None:
    waiting = step("delete-replaced", server(), None)
    waiting["oldState"]["delete"] = True
    found = read(waiting)
    assert found.before == NOTHING
    assert found.notes == [
        "Pending deletion, and not counted: server (azure-native:dbforpostgresql:Server)."
    ]


@pytest.mark.parametrize(
    "operation",
    [
        *("read", "read-replacement", "discard", "read-discard", "discard-replaced"),
        *("same", "refresh", "delete"),
    ],
)
def test_what_another_program_manages_is_not_of_this_bill(operation: str) -> None:
    listed = step(operation, registry(), registry())
    listed["oldState"]["external"] = listed["newState"]["external"] = True
    found = read(listed, step("same", plan_of(), plan_of()))
    assert (found.before, found.monthly) == (each("12.41"), each("12.41"))


def test_steps_that_change_nothing() -> None:
    for operation in ("remove-pending-replace", "diff", "extend-parameterize"):
        assert read({"op": operation, "urn": ""}).lines == []


def test_an_empty_plan() -> None:
    for document in ({"changeSummary": {}}, {"steps": []}, {"steps": [], "changeSummary": {}}):
        plan = from_preview(parse(json.dumps(document)))
        assert (plan.before, plan.after) == ({}, {})


# Only the whole plan is a bill.


def test_a_plan_without_its_unchanged_resources_is_refused() -> None:
    document = preview(step("same", registry(), registry()), step("create", None, edge()))
    document["changeSummary"]["same"] = 12
    assert "leaves out 11 unchanged" in refused(document)
    assert "run it with --show-sames" in refused(document)


def test_a_plan_without_what_it_creates_is_refused() -> None:
    document = preview(step("create", None, registry()), step("create", None, edge()))
    del document["steps"][0]
    assert "leaves out 1 resources that it creates" in refused(document)


def test_a_plan_of_nothing_but_unchanged_resources_is_refused_too() -> None:
    assert "run it with --show-sames" in refused({"changeSummary": {"same": 3}})
    assert "run it with --show-sames" in refused({"steps": [], "changeSummary": {"same": 3.0}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The plan is empty"),
        (" \n", "The plan is empty"),
        ("{", "not JSON (Expecting property name"),
        ("Previewing update (dev)", "not JSON (Expecting value: line 1 column 1"),
        ("[" * 200_000, "not JSON"),
        ('{"steps": [' + "1" * 5000 + "]}", "not JSON (it cannot be read)"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("{}", "no list `steps`"),
        ('{"steps": {}}', "no list `steps`"),
        ('{"steps": [1]}', "steps[0] of the plan is 1, not a block"),
        ('{"steps": [{}]}', "steps[0] of the plan has no `op` and `urn`"),
        ('{"steps": [{"op": "same", "urn": 1}]}', "steps[0] of the plan has no `op` and `urn`"),
        ('{"steps": [{"op": "explode", "urn": "x"}]}', "the operation 'explode'"),
        ('{"steps": [{"op": "create", "urn": "x"}]}', "steps[0].newState of the plan is missing"),
        ('{"steps": [{"op": "create", "urn": "x", "newState": {}}]}', "'x', which is not a"),
        ('{"deployment": {}}', "give it with --state"),
    ],
)
def test_what_is_no_plan_is_told_so(text: str, said: str) -> None:
    with pytest.raises(PlanError) as why:
        from_preview(parse(text.encode()))
    assert said in str(why.value)
    assert why.value.code == 2


def test_inputs_that_are_no_block() -> None:
    broken = step("create", None, registry())
    broken["newState"]["inputs"] = []
    assert "steps[0].newState.inputs is [], not a block" in refused(preview(broken))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_plan_as_shells_write_it(encoding: str) -> None:
    document = preview(step("create", None, registry(name="régistre")))
    text = json.dumps(document, ensure_ascii=False).encode(encoding)
    assert names(from_preview(parse(text)).after.values()) == ["régistre"]


# Types and names.


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("azure-native:web:AppServicePlan", "azure-native:web:AppServicePlan"),
        ("azure-native:web/v20230101:AppServicePlan", "azure-native:web:AppServicePlan"),
        ("azure-native:web/v20230101preview:AppServicePlan", "azure-native:web:AppServicePlan"),
        ("my:web:Site$azure-native:web/v20220301:WebApp", "azure-native:web:WebApp"),
        ("docker:index/image:Image", "docker:index/image:Image"),
        ("pulumi:pulumi:Stack", "pulumi:pulumi:Stack"),
    ],
)
def test_types_without_their_version_and_parents(token: str, kind: str) -> None:
    one = resource(urn(token, "name::with colons"), {})
    assert (one.type, one.name) == (kind, "name::with colons")


def test_a_version_in_the_type_changes_no_price() -> None:
    inputs = {"location": "East US", "sku": {"name": "B1"}, "reserved": True}
    one = resource(urn("azure-native:web/v20240401:AppServicePlan", "plan"), inputs)
    assert bill(one).monthly == each("12.41")


def test_what_is_not_azure_native_is_listed_and_priced_by_nobody() -> None:
    tokens = [
        "pulumi:pulumi:Stack",
        "frugal:web:ContainerApp",
        "pulumi-python:dynamic/frugal:Image",
        "aws:ec2/instance:Instance",
        "azure:appservice/plan:Plan",
        "pulumi:providers:azure-native",
    ]
    found = bill(*(resource(urn(token, token), {}) for token in tokens), registry())
    assert sorted(names(found.other)) == sorted(tokens)
    assert found.unpriced == []
    assert found.monthly == each("4.998")


# What cannot be read before the deployment.

HIDDEN = [
    (plan_of(UNKNOWN), "sku.name is not known before the deployment"),
    (plan_of("[secret]"), "sku.name is secret"),
    (registry(place=UNKNOWN), "location is not known before the deployment"),
    (app(cpu=UNKNOWN), "template.containers[0].resources.cpu is not known"),
    (app(memory="[secret]"), "template.containers[0].resources.memory is secret"),
    (app(most=UNKNOWN), "template.scale.maxReplicas is not known"),
    (app(least="3eeb2bf0-c639-47a8-9e75-3b44932eb421"), "template.scale.minReplicas is not known"),
    (
        azure("app:ContainerApp", "app", location="eastus", template="[secret]"),
        "template is secret",
    ),
    (azure("app:ContainerApp", "app", location="eastus", template=UNKNOWN), "is not known"),
    (plan_of("B1", capacity=UNKNOWN), "sku.capacity is not known"),
    (server(storage=UNKNOWN), "storage.storageSizeGB is not known"),
    (server(storage={"storageSizeGB": "[secret]"}), "storage.storageSizeGB is secret"),
    (workspace(retentionInDays=UNKNOWN), "retentionInDays is not known"),
    (azure("web:WebApp", "site", location=UNKNOWN), "location is not known"),
    (
        server(
            sku={"name": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}}
        ),
        "sku.name is secret",
    ),
]


@pytest.mark.parametrize(("one", "said"), HIDDEN)
def test_a_hidden_property_that_a_price_needs_is_named(one, said: str) -> None:
    found = bill(one, registry(name="else"))
    [gap] = found.unpriced
    assert said in gap.reason
    assert found.monthly == each("4.998")


def test_a_hidden_property_that_no_price_needs_hides_nothing() -> None:
    given = {
        "administratorLoginPassword": "[secret]",
        "resourceGroupName": UNKNOWN,
        "version": "16",
    }
    assert bill(server(**given)).monthly == each("16.09")


def test_a_property_that_turns_unknown_is_no_saving() -> None:
    found = bill(app(least=UNKNOWN), before=[app(least=1)])
    assert (found.before, found.monthly, names(found.unpriced)) == (NOTHING, NOTHING, ["app"])


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (registry(7), "sku.name: 7 is not a text"),
        (
            azure("containerregistry:Registry", "r", location="eastus", sku="Basic"),
            "sku.name: the parent of name is not a block",
        ),
        (app(least=-1), "template.scale.minReplicas: -1 is below zero"),
        (app(least=1.5), "template.scale.minReplicas: 1.5 is not a whole number"),
        (app(least=True), "template.scale.minReplicas: True is not a number"),
        (app(least=3, most=2), "maxReplicas is below minReplicas"),
        (app(most=0), "template.scale.maxReplicas"),
        (app(cpu="much"), "resources.cpu: 'much' is not a number to price"),
        (app(cpu=float("nan")), "resources.cpu: nan is not a number to price"),
        (app(cpu=float("inf")), "resources.cpu: inf is not a number to price"),
        (
            app(cpu="1e999999999999999"),
            "resources.cpu: '1e999999999999999' is not a number to price",
        ),
        (app(cpu=10**4000), "is not a number to price"),
        (app(memory="half"), "resources.memory 'half'"),
        (workspace(workspaceCapping={"dailyQuotaGb": "all"}), "dailyQuotaGb: 'all'"),
    ],
)
def test_a_value_that_makes_no_sense_is_named(one, said: str) -> None:
    found = bill(one)
    assert said in found.unpriced[0].reason
    assert found.lines == []


@pytest.mark.parametrize("place", ["eastus", "EastUS", "East US", "east us"])
def test_regions_as_people_write_them(place: str) -> None:
    assert bill(registry(place=place)).monthly == each("4.998")


def test_numbers_as_engines_and_people_write_them() -> None:
    wanted = bill(app(cpu=0.5, memory="1Gi", least=1)).monthly
    for cpu, memory, least in ((0.5, "1.0Gi", 1.0), ("0.50", "1024Mi", "1"), (5e-1, "1Gi", 1)):
        assert bill(app(cpu=cpu, memory=memory, least=least)).monthly == wanted


def test_preview_that_failed_is_no_plan() -> None:
    """A partial preview shows only the resources it reached."""
    document = {"steps": [], "diagnostics": [{"severity": "error", "message": "it broke\n"}]}
    with pytest.raises(FrugalError, match="The preview failed: it broke") as refused:
        from_preview(document)
    assert refused.value.code == 1


# Streams of events.


def events(*steps: dict[str, Any], **summary: object) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = [{"preludeEvent": {"config": {}}}]
    for one in steps:
        old, new = one.get("oldState"), one.get("newState")
        metadata = {"op": one["op"], "urn": one["urn"], "old": old, "new": new}
        listed.append({"resourcePreEvent": {"metadata": metadata, "planning": True}})
    return [*listed, {"summaryEvent": {"resourceChanges": {}, "result": "succeeded"} | summary}]


def test_events_one_a_line_and_in_a_list_are_the_same_plan() -> None:
    listed = events(step("update", plan_of(), plan_of("P0v3")))
    lines = "\n".join(map(json.dumps, listed))
    for text in (lines, f"{lines}\n\n", json.dumps({"events": listed, "continuationToken": None})):
        for given in (text, text.encode(), text.encode("utf-16")):
            plan = from_preview(parse(given))
            assert [one.properties.text("sku.name") for one in plan.before.values()] == ["B1"]
            assert [one.properties.text("sku.name") for one in plan.after.values()] == ["P0v3"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"events": {}}, "`events` is not a list"),
        ({"events": [1]}, "events[0] of the plan is 1, not a block"),
        ({"events": events()[:-1]}, "end before their summary"),
        ({"events": events(), "continuationToken": "x"}, "goes on (continuationToken)"),
        ({"events": [{"resourcePreEvent": {}}, *events()[1:]]}, "metadata of the plan is missing"),
        ({"events": [{"resourcePreEvent": {"metadata": {}}}, *events()[1:]]}, "no `op` and `urn`"),
    ],
)
def test_events_that_are_no_plan(document: object, said: str) -> None:
    assert said in refused(document)


def test_events_of_a_run_that_failed() -> None:
    told = {
        "diagnosticEvent": {"prefix": "<{%fg 1%}>error: ", "message": "no", "severity": "error"}
    }
    for result in ("failed", "canceled"):
        listed = events(result=result)
        with pytest.raises(FrugalError, match=f"The preview failed: it is {result}"):
            from_preview({"events": listed})
        with pytest.raises(FrugalError, match=r"The preview failed: no$"):
            from_preview({"events": [*listed[:1], told, *listed[1:]]})


def test_of_several_runs_the_last_counts() -> None:
    first = events(step("create", None, registry()))
    plan = from_preview({"events": [*first, *events(step("create", None, edge()))]})
    assert names(plan.after.values()) == ["edge"]
    with pytest.raises(FrugalError, match="it is failed"):
        from_preview({"events": [*first, *events(result="failed")]})
