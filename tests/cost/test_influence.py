"""Each property of each priced type has a class, and none that may be a price is passed over."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings

from frugal.cost.influence import CLASSES, inputs
from frugal.cost.meters import METERS
from frugal.cost.meters.free import FREE
from frugal.cost.plan import Resource, resource
from frugal.cost.properties import HiddenError, Properties
from frugal.cost.tokens import aliases
from tests.cost.any_plan import resource_named
from tests.cost.made import UNKNOWN, app, azure, bill, each, plan_of, registry, server, urn
from tools import free_types, sdk_inputs

REMEDY = "look at what is new, then run: python -m tools.sdk_inputs"


def walked(kind: str) -> list[str]:
    """Every property of a type that is no block, in the order of the SDK's list."""
    found: list[str] = []

    def walk(tree: sdk_inputs.Tree, path: str) -> None:
        for name, below in tree.items():
            if below:
                walk(below, f"{path}{name}.")
            else:
                found.append(path + name)

    walk(sdk_inputs.inputs(kind), "")
    return found


def class_of(kind: str, path: str) -> str | None:
    while path and path not in CLASSES[kind].of:
        path = path.rpartition(".")[0]
    return CLASSES[kind].of.get(path)


@pytest.mark.parametrize("kind", sorted(METERS))
def test_the_list_of_properties_is_that_of_the_sdk(kind: str) -> None:
    assert list(inputs().get(kind, ())) == sdk_inputs.section(kind), REMEDY


@pytest.mark.parametrize("kind", sorted(METERS))
def test_each_property_has_a_class(kind: str) -> None:
    assert [path for path in walked(kind) if class_of(kind, path) is None] == []


@pytest.mark.parametrize("kind", sorted(METERS))
def test_each_class_is_of_a_property(kind: str) -> None:
    types = [other for other in METERS if CLASSES[other] is CLASSES[kind]]
    known = {path for other in types for path in _with_blocks(walked(other))}
    shared = {"resourceGroupName", "location", "tags", "identity", "extendedLocation"}
    assert CLASSES[kind].of.keys() - known - shared == set()
    priced = {path for path in known if class_of(kind, path) == "priced"}
    assert CLASSES[kind].choices.keys() <= priced


def _with_blocks(paths: list[str]) -> set[str]:
    found = set(paths)
    for path in paths:
        while path := path.rpartition(".")[0]:
            found.add(path)
    return found


@settings(max_examples=100)
@given(resource_named("a"))
def test_a_reader_reads_priced_properties_alone(one: Resource) -> None:
    """What has no influence on a bill is never named as the reason for a change of it."""
    bill(one)
    kind = one.type.removeprefix("azure-native:")
    paths = {re.sub(r"\[\d+\]", "", path) for path in one.properties.read}
    priced = [path for path, name in CLASSES[kind].of.items() if name == "priced"]
    blocks = {path for path in paths if any(f"{one}.".startswith(f"{path}.") for one in priced)}
    assert {path for path in paths - blocks if class_of(kind, path) != "priced"} == set()


def test_types_that_are_not_priced_have_neither_properties_nor_classes() -> None:
    assert inputs().keys() == METERS.keys()
    assert CLASSES.keys() == METERS.keys()


# What the classes do.


def app_at(place: str) -> Resource:
    given = app().properties.content
    return azure("app:ContainerApp", "app", **given, extendedLocation={"name": place})


def app_of(kind: str) -> Resource:
    return azure("app:ContainerApp", "app", **app().properties.content, kind=kind)


def reason(one: Any) -> str:
    [gap] = bill(one).unpriced
    return gap.reason


COPIED = {"geoRedundantBackup": "Enabled"}


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (server(backup=COPIED), "backup.geoRedundantBackup 'Enabled' has no price here"),
        (
            server(backup={"geoRedundantBackup": UNKNOWN}),
            "backup.geoRedundantBackup is not known before",
        ),
        (server(backup=UNKNOWN), "backup is not known before the deployment"),
        (app_at("edge"), "extendedLocation has no price here"),
    ],
)
def test_a_property_that_would_change_the_bill_makes_the_resource_unpriced(
    one: Any, said: str
) -> None:
    assert said in reason(one)


