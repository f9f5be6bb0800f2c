"""Sign-in to Azure as the azure-native provider does it, for direct calls of Resource Manager.

Settings and sources: frugal/sign_in.py. The configuration selects exactly one credential; if it
fails, no other is tried.
"""

import json
import logging
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from frugal.sign_in import NAMESPACE, SETTINGS

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

_CLI_TIMEOUT = 60  # seconds; a busy machine takes more than azure-identity's own ten
_EARLY = 300  # seconds before its expiry at which a token is renewed


def _check(*keys: str) -> str:
    names = ", ".join(f"{key} ({SETTINGS[key][0]})" for key in keys)
    return f"check {NAMESPACE}:{names}"


_METHODS = {
    "useDefaultAzureCredential": (
        "the default credential",
        "set AZURE_TOKEN_CREDENTIALS to one of its members to see why it fails",
    ),
    "clientCertificatePath": (
        "a client certificate",
        _check("tenantId", "clientId", "clientCertificatePath"),
    ),
    "clientSecret": ("a client secret", _check("tenantId", "clientId", "clientSecret")),
    "useOidc": (
        "OpenID Connect",
        _check("tenantId", "clientId")
        + ", and the application's federated credential for this pipeline",
    ),
    "useMsi": (
        "the managed identity",
        _check("clientId") + " and that this machine has the identity",
    ),
}
"""Name and remedy of each sign-in method, by the key that selects it, in azure-native's order."""

_APPLICATIONS = {"clientCertificatePath", "clientSecret", "useOidc"}
"""Methods that need the tenant and client id of an application."""


@dataclass(frozen=True)
class Cloud:
    """An Azure cloud. `authority`: sign-in address; `endpoint`, `audience`: Resource Manager's.

    `dns_server`: host:port of its own DNS, which only the local cloud has; "" for the Internet's.
    """

    authority: str
    endpoint: str
    audience: str
    dns_server: str = ""


# Endpoints and audiences: azure-mgmt-core 1.6.0, tools.get_arm_endpoints; authorities:
# azure-identity 1.27.0, AzureAuthorityHosts. Names: azure-native's cloud.FromName.
PUBLIC = Cloud(
    "https://login.microsoftonline.com",
    "https://management.azure.com",
    "https://management.azure.com",
)
_CHINA = Cloud(
    "https://login.chinacloudapi.cn",
    "https://management.chinacloudapi.cn",
    "https://management.chinacloudapi.cn",
)
_GOVERNMENT = Cloud(
    "https://login.microsoftonline.us",
    "https://management.usgovcloudapi.net",
    "https://management.core.usgovcloudapi.net",
)
_CLOUDS = {
    **dict.fromkeys(("public", "azurecloud"), PUBLIC),
    **dict.fromkeys(("china", "azurechinacloud"), _CHINA),
    **dict.fromkeys(("usgov", "usgovernment", "usgovernmentl4"), _GOVERNMENT),
    **dict.fromkeys(("azureusgovernment", "azureusgovernmentcloud"), _GOVERNMENT),
}


class SignInError(Exception):
    """No access token. `code`: NotSignedIn, or NoAnswer where the network failed."""

    def __init__(self, message: str, *, code: str = "NotSignedIn") -> None:
        super().__init__(message)
        self.code = code


