"""`frugal doctor`: this machine, and a subscription that a server on this machine plays."""

import importlib.util
import io
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from rich.console import Console

from frugal.commands.doctor import account, findings, machine, region, subscription
from frugal.commands.doctor.findings import Finding
from frugal.errors import FrugalError
from frugal.paths import Checkout
from infra.regions import REGIONS
from infra.settings import read
from infra.stacks import MODELS
from tests.cost.command import frugal

ROOT = Path(__file__).resolve().parents[2]
ID = "11111111-2222-3333-4444-555555555555"
BASE = f"/subscriptions/{ID}"
COGNITIVE = f"{BASE}/providers/Microsoft.CognitiveServices"
BUDGETS = f"{BASE}/providers/Microsoft.Consumption/budgets"
PERMISSIONS = f"{BASE}/providers/Microsoft.Authorization/permissions"
APPS = f"{BASE}/providers/Microsoft.App/containerApps"
PROFILES = f"{BASE}/providers/Microsoft.Cdn/profiles"
NAMESPACES = account.providers()


def capabilities(place: str = "eastus") -> str:
    return f"{BASE}/providers/Microsoft.DBforPostgreSQL/locations/{place}/capabilities"


def cores(place: str = "eastus") -> str:
    provider = f"{BASE}/providers/Microsoft.DBforPostgreSQL/locations/{place}"
    return f"{provider}/resourceType/flexibleServers/usages"


def plans(place: str = "eastus") -> str:
    return f"{BASE}/providers/Microsoft.Web/locations/{place}/usages"


def environments(place: str = "eastus") -> str:
    return f"{BASE}/providers/Microsoft.App/locations/{place}/usages"


def offered(**changed: Any) -> dict[str, Any]:
    """PostgreSQL's offer in a region.

    Azure/azure-cli, test_postgres_flexible_server_mgmt_create_validator.yaml, recorded 2026-01-07
    (canadacentral, api-version 2025-08-01), with three sizes and three versions of the many.
    """
    modes = ["SameZone", "ZoneRedundant"]

    def size(name: str, v_cores: int) -> dict[str, Any]:
        return {
            "supportedFeatures": [],
            "name": name,
            "vCores": v_cores,
            "supportedZones": ["1", "2", "3"],
            "supportedHaMode": modes,
        }

    record: dict[str, Any] = {
        "name": "FlexibleServerCapabilities",
        "supportedServerEditions": [
            {
                "name": "Burstable",
                "supportedServerSkus": [size("Standard_B1ms", 1), size("Standard_B2s", 2)],
            },
            {"name": "GeneralPurpose", "supportedServerSkus": [size("Standard_D2ds_v5", 2)]},
        ],
        "supportedServerVersions": [
            {"supportedFeatures": [], "name": "16", "supportedVersionsToUpgrade": ["17", "18"]},
            {"supportedFeatures": [], "name": "17", "supportedVersionsToUpgrade": ["18"]},
            {"supportedFeatures": [], "name": "18", "supportedVersionsToUpgrade": []},
        ],
        "supportedFeatures": [
            {"name": "ZoneRedundantHa", "status": "Enabled"},
            {"name": "OfferRestricted", "status": "Disabled"},
        ],
        "zoneRedundantHaSupported": "Enabled",
    }
    return {"value": [{**record, **changed}]}


def restricted() -> dict[str, Any]:
    """A region closed to an offer, as two public reports quote it (2026-07-12, 2026-08-25)."""
    return offered(
        reason="Provisioning is restricted in this region. Please choose a different region.",
        supportedFeatures=[{"name": "OfferRestricted", "status": "Enabled"}],
        supportedServerEditions=[],
        supportedServerVersions=[],
    )


def usage(name: str, used: int, limit: int, shown: str | None = None) -> dict[str, Any]:
    """A row of usages: azure-mgmt-web 11.0.1 CsmUsageQuota, azure-mgmt-appcontainers 5.1.0 Usage,
    azure-mgmt-postgresqlflexibleservers 2.0.0 QuotaUsage; all three have these fields.
    """  # noqa: D205
    localized = {"value": name, "localizedValue": shown or name}
    return {"name": localized, "currentValue": used, "limit": limit}


def resource(kind: str, place: str, **more: Any) -> dict[str, Any]:
    """An entry of `az resource list` (azure-mgmt-resource 26.0.0, GenericResourceExpanded)."""
    return {"name": "there", "type": kind, "location": place, **more}


def subscriptions(offer: str) -> dict[str, Any]:
    """The list of subscriptions."""
    policies = {"locationPlacementId": "Public_2014-09-01", "quotaId": offer}
    listed = {"subscriptionId": ID, "displayName": "Mine", "state": "Enabled"}
    return {"value": [{**listed, "subscriptionPolicies": policies}]}


