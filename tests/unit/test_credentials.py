"""Sign-in: what is sent to whom, for each way that azure-native knows."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
import trustme
from azure.core.credentials import AccessToken

from frugal.local.engine import FOREIGN
from infra import credentials
from infra.arm import Arm, ArmError
from infra.credentials import PUBLIC, Account
from tests.unit.entra import Entra, entra

GROUP = "/subscriptions/11111111-0000-0000-0000-000000000000/resourceGroups/g"
PUBLIC_SCOPE = "https://management.azure.com/.default"
PRINCIPAL = {"ARM_TENANT_ID": "tenant-e", "ARM_CLIENT_ID": "client-e"}
SECRET = {**PRINCIPAL, "ARM_CLIENT_SECRET": "secret-e"}
GOVERNMENT = {
    "resourceManager": "https://management.usgovcloudapi.net",
    "activeDirectory": "https://login.microsoftonline.us",
    "activeDirectoryResourceId": "https://management.core.usgovcloudapi.net/",
}


@pytest.fixture(autouse=True)
def no_sign_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with neither variables nor `az`."""
    for name in (*FOREIGN, "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Entra]:
    for name in ("NO_PROXY", "no_proxy", "HTTP_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with entra(tmp_path) as running:
        monkeypatch.setenv("HTTPS_PROXY", running.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        yield running


@dataclass
class Cli:
    """A stand-in for `az`: its answers by command; keeps the arguments of its calls."""

    file: Path
    endpoints: dict[str, str] = field(default_factory=dict[str, str])

    def calls(self) -> list[str]:
        log = self.file.with_suffix(".log")
        return log.read_text().splitlines() if log.exists() else []

    def install(self, endpoints: dict[str, str], *, error: str = "") -> None:
        cloud = json.dumps({"name": "c", "endpoints": endpoints})
        token = json.dumps({"accessToken": "from-az", "expires_on": int(time.time()) + 3600})
        fails = f"echo '{error}' >&2; exit 1" if error else f"echo '{token}'"
        self.file.write_text(
            f'#!/bin/sh\necho "$*" >> {self.file.with_suffix(".log")}\n'
            f"[ \"$1\" = cloud ] && echo '{cloud}' && exit 0\n{fails}\n"
        )
        self.file.chmod(0o755)


@pytest.fixture
def az(tmp_path: Path) -> Cli:
    cli = Cli(tmp_path / "az")
    cli.install(
        {
            "resourceManager": "https://management.azure.com/",
            "activeDirectory": "https://login.microsoftonline.com",
            "activeDirectoryResourceId": "https://management.core.windows.net/",
        }
    )
    return cli


def call(configuration: dict[str, str], *, path: str = GROUP) -> tuple[str, str]:
    """Host and bearer token of a call to Resource Manager."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/metadata/endpoints":
            document = {
                "resourceManager": f"https://{request.url.host}/",
                "authentication": {
                    "loginEndpoint": "https://login.microsoftonline.us",
                    "audiences": ["https://audience.example/", "https://other.example"],
                },
            }
            return httpx.Response(200, json=document)
        seen.append(request)
        return httpx.Response(200, json={})

    full = {f"azure-native:{key}": value for key, value in configuration.items()}
    with Arm(configuration=full, transport=httpx.MockTransport(answer), patience=0) as arm:
        arm.get(path, api_version="1")
    return seen[0].url.host, seen[0].headers["Authorization"].removeprefix("Bearer ")


def given(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


# The ways to sign in of a deployer, one by one.


def test_az_login_with_one_tenant(az: Cli) -> None:
    assert call({}, path="/subscriptions") == ("management.azure.com", "from-az")
    assert az.calls() == [
        "cloud show --output json",
        "account get-access-token --output json --resource https://management.core.windows.net/",
    ]


def test_az_login_takes_the_subscription_of_the_path_where_none_is_configured(az: Cli) -> None:
    call({"environment": "public"})
    (asked,) = az.calls()
    assert asked.endswith("--subscription 11111111-0000-0000-0000-000000000000")


@pytest.mark.parametrize("source", ["configuration", "variables"])
def test_az_login_takes_the_tenant_of_the_subscription(
    az: Cli, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "variables":
        given(monkeypatch, {"ARM_SUBSCRIPTION_ID": "sub", "ARM_TENANT_ID": "tenant"})
    call({"subscriptionId": "sub", "tenantId": "tenant"} if source == "configuration" else {})
    asked = az.calls()[-1]
    assert asked.endswith("--subscription sub")
    assert "--tenant" not in asked


def test_az_login_takes_the_tenant_where_no_subscription_is_known(az: Cli) -> None:
    call({"tenantId": "tenant"}, path="/subscriptions")
    assert az.calls()[-1].endswith("--tenant tenant")


def test_service_principal_by_variables(
    directory: Entra, az: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, SECRET)
    assert call({}) == ("management.azure.com", "t1")
    (exchange,) = directory.exchanges
    assert (exchange.host, exchange.tenant) == ("login.microsoftonline.com", "tenant-e")
    assert exchange.form["grant_type"] == "client_credentials"
    assert (exchange.form["client_id"], exchange.form["client_secret"]) == ("client-e", "secret-e")
    assert exchange.form["scope"] == PUBLIC_SCOPE
    assert az.calls() == []


def test_service_principal_by_configuration_wins_over_variables(
    directory: Entra, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, SECRET)
    call({"tenantId": "tenant-c", "clientId": "client-c", "clientSecret": "secret-c"})
    (exchange,) = directory.exchanges
    fields = (exchange.tenant, exchange.form["client_id"], exchange.form["client_secret"])
    assert fields == ("tenant-c", "client-c", "secret-c")


def test_an_empty_value_in_the_configuration_hides_the_variable(
    directory: Entra, az: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, SECRET)
    assert call({"clientSecret": ""})[1] == "from-az"
    assert directory.exchanges == []


def test_certificate_comes_before_secret(
    directory: Entra, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = trustme.CA(key_type=trustme.KeyType.RSA).issue_cert(
        "deployer.example", key_type=trustme.KeyType.RSA
    )
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "deployer.pem")
    given(monkeypatch, SECRET | {"ARM_CLIENT_CERTIFICATE_PATH": str(tmp_path / "deployer.pem")})
    call({})
    (exchange,) = directory.exchanges
    assert (exchange.tenant, exchange.form["client_id"]) == ("tenant-e", "client-e")
    assert exchange.form["client_assertion"].count(".") == 2
    assert "client_secret" not in exchange.form
    assert exchange.form["scope"] == PUBLIC_SCOPE


def test_github_actions(directory: Entra, monkeypatch: pytest.MonkeyPatch) -> None:
    github = {
        "ARM_USE_OIDC": "true",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{directory.url}/pipeline?v=1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "a-request-token",
    }
    given(monkeypatch, PRINCIPAL | github)
    assert call({}) == ("management.azure.com", "t1")
    query = {"v": "1", "audience": "api://AzureADTokenExchange"}
    assert directory.pipeline == [(query, "Bearer a-request-token")]
    (exchange,) = directory.exchanges
    assert (exchange.host, exchange.tenant) == ("login.microsoftonline.com", "tenant-e")
    assert exchange.form["client_assertion"] == "a-pipeline-token"
    assert (exchange.form["client_id"], exchange.form["scope"]) == ("client-e", PUBLIC_SCOPE)


def test_pipeline_audience(directory: Entra, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, PRINCIPAL)
    url = f"{directory.url}/pipeline"
    call({"useOidc": "true", "oidcRequestUrl": url, "oidcRequestToken": "r", "oidcAudience": "a"})
    assert directory.pipeline == [({"audience": "a"}, "Bearer r")]


def test_pipeline_token_and_token_file(
    directory: Entra, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, PRINCIPAL | {"ARM_USE_OIDC": "true"})
    file = tmp_path / "token"
    file.write_text("from-file-1\n")
    call({"oidcTokenFilePath": str(file)})
    file.write_text("from-file-2")
    call({"oidcTokenFilePath": str(file)})
    call({"oidcTokenFilePath": str(file), "oidcToken": "given"})
    assertions = [exchange.form["client_assertion"] for exchange in directory.exchanges]
    assert assertions == ["from-file-1", "from-file-2", "given"]


@dataclass
class ManagedIdentity:
    """App Service's flavour of the token endpoint, over plain HTTP as on the local cloud."""

    requests: list[tuple[str, str | None]] = field(default_factory=list[tuple[str, str | None]])


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> Iterator[ManagedIdentity]:
    played = ManagedIdentity()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            played.requests.append((self.path, self.headers["X-IDENTITY-HEADER"]))
            token = {"access_token": "from-identity", "expires_on": str(int(time.time()) + 3600)}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(token | {"resource": "r"}).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}/msi/token"
    given(monkeypatch, {"IDENTITY_ENDPOINT": endpoint, "IDENTITY_HEADER": "header"})
    yield played
    server.shutdown()
    server.server_close()


def test_az_login_on_a_machine_with_a_managed_identity(az: Cli, identity: ManagedIdentity) -> None:
    assert call({})[1] == "from-az"
    assert identity.requests == []


def test_managed_identity(az: Cli, identity: ManagedIdentity) -> None:
    assert call({"useMsi": "true", "clientId": "client"})[1] == "from-identity"
    ((path, header),) = identity.requests
    assert httpx.URL(path).params["resource"] == "https://management.azure.com"
    assert (httpx.URL(path).params["client_id"], header) == ("client", "header")
    assert az.calls() == []


def test_sovereign_cloud_by_its_name(directory: Entra, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SECRET | {"ARM_ENVIRONMENT": "public"})
    assert call({"environment": "usgovernment"})[0] == "management.usgovcloudapi.net"
    (exchange,) = directory.exchanges
    assert (exchange.host, exchange.tenant) == ("login.microsoftonline.us", "tenant-e")
    assert exchange.form["scope"] == "https://management.core.usgovcloudapi.net/.default"


@pytest.mark.parametrize("name", ["ARM_ENVIRONMENT", "AZURE_ENVIRONMENT"])
def test_sovereign_cloud_by_a_variable(
    directory: Entra, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, SECRET | {name: "china"})
    assert call({})[0] == "management.chinacloudapi.cn"
    assert directory.exchanges[0].host == "login.chinacloudapi.cn"


def test_sovereign_cloud_of_az_login(az: Cli) -> None:
    az.install(GOVERNMENT)
    assert call({}) == ("management.usgovcloudapi.net", "from-az")
    assert "--resource https://management.core.usgovcloudapi.net/" in az.calls()[-1]


def test_cloud_of_a_metadata_host(directory: Entra, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SECRET | {"ARM_METADATA_HOSTNAME": "cloud.example"})
    # The configuration of the stack `local` names a closed port.
    assert call({"metadataHost": "127.0.0.1:1", "environment": "china"})[0] == "cloud.example"
    (exchange,) = directory.exchanges
    assert exchange.host == "login.microsoftonline.us"
    assert exchange.form["scope"] == "https://audience.example//.default"


def test_default_credential_comes_first(directory: Entra, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {name.replace("ARM", "AZURE"): f"{value}-default" for name, value in SECRET.items()}
    given(monkeypatch, SECRET | names)
    call({"useDefaultAzureCredential": "true"})
    (exchange,) = directory.exchanges
    assert (exchange.tenant, exchange.form["client_id"]) == ("tenant-e-default", "client-e-default")


# Errors: one line that says what was tried, and what to do.


Refused = Callable[[dict[str, str]], str]


@pytest.fixture
def refused() -> Refused:
    def text(configuration: dict[str, str]) -> str:
        with pytest.raises(ArmError) as error:
            call(configuration, path="/subscriptions")
        assert error.value.code == "NotSignedIn"
        assert "\n" not in str(error.value)
        return str(error.value)

    return text


def test_no_az(refused: Refused) -> None:
    text = refused({"tenantId": "tenant"})
    assert "the Azure CLI (Azure CLI not found on path)" in text
    assert "`az login --tenant tenant`" in text


def test_az_without_a_login(az: Cli, refused: Refused) -> None:
    az.install(GOVERNMENT, error="ERROR: Please run az login to setup account.")
    assert refused({}).endswith("; sign in with `az login`")


def test_a_wrong_secret(directory: Entra, refused: Refused) -> None:
    directory.refusal = "AADSTS7000215: Invalid client secret provided."
    values = {"tenantId": "tenant", "clientId": "client", "clientSecret": "canary-4d1c"}
    text = refused(values)
    assert "with a client secret" in text
    assert "AADSTS7000215" in text
    assert "clientSecret (ARM_CLIENT_SECRET)" in text
    assert "canary-4d1c" not in text


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"clientSecret": "s", "clientId": "c"}, "azure-native:tenantId (or ARM_TENANT_ID)"),
        ({"clientSecret": "s", "tenantId": "t"}, "azure-native:clientId (or ARM_CLIENT_ID)"),
        ({"clientSecret": "s", "clientId": "c", "tenantId": "no tenant"}, "Invalid tenant ID"),
        ({"useOidc": "true", "clientId": "c", "tenantId": "t"}, "`id-token: write`"),
        (
            {"useOidc": "true", "clientId": "c", "tenantId": "t", "oidcTokenFilePath": "/none"},
            "ARM_OIDC_TOKEN_FILE_PATH",
        ),
        ({"clientCertificatePath": "/none", "clientId": "c", "tenantId": "t"}, "/none"),
        ({"environment": "mars"}, "use public, usgovernment or china"),
    ],
)
def test_what_is_missing_is_named(
    refused: Refused, configuration: dict[str, str], said: str
) -> None:
    assert said in refused(configuration)


