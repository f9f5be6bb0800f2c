"""The contract: what the SDK sends passes, and each kind of mistake is found and named."""

import copy
import dataclasses
import importlib.metadata
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pulumi_azure_native
import pytest

from frugal.cloud.contract import UNKNOWN, Model, UnknownTypeError, model, tokens
from tests.cloud.every_type import IDENTITY, every_type
from tools.contract.azure_packages import Package
from tools.contract.pulumi_sdk import read_module
from tools.contract.sources import FILES, SDK_VERSION

DATA = Path(str(files("frugal.cloud.contract"))) / "data"
MISSING = object()


@pytest.fixture(scope="module")
def bodies() -> dict[str, dict[str, Any]]:
    return every_type()


def test_every_type_as_the_sdk_sends_it_is_without_a_finding(
    bodies: dict[str, dict[str, Any]],
) -> None:
    assert set(bodies) == tokens()
    findings = {token: model(token).check(body) for token, body in bodies.items()}
    assert {token: [str(f) for f in found] for token, found in findings.items() if found} == {}


# Type, where, what is given instead, and what the finding must say: at least one of each kind.
MISTAKES: tuple[tuple[str, str, object, str], ...] = (
    # unknown properties
    ("app:ContainerApp", "configuration.ingress.target_port", 80, "did you mean targetPort?"),
    ("app:ContainerApp", "configuration.ingres", {}, "did you mean ingress?"),
    ("app:ManagedEnvironment", "workloadProfiles.0.kind", "x", "is not a property here"),
    ("app:Job", "template.scale", {}, "is not a property here"),
    ("web:WebApp", "siteConfig.healthcheckPath", "/", "did you mean healthCheckPath?"),
    ("web:WebApp", "acrUseManagedIdentityCreds", True, "is not a property here"),
    ("dbforpostgresql:Server", "storage.sizeGB", 32, "is not a property here"),
    ("cdn:Route", "cacheConfig", {}, "did you mean cacheConfiguration?"),
    ("resources:ResourceGroup", "tag", {}, "did you mean tags?"),
    ("operationalinsights:Workspace", "capping", {}, "is not a property here"),
    ("monitor:DiagnosticSetting", "logs.0.categories", [], "did you mean category?"),
    # wrong types
    (
        "app:ContainerApp",
        "configuration.ingress.external",
        "yes",
        "a string, must be true or false",
    ),
    ("app:ContainerApp", "configuration.ingress.targetPort", 80.5, "must be a whole number"),
    ("app:ContainerApp", "template.containers.0.resources.cpu", "0.25", "must be a number"),
    ("app:ContainerApp", "template.containers.0.env", {"A": "b"}, "is an object, must be a list"),
    ("app:ContainerApp", "identity.userAssignedIdentities", IDENTITY, "must be a list"),
    ("app:ContainerApp", "template.scale", [], "is a list, must be an object"),
    ("web:WebApp", "httpsOnly", "true", "must be true or false"),
    ("dbforpostgresql:Server", "storage.storageSizeGB", "32", "must be a whole number"),
    ("cdn:Route", "patternsToMatch", "/*", "is a string, must be a list"),
    ("consumption:Budget", "amount", "50", "must be a number"),
    ("resources:ResourceGroup", "tags", ["a"], "is a list, must be a map"),
    ("resources:ResourceGroup", "tags.a", True, "is a boolean, must be a string"),
    ("web:WebAppScmAllowed", "allow", 0, "must be true or false"),
    # missing
    ("containerregistry:Registry", "sku", MISSING, "is missing, must be an object"),
    ("containerregistry:Registry", "sku.name", MISSING, "must be one of Classic, Basic"),
    ("app:Job", "configuration.replicaTimeout", MISSING, "is missing, must be a whole number"),
    ("app:ContainerApp", "resourceGroupName", MISSING, "is missing, must be a string"),
    ("authorization:RoleAssignment", "roleDefinitionId", MISSING, "is missing"),
    ("cdn:Profile", "sku", MISSING, "is missing"),
    ("cdn:Route", "endpointName", MISSING, "is missing"),
    ("consumption:Budget", "timePeriod.startDate", MISSING, "is missing"),
    ("consumption:Budget", "notifications.actual_80.contactEmails", MISSING, "must be a list"),
    ("dbforpostgresql:Server", "sku.tier", MISSING, "must be one of Burstable"),
    ("dbforpostgresql:FirewallRule", "endIpAddress", MISSING, "is missing"),
    ("web:WebAppFtpAllowed", "allow", MISSING, "must be true or false"),
    ("monitor:DiagnosticSetting", "logs.0.enabled", MISSING, "must be true or false"),
    # patterns and lengths
    ("containerregistry:Registry", "registryName", "my-registry", "must match ^[a-zA-Z0-9]*$"),
    ("containerregistry:Registry", "registryName", "abc", "5 to 50 characters long"),
    ("app:ContainerApp", "containerAppName", "Site", "'Site', must match"),
    ("app:ContainerApp", "containerAppName", "s" * 33, "2 to 32 characters long"),
    ("dbforpostgresql:FirewallRule", "startIpAddress", "0.0.0.256", "must match"),
    ("dbforpostgresql:Database", "charset", "8UTF", "must match"),
    ("dbforpostgresql:Server", "serverName", "pg", "3 to 63 characters long"),
    ("operationalinsights:Workspace", "workspaceName", "-logs", "must match"),
    ("cdn:Profile", "profileName", "my_edge", "must match"),
    ("authorization:RoleAssignment", "roleAssignmentName", "pull", "36 to 36 characters long"),
    ("consumption:Budget", "budgetName", "my budget", "must match"),
    ("managedidentity:UserAssignedIdentity", "resourceName", "-x-", "must match"),
    ("web:WebApp", "name", "translator-", "must match"),
    ("cognitiveservices:Account", "accountName", "t", "2 to 64 characters long"),
    # numbers
    ("cdn:Profile", "originResponseTimeoutSeconds", 3, "is 3, must be at least 16"),
    ("cdn:AFDOrigin", "weight", 2000, "is 2000, must be 1 to 1000"),
    ("cdn:AFDOrigin", "priority", 0, "must be 1 to 5"),
    ("app:ContainerApp", "template.containers.0.probes.0.periodSeconds", 500, "1 to 240"),
    ("app:ContainerApp", "configuration.revisionTransitionThreshold", 0, "1 to 100"),
    ("consumption:Budget", "notifications.actual_80.threshold", 1001, "0 to 1000"),
    ("consumption:Budget", "notifications.actual_80.contactEmails", ["a"] * 51, "0 to 50"),
    # enumerations
    ("containerregistry:Registry", "sku.name", "Basik", "'Basik', must be one of Classic, Basic"),
    ("app:ContainerApp", "configuration.ingress.transport", "h2", "must be one of auto, http"),
    ("app:ContainerApp", "identity.type", "User", "must be one of None, SystemAssigned"),
    ("web:WebApp", "siteConfig.ftpsState", "Off", "must be one of AllAllowed"),
    ("web:WebApp", "siteConfig.minTlsVersion", "1.4", "must be one of 1.0"),
    ("cdn:Route", "supportedProtocols.0", "Htp", "must be one of Http, Https"),
    ("cdn:Profile", "sku.name", "Standard_FrontDoor", "must be one of"),
    ("dbforpostgresql:Server", "version", "9", "must be one of 18, 17"),
    ("dbforpostgresql:Server", "backup.geoRedundantBackup", "off", "Enabled, Disabled"),
    (
        # What the SDK's own constant `PrincipalType.SERVICE_PRINCIPAL` says.
        "dbforpostgresql:AdministratorsMicrosoftEntra",
        "principalType",
        "servicePrincipal",
        "must be one of Unknown, User, Group, ServicePrincipal",
    ),
    ("authorization:RoleAssignment", "principalType", "Robot", "must be one of User"),
    ("consumption:Budget", "timeGrain", "Daily", "must be one of Monthly"),
    ("operationalinsights:Workspace", "sku.name", "Cheap", "must be one of Free"),
    # read-only
    ("app:ContainerApp", "latestRevisionName", "x", "is set by Azure"),
    ("app:ContainerApp", "configuration.ingress.fqdn", "x", "is set by Azure"),
    ("app:ManagedEnvironment", "defaultDomain", "x", "is set by Azure"),
    ("containerregistry:Registry", "loginServer", "x", "is set by Azure"),
    ("containerregistry:Registry", "sku.tier", "Basic", "is set by Azure"),
    ("dbforpostgresql:Server", "fullyQualifiedDomainName", "x", "is set by Azure"),
    ("cdn:AFDEndpoint", "hostName", "x", "is set by Azure"),
    ("web:WebApp", "defaultHostName", "x", "is set by Azure"),
    ("operationalinsights:Workspace", "customerId", "x", "is set by Azure"),
)