COST_MANAGEMENT = (
    "Cost Management supports only Enterprise Agreement, Web direct and Microsoft Customer "
    "Agreement offer types. offerId: MS-AZR-0036P is associated with offerType: None"
)
OURS = {"project": "frugal", "environment": "dev", "managedBy": "pulumi"}
REFUSED = {"error": {"code": "AuthorizationFailed", "message": "The client has no authorization"}}


class Azure:
    """Answers by path; what a test changes in `answers` is what Azure says.

    A pair is a status and a body. `requests`: what was asked for, in order.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.answers: dict[str, Any] = {
            "/subscriptions": subscriptions("PayAsYouGo_2014-09-01"),
            PERMISSIONS: {"value": [{"actions": ["*"]}]},
            f"{BASE}/providers": {
                "value": [{"namespace": n, "registrationState": "Registered"} for n in NAMESPACES]
            },
            f"{BASE}/resources": {"value": []},
            BUDGETS: {"value": []},
            f"{COGNITIVE}/accounts": {"value": []},
            f"{COGNITIVE}/deletedAccounts": {"value": []},
        }
        self.open("eastus")

    def open(self, place: str) -> None:
        """Let a region have everything."""
        # Rows as in microsoft/mcp, PostgreSQLUsageChecker.cs, and in public reports of 2026-08.
        families = ("cores", "standardBSFamily", "standardDDSv5Family")
        shown = "Total Regional VMs"
        self.answers |= {
            capabilities(place): offered(),
            cores(place): {"value": [usage(family, 0, 8) for family in families]},
            plans(place): {"value": [usage("B1", 0, 10, "B1 VMs"), usage("*", 0, 10, shown)]},
            # Azure/azure-cli, test_containerapp_env_usages.yaml, recorded 2024-05-30.
            environments(place): {
                "value": [
                    {
                        **usage("ManagedEnvironmentCount", 5, 40, "Managed Environment Count"),
                        "usage": 5,
                    }
                ]
            },
        }

    def asked(self, part: str) -> list[str]:
        return [path for path in self.requests if part in path]


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """A server that plays Azure, found by the variables that also point to the local cloud."""
    played = Azure()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            host = f"http://127.0.0.1:{server.server_port}"
            fixed: dict[str, Any] = {
                "/metadata/endpoints": {
                    "resourceManager": host,
                    "authentication": {"loginEndpoint": host},
                },
                "/msi/token": {"access_token": "t", "expires_on": "4102444800", "resource": host},
            }
            if path not in fixed:
                played.requests.append(self.path)
            answers: dict[str, Any] = {**fixed, **played.answers}
            not_there = {"error": {"code": "NotFound", "message": path}}
            # A page after the first is known by its whole address.
            answer: Any = answers.get(self.path.replace("%24", "$"), answers.get(path))
            plain: tuple[int, Any] = (404, not_there) if answer is None else (200, answer)
            status, content = (
                cast("tuple[int, Any]", answer) if isinstance(answer, tuple) else plain
            )
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(content).replace("HOST", host).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    monkeypatch.setenv("ARM_METADATA_HOSTNAME", address)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://{address}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "h")
    monkeypatch.setenv("ARM_USE_MSI", "true")
    monkeypatch.delenv("ARM_SUBSCRIPTION_ID", raising=False)
    yield played
    server.shutdown()
    server.server_close()


@pytest.fixture
def place(tmp_path: Path) -> Checkout:
    """A checkout with an environment `dev` that has a contact."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    lines = ["config:", "  frugal:budget:", "    contacts:", "      - owner@example.com"]
    (tmp_path / "Pulumi.dev.yaml").write_text("\n".join(lines) + "\n")
    return Checkout(tmp_path)


def wants(place: Checkout, key: str, **fields: str) -> None:
    """Set fields of an object in the environment's file."""
    lines = [f"  frugal:{key}:", *(f"    {name}: {value}" for name, value in fields.items())]
    with (place.root / "Pulumi.dev.yaml").open("a") as file:
        file.write("\n".join(lines) + "\n")


def missing(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.state == "missing"]


def about(found: list[Finding], *subjects: str) -> list[Finding]:
    return [finding for finding in found if finding.subject in subjects]


def test_subscription_that_lacks_nothing(azure: Azure, place: Checkout) -> None:
    found = subscription.examine(place, "dev")
    assert {finding.state for finding in found} == {"ok"}
    assert [finding.subject for finding in found] == [
        *("Budget contacts", "Login", "Subscription", "Image builds", "Resource providers"),
        *("Roles", "Budget", "PostgreSQL", "PostgreSQL vCores", "App Service", "Container Apps"),
    ]
    assert all("api-version=" in request for request in azure.requests)


