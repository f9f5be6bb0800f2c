"""The whole program, as each environment sends it."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest
from pulumi import Output
from pulumi.output import Unknown

from infra.components.build_context import BuildContext
from infra.models import SiteSettings
from infra.stacks import SITES
from infra.stacks.site import Deployed, Deployment, Site
from tests.unit.conftest import ROOT, SAMPLES, Declare
from tests.unit.recording import SUBSCRIPTION, Recorder, Sent

EDGE = {
    "Edge": 1,
    "Profile": 1,
    "AFDEndpoint": 2,
    "SiteRoute": 2,
    "AFDOriginGroup": 2,
    "AFDOrigin": 2,
    "Route": 4,
    "EdgePurge": 2,
}
TRANSLATION = {"Translation": 1, "Account": 1, "AccountPurge": 1, "RoleAssignment": 1}
TRANSLATION["Wait"] = 1  # for its role
WEB_APP = {
    "AppService": 1,
    "AppServicePlan": 1,
    "WebApp": 1,
    "WebAppScmAllowed": 1,
    "WebAppFtpAllowed": 1,
}
EVERYWHERE = {
    "ResourceGroup": 2,
    "registry:Registry": 0,
    "Registry": 2,  # the component and its resource
    "Workspace": 1,
    "ManagedEnvironment": 1,
    "DiagnosticSetting": 1,
    "Identity": 3,
    "UserAssignedIdentity": 3,
    "RoleAssignment": 3,
    "Wait": 5,  # for three roles, the server, its administrator
    "Image": 2,
    "Job": 2,  # the component and its resource
    "JobRun": 1,
    "Postgres": 1,
    "Server": 1,
    "Database": 1,
    "FirewallRule": 1,
    "AdministratorsMicrosoftEntra": 1,
    "Budget": 2,
    "ContainerApp": 2,
}

PRICED = {
    "Registry": ["sku.name"],
    "Workspace": ["sku.name", "retentionInDays", "workspaceCapping.dailyQuotaGb"],
    "ContainerApp": [
        "workloadProfileName",
        "template.scale.minReplicas",
        "template.scale.maxReplicas",
        "template.containers.0.resources.cpu",
        "template.containers.0.resources.memory",
    ],
    "Job": [
        "workloadProfileName",
        "template.containers.0.resources.cpu",
        "template.containers.0.resources.memory",
    ],
    "Account": ["kind", "sku.name"],
    "Profile": ["sku.name"],
    "AppServicePlan": ["sku.name", "sku.tier", "sku.capacity", "reserved"],
    "Server": [
        "sku.name",
        "sku.tier",
        "storage.storageSizeGB",
        "highAvailability.mode",
        "backup.backupRetentionDays",
        "backup.geoRedundantBackup",
    ],
}


def counted(recorder: Recorder) -> dict[str, int]:
    return dict(Counter(one.type.rsplit(":", 1)[-1] for one in recorder.sent))


def expected(*parts: dict[str, int]) -> dict[str, int]:
    total = Counter[str]()
    for part in parts:
        total.update(part)
    return {key: count for key, count in total.items() if count}


def test_local_has_the_edge_and_no_translator_account(recorded: Declare) -> None:
    assert counted(recorded("local")) == expected(EVERYWHERE, WEB_APP, EDGE)


def test_dev_has_no_edge(recorded: Declare) -> None:
    assert counted(recorded("dev")) == expected(EVERYWHERE, WEB_APP)


def test_prod_has_the_edge(recorded: Declare) -> None:
    assert counted(recorded("prod")) == expected(EVERYWHERE, WEB_APP, EDGE, TRANSLATION)


def test_environments_differ_by_settings_alone(recorded: Declare) -> None:
    same = {
        "homepage": {
            "cdn": "frontDoor",
            "maxReplicas": 4,
            "cooldownSeconds": 120,
            "originLock": True,
        },
        "translator": {
            "cdn": "frontDoor",
            "maxReplicas": 4,
            "cooldownSeconds": 120,
            "translation": {"provider": "azure"},
        },
        "database": {"highAvailability": "disabled"},
        "budget": {"monthlyAmount": 50, "contacts": ["owner@example.com"]},
    }

    def declared(environment: str) -> set[str]:
        recorder = recorded(environment, same)
        unique = recorder.one("WebApp").at("name")
        return {
            json.dumps([one.type, one.name, one.inputs], sort_keys=True)
            .replace(unique, "UNIQUE")
            .replace(f"frugal-{environment}-", "frugal-ENVIRONMENT-")
            .replace(f'"{environment}"', '"ENVIRONMENT"')
            for one in recorder.sent
        }

    assert declared("local") == declared("dev") == declared("prod")


def test_translator_moves_to_container_apps_and_the_database_stays(recorded: Declare) -> None:
    before = recorded("local")
    after = recorded("local", {"translator": {"host": "containerApp"}})
    assert counted(after) == expected(EVERYWHERE, EDGE, {"ContainerApp": 2})
    assert _database(before) == _database(after)
    app = after.one("azure-native:app:ContainerApp", "translator-app")
    environment = {one["name"]: one["value"] for one in app.at("template.containers.0.env")}
    assert environment["PGHOST"].endswith(".postgres.database.azure.com")
    assert environment["PUBLIC_URL"] == "https://edge-translator1a2b3c4d.z01.azurefd.net"
    assert after.needs(app, after.one("Wait", "postgres-administrator-ready"))
    paths = {p["type"]: p["httpGet"]["path"] for p in app.at("template.containers.0.probes")}
    assert paths == {"Startup": "/readyz", "Liveness": "/healthz", "Readiness": "/healthz"}


def _database(recorder: Recorder) -> list[str]:
    return [
        json.dumps([one.urn, one.inputs], sort_keys=True)
        for one in recorder.sent
        if ":dbforpostgresql:" in one.type
    ]


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_what_is_priced_is_known_before_anything_exists(
    recorded: Declare, environment: str
) -> None:
    recorder = recorded(environment, preview=True, sites=SITES)
    for type_, paths in PRICED.items():
        for one in (one for one in recorder.azure() if one.type.endswith(f":{type_}")):
            for path in paths:
                assert isinstance(one.at(path), str | float | bool), f"{one.name}: {path}"
    for one in recorder.azure():
        assert not isinstance(one.inputs.get("location"), Unknown), one.name


def test_apps_start_when_their_identity_may_pull_and_stop_before_it_may_not(
    recorded: Declare,
) -> None:
    recorder = recorded("prod")
    for app, name in (("app:ContainerApp", "homepage"), ("web:WebApp", "translator")):
        sent = recorder.one(f"azure-native:{app}")
        assert recorder.needs(sent, recorder.one("Wait", f"{name}-pull-ready"))
        assert recorder.needs(sent, recorder.one("RoleAssignment", f"{name}-pull"))
        assert recorder.needs(sent, recorder.one("Image", f"{name}-image"))


def test_image_is_built_while_the_role_spreads(recorded: Declare) -> None:
    recorder = recorded("dev")
    image = recorder.one("Image", "homepage-image")
    assert not recorder.needs(image, recorder.one("RoleAssignment", "homepage-pull"))
    assert recorder.needs(image, recorder.one("azure-native:containerregistry:Registry"))


# What refuses a second write while one is under way: environment, site, profile, server.
SHARED = ("environment", "profile", "server")
SCOPES: Mapping[str, tuple[str, ...]] = {
    "environment": ("ManagedEnvironment", "DiagnosticSetting", "app:ContainerApp", "app:Job"),
    **{site.name: tuple(f"web:{t}" for t in WEB_APP if t != "AppService") for site in SITES},
    "profile": ("Profile", "AFDEndpoint", "AFDOriginGroup", "AFDOrigin", "Route"),
    "server": ("Server", "FirewallRule", "AdministratorsMicrosoftEntra", "Database"),
}
FILES = {"host": "staticSite", "cdn": "none"}
HOSTS: Mapping[str, dict[str, Any]] = {
    "as it is": {},
    "container apps": {"translator": {"host": "containerApp"}},
    "files": {"homepage": FILES},
    "files, container apps": {
        "homepage": FILES,
        "translator": {"host": "containerApp"},
    },
    "app service": {"homepage": {"host": "appService"}},
    "each on the other's": {
        "homepage": {"host": "appService"},
        "translator": {"host": "containerApp"},
    },
    "one behind the edge": {"homepage": {"cdn": "none"}},
    "the other behind the edge": {"homepage": {"cdn": "frontDoor"}, "translator": {"cdn": "none"}},
    "ready images": {
        "homepage": {"image": "shared.azurecr.io/homepage:1"},
        "translator": {"image": "shared.azurecr.io/translator:1"},
    },
}


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("changes", HOSTS.values(), ids=HOSTS)
def test_where_azure_refuses_two_writes_at_once_there_is_one_at_a_time(
    recorded: Declare, environment: str, changes: dict[str, Any]
) -> None:
    recorder = recorded(environment, changes, sites=SITES)
    for scope, types in SCOPES.items():
        within = [
            one
            for one in recorder.azure()
            if one.type.endswith(tuple(f":{t}" for t in types))
            and (scope in SHARED or one.name.startswith(f"{scope}-"))
        ]
        for one, other in itertools.combinations(within, 2):
            assert _in_order(recorder, one, other), f"{one.name} and {other.name} at once"


def _in_order(recorder: Recorder, one: Sent, other: Sent) -> bool:
    return recorder.needs(one, other) or recorder.needs(other, one)


def test_both_sites_are_written_in_one_order(recorded: Declare) -> None:
    recorder = recorded("prod", {"translator": {"host": "containerApp"}})
    chain = [
        recorder.one("DiagnosticSetting", "environment-logs"),
        recorder.one("azure-native:app:ContainerApp", "homepage-app"),
        recorder.one("azure-native:app:Job"),
        recorder.one("JobRun"),
        recorder.one("azure-native:app:ContainerApp", "translator-app"),
    ]
    for before, after in itertools.pairwise(chain):
        assert recorder.needs(after, before)
    # The database does not wait for the edge, which takes longest.
    assert not recorder.needs(
        recorder.one("JobRun"), recorder.one("AFDOrigin", "homepage-route-origin")
    )
    group = recorder.one("AFDOriginGroup", "translator-route-origins")
    assert recorder.needs(group, recorder.one("EdgePurge", "homepage-route-purge"))


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("changes", HOSTS.values(), ids=HOSTS)
def test_no_wait_holds_back_a_build(
    program: Declare,
    environment: str,
    changes: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pulumi's host of dynamic resources has four threads: one stays for what does not wait."""
    packed = BuildContext(archive=b"", digest="0")
    monkeypatch.setattr("infra.components.image.pack", lambda _folder: packed)
    recorder = program(environment, changes, sites=[*SAMPLES, COPIED, replace(COPIED, name="more")])
    builds, waits = recorder.all("Image"), recorder.all("Wait")
    slow = [*builds, *waits, *recorder.all("JobRun")]
    for four in itertools.combinations(slow, 4):
        pairs = itertools.combinations(four, 2)
        assert any(_in_order(recorder, *pair) for pair in pairs), [one.name for one in four]
    for build in builds:
        assert not [one.name for one in waits if recorder.needs(build, one)]
        site = build.name.removesuffix("-image")
        assert recorder.needs(recorder.one("Wait", f"{site}-pull-ready"), build)


