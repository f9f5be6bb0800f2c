"""Rules for every component. A new one that is missing here fails the first test."""

import dataclasses
import importlib
import inspect
import itertools
import pkgutil
import re
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
import pytest
from pulumi import Output

import infra.components
from infra.components.app_service import AppService, AppServiceArgs
from infra.components.budget import Budget, BudgetArgs
from infra.components.container_app import ContainerApp, ContainerAppArgs
from infra.components.dns_zone import DnsRecords, DnsRecordsArgs, DnsZone, DnsZoneArgs, Zone
from infra.components.edge import Edge, EdgeArgs, Endpoint
from infra.components.edge_domains import EdgeDomains, EdgeDomainsArgs
from infra.components.identity import ACR_PULL, Identity, IdentityArgs, Role
from infra.components.job_run import Job, JobArgs
from infra.components.placement import Placement
from infra.components.postgres import Administrator, Postgres, PostgresArgs
from infra.components.registry import Registry, RegistryArgs
from infra.components.site_route import SiteRoute, SiteRouteArgs
from infra.components.static_site import StaticSite, StaticSiteArgs
from infra.components.translation import COGNITIVE_SERVICES_USER, Translation, TranslationArgs
from infra.domains import Record
from tests.unit.recording import SUBSCRIPTION, Recorder, Sent

TAGS = {"project": "frugal", "environment": "test"}
PLACE: Mapping[str, Any] = {"placement": Placement(group="group", location="eastus", tags=TAGS)}
REGISTRY_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group"
    "/providers/Microsoft.ContainerRegistry/registries/shared"
)
CANARY = "canary-7f3a"
APP: Mapping[str, Any] = {
    **PLACE,
    "app_name": "site",
    "image": "shared.azurecr.io/site@sha256:0",
    "identity_id": "/identity",
    "registry_server": "shared.azurecr.io",
    "port": 8000,
    "health_path": "/healthz",
    "settings": {"PUBLIC_URL": "https://site.example"},
}


def container_app(**changes: Any) -> ContainerApp:
    given: dict[str, Any] = {
        **APP,
        "environment_id": "/environment",
        "cpu": 0.25,
        "min_replicas": 0,
        "max_replicas": 3,
        "cooldown_seconds": 300,
        "ready_path": "/readyz",
        "secrets": {"SESSION_KEY": CANARY},
    }
    return ContainerApp("site", ContainerAppArgs(**{**given, **changes}))


def site_route(**changes: Any) -> SiteRoute:
    endpoint = Endpoint(
        profile_name=Output.from_input("profile"),
        front_door_id=Output.from_input("front-door"),
        id=Output.from_input("/endpoint"),
        name=Output.from_input("endpoint"),
        host=Output.from_input("endpoint.z01.azurefd.net"),
    )
    given: dict[str, Any] = {
        **PLACE,
        "endpoint": endpoint,
        "origin_host": "site.example",
        "private_paths": ["/me"],
        "release": "shared.azurecr.io/site@sha256:0",
        "query_strings": ["q", "page"],
    }
    return SiteRoute("site-route", SiteRouteArgs(**{**given, **changes}))


def postgres(**changes: Any) -> Postgres:
    given: dict[str, Any] = {
        **PLACE,
        "sku": "Standard_B1ms",
        "storage_gb": 32,
        "high_availability": "Disabled",
        "version": "17",
        "database": "notes",
        "administrator": Administrator(name="app", principal_id="p", tenant_id="t"),
        "protect": True,
        "settle": 60,
        "deadline": 900,
    }
    return Postgres("postgres", PostgresArgs(**{**given, **changes}))


def job(**changes: Any) -> Job:
    given: dict[str, Any] = {
        **PLACE,
        "environment_id": "/environment",
        "image": "shared.azurecr.io/site@sha256:0",
        "identity_id": "/identity",
        "registry_server": "shared.azurecr.io",
        "cpu": 0.25,
        "command": ["python", "-m", "site.migrate"],
        "settings": {"PGHOST": "db.example"},
        "timeout": 300,
        "retries": 1,
        "workspace": "workspace",
    }
    return Job("migration", JobArgs(**{**given, **changes}))