@pytest.mark.parametrize(
    ("path", "answer", "subject", "said"),
    [
        ("/subscriptions", {"value": []}, "Subscription", "azure-native:subscriptionId"),
        (
            "/subscriptions",
            {"value": [{"subscriptionId": ID, "state": "Disabled"}]},
            "Subscription",
            "Enable",
        ),
        (
            PERMISSIONS,
            {"value": [{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}]},
            "Roles",
            "--role 'Role Based Access Control Administrator'",
        ),
        (capabilities(), {"value": []}, "PostgreSQL", "eastus is closed"),
        (
            capabilities(),
            restricted(),
            "PostgreSQL",
            "closed to this subscription: Provisioning is",
        ),
        (capabilities(), offered(restricted="Enabled"), "PostgreSQL", "eastus is closed"),
        (capabilities(), offered(supportedServerVersions=[]), "PostgreSQL", "eastus is closed"),
        (
            capabilities(),
            offered(supportedServerVersions=[{"name": "15"}, {"name": "16"}]),
            "PostgreSQL",
            "pulumi config set -s dev --path database.version 16",
        ),
        (
            capabilities(),
            offered(supportedServerVersions=[{"name": "17", "status": "Disabled"}, {"name": "18"}]),
            "PostgreSQL",
            "version 17 is not offered in eastus; offered: 18",
        ),
        (
            capabilities(),
            offered(supportedServerEditions=[{"supportedServerSkus": [{"name": "Standard_B2s"}]}]),
            "PostgreSQL",
            "Standard_B1ms is not offered in eastus; of its tier: Standard_B2s",
        ),
        (
            cores(),
            {"value": [usage("cores", 0, 8), usage("standardBSFamily", 4, 4)]},
            "PostgreSQL vCores",
            "standardBSFamily: 4 of 4 in use; 1 needed",
        ),
        (
            plans(),
            {"value": [usage("B1", 0, 0, "B1 VMs"), usage("*", 0, 0, "Total Regional VMs")]},
            "App Service",
            "pulumi config set -s dev --path translator.host containerApp",
        ),
        (
            plans(),
            {"value": [usage("B1", 0, 10), usage("*", 0, 0, "Total Regional VMs")]},
            "App Service",
            "Total Regional VMs: 0 of 0 in use",
        ),
        (
            environments(),
            {"value": [usage("ManagedEnvironmentCount", 1, 1)]},
            "Container Apps",
            "frugal doctor -s dev --regions",
        ),
    ],
)
def test_what_is_missing_has_its_remedy(
    azure: Azure, place: Checkout, *, path: str, answer: object, subject: str, said: str
) -> None:
    azure.answers[path] = answer
    (found,) = missing(subscription.examine(place, "dev"))
    assert found.subject == subject
    assert said in "\n".join((found.found, found.remedy, *found.commands))


def test_registration_has_a_command_for_each_namespace(azure: Azure, place: Checkout) -> None:
    states = {"Microsoft.ContainerService": "NotRegistered", "Microsoft.Web": "Registering"}
    azure.answers[f"{BASE}/providers"] = {
        "value": [
            {"namespace": name, "registrationState": states.get(name, "Registered")}
            for name in NAMESPACES
        ]
    }
    found = subscription.examine(place, "dev")
    (providers,) = missing(found)
    assert providers.commands == tuple(
        f"az provider register --wait --subscription {ID} --namespace {name}" for name in states
    )
    # An unregistered provider answers as if the region had nothing, so it is not asked.
    (note,) = about(found, "App Service")
    assert (note.state, azure.asked("/Microsoft.Web/")) == ("note", [])
    assert "Microsoft.Web is registered" in note.found


def test_providers_are_those_of_all_types_and_of_the_clusters_below_them() -> None:
    of_types = {"Microsoft.App", "Microsoft.Consumption", "Microsoft.DBforPostgreSQL"}
    assert {*of_types, "Microsoft.ContainerService"} < set(NAMESPACES)
    # Azure registers these in every subscription.
    assert not {"Microsoft.Authorization", "Microsoft.Resources"} & set(NAMESPACES)