def test_how_long_to_wait_is_a_setting(recorded: Declare) -> None:
    waits = {"server": 1, "roleAge": 2, "purge": 3, "pullLimit": 0, "deadline": 4}
    recorder = recorded("prod", {"waits": waits})
    assert {one.at("deadline") for one in recorder.all("Wait")} == {4}
    settle = {one.name: one.at("settle") for one in recorder.all("Wait")}
    assert settle == {
        "homepage-pull-ready": 2,
        "translator-pull-ready": 2,
        "translator-migration-pull-ready": 2,
        "translation-user-ready": 2,
        "postgres-server-ready": 1,
        "postgres-administrator-ready": 0,
    }
    purge = recorder.one("AccountPurge")
    assert (purge.at("listing"), purge.at("deadline")) == (3, 4)


def test_how_long_to_wait_changes_nothing_else(recorded: Declare) -> None:
    def declared(**waits: int) -> set[str]:
        return {
            json.dumps([one.urn, one.inputs], sort_keys=True)
            for one in recorded("prod", {"waits": waits}).azure()
        }

    assert declared() == declared(server=0, roleAge=0, purge=0, pullLimit=0, deadline=1)


def test_endpoint_comes_before_the_app_and_the_way_to_it_after(recorded: Declare) -> None:
    recorder = recorded("prod")
    for app, name in (("app:ContainerApp", "homepage"), ("web:WebApp", "translator")):
        sent = recorder.one(f"azure-native:{app}")
        assert recorder.needs(sent, recorder.one("AFDEndpoint", f"edge-{name}"))
        assert recorder.needs(recorder.one("AFDOrigin", f"{name}-route-origin"), sent)