@pytest.mark.parametrize(
    ("type_", "path", "value", "said"), MISTAKES, ids=[f"{m[0]}.{m[1]}" for m in MISTAKES]
)
def test_a_mistake_is_found_at_its_place_and_nowhere_else(
    bodies: dict[str, dict[str, Any]], type_: str, path: str, value: object, said: str
) -> None:
    token = f"azure-native:{type_}"
    findings = model(token).check(changed(bodies[token], path, value))
    place = re.sub(r"\.(\d+|actual_80|a)\b", r"[\1]", path)
    assert {f.path for f in findings} == {place}
    assert any(said in f.message for f in findings), [str(f) for f in findings]


# Where the rule stands in the data: without it, the mistake goes through.
RULES = (
    ("containerregistry:Registry", "Sku.name.enum", "sku.name", "Basik"),
    ("containerregistry:Registry", "Registry.sku.required", "sku", MISSING),
    ("app:ContainerApp", "Ingress.targetPort.type", "configuration.ingress.targetPort", 80.5),
    ("app:ContainerApp", "ContainerAppProbeHttpGet.port.required", "", None),
    ("cdn:AFDOrigin", "AFDOrigin.weight.maximum", "weight", 2000),
    (
        "cdn:Profile",
        "Profile.originResponseTimeoutSeconds.minimum",
        "originResponseTimeoutSeconds",
        3,
    ),
    ("dbforpostgresql:FirewallRule", "FirewallRule.endIpAddress.pattern", "endIpAddress", "x"),
    ("consumption:Budget", "Notification.contactEmails.maxItems", "", None),
    (
        "dbforpostgresql:AdministratorsMicrosoftEntra",
        "AdministratorsMicrosoftEntra.principalType.exactCase",
        "principalType",
        "servicePrincipal",
    ),
)
_IN_LISTS = {
    "ContainerAppProbeHttpGet.port.required": (
        "template.containers.0.probes.0.httpGet.port",
        MISSING,
    ),
    "Notification.contactEmails.maxItems": (
        "notifications.actual_80.contactEmails",
        ["a@example.com"] * 51,
    ),
}