def translation(**changes: Any) -> Translation:
    given: dict[str, Any] = {
        **PLACE,
        "group_id": "/subscriptions/s/resourceGroups/group",
        "sku": "F0",
        "subdomain": "site-1a2b3c4d",
        "principal_id": "principal",
        "purge_listing": 60,
        "role_age": 150,
        "deadline": 900,
    }
    return Translation("translation", TranslationArgs(**{**given, **changes}))


def static_site(location: str = "eastus") -> StaticSite:
    placement = Placement(group="group", location=location, tags=TAGS)
    return StaticSite("pages", StaticSiteArgs(placement=placement))


def dns_records() -> DnsRecords:
    records = [
        Record(type="CNAME", name="www.example.com", value="site.azure.example"),
        Record(type="TXT", name="asuid.www.example.com", value="A1"),
        Record(type="A", name="example.com", value=None, alias="/endpoint"),
    ]
    zone = Zone(name="example.com", group="names")
    return DnsRecords("site-records", DnsRecordsArgs(zone=zone, records=records))


def app_service() -> AppService:
    given: dict[str, Any] = {
        **APP,
        "plan_sku": "B1",
        "identity_client_id": "client",
        "secrets": {"SESSION_KEY": CANARY},
    }
    return AppService("site", AppServiceArgs(**given))


COMPONENTS: Mapping[type[pulumi.ComponentResource], tuple[str, str, Callable[[], object]]] = {
    Registry: (
        "frugal:containers:Registry",
        "registry",
        lambda: Registry("registry", RegistryArgs(**PLACE)),
    ),
    Identity: (
        "frugal:security:Identity",
        "site",
        lambda: Identity(
            "site",
            IdentityArgs(
                **PLACE,
                roles={"pull": Role(definition=ACR_PULL, scope=REGISTRY_ID)},
                role_age=150,
                deadline=900,
            ),
        ),
    ),
    ContainerApp: ("frugal:web:ContainerApp", "site", container_app),
    AppService: ("frugal:web:AppService", "site", app_service),
    Edge: (
        "frugal:web:Edge",
        "edge",
        lambda: Edge("edge", EdgeArgs(**PLACE, sites=["a", "b"])),
    ),
    SiteRoute: ("frugal:web:SiteRoute", "site-route", site_route),
    Postgres: ("frugal:data:Postgres", "postgres", postgres),
    Job: ("frugal:containers:Job", "migration", job),
    Translation: ("frugal:web:Translation", "translation", translation),
    StaticSite: ("frugal:web:StaticSite", "pages", static_site),
    EdgeDomains: (
        "frugal:web:EdgeDomains",
        "site-domains",
        lambda: EdgeDomains(
            "site-domains",
            EdgeDomainsArgs(**PLACE, profile_name="profile", hosts=["a.example.com", "b.example"]),
        ),
    ),
    DnsZone: (
        "frugal:dns:DnsZone",
        "dns",
        lambda: DnsZone("dns", DnsZoneArgs(**PLACE, name="example.com", protect=True)),
    ),
    DnsRecords: ("frugal:dns:DnsRecords", "site-records", dns_records),
    Budget: (
        "frugal:spending:Budget",
        "budget",
        lambda: Budget(
            "budget",
            BudgetArgs(
                scope=f"/subscriptions/{SUBSCRIPTION}",
                resource_group_names=["one", "two"],
                amount=40,
                contacts=["owner@example.com"],
            ),
        ),
    ),
}
every_component = pytest.mark.parametrize("component", COMPONENTS, ids=lambda one: one.__name__)