def test_data_is_protected_in_prod_alone(recorded: Declare) -> None:
    protected = {one.name for one in recorded("prod").sent if one.protect}
    assert protected == {
        "frugal-prod-platform",
        "frugal-prod-data",
        "postgres-server",
        "postgres-database",
    }
    assert not [one.name for one in recorded("dev").sent if one.protect]


def test_a_ready_image_is_not_built(recorded: Declare) -> None:
    ready = "registry1a2b3c4d.azurecr.io/homepage@sha256:" + "a" * 64
    recorder = recorded("dev", {"homepage": {"image": ready}})
    app = recorder.one("azure-native:app:ContainerApp")
    assert [one.name for one in recorder.all("Image")] == ["translator-image"]
    assert app.at("template.containers.0.image") == ready
    assert app.at("configuration.registries.0.server") == "registry1a2b3c4d.azurecr.io"


def test_a_public_image_is_pulled_without_identity(recorded: Declare) -> None:
    public = "mcr.microsoft.com/k8se/quickstart:latest"
    recorder = recorded("dev", {"homepage": {"image": public}, "translator": {"image": public}})
    assert recorder.one("azure-native:app:ContainerApp").at("configuration.registries") == []
    web_app = recorder.one("WebApp")
    assert web_app.at("siteConfig.acrUseManagedIdentityCreds") is False
    assert web_app.at("siteConfig.linuxFxVersion") == f"DOCKER|{public}"