@pytest.mark.parametrize(("type_", "rule", "path", "value"), RULES, ids=[r[1] for r in RULES])
def test_without_its_rule_the_mistake_goes_through(
    bodies: dict[str, dict[str, Any]], type_: str, rule: str, path: str, value: object
) -> None:
    path, value = _IN_LISTS.get(rule, (path, value))
    token = f"azure-native:{type_}"
    wrong = changed(bodies[token], path, value)
    assert model(token).check(wrong)
    assert without(model(token), rule).check(wrong) == []


def test_an_unknown_value_is_not_judged_and_counts_as_given(
    bodies: dict[str, dict[str, Any]],
) -> None:
    for token, body in bodies.items():
        assert model(token).check(dict.fromkeys(body, UNKNOWN)) == [], token
    token = "azure-native:app:ContainerApp"
    for path in ("configuration.ingress.targetPort", "identity.type", "template.containers.0"):
        assert model(token).check(changed(bodies[token], path, UNKNOWN)) == []


def test_the_cloud_gives_name_and_location(bodies: dict[str, dict[str, Any]]) -> None:
    for token, body in bodies.items():
        m = model(token)
        given_later = {"location", m.name_parameter}
        assert m.check({k: v for k, v in body.items() if k not in given_later}) == [], token


def test_identities_may_be_a_list_or_the_map_of_the_wire(
    bodies: dict[str, dict[str, Any]],
) -> None:
    token = "azure-native:app:ContainerApp"
    wire = {IDENTITY: {}}
    assert model(token).check(changed(bodies[token], "identity.userAssignedIdentities", wire)) == []