class Account:
    """The deployer's account: its cloud, and tokens for that cloud.

    `configuration` is that of the stack as the engine gives it, by full key and with texts as
    values: {"azure-native:tenantId": "…", "azure-native:useOidc": "true"}. Secrets are decrypted;
    other keys are ignored. An absent key is read from its environment variable. Threads may share
    an account. `credential` replaces the configured one (tests).
    """

    def __init__(
        self, configuration: Mapping[str, str], *, credential: "TokenCredential | None" = None
    ) -> None:
        self.configuration = configuration
        self._given = credential
        self._tokens: dict[tuple[Cloud, str], AccessToken] = {}
        self._lock = threading.Lock()

    def metadata_host(self) -> str:
        """Host of the cloud's metadata document, "" for none.

        Only here the variable has precedence: `Pulumi.local.yaml` names a closed port, so that the
        official provider cannot reach Azure, and `frugal env` sets the local cloud's.
        """
        return os.environ.get("ARM_METADATA_HOSTNAME") or self._value("metadataHost")

    @cached_property
    def cloud(self) -> Cloud:
        """The cloud where no metadata host is set: by its name, or the Azure CLI's active one.

        Raises SignInError: the name is unknown, or `az cloud show` failed.
        """
        if name := self._value("environment"):
            try:
                return _CLOUDS[name.lower()]
            except KeyError:
                message = (
                    f"{NAMESPACE}:environment (or ARM_ENVIRONMENT) is {name!r}, not a cloud of "
                    "Azure; use public, usgovernment or china, or set metadataHost."
                )
                raise SignInError(message) from None
        return PUBLIC if self._given or self._selected else _show_cloud()

    def token(self, cloud: Cloud, *, subscription: str = "") -> str:
        """Access token for Resource Manager; cached until five minutes before it expires.

        `subscription`: id of the called subscription, for the Azure CLI if none is configured.
        Raises SignInError.
        """
        key = (cloud, self._value("subscriptionId") or subscription)
        with self._lock:
            token = self._tokens.get(key)
            if token is None or token.expires_on - time.time() < _EARLY:
                token = self._tokens[key] = self._new_token(*key)
            return token.token

    def _new_token(self, cloud: Cloud, subscription: str) -> "AccessToken":
        # Takes a quarter of a second to import, and a run without changes needs no token.
        from azure.core.exceptions import AzureError, ClientAuthenticationError  # noqa: PLC0415

        # The error has the text that azure-identity would log to standard error.
        logging.getLogger("azure.identity").setLevel(logging.CRITICAL)
        tenant = self._value("tenantId")
        name, remedy = _METHODS.get(
            self._selected,
            ("the Azure CLI", f"sign in with `az login{f' --tenant {tenant}' if tenant else ''}`"),
        )
        try:
            credential = self._given or self._credential(cloud, subscription)
            return credential.get_token(f"{cloud.audience}/.default")
        except (ValueError, OSError) as error:
            raise SignInError(f"the sign-in configuration is not valid: {error}") from error
        except ClientAuthenticationError as error:
            message = f"no access to Azure with {name} ({_first_line(error)}); {remedy}"
            raise SignInError(message) from error
        except AzureError as error:
            message = f"no answer on signing in with {name} ({_first_line(error)})"
            raise SignInError(message, code="NoAnswer") from error

    def _credential(self, cloud: Cloud, subscription: str) -> "TokenCredential":
        """Credential of the selected method. Raises SignInError, ValueError, OSError."""
        from azure import identity  # noqa: PLC0415 - see _new_token

        method, tenant, client_id = self._selected, self._value("tenantId"), self._value("clientId")
        for key in ("tenantId", "clientId") if method in _APPLICATIONS else ():
            if not self._value(key):
                name, variable = _METHODS[method][0], SETTINGS[key][0]
                raise SignInError(f"{name} needs {NAMESPACE}:{key} (or {variable}) as well.")
        client: dict[str, Any] = {
            "authority": cloud.authority,
            "disable_instance_discovery": self._value("disableInstanceDiscovery") == "true" or None,
        }
        match method:
            case "useDefaultAzureCredential":
                return identity.DefaultAzureCredential(**client, process_timeout=_CLI_TIMEOUT)
            case "clientCertificatePath":
                client["password"] = self._value("clientCertificatePassword") or None
                return identity.CertificateCredential(
                    tenant, client_id, self._value(method), **client
                )
            case "clientSecret":
                return identity.ClientSecretCredential(
                    tenant, client_id, self._value(method), **client
                )
            case "useOidc":
                assertion = self._assertion()
                return identity.ClientAssertionCredential(
                    tenant, client_id, lambda: assertion, authority=cloud.authority
                )
            case "useMsi":
                return identity.ManagedIdentityCredential(client_id=client_id or None)
            case _:
                return identity.AzureCliCredential(
                    # `az` refuses a tenant together with a subscription, which implies it.
                    tenant_id="" if subscription else tenant,
                    subscription=subscription or None,
                    process_timeout=_CLI_TIMEOUT,
                )

    def _assertion(self) -> str:
        """The pipeline's identity token. Raises SignInError."""
        if token := self._value("oidcToken"):
            return token
        if path := self._value("oidcTokenFilePath"):
            try:
                return Path(path).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                message = f"{NAMESPACE}:oidcTokenFilePath (or ARM_OIDC_TOKEN_FILE_PATH): {error}"
                raise SignInError(message) from error
        url, bearer = self._value("oidcRequestUrl"), self._value("oidcRequestToken")
        if url and bearer:
            audience = self._value("oidcAudience") or "api://AzureADTokenExchange"
            return _request_token(url, bearer, audience)
        raise SignInError(
            f"{NAMESPACE}:useOidc (or ARM_USE_OIDC) is set, and there is no token: set oidcToken, "
            "oidcTokenFilePath, or oidcRequestUrl and oidcRequestToken; on GitHub Actions give the "
            "job the permission `id-token: write`."
        )

    @property
    def _selected(self) -> str:
        """Key of the sign-in method; "" for the Azure CLI, which needs no configuration."""
        for key in _METHODS:
            value = self._value(key)
            if value == "true" if key.startswith("use") else value:
                return key
        return ""

    def _value(self, key: str) -> str:
        full = f"{NAMESPACE}:{key}"
        if full in self.configuration:
            return self.configuration[full]
        return next(filter(None, map(os.environ.get, SETTINGS[key])), "")