def test_a_registry_is_shared(recorded: Declare) -> None:
    shared = (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/shared"
        "/providers/Microsoft.ContainerRegistry/registries/Common"
    )
    recorder = recorded("dev", {"registry": {"id": shared}})
    assert not [one for one in recorder.azure() if one.type.endswith(":Registry")]
    assert {one.at("scope") for one in recorder.all("RoleAssignment")} == {shared}
    assert {one.at("registry") for one in recorder.all("Image")} == {shared}
    app = recorder.one("azure-native:app:ContainerApp")
    assert app.at("configuration.registries.0.server") == "common.azurecr.io"


def test_outputs(program: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
    exported: dict[str, Output[str]] = {}
    monkeypatch.setattr("pulumi.export", exported.__setitem__)
    recorder = program("local")
    values = {key: _value(output) for key, output in exported.items()}
    suffix = recorder.one("WebApp").at("name").rsplit("-", 1)[-1]
    assert values == {
        "homepageUrl": "https://edge-homepage1a2b3c4d.z01.azurefd.net",
        "homepageOriginUrl": "https://homepage.calm-sky.eastus.azurecontainerapps.io",
        "signInRedirectUri": "https://edge-homepage1a2b3c4d.z01.azurefd.net/auth_response",
        "translatorUrl": "https://edge-translator1a2b3c4d.z01.azurefd.net",
        "translatorOriginUrl": f"https://translator-{suffix}.azurewebsites.net",
        "registry": "registry1a2b3c4d.azurecr.io",
    }


def test_the_homepage_is_asked_for_its_content_when_it_starts(recorded: Declare) -> None:
    app = recorded("dev").one("azure-native:app:ContainerApp")
    paths = {p["type"]: p["httpGet"]["path"] for p in app.at("template.containers.0.probes")}
    assert paths == {"Startup": "/readyz", "Liveness": "/healthz", "Readiness": "/healthz"}


def test_a_site_of_files_has_its_address_and_name_as_outputs(
    program: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported: dict[str, Output[str]] = {}
    monkeypatch.setattr("pulumi.export", exported.__setitem__)
    program("dev", {"homepage": {"host": "staticSite"}})
    assert "signInRedirectUri" not in exported
    assert _value(exported["homepageUrl"]) == "https://calm-sea-1.azurestaticapps.net"
    assert _value(exported["homepageName"]) == "homepage1a2b3c4d"


def _value(output: Output[str]) -> str | None:
    return asyncio.get_event_loop().run_until_complete(output.future())


def test_the_database_is_not_open_to_passwords(recorded: Declare) -> None:
    recorder = recorded("prod")
    settings = app_settings(recorder)
    assert settings["PGSSLMODE"] == "verify-full"
    assert not [name for name in settings if "PASSWORD" in name or "KEY" in name]


def app_settings(recorder: Recorder) -> dict[str, str]:
    return {
        one["name"]: one["value"] for one in recorder.one("WebApp").at("siteConfig.appSettings")
    }


def job_settings(recorder: Recorder) -> dict[str, str]:
    container = recorder.one("azure-native:app:Job").at("template.containers.0")
    return {one["name"]: one["value"] for one in container["env"]}


def test_the_job_administers_the_database_and_the_app_does_not(recorded: Declare) -> None:
    recorder = recorded("prod")
    job, app = job_settings(recorder), app_settings(recorder)
    assert job["PGUSER"] == _administrator(recorder).at("principalName")
    assert job["PGUSER"].startswith("translator-migration-identity")
    assert job["APP_ROLE"] == app["PGUSER"] == "translator_app"
    assert job["APP_OBJECT_ID"] == "11111111-1111-1111-1111-111111111111"
    for name in ("PGHOST", "PGDATABASE", "PGSSLMODE"):
        assert job[name] == app[name]


@pytest.mark.parametrize(
    ("host", "type_"),
    [("appService", "web:WebApp"), ("containerApp", "app:ContainerApp")],
)
def test_the_database_is_migrated_before_the_app_on_either_host(
    recorded: Declare, host: str, type_: str
) -> None:
    recorder = recorded("dev", {"translator": {"host": host}})
    name = "translator-web" if host == "appService" else "translator-app"
    app = recorder.one(f"azure-native:{type_}", name)
    run = recorder.one("JobRun", "migration-run")
    assert recorder.needs(app, run)
    assert recorder.needs(run, recorder.one("Wait", "postgres-administrator-ready"))
    assert recorder.needs(run, recorder.one("Database"))
    assert recorder.needs(run, recorder.one("Wait", "translator-migration-pull-ready"))
    job = recorder.one("azure-native:app:Job")
    image = recorder.one("Image", "translator-image")
    assert recorder.needs(job, image)
    assert run.at("image") == job.at("template.containers.0.image")


def test_azure_translates_where_the_settings_say(recorded: Declare) -> None:
    recorder = recorded("prod")
    settings = app_settings(recorder)
    account = recorder.one("azure-native:cognitiveservices:Account")
    assert settings["TRANSLATOR_PROVIDER"] == "azure"
    subdomain = account.at("properties.customSubDomainName")
    assert settings["TRANSLATOR_ENDPOINT"] == f"https://{subdomain}.cognitiveservices.azure.com"
    assert account.at("properties.disableLocalAuth") is True
    web_app = recorder.one("WebApp")
    assert recorder.needs(web_app, recorder.one("Wait", "translation-user-ready"))


def test_without_azures_translator_there_is_no_account(recorded: Declare) -> None:
    settings = app_settings(recorded("dev"))
    assert settings["TRANSLATOR_PROVIDER"] == "offline"
    assert "TRANSLATOR_ENDPOINT" not in settings


def test_the_sites_know_the_edge_that_they_are_behind(recorded: Declare) -> None:
    front_door = "44444444-4444-4444-4444-444444444444"
    prod, local, dev = recorded("prod"), recorded("local"), recorded("dev")
    locked = recorded("prod", {"homepage": {"originLock": True}})
    assert homepage_settings(locked)["FRONT_DOOR_ID"] == front_door
    assert "FRONT_DOOR_ID" not in homepage_settings(prod)  # until the edge answers
    for recorder in (prod, local):
        assert app_settings(recorder)["FRONT_DOOR_ID"] == front_door
    assert "FRONT_DOOR_ID" not in app_settings(dev)
    no_edge = recorded("prod", {"homepage": {"cdn": "none"}})
    assert "FRONT_DOOR_ID" not in homepage_settings(no_edge)


def homepage_settings(recorder: Recorder) -> dict[str, str]:
    container = recorder.one("azure-native:app:ContainerApp", "homepage-app").at(
        "template.containers.0"
    )
    return {one["name"]: one.get("value", one.get("secretRef")) for one in container["env"]}


SIGN_IN = {
    "signIn": {"clientId": "client", "clientSecret": "canary-secret"},
    "sessionKey": "canary-" + "k" * 32,
    "sheet": {"id": "sheet", "apiKey": "canary-api"},
}


def test_the_homepages_secrets_are_behind_references(
    recorded: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", '["frugal:homepage"]')
    recorder = recorded("dev", {"homepage": SIGN_IN})
    assert homepage_settings(recorder) == {
        "PUBLIC_URL": "https://homepage.calm-sky.eastus.azurecontainerapps.io",
        "AZURE_CLIENT_ID": "22222222-2222-2222-2222-222222222222",
        "OIDC_CLIENT_ID": "client",
        "OIDC_AUTHORITY": "https://login.microsoftonline.com/common",
        "OIDC_CLIENT_SECRET": "oidc-client-secret",
        "SESSION_KEY": "session-key",
        "SHEET_ID": "sheet",
        "SHEETS_API_KEY": "sheets-api-key",
    }
    app = recorder.one("azure-native:app:ContainerApp")
    assert {one["value"] for one in app.at("configuration.secrets")} == {
        "canary-secret",
        "canary-" + "k" * 32,
        "canary-api",
    }
    for one in recorder.sent:
        assert "canary" not in repr(dict(one.clear)), one.name
    # What is priced stays readable beside them.
    assert "template" in app.clear


def test_what_changes_the_homepages_pages_empties_its_edge(
    recorded: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", '["frugal:homepage"]')

    def release(**homepage: object) -> str:
        recorder = recorded("local", {"homepage": homepage})
        return recorder.one("EdgePurge", "homepage-route-purge").at("release")

    image = "registry1a2b3c4d.azurecr.io/homepage@sha256:" + "a" * 64
    with_sign_in = release(**SIGN_IN)
    assert release() == release(minReplicas=1)
    assert len({release(), release(image=image), with_sign_in}) == 3
    assert "canary" not in with_sign_in


def test_the_homepage_moves_to_app_service_with_its_edge_and_its_secrets(
    program: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", '["frugal:homepage"]')
    exported: dict[str, Output[str]] = {}
    monkeypatch.setattr("pulumi.export", exported.__setitem__)
    homepage = {"host": "appService", "originLock": True, **SIGN_IN}
    recorder = program("prod", {"homepage": homepage})
    assert counted(recorder) == expected(
        EVERYWHERE, WEB_APP, WEB_APP, EDGE, TRANSLATION, {"ContainerApp": -2}
    )
    web_app = recorder.one("WebApp", "homepage-web")
    settings = {one["name"]: one["value"] for one in web_app.at("siteConfig.appSettings")}
    public_url = "https://edge-homepage1a2b3c4d.z01.azurefd.net"
    assert settings == {
        "WEBSITES_PORT": "8000",
        "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "false",
        "PUBLIC_URL": public_url,
        "AZURE_CLIENT_ID": "22222222-2222-2222-2222-222222222222",
        "SHEET_ID": "sheet",
        "OIDC_CLIENT_ID": "client",
        "OIDC_AUTHORITY": "https://login.microsoftonline.com/common",
        "FRONT_DOOR_ID": "44444444-4444-4444-4444-444444444444",
        "SESSION_KEY": "canary-" + "k" * 32,
        "OIDC_CLIENT_SECRET": "canary-secret",
        "SHEETS_API_KEY": "canary-api",
    }
    for one in recorder.sent:
        assert "canary" not in repr(dict(one.clear)), one.name
    assert web_app.at("siteConfig.healthCheckPath") == "/healthz"
    origin = recorder.one("AFDOrigin", "homepage-route-origin")
    assert origin.at("hostName") == f"{web_app.at('name')}.azurewebsites.net"
    assert recorder.needs(origin, web_app)
    assert recorder.needs(web_app, recorder.one("AFDEndpoint", "edge-homepage"))
    assert recorder.needs(web_app, recorder.one("Wait", "homepage-pull-ready"))
    assert _value(exported["signInRedirectUri"]) == f"{public_url}/auth_response"
    assert _value(exported["homepageOriginUrl"]) == f"https://{origin.at('hostName')}"


def test_replicas_without_an_effect_are_named(
    program: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    program("prod", {"homepage": {"host": "appService"}})
    assert "minReplicas" not in caplog.text
    program("prod", {"translator": {"minReplicas": 1}})
    assert "frugal:translator.minReplicas has no effect on host appService" in caplog.text


def test_the_homepage_gets_its_blog_as_it_is(recorded: Declare) -> None:
    feed = "https://blog.example/feed/"
    assert homepage_settings(recorded("dev", {"homepage": {"blogFeed": feed}}))["BLOG_FEED"] == feed
    assert "BLOG_FEED" not in homepage_settings(recorded("dev"))


def test_published_csv_needs_no_secret(recorded: Declare) -> None:
    csv = {name: f"https://docs.example/{name}" for name in ("talks", "projects", "interviews")}
    settings = homepage_settings(recorded("dev", {"homepage": {"sheet": {"csv": csv}}}))
    assert settings["SHEET_CSV_TALKS"] == "https://docs.example/talks"
    assert {"SHEET_CSV_PROJECTS", "SHEET_CSV_INTERVIEWS"} < set(settings)
    assert "SHEET_ID" not in settings


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_a_homepage_of_files_takes_the_place_of_app_and_image(
    recorded: Declare, environment: str
) -> None:
    recorder = recorded(environment, {"homepage": FILES})
    assert recorder.one("azure-native:web:StaticSite").at("sku.name") == "Free"
    assert not recorder.all("ContainerApp")
    assert [one.name for one in recorder.all("Image")] == ["translator-image"]
    for one in recorder.sent:
        if one.name.startswith("homepage"):
            assert one.type.endswith("StaticSite")
    endpoints = {one.name for one in recorder.all("AFDEndpoint")}
    assert endpoints == (set() if environment == "dev" else {"edge-translator"})


def _administrator(recorder: Recorder) -> Sent:
    return recorder.one("AdministratorsMicrosoftEntra")


def test_missing_contacts_warn_in_a_preview(
    program: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = program("dev", {"budget": {}}, preview=True)
    assert "pulumi config set --path 'budget.contacts[0]'" in caplog.text
    assert recorder.one("azure-native:consumption:Budget")


def test_missing_contacts_stop_up_before_anything_is_made(
    program: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(SystemExit) as stopped:
        program("dev", {"budget": {}})
    assert stopped.value.code == 32
    assert "pulumi config set --path 'budget.contacts[0]'" in caplog.text
    assert "pulumi config set --path budget.monthlyAmount 0" in caplog.text


def test_a_budget_of_zero_is_none_and_needs_no_contacts(recorded: Declare) -> None:
    recorder = recorded("dev", {"budget": {"monthlyAmount": 0}})
    assert recorder.all("Budget") == []
    assert counted(recorder) | {"Budget": 2} == expected(EVERYWHERE, WEB_APP)


def test_a_wrong_setting_is_one_error(program: Declare, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SystemExit) as stopped:
        program("dev", {"homepage": {"cdn": "akamai"}})
    assert stopped.value.code == 32
    assert [record.getMessage() for record in caplog.records] == [
        "frugal:homepage.cdn: 'akamai' is not allowed; allowed: frontDoor, none"
    ]


class Copied(SiteSettings):
    """Settings of a site as `frugal new site --from` writes it."""

    host: Literal["containerApp", "appService"] = "containerApp"


def _copied(site: Deployment[Copied]) -> Deployed:
    app = site.run(port=81, health_path=None, ready_path=None, settings={}, after=site.previous_app)
    return site.publish(app, release=site.platform.images[site.name].reference)


COPIED = Site(name="copied", settings=Copied, deploy=_copied)


class Blog(SiteSettings):
    """Settings of a site whose hosts are mistyped."""

    host: str = "container"


def _blog(site: Deployment[Blog]) -> Deployed:
    app = site.run(ready_path="/readyz", settings={})
    return site.publish(app, release="1")


def test_a_host_that_runs_no_app(program: Declare, caplog: pytest.LogCaptureFixture) -> None:
    blog = Site(name="blog", settings=Blog, deploy=_blog)
    with pytest.raises(SystemExit):
        program("dev", {"blog": {"image": "registry.example/blog:1"}}, preview=True, sites=[blog])
    assert (
        "frugal:blog.host: site.run cannot run an app on 'container'; "
        "allowed: containerApp, appService"
    ) in caplog.messages


@pytest.mark.parametrize("host", ["containerApp", "appService"])
def test_a_copied_app_has_its_own_port_and_no_paths_to_probe(program: Declare, host: str) -> None:
    settings = {"host": host, "image": "shared.azurecr.io/copied:1"}
    recorder = program("dev", {"copied": settings}, sites=[COPIED])
    if host == "containerApp":
        app = recorder.one("azure-native:app:ContainerApp", "copied-app")
        container = app.at("template.containers.0")
        variables = {one["name"]: one["value"] for one in container["env"]}
        assert app.at("configuration.ingress.targetPort") == 81
        assert not container["probes"]
    else:
        config = recorder.one("WebApp", "copied-web").at("siteConfig")
        variables = {one["name"]: one["value"] for one in config["appSettings"]}
        assert variables["WEBSITES_PORT"] == "81"
        assert "healthCheckPath" not in config
    assert (variables["HOST"], variables["PORT"]) == ("0.0.0.0", "81")


def test_every_app_is_in_the_list_of_sites() -> None:
    apps = {file.parent.name for file in (ROOT / "apps").glob("*/Dockerfile")}
    assert apps == {site.name for site in SITES}, "SITES is in infra/stacks/__init__.py"