def test_namespaces_follow_the_settings(azure: Azure, place: Checkout) -> None:
    azure.answers[f"{BASE}/providers"] = {"value": [{"namespace": "x"}]}
    assert "Microsoft.Cdn" not in missing(subscription.examine(place, "dev"))[0].found
    wants(place, "homepage", cdn="frontDoor")
    assert "Microsoft.Cdn" in missing(subscription.examine(place, "dev"))[0].found


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (offered(), "ok"),
        (offered(supportedFeatures=[{"name": "ZoneRedundantHa", "status": "Disabled"}]), "missing"),
        (
            offered(
                supportedServerEditions=[
                    {
                        "supportedServerSkus": [
                            {"name": "Standard_D2ds_v5", "supportedHaMode": ["SameZone"]}
                        ]
                    }
                ]
            ),
            "missing",
        ),
    ],
)
def test_high_availability_is_asked_for(
    azure: Azure, place: Checkout, *, answer: object, state: str
) -> None:
    wants(place, "database", sku="Standard_D2ds_v5", highAvailability="zoneRedundant")
    azure.answers[capabilities()] = answer
    found = about(subscription.examine(place, "dev"), "PostgreSQL")
    assert found[-1].state == state
    if state == "missing":
        assert found[-1].commands[0].endswith("--path database.highAvailability disabled")


def test_a_standby_needs_vcores_too(azure: Azure, place: Checkout) -> None:
    wants(place, "database", sku="Standard_D2ds_v5", highAvailability="sameZone")
    azure.answers[cores()] = {"value": [usage("cores", 0, 9), usage("standardDDSv5Family", 0, 3)]}
    (found,) = missing(subscription.examine(place, "dev"))
    assert found.found == "standardDDSv5Family: 0 of 3 in use; 4 needed"


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        (PERMISSIONS, "Roles"),
        (f"{BASE}/providers", "Resource providers"),
        (f"{BASE}/resources", "Existing resources"),
        (BUDGETS, "Budget"),
        (capabilities(), "PostgreSQL"),
        (cores(), "PostgreSQL vCores"),
        (plans(), "App Service"),
        (environments(), "Container Apps"),
    ],
)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, REFUSED),
        (400, {"error": {"code": "NoRegisteredProviderFound", "message": "No provider for it"}}),
    ],
)
def test_a_refused_question_is_a_note(
    azure: Azure, place: Checkout, *, path: str, subject: str, status: int, body: dict[str, Any]
) -> None:
    azure.answers[path] = status, body
    found = subscription.examine(place, "dev")
    (note,) = about(found, subject)
    assert note.state == "note"
    assert body["error"]["code"] in note.found
    assert missing(found) == []


@pytest.mark.parametrize("path", [cores(), plans(), environments()])
def test_a_quota_without_a_row_is_a_note(azure: Azure, place: Checkout, path: str) -> None:
    azure.answers[path] = {"value": [usage("another", 0, 0)]}
    found = subscription.examine(place, "dev")
    assert [f.found[:22] for f in found if f.state != "ok"] == ["Azure answers no quota"]


def test_a_type_that_a_region_lacks(azure: Azure, place: Checkout) -> None:
    # Azure/azure-cli, test_containerapp_env_usages.yaml, 2024-05-30: locations as displayed.
    types: list[dict[str, Any]] = [
        {"resourceType": "managedEnvironments", "locations": ["West US 2", "Sweden Central"]}
    ]
    for provider in azure.answers[f"{BASE}/providers"]["value"]:
        if provider["namespace"] == "Microsoft.App":
            provider["resourceTypes"] = types
    (found,) = missing(subscription.examine(place, "dev"))
    assert (found.subject, found.found) == ("Container Apps", "eastus does not have it")
    assert azure.asked("/Microsoft.App/") == []
    types[0]["locations"] = ["East US"]
    assert missing(subscription.examine(place, "dev")) == []


def test_pages_are_followed(azure: Azure, place: Checkout) -> None:
    rows = azure.answers[environments()]["value"]
    following = f"{environments()}?api-version=2024-03-01&$skiptoken=2"
    azure.answers[environments()] = {"value": [], "nextLink": f"HOST{following}"}
    azure.answers[following] = {"value": rows}
    (found,) = about(subscription.examine(place, "dev"), "Container Apps")
    assert found.state == "ok"


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        # Azure/terraform-azurerm-lz-vending #394, 2024-06-26.
        (401, "RBACAccessDenied", "The client does not have authorization to perform action."),
        # mivano/azure-cost-cli #24, 2023-06-11.
        (
            400,
            "400",
            COST_MANAGEMENT,
        ),
    ],
)
def test_refused_budgets_are_a_note_with_the_way_round(
    azure: Azure, place: Checkout, *, status: int, code: str, message: str
) -> None:
    azure.answers[BUDGETS] = status, {"error": {"code": code, "message": message}}
    found = subscription.examine(place, "dev")
    (budget,) = about(found, "Budget")
    assert (budget.state, missing(found)) == ("note", [])
    assert message in budget.found
    assert budget.commands == ("pulumi config set -s dev --path budget.monthlyAmount 0",)