def test_an_open_object_takes_what_the_model_does_not_name(
    bodies: dict[str, dict[str, Any]],
) -> None:
    token = "azure-native:operationalinsights:Workspace"
    features = {"disableLocalAuth": True, "somethingNew": 1}
    assert model(token).check(changed(bodies[token], "features", features)) == []


def test_a_definition_may_hold_itself() -> None:
    definitions = {
        "Body": {"properties": {"filter": {"ref": "Filter"}}},
        "Filter": {
            "properties": {"and": {"items": {"ref": "Filter"}}, "key": {"secret": True}},
            "readOnly": ["id"],
        },
    }
    nested = dataclasses.replace(
        model("azure-native:consumption:Budget"), definitions=definitions, body="Body"
    )
    assert nested.secret_paths == {"filter.key"}
    body = {"scope": "/s", "filter": {"and": [{"and": [{"oops": 1}]}]}}
    assert [f.path for f in nested.check(body)] == ["filter.and[0].and[0].oops"]


def test_azure_reads_enumerations_without_case(bodies: dict[str, dict[str, Any]]) -> None:
    token = "azure-native:containerregistry:Registry"
    assert model(token).check(changed(bodies[token], "sku.name", "basic")) == []


def test_a_secret_value_is_never_shown(bodies: dict[str, dict[str, Any]]) -> None:
    token = "azure-native:app:ContainerApp"
    assert "configuration.secrets[*].value" in model(token).secret_paths
    strict = changed_rule(model(token), "Secret.value", {"enum": ["x"], "maxLength": 1})
    strict = changed_rule(strict, "Secret.value", {"pattern": "^x$"})
    findings = strict.check(bodies[token])
    assert len(findings) == 3
    assert all("canary" not in str(f) and "a secret value" in f.message for f in findings)
    as_list = changed(bodies[token], "configuration.secrets.0.value", ["canary"])
    assert [str(f) for f in model(token).check(as_list)] == [
        "configuration.secrets[0].value: is a list, must be a string"
    ]


def test_what_forces_a_replacement() -> None:
    server = model("azure-native:dbforpostgresql:Server").create_only
    assert {"serverName", "resourceGroupName", "location", "availabilityZone"} <= server
    assert "backup.geoRedundantBackup" in server
    assert not {"version", "sku", "storage", "authConfig", "maintenanceWindow"} & server
    assert "environmentId" in model("azure-native:app:ContainerApp").create_only
    assert "sku" not in model("azure-native:cdn:Profile").create_only
    assert "timePeriod" not in model("azure-native:consumption:Budget").create_only
    role = model("azure-native:authorization:RoleAssignment").create_only
    assert role == {"principalId", "scope", "roleAssignmentName"}