def recorded(record: Callable[..., Recorder], build: Callable[[], object]) -> Recorder:
    recorder = record()

    @pulumi.runtime.test
    def declare() -> None:
        build()

    declare()
    return recorder


def _all_components() -> set[type[pulumi.ComponentResource]]:
    found = set[type[pulumi.ComponentResource]]()
    for module in pkgutil.iter_modules(infra.components.__path__):
        members = vars(importlib.import_module(f"infra.components.{module.name}")).values()
        found |= {
            one
            for one in members
            if inspect.isclass(one)
            and issubclass(one, pulumi.ComponentResource)
            and one.__module__.startswith("infra.")
        }
    return found


def test_every_component_is_tested_here() -> None:
    assert _all_components() == set(COMPONENTS)


@every_component
def test_token_has_three_segments(
    record: Callable[..., Recorder], component: type[pulumi.ComponentResource]
) -> None:
    token, name, build = COMPONENTS[component]
    sent = recorded(record, build).one(token)
    assert re.fullmatch(r"frugal:[a-z]+:[A-Z]\w+", token)
    assert (sent.name, sent.type.rsplit(":", 1)[-1]) == (name, component.__name__)


@every_component
def test_children_have_the_component_as_parent_and_its_name_in_front(
    record: Callable[..., Recorder], component: type[pulumi.ComponentResource]
) -> None:
    token, name, build = COMPONENTS[component]
    recorder = recorded(record, build)
    itself = recorder.one(token)
    children = [one for one in recorder.sent if one is not itself]
    assert children
    for child in children:
        assert child.parent == itself.urn
        assert child.name == name or child.name.startswith(f"{name}-")


@every_component
def test_outputs_are_registered(
    record: Callable[..., Recorder], component: type[pulumi.ComponentResource]
) -> None:
    token, _, build = COMPONENTS[component]
    recorder = recorded(record, build)
    assert recorder.one(token).urn in recorder.outputs_registered


@every_component
def test_what_takes_tags_has_them(
    record: Callable[..., Recorder], component: type[pulumi.ComponentResource]
) -> None:
    for one in recorded(record, COMPONENTS[component][2]).azure():
        if "tags" in _parameters(one.type):
            assert one.inputs.get("tags") == TAGS, one.name


def _parameters(type_: str) -> set[str]:
    _, module, name = type_.split(":")
    resource = getattr(importlib.import_module(f"pulumi_azure_native.{module}"), name)
    return set(inspect.signature(resource._internal_init).parameters)


@every_component
def test_arguments_are_frozen_and_by_keyword(component: type[pulumi.ComponentResource]) -> None:
    parameters = inspect.signature(component.__init__).parameters
    assert list(parameters) == ["self", "name", "args", "opts"]
    args = parameters["args"].annotation
    assert dataclasses.is_dataclass(args)
    assert args.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(args))


@every_component
def test_nothing_secret_is_outside_the_secrets_of_the_configuration(
    record: Callable[..., Recorder], component: type[pulumi.ComponentResource]
) -> None:
    for one in recorded(record, COMPONENTS[component][2]).sent:
        clear = repr(dict(one.clear))
        assert CANARY not in clear, one.name
        assert not re.search(
            r"password'?: '[^'DE]|shared_?key|adminUserEnabled': True", clear, re.IGNORECASE
        )


def test_a_secret_is_read_by_reference(record: Callable[..., Recorder]) -> None:
    app = recorded(record, container_app).one("azure-native:app:ContainerApp")
    assert app.at("configuration.secrets") == [{"name": "session-key", "value": CANARY}]
    assert app.at("template.containers.0.env") == [
        {"name": "PUBLIC_URL", "value": "https://site.example"},
        {"name": "SESSION_KEY", "secretRef": "session-key"},
    ]
    assert "configuration" not in app.clear