def free(azure: Azure, offer: str = "AzureForStudents_2018-01-01") -> None:
    azure.answers["/subscriptions"] = subscriptions(offer)


@pytest.mark.parametrize("offer", ["FreeTrial_2014-09-01", "AzureForStudents_2018-01-01"])
def test_front_door_is_forbidden_to_free_offers(azure: Azure, place: Checkout, offer: str) -> None:
    free(azure, offer)
    assert about(subscription.examine(place, "dev"), "Front Door") == []
    wants(place, "homepage", cdn="frontDoor", originLock="true")
    (found,) = missing(subscription.examine(place, "dev"))
    assert (found.subject, found.commands) == (
        "Front Door",
        (
            "pulumi config set -s dev --path homepage.originLock false",
            "pulumi config set -s dev --path homepage.cdn none",
        ),
    )


def test_front_door_of_a_paid_offer(azure: Azure, place: Checkout) -> None:
    wants(place, "homepage", cdn="frontDoor")
    (found,) = about(subscription.examine(place, "dev"), "Front Door")
    assert found.state == "ok"


def test_environments_are_counted_over_all_regions(azure: Azure, place: Checkout) -> None:
    azure.answers[f"{BASE}/resources"] = {"value": [resource(region.ENVIRONMENT, "East Asia")]}
    note = about(subscription.examine(place, "dev"), "Container Apps")[0]
    assert (note.state, note.found[:26]) == ("note", "environments exist already")
    free(azure)
    (found,) = missing(subscription.examine(place, "dev"))
    assert "one environment over all regions: there in eastasia" in found.found
    # A filter that keeps the tags in the answer.
    (query,) = {urlsplit(request).query for request in azure.asked("/resources?")}
    assert "resourceType eq 'Microsoft.App/managedEnvironments'" in parse_qs(query)["$filter"][0]


def test_names_that_were_bound_by_hand_are_noted(azure: Azure, place: Checkout) -> None:
    azure.answers[f"{BASE}/resources"] = {
        "value": [resource("Microsoft.App/managedEnvironments", "eastus", tags=OURS)]
    }
    domains = {"customDomains": [{"name": "by-hand.example.com"}]}
    properties = {"configuration": {"ingress": domains}}
    app = {"name": "homepage", "tags": OURS, "properties": properties}
    foreign = {**app, "tags": {}, "name": "foreign"}
    azure.answers[APPS] = {"value": [app, foreign]}
    edge = {"id": f"{PROFILES}/edge", "name": "edge", "tags": OURS}
    azure.answers[PROFILES] = {"value": [edge]}
    host = {"properties": {"hostName": "www.example.com"}}
    azure.answers[f"{PROFILES}/edge/customDomains"] = {"value": [host]}
    (finding,) = about(subscription.examine(place, "dev"), "Domains")
    assert finding.state == "note"
    assert finding.found == (
        "bound by hand, so that the next `pulumi up` removes it: by-hand.example.com (homepage), "
        "www.example.com (edge)"
    )
    assert finding.commands == ("pulumi config set -s dev --path SITE.domain HOST",)


def test_what_the_environment_has_made_needs_no_quota(azure: Azure, place: Checkout) -> None:
    azure.answers[f"{BASE}/resources"] = {
        "value": [resource(kind, "eastus", tags=OURS) for kind in region.TYPES]
    }
    for path in (capabilities(), plans(), environments(), APPS, PROFILES):
        azure.answers[path] = {"value": []}
    found = subscription.examine(place, "dev")
    assert {finding.state for finding in found} == {"ok"}
    azure.answers[f"{BASE}/resources"] = {
        "value": [resource(region.TYPES[1], "eastus", tags={**OURS, "environment": "prod"})]
    }
    azure.answers[plans()] = {"value": [usage("B1", 1, 1)]}
    assert about(missing(subscription.examine(place, "dev")), "App Service") != []


def test_each_site_on_app_service_needs_a_plan(azure: Azure, place: Checkout) -> None:
    wants(place, "homepage", host="appService")
    azure.answers[plans()] = {"value": [usage("B1", 0, 1), usage("*", 0, 9)]}
    (found,) = missing(subscription.examine(place, "dev"))
    assert found.found == "B1: 0 of 1 in use; 2 needed"
    assert found.commands[:2] == tuple(
        f"pulumi config set -s dev --path {site}.host containerApp"
        for site in ("homepage", "translator")
    )


def test_only_what_the_settings_need_is_asked(azure: Azure, place: Checkout) -> None:
    for site in MODELS:
        wants(place, site, host="containerApp", image="r.azurecr.io/site:1")
    found = subscription.examine(place, "dev")
    assert about(found, "App Service", "Front Door", "Translator", "Image builds") == []
    assert azure.asked("/Microsoft.Web/") + azure.asked("/Microsoft.CognitiveServices/") == []