def test_identity_of_a_type() -> None:
    m = model("azure-native:app:ContainerApp")
    assert (m.arm_type, m.api_version) == ("Microsoft.App/containerApps", "2025-02-02-preview")
    assert m.path == (
        "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
        "/providers/Microsoft.App/containerApps/{containerAppName}"
    )
    assert m.name_parameter == "containerAppName"
    assert {"location", "tags", "identity"} <= m.top_level
    assert not {"configuration", "template", "environmentId"} & m.top_level
    assert model("azure-native:web:WebAppScmAllowed").name_parameter is None
    with pytest.raises(UnknownTypeError, match="no contract for azure-native:network:Zone"):
        model("azure-native:network:Zone")


def test_the_data_is_of_the_installed_sdk() -> None:
    """A newer SDK may send other versions or properties: derive the data anew."""
    assert importlib.metadata.version("pulumi-azure-native") == SDK_VERSION
    sdk = Path(str(pulumi_azure_native.__file__)).parent
    for file in FILES:
        sent = read_module(sdk, file.module, tuple(t.resource for t in file.targets))
        for name, resource in sent.resources.items():
            m = model(f"azure-native:{file.module}:{name}")
            assert m.api_version == resource.api_version
            assert {*m.properties, *m.parameters} == set(sent.inputs[resource.args])


def test_a_wrong_name_in_the_sources_is_answered_with_those_of_the_wheel(tmp_path: Path) -> None:
    wheel, folder = tmp_path / "one.whl", "azure/one/v2024_11_01"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{folder}/models/_models_py3.py", "")
        archive.writestr(f"{folder}/operations/_vaults_operations.py", "def build_put(): ...")
    with pytest.raises(LookupError, match=f"no models in azure/one; there: {folder}$"):
        Package(wheel, "azure/one", "one").models()
    package = Package(wheel, folder, "one")
    with pytest.raises(LookupError, match=r"no operations/_operations\.py; there: _vaults_oper"):
        package.operation("_operations", "build_put")
    with pytest.raises(LookupError, match=r"no build in _vaults_operations\.py; there: build_put$"):
        package.operation("_vaults_operations", "build")


def test_the_data_is_whole_and_small() -> None:
    documents = [json.loads(f.read_text(encoding="utf-8")) for f in sorted(DATA.iterdir())]
    assert sum(f.stat().st_size for f in DATA.iterdir()) < 200_000
    for document in documents:
        assert "MIT" in document["origin"]["licence"]
        assert all(re.search(r"==.*sha256 [0-9a-f]{64}$", o) for o in document["origin"]["from"])
        for rule in _rules(document):
            assert rule.get("ref", next(iter(document["definitions"]))) in document["definitions"]
            re.compile(rule.get("pattern", ""))


def changed(body: Mapping[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy with another value at a dotted path; MISSING takes it out."""
    copied = copy.deepcopy(dict(body))
    place: Any = copied
    *above, last = [int(p) if p.isdigit() else p for p in path.split(".")]
    for part in above:
        place = place[part]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return copied


def changed_rule(m: Model, place: str, more: Mapping[str, Any]) -> Model:
    """The model with more in the rule at `Definition.property`."""
    definitions = copy.deepcopy(dict(m.definitions))
    definition, name = place.split(".")
    definitions[definition]["properties"][name].update(more)
    return dataclasses.replace(m, definitions=definitions)


def without(m: Model, rule: str) -> Model:
    """The model without the rule at `Definition.property.key`."""
    definitions = copy.deepcopy(dict(m.definitions))
    definition, name, key = rule.split(".")
    del definitions[definition]["properties"][name][key]
    return dataclasses.replace(m, definitions=definitions)


def _rules(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    pending: list[Any] = [
        rule for d in document["definitions"].values() for rule in d["properties"].values()
    ]
    pending += [r for t in document["types"].values() for r in t["parameters"].values()]
    while pending:
        rule = pending.pop()
        yield rule
        pending += [rule[key] for key in ("items", "values") if key in rule]