def test_a_secret_is_an_app_setting_of_a_web_app(record: Callable[..., Recorder]) -> None:
    web_app = recorded(record, app_service).one("WebApp")
    assert web_app.at("siteConfig.appSettings")[2:] == [
        {"name": "PUBLIC_URL", "value": "https://site.example"},
        {"name": "SESSION_KEY", "value": CANARY},
    ]
    assert "siteConfig" not in web_app.clear


SECURE: Mapping[str, Mapping[str, Any]] = {
    "containerregistry:Registry": {
        "adminUserEnabled": False,
        "anonymousPullEnabled": False,
        "sku.name": "Basic",
    },
    "authorization:RoleAssignment": {"principalType": "ServicePrincipal"},
    "app:ContainerApp": {
        "configuration.ingress.external": True,
        "configuration.ingress.allowInsecure": False,
        "configuration.ingress.targetPort": 8000,
        "configuration.ingress.traffic": [{"latestRevision": True, "weight": 100}],
        "configuration.activeRevisionsMode": "Single",
        "configuration.registries": [{"server": "shared.azurecr.io", "identity": "/identity"}],
        "identity.type": "UserAssigned",
        "template.scale.minReplicas": 0,
        "template.scale.maxReplicas": 3,
        "template.scale.cooldownPeriod": 300,
        "template.containers.0.resources": {"cpu": 0.25, "memory": "0.5Gi"},
    },
    "app:Job": {
        "configuration.triggerType": "Manual",
        "configuration.replicaTimeout": 300,
        "configuration.replicaRetryLimit": 1,
        "configuration.manualTriggerConfig": {"parallelism": 1, "replicaCompletionCount": 1},
        "configuration.registries": [{"server": "shared.azurecr.io", "identity": "/identity"}],
        "identity.type": "UserAssigned",
        "template.containers.0.command": ["python", "-m", "site.migrate"],
        "template.containers.0.env": [{"name": "PGHOST", "value": "db.example"}],
        "template.containers.0.resources": {"cpu": 0.25, "memory": "0.5Gi"},
        "workloadProfileName": "Consumption",
    },
    "cognitiveservices:Account": {
        "kind": "TextTranslation",
        "sku": {"name": "F0"},
        "properties.disableLocalAuth": True,
        "properties.customSubDomainName": "site-1a2b3c4d",
    },
    "dns:Zone": {"zoneName": "example.com", "location": "global"},
    "cdn:AFDCustomDomain": {
        "tlsSettings": {"certificateType": "ManagedCertificate", "minimumTlsVersion": "TLS12"},
    },
    "web:StaticSite": {
        "sku": {"name": "Free", "tier": "Free"},
        "location": "eastus2",
        "stagingEnvironmentPolicy": "Disabled",
    },
    "web:AppServicePlan": {
        "kind": "linux",
        "reserved": True,
        "sku": {"name": "B1", "tier": "Basic", "capacity": 1},
    },
    "web:WebApp": {
        "httpsOnly": True,
        "clientAffinityEnabled": False,
        "kind": "app,linux,container",
        "identity.type": "UserAssigned",
        "siteConfig.linuxFxVersion": "DOCKER|shared.azurecr.io/site@sha256:0",
        "siteConfig.acrUseManagedIdentityCreds": True,
        "siteConfig.acrUserManagedIdentityID": "client",
        "siteConfig.alwaysOn": True,
        "siteConfig.ftpsState": "Disabled",
        "siteConfig.healthCheckPath": "/healthz",
        "siteConfig.minTlsVersion": "1.2",
        "siteConfig.scmMinTlsVersion": "1.2",
        "siteConfig.remoteDebuggingEnabled": False,
    },
    "web:WebAppScmAllowed": {"allow": False, "name": "site"},
    "web:WebAppFtpAllowed": {"allow": False, "name": "site"},
    "cdn:Profile": {"sku.name": "Standard_AzureFrontDoor", "location": "Global"},
    "cdn:AFDEndpoint": {"enabledState": "Enabled"},
    "cdn:AFDOrigin": {
        "hostName": "site.example",
        "originHostHeader": "site.example",
        "enforceCertificateNameCheck": True,
        "enabledState": "Enabled",
    },
    "cdn:Route": {
        "httpsRedirect": "Enabled",
        "forwardingProtocol": "HttpsOnly",
        "linkToDefaultDomain": "Enabled",
        "enabledState": "Enabled",
        "supportedProtocols": ["Http", "Https"],
    },
    "dbforpostgresql:Server": {
        "authConfig": {
            "activeDirectoryAuth": "Enabled",
            "passwordAuth": "Disabled",
            "tenantId": "t",
        },
        "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
        "storage.storageSizeGB": 32,
        "version": "17",
    },
    "dbforpostgresql:FirewallRule": {"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"},
    "dbforpostgresql:AdministratorsMicrosoftEntra": {
        "objectId": "p",
        "principalName": "app",
        "principalType": "ServicePrincipal",
    },
}