def test_no_budget_needs_neither_contacts_nor_an_answer(azure: Azure, place: Checkout) -> None:
    (place.root / "Pulumi.dev.yaml").write_text("config:\n")
    wants(place, "budget", monthlyAmount="0")
    found = subscription.examine(place, "dev")
    assert about(found, "Budget", "Budget contacts") == []
    assert azure.asked("/Microsoft.Consumption/") == []


def test_settings_take_every_remedy(azure: Azure, place: Checkout) -> None:
    free(azure)
    azure.answers[BUDGETS] = 403, REFUSED
    azure.answers[plans()] = {"value": [usage("B1", 0, 0)]}
    azure.answers[capabilities()] = offered(
        supportedServerVersions=[{"name": "16"}],
        supportedFeatures=[{"name": "ZoneRedundantHa", "status": "Disabled"}],
    )
    azure.answers[f"{COGNITIVE}/accounts"] = {"value": [free_translator()]}
    wants(place, "homepage", cdn="frontDoor", originLock="true")
    wants(place, "database", sku="Standard_D2ds_v5", highAvailability="zoneRedundant")
    translates(place)
    given: dict[str, dict[str, Any]] = {"homepage": {"cdn": "frontDoor", "originLock": True}}
    commands = [c for finding in subscription.examine(place, "dev") for c in finding.commands]
    for command in commands:
        if not command.startswith("pulumi config set -s dev --path ") or command.endswith("NAME"):
            continue
        path, value = command.removeprefix("pulumi config set -s dev --path ").split()
        *parents, name = path.split(".")
        fields: dict[str, Any] = given
        for parent in parents:
            fields = fields.setdefault(parent, {})
        # As `pulumi config set --path` stores it.
        fields[name] = {"true": True, "false": False}.get(value, value)
    config = {f"frugal:{key}": json.dumps(value) for key, value in given.items()}
    settings = read("dev", {**config, "azure-native:location": "eastus"}, MODELS)
    homepage, translator = (settings.sites[name] for name in ("homepage", "translator"))
    assert (homepage.cdn, homepage.origin_lock) == ("none", False)
    assert (settings.database.version, settings.database.high_availability) == ("16", "disabled")
    assert (translator.host, settings.budget.monthly_amount) == ("containerApp", 0)
    assert translator.translation.provider == "offline"


def test_offer_without_builds_is_noted(azure: Azure, place: Checkout) -> None:
    free(azure, "AzurePass_2014-09-01")
    wants(place, "homepage", host="staticSite")
    (found,) = about(subscription.examine(place, "dev"), "Image builds")
    assert found.state == "note"
    assert found.commands == tuple(
        f"pulumi config set -s dev --path {site}.image NAME"
        for site in MODELS
        if site != "homepage"
    )


def test_each_group_of_queries_is_a_step(azure: Azure, place: Checkout) -> None:
    steps: list[str] = []
    subscription.examine(place, "dev", on_step=steps.append)
    assert steps == [
        "Asking Azure for the subscription",
        "Asking Azure for roles, registrations and budgets",
        "Asking Azure for quotas in eastus",
    ]


def search(place: Checkout) -> tuple[list[Finding], list[str]]:
    """Findings of a search, and the lines that were shown meanwhile."""
    lines: list[str] = []
    return subscription.examine(place, "dev", on_region=lines.append), lines


def test_own_region_comes_first_and_ends_the_search(azure: Azure, place: Checkout) -> None:
    found, lines = search(place)
    assert lines == ["eastus: has all that is needed"]
    assert (found[-1].subject, found[-1].state) == ("Region", "ok")
    assert missing(found) == []


def test_first_region_that_has_all_is_named(azure: Azure, place: Checkout) -> None:
    azure.answers[capabilities()] = restricted()
    others = [name for name in REGIONS if name != "eastus"][:4]
    for name in others:
        azure.open(name)
    azure.answers[capabilities(others[0])] = {"value": []}
    azure.answers[plans(others[1])] = {"value": [usage("B1", 0, 0, "B1 VMs")]}
    azure.answers[environments(others[2])] = 403, REFUSED
    found, lines = search(place)
    assert [line.partition(":")[0] for line in lines] == ["eastus", *others]
    assert [line.partition(": ")[2][:34] for line in lines] == [
        "PostgreSQL: eastus is closed to th",
        f"PostgreSQL: {others[0]} is closed to"[:34],
        "App Service: B1 VMs: 0 of 0 in use",
        "Container Apps: could not be asked",
        "has all that is needed",
    ]
    assert found[-1].commands == (f"pulumi config set -s dev azure-native:location {others[3]}",)
    # The environment itself still lacks its region.
    assert [finding.subject for finding in missing(found)] == ["PostgreSQL"]
    # A region is given up at the first thing that it lacks.
    assert azure.asked(f"/Microsoft.Web/locations/{others[0]}/") == []


