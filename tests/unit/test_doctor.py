"""`frugal doctor`: this machine, and a subscription that a server on this machine plays."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from frugal import doctor, subscription
from frugal.errors import FrugalError
from frugal.findings import Finding
from frugal.paths import Checkout

ROOT = Path(__file__).resolve().parents[2]
ID = "11111111-2222-3333-4444-555555555555"
BASE = f"/subscriptions/{ID}"
COGNITIVE = f"{BASE}/providers/Microsoft.CognitiveServices"


class Azure:
    """Answers by path; what a test changes in `answers` is what Azure says."""

    def __init__(self) -> None:
        sku = {"name": "Standard_B1ms", "status": "Available"}
        usage = {"name": {"value": "B1"}, "currentValue": 0, "limit": 10}
        listed = {"subscriptionId": ID, "displayName": "Mine", "state": "Enabled"}
        self.answers: dict[str, Any] = {
            "/subscriptions": {"value": [listed]},
            BASE: {"subscriptionPolicies": {"quotaId": "PayAsYouGo_2014-09-01"}},
            f"{BASE}/providers/Microsoft.Authorization/permissions": {
                "value": [{"actions": ["*"]}]
            },
            f"{BASE}/providers": {
                "value": [
                    {"namespace": n, "registrationState": "Registered"}
                    for n in subscription.NAMESPACES
                ]
            },
            f"{BASE}/providers/Microsoft.DBforPostgreSQL/locations/eastus/capabilities": {
                "value": [{"supportedServerEditions": [{"supportedServerSkus": [sku]}]}]
            },
            f"{COGNITIVE}/accounts": {"value": []},
            f"{COGNITIVE}/deletedAccounts": {"value": []},
            f"{BASE}/providers/Microsoft.App/locations/eastus/usages": {"value": []},
            f"{BASE}/providers/Microsoft.Web/locations/eastus/usages": {"value": [usage]},
        }


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
            answer = {**fixed, **played.answers}.get(path)
            self.send_response(200 if answer is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            missing = {"error": {"code": "NotFound", "message": path}}
            self.wfile.write(json.dumps(missing if answer is None else answer).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
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
    (tmp_path / "Pulumi.dev.yaml").write_text("\n".join(lines))
    return Checkout(tmp_path)


def missing(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.state == "missing"]


def test_subscription_that_lacks_nothing(azure: Azure, place: Checkout) -> None:
    found = subscription.examine(place, "dev")
    assert missing(found) == []
    assert {"Login", "Subscription", "Roles", "Quota", "PostgreSQL"} <= {f.subject for f in found}


@pytest.mark.parametrize(
    ("path", "answer", "subject", "remedy"),
    [
        ("/subscriptions", {"value": []}, "Subscription", "azure-native:subscriptionId"),
        (
            "/subscriptions",
            {"value": [{"subscriptionId": ID, "state": "Disabled"}]},
            "Subscription",
            "Enable",
        ),
        (
            f"{BASE}/providers/Microsoft.Authorization/permissions",
            {
                "value": [
                    {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]},
                ]
            },
            "Roles",
            "--role 'Role Based Access Control Administrator'",
        ),
        (
            f"{BASE}/providers",
            {"value": [{"namespace": "Microsoft.App", "registrationState": "NotRegistered"}]},
            "Resource providers",
            "az provider register --namespace Microsoft.App",
        ),
        (
            f"{BASE}/providers/Microsoft.DBforPostgreSQL/locations/eastus/capabilities",
            {"value": []},
            "PostgreSQL",
            "Another region",
        ),
        (
            f"{BASE}/providers/Microsoft.Web/locations/eastus/usages",
            {"value": [{"name": {"value": "B1"}, "currentValue": 0, "limit": 0}]},
            "Quota",
            "another region",
        ),
    ],
)
def test_what_is_missing_has_its_remedy(
    azure: Azure, place: Checkout, *, path: str, answer: object, subject: str, remedy: str
) -> None:
    azure.answers[path] = answer
    found = missing(subscription.examine(place, "dev"))
    assert [finding.subject for finding in found] == [subject]
    assert remedy in found[0].remedy


def test_offer_without_builds_is_noted(azure: Azure, place: Checkout) -> None:
    azure.answers[BASE] = {"subscriptionPolicies": {"quotaId": "FreeTrial_2014-09-01"}}
    found = next(f for f in subscription.examine(place, "dev") if f.subject == "Image builds")
    assert (found.state, "homepage.image" in found.remedy) == ("note", True)


@pytest.mark.usefixtures("azure")
def test_no_contact_is_missing(place: Checkout) -> None:
    (place.root / "Pulumi.dev.yaml").write_text("config: {}\n")
    found = missing(subscription.examine(place, "dev"))
    assert [finding.subject for finding in found] == ["Budget contacts"]
    assert "pulumi config set -s dev" in found[0].remedy


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
            "account purge --location eastus --resource-group g --name x",
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
    assert remedy in found.remedy


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
    assert [finding.remedy for finding in found] == ["Run `az login`."]


def test_unknown_environment_is_refused(place: Checkout) -> None:
    with pytest.raises(FrugalError, match="there are: dev"):
        subscription.examine(place, "nosuch")


def test_this_machine() -> None:
    found = {finding.subject: finding for finding in doctor.examine(Checkout(ROOT))}
    assert found["Python"].state == "ok"
    assert found["PostgreSQL"].state == "ok"
    assert {"Pulumi CLI", "Disk space", "Chromium", "Local cloud"} <= found.keys()


def test_taken_port_is_named(tmp_path: Path) -> None:
    (tmp_path / "tools" / "pulumi").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "pulumi" / "go.mod", tmp_path / "tools" / "pulumi")
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    place = Checkout(tmp_path)
    place.cloud.mkdir(parents=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as taken:
        (place.cloud / "ports.json").write_text(json.dumps({"homepage": taken.server_port}))
        found = [f for f in doctor.examine(place) if f.subject == "Port"]
    assert len(found) == 1
    assert f"{taken.server_port}, kept for homepage, is taken" in found[0].found


def test_command_prints_remedies_and_fails(azure: Azure) -> None:
    azure.answers["/subscriptions"] = {"value": []}
    command = [ROOT / ".venv" / "bin" / "frugal", "doctor", "-s", "prod"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "→ pulumi config set -s prod azure-native:subscriptionId ID" in done.stdout