@pytest.mark.parametrize("type_", SECURE)
def test_property_sheet(record: Callable[..., Recorder], type_: str) -> None:
    found = list[Sent]()
    for _, _, build in COMPONENTS.values():
        recorder = recorded(record, build)
        found += [one for one in recorder.sent if one.type == f"azure-native:{type_}"]
    assert found
    for one in found:
        assert {path: one.at(path) for path in SECURE[type_]} == SECURE[type_]


def role_id(definition: str) -> str:
    provider = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization"
    return f"{provider}/roleDefinitions/{definition}"


def test_an_identity_gets_its_roles_where_they_are_named(record: Callable[..., Recorder]) -> None:
    pull = recorded(record, COMPONENTS[Identity][2]).one("RoleAssignment")
    assert pull.at("scope") == REGISTRY_ID
    assert pull.at("roleDefinitionId") == role_id(ACR_PULL)


def test_only_the_named_identity_may_translate(record: Callable[..., Recorder]) -> None:
    recorder = recorded(record, translation)
    user = recorder.one("RoleAssignment", "translation-user")
    assert user.at("principalId") == "principal"
    assert user.at("scope").endswith("/translation-account1a2b3c4d")
    assert user.at("roleDefinitionId") == role_id(COGNITIVE_SERVICES_USER)
    wait = recorder.one("Wait", "translation-user-ready")
    assert (wait.at("kind"), wait.at("settle"), wait.at("deadline")) == ("role", 150, 900)
    assert recorder.needs(wait, user)


def test_an_account_is_gone_before_it_is_purged(record: Callable[..., Recorder]) -> None:
    recorder = recorded(record, translation)
    account = recorder.one("azure-native:cognitiveservices:Account")
    purge = recorder.one("AccountPurge", "translation-purge")
    assert recorder.needs(account, purge)
    assert (purge.at("listing"), purge.at("deadline")) == (60, 900)


def test_the_translators_address_is_known_ahead(record: Callable[..., Recorder]) -> None:
    record()
    told: list[str] = []

    @pulumi.runtime.test
    def declare() -> Output[None]:
        return translation().endpoint.apply(told.append)

    declare()
    assert told == ["https://site-1a2b3c4d.cognitiveservices.azure.com"]


def test_a_job_runs_after_it_is_there_with_what_it_is_told(record: Callable[..., Recorder]) -> None:
    recorder = recorded(record, job)
    run = recorder.one("JobRun", "migration-run")
    assert recorder.needs(run, recorder.one("azure-native:app:Job"))
    assert run.at("image") == "shared.azurecr.io/site@sha256:0"
    assert run.at("environment") == {"PGHOST": "db.example"}
    assert run.at("limit") == 300 * 2 + 600


def test_a_public_image_of_a_job_is_pulled_without_identity(
    record: Callable[..., Recorder],
) -> None:
    one = recorded(record, lambda: job(registry_server=None)).one("azure-native:app:Job")
    assert one.at("configuration.registries") == []