def test_no_region_has_all(azure: Azure, place: Checkout) -> None:
    for name in REGIONS:
        azure.answers[capabilities(name)] = restricted()
    found, lines = search(place)
    assert [line.partition(":")[0] for line in lines[1:]] == [r for r in REGIONS if r != "eastus"]
    assert (found[-1].state, found[-1].found) == (
        "missing",
        f"none of the {len(REGIONS)} has all that is needed",
    )


def test_search_ends_where_nothing_can_be_asked(azure: Azure, place: Checkout) -> None:
    for name in REGIONS:
        azure.open(name)
        azure.answers[plans(name)] = 403, REFUSED
    found, lines = search(place)
    assert len(lines) == 4
    assert (found[-1].state, "could not be asked" in found[-1].found) == ("missing", True)


def test_search_leaves_a_database_where_it_is(azure: Azure, place: Checkout) -> None:
    azure.answers[f"{BASE}/resources"] = {"value": [resource(region.TYPES[0], "eastus", tags=OURS)]}
    azure.answers[plans()] = {"value": [usage("B1", 0, 0)]}
    found, lines = search(place)
    assert len(lines) == 1
    assert "it would replace the database there" in found[-1].found
    assert found[-1].commands == ()


def test_search_waits_for_registrations(azure: Azure, place: Checkout) -> None:
    azure.answers[f"{BASE}/providers"] = {"value": [{"namespace": "Microsoft.App"}]}
    found, lines = search(place)
    assert (len(lines), found[-1].state) == (1, "note")
    assert "before Microsoft.DBforPostgreSQL" in found[-1].found


@pytest.mark.usefixtures("azure")
def test_no_contact_is_missing(place: Checkout) -> None:
    (place.root / "Pulumi.dev.yaml").write_text("config: {}\n")
    found = missing(subscription.examine(place, "dev"))
    assert [finding.subject for finding in found] == ["Budget contacts"]
    assert found[0].commands == (
        "pulumi config set -s dev --path 'budget.contacts[0]' you@example.com",
    )


@pytest.mark.usefixtures("azure")
def test_wrong_setting_is_one_finding(place: Checkout) -> None:
    (place.root / "Pulumi.dev.yaml").write_text("config:\n  frugal:homepage:\n    cdn: akamai\n")
    found = subscription.examine(place, "dev")
    assert [finding.subject for finding in found] == ["Settings"]
    assert "akamai" in found[0].found


def free_translator(**more: Any) -> dict[str, Any]:
    place = f"{COGNITIVE}/locations/eastus/resourceGroups/g/deletedAccounts/x"
    return {"name": "x", "kind": "TextTranslation", "sku": {"name": "F0"}, "id": place, **more}


def translates(place: Checkout) -> None:
    text = (place.root / "Pulumi.dev.yaml").read_text()
    fields = "  frugal:translator:\n    translation:\n      provider: azure\n"
    (place.root / "Pulumi.dev.yaml").write_text(f"{text}\n{fields}")


def about_translator(place: Checkout) -> list[Finding]:
    return [f for f in subscription.examine(place, "dev") if f.subject == "Translator"]


@pytest.mark.parametrize(
    ("which", "account", "state", "remedy"),
    [
        ("accounts", free_translator(), "missing", "translator.translation.sku S1"),
        (
            "deletedAccounts",
            free_translator(),
            "missing",
            "--location eastus --resource-group g --name x",
        ),
        ("accounts", free_translator(sku={"name": "S1"}), "ok", ""),
        ("accounts", free_translator(kind="SpeechServices"), "ok", ""),
        (
            "accounts",
            free_translator(tags={"project": "frugal", "environment": "dev", "more": "x"}),
            "ok",
            "",
        ),
        (
            "accounts",
            free_translator(tags={"project": "frugal", "environment": "prod"}),
            "missing",
            "provider offline",
        ),
    ],
)
def test_the_free_translator_is_one_to_a_subscription(
    azure: Azure, place: Checkout, *, which: str, account: dict[str, Any], state: str, remedy: str
) -> None:
    translates(place)
    azure.answers[f"{COGNITIVE}/{which}"] = {"value": [account]}
    (found,) = about_translator(place)
    assert found.state == state
    assert remedy in "\n".join(found.commands)


def test_where_nobody_translates_by_azure_nobody_is_asked(azure: Azure, place: Checkout) -> None:
    del azure.answers[f"{COGNITIVE}/accounts"]
    assert about_translator(place) == []