def test_a_pipeline_that_gives_no_token(directory: Entra, refused: Refused) -> None:
    values = {"useOidc": "true", "tenantId": "t", "clientId": "c", "oidcRequestToken": "r"}
    text = refused(values | {"oidcRequestUrl": f"{directory.url}/elsewhere"})
    assert "token service 127.0.0.1 gave no token (status 200)" in text


def test_a_directory_that_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = {"IDENTITY_ENDPOINT": "http://127.0.0.1:1/msi/token", "IDENTITY_HEADER": "h"}
    given(monkeypatch, endpoint)
    with pytest.raises(ArmError, match=r"^NoAnswer: .*the managed identity"):
        call({"useMsi": "true"})


# Tokens are kept.


class Issuer:
    """Numbered tokens that end after `seconds`."""

    def __init__(self, seconds: float) -> None:
        self.issued = 0
        self._seconds = seconds

    def get_token(self, *_scopes: str) -> AccessToken:
        self.issued += 1
        return AccessToken(f"t{self.issued}", int(time.time() + self._seconds))


@pytest.mark.parametrize(("seconds", "used"), [(330, ["t1", "t1"]), (270, ["t1", "t2"])])
def test_a_token_is_kept_until_five_minutes_before_its_end(seconds: float, used: list[str]) -> None:
    account = Account({}, credential=Issuer(seconds))
    assert [account.token(PUBLIC), account.token(PUBLIC)] == used


def test_a_token_is_kept_for_the_process(az: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_current", None)
    for _ in range(2):
        credentials.configure({"azure-native:environment": "public"})
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json={}))
        with Arm(transport=transport) as arm:
            arm.get(GROUP, api_version="1")
    assert len(az.calls()) == 1
    credentials.configure({"azure-native:environment": "usgovernment"})
    assert credentials.current().cloud.endpoint == "https://management.usgovcloudapi.net"