_current: Account | None = None


def configure(configuration: Mapping[str, str]) -> None:
    """Set the configuration (as in Account) of the process; called once for each provider in it."""
    global _current  # noqa: PLW0603 - a provider's process serves one stack
    if _current is None or _current.configuration != configuration:
        _current = Account(configuration)


def current() -> Account:
    """The process's account; by environment variables alone where none was configured."""
    return _current or Account({})


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _request_token(url: str, bearer: str, audience: str) -> str:
    """Ask the pipeline's issuer for a token, as azure-native does. Raises SignInError."""
    headers = {"Authorization": f"Bearer {bearer}", "Accept": "application/json"}
    address = httpx.URL(url).copy_set_param("audience", audience)
    service = f"the pipeline's token service {address.host}"
    try:
        response = httpx.get(address, headers=headers, timeout=60)
    except httpx.TransportError as error:
        raise SignInError(f"no answer from {service} ({error})", code="NoAnswer") from error
    try:
        return str(response.raise_for_status().json()["value"])
    except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
        message = f"{service} gave no token (status {response.status_code})"
        raise SignInError(message) from error


def _show_cloud() -> Cloud:
    """The active cloud of `az`, whose accounts belong to one cloud at a time.

    Answer: learn.microsoft.com, "Manage cloud environments with the Azure CLI" (read in November
    2026).
    """
    az = shutil.which("az")
    if az is None:
        return PUBLIC
    try:
        shown = subprocess.run(
            [az, "cloud", "show", "--output", "json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_CLI_TIMEOUT,
            check=True,
        )
        endpoints = json.loads(shown.stdout)["endpoints"]
        return Cloud(
            str(endpoints["activeDirectory"]).rstrip("/"),
            str(endpoints["resourceManager"]).rstrip("/"),
            str(endpoints["activeDirectoryResourceId"]),
        )
    except (subprocess.SubprocessError, OSError, ValueError, KeyError, TypeError) as error:
        raise SignInError(f"`az cloud show` failed ({_first_line(error)})") from error