@pytest.mark.usefixtures("azure")
def test_secrets_of_the_file_are_taken_as_given(place: Checkout) -> None:
    text = (place.root / "Pulumi.dev.yaml").read_text()
    fields = (
        "  frugal:homepage:\n    signIn:\n      clientId: c\n    sessionKey:\n      secure: v1:x\n"
    )
    (place.root / "Pulumi.dev.yaml").write_text(f"{text}\n{fields}")
    assert missing(subscription.examine(place, "dev")) == []


def test_no_login_says_so(azure: Azure, place: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARM_USE_MSI")
    monkeypatch.setenv("PATH", str(place.root))  # no `az`
    found = missing(subscription.examine(place, "dev"))
    assert [finding.subject for finding in found] == ["Azure"]
    assert "az login" in found[0].found


def test_secret_of_the_sign_in_is_given_by_its_variable(
    azure: Azure, place: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARM_CLIENT_SECRET", raising=False)
    with (place.root / "Pulumi.dev.yaml").open("a") as file:
        file.write("  azure-native:clientSecret:\n    secure: v1:x\n")
    (found,) = missing(subscription.examine(place, "dev"))
    assert found.commands == (
        'export ARM_CLIENT_SECRET="$(pulumi config get -s dev azure-native:clientSecret)"',
    )
    assert azure.requests == []
    monkeypatch.setenv("ARM_CLIENT_SECRET", "canary-7f3a")
    # The variable is read in its place: a client secret needs a tenant as well.
    (found,) = missing(subscription.examine(place, "dev"))
    assert "a client secret needs azure-native:tenantId" in found.found


def test_unknown_environment_is_refused(place: Checkout) -> None:
    with pytest.raises(FrugalError, match="there are: dev"):
        subscription.examine(place, "nosuch")


def test_this_machine() -> None:
    found = {finding.subject: finding for finding in machine.examine(Checkout(ROOT))}
    assert found["Python"].state == "ok"
    assert found["PostgreSQL"].state == "ok"
    assert {"Pulumi CLI", "Disk space", "Chromium", "Local cloud"} <= found.keys()
    assert "pip" not in found


def test_a_virtualenv_without_pip_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The official language host runs `python -m pip list` before each program."""
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "pip" else real(name)
    )
    (finding,) = (f for f in machine.examine(Checkout(ROOT)) if f.subject == "pip")
    assert (finding.state, finding.commands) == ("missing", ("rm -rf .venv && make setup",))


def test_taken_port_is_named(tmp_path: Path) -> None:
    (tmp_path / "tools" / "pulumi").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "pulumi" / "go.mod", tmp_path / "tools" / "pulumi")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    place = Checkout(tmp_path)
    place.cloud.mkdir(parents=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as taken:
        (place.cloud / "ports.json").write_text(json.dumps({"homepage": taken.server_port}))
        found = [f for f in machine.examine(place) if f.subject == "Port"]
    assert len(found) == 1
    assert f"{taken.server_port}, kept for homepage, is taken" in found[0].found


def test_command_prints_remedies_and_fails(azure: Azure) -> None:
    azure.answers["/subscriptions"] = {"value": []}
    done = frugal("doctor", "-s", "prod")
    assert done.code == 1
    assert "        pulumi config set -s prod azure-native:subscriptionId ID\n" in done.out


def test_search_needs_an_environment() -> None:
    done = frugal("doctor", "--regions")
    assert (done.code, done.out) == (2, "")
    assert "frugal doctor -s dev --regions" in done.err


def test_wrong_environment_is_one_message() -> None:
    done = frugal("doctor", "-s", "nope")
    assert (done.code, done.out) == (2, "")
    assert done.err == "Error: There is no environment 'nope'; there are: dev, local, prod.\n"


def shown(width: int, *, terminal: bool) -> list[str]:
    """Lines of one finding with a long sentence and a long command."""
    command = f"az provider register --wait --subscription {ID} --namespace Microsoft.App --more"
    finding = Finding("missing", "Matter", "word " * 30, "word " * 30, (command,))
    text = io.StringIO()
    console = Console(file=text, width=width, force_terminal=terminal, color_system=None)
    assert findings.show(console, [finding]) is False
    return text.getvalue().splitlines()


def test_sentences_are_wrapped_and_commands_are_not() -> None:
    *prose, command = shown(80, terminal=True)
    assert max(map(len, prose)) <= 80
    assert {line[:8].strip() for line in prose} == {"missing", ""}
    assert command.startswith("        az provider register")
    assert len(command) > 80
    assert len(shown(80, terminal=False)) == 3