@pytest.mark.parametrize(
    ("location", "place"), [("westeurope", "westeurope"), ("eastus", "eastus2")]
)
def test_a_static_site_is_where_azure_has_them(
    record: Callable[..., Recorder], location: str, place: str
) -> None:
    one = recorded(record, lambda: static_site(location=location)).one(
        "azure-native:web:StaticSite"
    )
    assert one.at("location") == place


def test_the_purge_comes_after_the_ways(record: Callable[..., Recorder]) -> None:
    recorder = recorded(record, site_route)
    purge = recorder.one("EdgePurge", "site-route-purge")
    assert (purge.at("endpoint"), purge.at("release")) == (
        "/endpoint",
        "shared.azurecr.io/site@sha256:0",
    )
    for way in recorder.all("Route"):
        assert recorder.needs(purge, way)


def test_origin_has_no_health_probe(record: Callable[..., Recorder]) -> None:
    group = recorded(record, site_route).one("AFDOriginGroup")
    assert "healthProbeSettings" not in group.inputs


def test_pages_are_cached_and_private_paths_are_not(record: Callable[..., Recorder]) -> None:
    recorder = recorded(record, site_route)
    pages = recorder.one("Route", "site-route-pages")
    private = recorder.one("Route", "site-route-private")
    assert pages.at("patternsToMatch") == ["/*"]
    assert (
        pages.at("cacheConfiguration.queryStringCachingBehavior") == "IncludeSpecifiedQueryStrings"
    )
    assert pages.at("cacheConfiguration.queryParameters") == "q,page"
    assert pages.at("cacheConfiguration.compressionSettings.isCompressionEnabled") is True
    assert private.at("patternsToMatch") == ["/me"]
    assert "cacheConfiguration" not in private.inputs
    for route in (pages, private):
        assert recorder.needs(route, recorder.one("AFDOrigin"))


def test_without_private_paths_there_is_one_route(record: Callable[..., Recorder]) -> None:
    recorder = recorded(record, lambda: site_route(private_paths=()))
    assert [route.name for route in recorder.all("Route")] == ["site-route-pages"]
    assert recorder.needs(recorder.one("EdgePurge"), recorder.one("Route"))


def test_without_query_strings_none_makes_another_page(record: Callable[..., Recorder]) -> None:
    recorder = recorded(record, lambda: site_route(query_strings=()))
    cache = recorder.one("Route", "site-route-pages").at("cacheConfiguration")
    assert cache["queryStringCachingBehavior"] == "IgnoreQueryString"
    assert "queryParameters" not in cache


SERVER_CHAIN = (
    ("Server", "postgres-server"),
    ("Wait", "postgres-server-ready"),
    ("FirewallRule", "postgres-azure"),
    ("AdministratorsMicrosoftEntra", "postgres-administrator"),
    ("Wait", "postgres-administrator-ready"),
    ("Database", "postgres-database"),
)


def test_database_children_come_one_after_another(record: Callable[..., Recorder]) -> None:
    recorder = recorded(record, postgres)
    chain = [recorder.one(type_, name) for type_, name in SERVER_CHAIN]
    for before, after in itertools.pairwise(chain):
        assert recorder.needs(after, before)


def test_a_server_and_its_administrator_are_waited_for(record: Callable[..., Recorder]) -> None:
    recorder = recorded(record, postgres)
    server = recorder.one("Wait", "postgres-server-ready")
    assert server.at("kind") == "server"
    assert server.at("subject").endswith("/dbforpostgresql/Server/postgres-server1a2b3c4d")
    assert (server.at("settle"), server.at("deadline")) == (60, 900)
    administrator = recorder.one("Wait", "postgres-administrator-ready")
    assert (administrator.at("kind"), administrator.at("deadline")) == ("administrator", 900)
    assert administrator.at("subject").endswith("/postgres-administrator1a2b3c4d")
    # As the PUT that it may have to repeat.
    put = recorder.one("AdministratorsMicrosoftEntra")
    names = ("principalName", "principalType", "tenantId")
    assert administrator.at("body") == {"properties": {name: put.at(name) for name in names}}