@pytest.mark.parametrize("given", [{}, {"geoRedundantBackup": "Disabled"}, None])
def test_a_harmless_value_does_not(given: object) -> None:
    assert bill(server(backup=given)).monthly == each("16.09")


def test_a_letter_case_of_a_harmless_value() -> None:
    assert bill(app_of("ContainerApps")).unpriced == []


@pytest.mark.parametrize("given", ["", None, {}, []])
def test_an_empty_value_is_none(given: object) -> None:
    one = azure("monitor:DiagnosticSetting", "a", storageAccountId=given)
    assert [free.name for free in bill(one).free] == ["a"]


def test_a_hidden_block_may_hold_what_is_asked_for() -> None:
    assert Properties({"subnet": UNKNOWN}).names("subnet")
    with pytest.raises(HiddenError, match=r"network\.subnet is not known"):
        Properties({"network": UNKNOWN}).names("network.subnet")


HARMLESS = {
    "administratorLoginPassword": "[secret]",
    "authConfig": {"activeDirectoryAuth": "Enabled", "tenantId": UNKNOWN},
    "availabilityZone": "1",
    "dataEncryption": {"type": "AzureKeyVault", "primaryKeyURI": UNKNOWN},
    "identity": {"type": "UserAssigned", "userAssignedIdentities": [UNKNOWN]},
    "maintenanceWindow": {"customWindow": "Enabled", "dayOfWeek": 0},
    "network": {"delegatedSubnetResourceId": UNKNOWN, "publicNetworkAccess": "Disabled"},
    "resourceGroupName": UNKNOWN,
    "tags": {"owner": "[secret]"},
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_property_without_influence_hides_nothing(name: str) -> None:
    found = bill(server(**{name: HARMLESS[name]}))
    assert (found.monthly, found.unknown) == (each("16.09"), False)
    assert not any("postgres" in note for note in found.notes)


# Properties that the SDK does not have.


def test_an_unknown_property_of_the_body_or_the_size_makes_the_resource_unpriced() -> None:
    assert "turbo is not a property of this type" in reason(server(turbo=True))
    assert "sku.turbo is not a property" in reason(plan_of(turbo=1))
    vault = {"sku": {"name": "standard", "turbo": 1}}
    assert "properties.sku.turbo" in reason(azure("keyvault:Vault", "v", properties=vault))


def test_an_unknown_property_deeper_is_a_note() -> None:
    one = server(storage={"storageSizeGB": 32, "turbo": 1})
    found = bill(one)
    assert found.monthly == each("16.09")
    assert [note for note in found.notes if "server: storage.turbo" in note]


def test_what_pulumi_adds_to_the_inputs_is_not_of_azure() -> None:
    assert bill(server(__defaults=["a"])).monthly == each("16.09")


# Hidden values with a closed list.


def test_a_hidden_choice_is_a_range_with_a_note() -> None:
    found = bill(server(highAvailability={"mode": UNKNOWN}))
    assert (found.monthly.low, found.monthly.expected) == (each("16.09").low, each("16.09").low)
    assert found.monthly.high == 2 * found.monthly.low
    assert found.unknown
    [note] = [note for note in found.notes if "highAvailability.mode" in note]
    assert "'Disabled'" in note


def test_a_hidden_block_of_choices_is_a_range_too() -> None:
    assert bill(server(highAvailability="[secret]")).monthly.high == each("32.18").high


def test_a_hidden_choice_without_a_default_is_expected_at_the_dearest() -> None:
    found = bill(registry(UNKNOWN, place="westeurope"))
    assert (found.unpriced, found.unknown) == ([], True)
    assert found.monthly.low == bill(registry(place="westeurope")).monthly.low
    assert found.monthly.expected == found.monthly.high


def test_choices_of_which_one_has_no_price_leave_the_resource_unpriced() -> None:
    assert "no price of" in reason(registry(UNKNOWN, place="mooneast"))


EXAMPLES = {
    "app:ContainerApp": app(least=1),
    "containerregistry:Registry": registry(),
    "dbforpostgresql:Server": server(),
    "web:AppServicePlan": plan_of("P1v3"),
    "web:StaticSite": azure("web:StaticSite", "site", location="eastus2", sku={"name": "Standard"}),
}


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_hidden_choice_spans_the_bills_of_its_values(kind: str) -> None:
    one = EXAMPLES[kind]
    for path, values in CLASSES[kind].choices.items():
        known = [bill(with_value(one, path, value)) for value in values]
        if any(found.unpriced for found in known):
            continue
        hidden = bill(with_value(one, path, UNKNOWN)).monthly
        assert hidden.low == min(found.monthly.low for found in known)
        assert hidden.expected == known[0].monthly.expected
        assert hidden.high == max(found.monthly.high for found in known)


def with_value(one: Resource, path: str, value: object) -> Resource:
    """The resource with a value at a path without lists."""
    inputs = json.loads(json.dumps(dict(one.properties.content)))
    block = inputs
    *above, name = path.split(".")
    for part in above:
        block = block.setdefault(part, {})
    block[name] = value
    return resource(one.urn, inputs)


def test_choices_without_effect_hide_nothing() -> None:
    found = bill(azure("web:StaticSite", "a", location="eastus2", sku={"name": "Free"}), app())
    assert not found.unknown


# Names of types.


def test_earlier_names_are_those_of_the_sdk() -> None:
    assert dict(aliases()) == sdk_inputs.renamed(), REMEDY


@pytest.mark.parametrize(
    ("token", "present"),
    [
        ("azure-native_web_v20240401:web:AppServicePlan", "web:AppServicePlan"),
        ("azure-native:web/v20240401:AppServicePlan", "web:AppServicePlan"),
        ("azure-native:insights/v20200202:Component", "applicationinsights:Component"),
        ("azure-native:insights:DiagnosticSetting", "monitor:DiagnosticSetting"),
        (
            "azure-native_documentdb_v20240515:documentdb:DatabaseAccount",
            "cosmosdb:DatabaseAccount",
        ),
        ("azure-native:network:PrivateZone", "privatedns:PrivateZone"),
        ("azure-native:network:VirtualNetwork", "network:VirtualNetwork"),
    ],
)
def test_another_name_of_a_type_is_the_present_one(token: str, present: str) -> None:
    assert resource(urn(token, "a"), {}).type == f"azure-native:{present}"


@pytest.mark.parametrize("token", ["azure-nativeish:web:WebApp", "azure:web:WebApp"])
def test_a_name_of_another_provider_stays(token: str) -> None:
    assert resource(urn(token, "a"), {}).type == token


def test_a_generated_package_changes_no_price() -> None:
    inputs = plan_of().properties.content
    one = resource(urn("azure-native_web_v20240401:web:AppServicePlan", "plan"), inputs)
    assert bill(one).monthly == each("12.41")


# Free types.


def test_the_free_types_are_those_of_the_rules() -> None:
    listed = {kind: reason for reason, kinds in free_types.free().items() for kind in kinds}
    assert listed == FREE, "look at what is new, then run: python -m tools.free_types"
    assert len(FREE) >= 250


BILLED = """
cognitiveservices:Deployment containerregistry:Replication containerservice:AgentPool
cosmosdb:SqlResourceSqlContainer cosmosdb:SqlResourceSqlDatabase keyvault:Key keyvault:ManagedHsm
network:FirewallPolicy network:FlowLog network:PrivateEndpoint network:PublicIPAddress
network:VirtualNetworkPeering operationalinsights:DataExport recoveryservices:ProtectedItem
resources:Deployment resources:Resource signalrservice:SignalRReplica sql:Database sql:ElasticPool
storage:EncryptionScope storage:FileShare web:WebAppPremierAddOn
"""


@pytest.mark.parametrize("kind", [*BILLED.split(), *free_types.BILLED.split()])
def test_a_child_that_is_billed_is_not_free(kind: str) -> None:
    assert kind in sdk_inputs.types()
    assert kind not in FREE


def test_every_rule_has_a_type_that_it_is_for() -> None:
    assert [reason for reason, kinds in free_types.free().items() if not kinds] == []
    for patterns in free_types.RULES.values():
        for pattern in patterns.split():
            assert any(free_types._matches(kind, [pattern]) for kind in sdk_inputs.types()), pattern