def test_a_server_takes_its_children_along(record: Callable[..., Recorder]) -> None:
    recorder = recorded(record, postgres)
    server = recorder.one("Server")
    for type_ in ("Database", "FirewallRule", "AdministratorsMicrosoftEntra"):
        assert recorder.one(type_).deleted_with == server.urn


def test_server_is_protected_and_its_zone_is_azures(record: Callable[..., Recorder]) -> None:
    server = recorded(record, postgres).one("Server")
    assert server.protect
    assert server.ignore_changes == ("availabilityZone",)
    assert not recorded(record, lambda: postgres(protect=False)).one("Server").protect


def test_larger_server(record: Callable[..., Recorder]) -> None:
    large = {"sku": "Standard_D2ds_v5", "high_availability": "ZoneRedundant", "storage_gb": 128}
    server = recorded(record, lambda: postgres(**large)).one("Server")
    assert server.at("sku") == {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}
    assert server.at("highAvailability.mode") == "ZoneRedundant"
    assert server.at("storage.storageSizeGB") == 128


def test_budget(record: Callable[..., Recorder]) -> None:
    budget = recorded(record, COMPONENTS[Budget][2]).one("azure-native:consumption:Budget")
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])-01T00:00:00Z", budget.at("timePeriod.startDate"))
    assert budget.ignore_changes == ("timePeriod",)
    assert budget.at("filter.dimensions") == {
        "name": "ResourceGroupName",
        "operator": "In",
        "values": ["one", "two"],
    }
    sent = budget.at("notifications")
    assert {(one["thresholdType"], one["threshold"]) for one in sent.values()} == {
        ("Actual", 50),
        ("Actual", 80),
        ("Actual", 100),
        ("Forecasted", 100),
    }
    assert all(one["contactEmails"] == ["owner@example.com"] for one in sent.values())


def test_probes_are_within_azures_limits(record: Callable[..., Recorder]) -> None:
    app = recorded(record, container_app).one("azure-native:app:ContainerApp")
    probes = {one["type"]: one for one in app.at("template.containers.0.probes")}
    assert set(probes) == {"Startup", "Liveness", "Readiness"}
    # What it needs is asked for at its start alone: later its own pages say what is missing.
    assert probes["Startup"]["httpGet"] == {"path": "/readyz", "port": 8000}
    assert probes["Readiness"]["httpGet"] == {"path": "/healthz", "port": 8000}
    assert probes["Liveness"]["httpGet"] == {"path": "/healthz", "port": 8000}
    for probe in probes.values():
        assert 1 <= probe["initialDelaySeconds"] <= 60
        assert 1 <= probe["periodSeconds"] <= 240
        assert 1 <= probe["timeoutSeconds"] <= 240
        assert 1 <= probe["failureThreshold"] <= 10
    assert probes["Liveness"]["successThreshold"] == probes["Startup"]["successThreshold"] == 1


def test_records_are_named_within_their_zone(record: Callable[..., Recorder]) -> None:
    sent = recorded(record, dns_records).all("azure-native:dns:RecordSet")
    found = {one.at("relativeRecordSetName"): one for one in sent}
    assert {name: one.at("recordType") for name, one in found.items()} == {
        "www": "CNAME",
        "asuid.www": "TXT",
        "@": "A",
    }
    assert found["www"].at("cnameRecord") == {"cname": "site.azure.example"}
    assert found["asuid.www"].at("txtRecords") == [{"value": ["A1"]}]
    assert found["@"].at("targetResource") == {"id": "/endpoint"}
    assert {(one.at("ttl"), one.at("resourceGroupName")) for one in sent} == {(300, "names")}
