"""Client of Azure Resource Manager, for operations that no resource type covers.

Builds an image, waits for a role, runs a job, purges the edge and deleted accounts. Cloud and
sign-in are those of the azure-native provider (infra/credentials.py), so the same variables point
both at the local cloud.

Metadata document: Azure's cloud-metadata endpoint, api-version 2022-09-01 (read November 2026).
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import urlsplit

import httpx

from infra import credentials, waits
from infra.credentials import Account, Cloud, SignInError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_METADATA_API_VERSION = "2022-09-01"
_PATIENCE_WITHOUT_ANSWER = 60.0  # seconds; an outage of more than a minute is reported
_LONGEST_WAIT = 60.0  # seconds between two requests, unless Azure asks for more
# A POST may therefore be sent twice. The operations that this program starts may be repeated: two
# builds of the same content give the same image, and the migration takes a lock in the database.
_RETRIED_STATUS = {429, 500, 502, 503, 504}
# With status 409: another operation is running, or a new server is not ready yet.
# Conflict: App Service (pulumi-azure-native #903; Azure/terraform-azurerm-avm-res-web-site #272,
# 2026-03-19), Front Door (alchemy-run/alchemy Cdn/CdnCommon.ts, 2026).
# ContainerApp…: microsoft/aspire #18682 (2026-07-08), microsoft/azure-container-apps #175
# (2022-04).
# Server…: Azure/azure-postgresql #134 (2026-02-20).
# AadAuth…: Azure/azure-postgresql #127 (2025-01-02, last comment 2025-12-11).
_RETRIED_CODES = {
    "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible",
    "Conflict",
    "ContainerAppLockConflict",
    "ContainerAppOperationInProgress",
    "ServerBusy",
    "ServerIsBusy",
}
_OK = 200
_CONFLICT = 409
_NOT_FOUND = 404
_MOST_PAGES = 100


class ArmError(Exception):
    """Azure refused or gave no answer. `code`: Azure's; `status`: of HTTP, 0 with no answer."""

    def __init__(self, code: str, message: str, *, status: int = 0) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status


class Arm:
    """Calls to Resource Manager by resource path ("/subscriptions/…"), with bounded retries.

    Used as a context manager. `configuration`: the stack's configuration (as in
    infra.credentials.Account, {"azure-native:tenantId": "…"}); None for that of the process, which
    dynamic providers are configured with. `patience`: seconds to wait in all while Azure is
    busy, before its answer becomes an error; 0 retries nothing, None takes the setting
    `waits.deadline`. `transport`, `credential` and `sleep` are for tests.
    All calls raise ArmError.
    """

    def __init__(
        self,
        *,
        configuration: Mapping[str, str] | None = None,
        patience: float | None = None,
        credential: "TokenCredential | None" = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if configuration is None and credential is None:
            self._account = credentials.current()
        else:
            self._account = Account(configuration or {}, credential=credential)
        self._patience = waits.seconds("deadline") if patience is None else patience
        timeout = httpx.Timeout(60, connect=10)
        self._client = httpx.Client(transport=transport, timeout=timeout)
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def dns_server(self) -> str:
        """DNS server of the cloud, as in infra.credentials.Cloud."""
        return self._cloud.dns_server

    def find(self, path: str, *, api_version: str) -> dict[str, Any] | None:
        """Body of a resource; None if it does not exist."""
        try:
            return self.get(path, api_version=api_version)
        except ArmError as error:
            if error.status != _NOT_FOUND:
                raise
            return None

    def get(self, path: str, *, api_version: str, **query: str) -> dict[str, Any]:
        """Body of a resource."""
        return _body(self._call("GET", path, {"api-version": api_version, **query}, None))

    def list(self, path: str, *, api_version: str, **query: str) -> Sequence[dict[str, Any]]:
        """Entries of a collection, from all of its pages.

        A next page on another host is refused, since the token goes along with the request.
        """
        answer = self.get(path, api_version=api_version, **query)
        entries: list[dict[str, Any]] = []
        base = httpx.URL(self._cloud.endpoint)
        for _ in range(_MOST_PAGES):
            entries += answer.get("value") or []
            if not (link := answer.get("nextLink")):
                return entries
            url = httpx.URL(str(link))
            if (url.scheme, url.host, url.port) != (base.scheme, base.host, base.port):
                message = f"the next page of {path} is on {url.host}, not on {base.host}"
                raise ArmError("UnusableAnswer", message, status=_OK)
            answer = _body(self._call("GET", url.raw_path.decode(), {}, None))
        message = f"{path} has more than {_MOST_PAGES} pages"
        raise ArmError("UnusableAnswer", message, status=_OK)

    def exists(self, path: str, *, api_version: str) -> bool:
        """True if the resource exists."""
        return self.find(path, api_version=api_version) is not None

    def post(
        self, path: str, *, api_version: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Answer to an action; {} where it has none."""
        return _body(self._call("POST", path, {"api-version": api_version}, body))

    def put(self, path: str, *, api_version: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Create or update a resource; return its body, or {} while the operation is running."""
        return _body(self._call("PUT", path, {"api-version": api_version}, body))

    def patch(self, path: str, *, api_version: str, body: Mapping[str, object]) -> None:
        """Change some properties of a resource; Azure may still be at it."""
        self._call("PATCH", path, {"api-version": api_version}, body)

    def delete(self, path: str, *, api_version: str) -> None:
        """Delete a resource; succeed if it does not exist."""
        try:
            self._call("DELETE", path, {"api-version": api_version}, None)
        except ArmError as error:
            if error.status != _NOT_FOUND:
                raise

    def upload(self, url: str, content: bytes) -> None:
        """Put a blob at an address that carries its own permission."""
        headers = {"x-ms-blob-type": "BlockBlob"}
        self._send(lambda: self._client.put(url, content=content, headers=headers))

    def download(self, url: str) -> str:
        """Text of a blob at an address that carries its own permission."""
        return self._send(lambda: self._client.get(url)).text

    def _call(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, object] | None
    ) -> httpx.Response:
        try:
            token = self._account.token(self._cloud, subscription=_subscription(path))
        except SignInError as error:
            raise ArmError(error.code, str(error)) from error
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self._cloud.endpoint}{path}"
        return self._send(
            # Empty parameters would take the query of a page's address away.
            lambda: self._client.request(
                method, url, params=query or None, json=body, headers=headers
            )
        )

    @cached_property
    def _cloud(self) -> Cloud:
        """The account's cloud; raises SignInError, and ArmError where its metadata host fails."""
        host = self._account.metadata_host()
        if not host:
            return self._account.cloud
        if "://" not in host:
            is_loopback = _host(f"//{host}") in {"localhost", "127.0.0.1", "::1"}
            host = f"{'http' if is_loopback else 'https'}://{host}"
        url = f"{host}/metadata/endpoints"
        answer: object = self._send(
            lambda: self._client.get(url, params={"api-version": _METADATA_API_VERSION})
        ).json()
        clouds = cast("list[dict[str, Any]]", answer if isinstance(answer, list) else [answer])
        cloud = next(
            (c for c in clouds if _host(str(c["resourceManager"])) == _host(host)), clouds[0]
        )
        endpoint = str(cloud["resourceManager"]).rstrip("/")
        sign_in = cast("dict[str, Any]", cloud["authentication"])
        audiences = cast("list[str]", sign_in.get("audiences") or [endpoint])
        return Cloud(
            authority=str(sign_in["loginEndpoint"]).rstrip("/"),
            endpoint=endpoint,
            audience=audiences[0],
            dns_server=str(cloud.get("dnsServer", "")),
        )

    def _send(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        """Send a request; retry while Azure is busy or unreachable. Raises ArmError otherwise."""
        waited, wait = 0.0, 2.0
        while True:
            try:
                response = request()
            except httpx.TransportError as error:
                pause = wait
                if waited + pause > min(self._patience, _PATIENCE_WITHOUT_ANSWER):
                    # Never the query, which may carry a permission.
                    message = f"no answer from {error.request.url.host} ({error})"
                    raise ArmError("NoAnswer", message) from error
            else:
                if response.is_success:
                    return response
                refusal = _refusal(response)
                pause = _retry_after(response, wait)
                retried = refusal.status in _RETRIED_STATUS or (
                    refusal.status == _CONFLICT and refusal.code in _RETRIED_CODES
                )
                if not retried or waited + pause > self._patience:
                    raise refusal
            self._sleep(pause)
            waited += pause
            wait = min(2 * wait, _LONGEST_WAIT)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _retry_after(response: httpx.Response, default: float) -> float:
    """Seconds that the answer asks to wait; the header's date form is not used by Azure."""
    try:
        return max(1.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return default


def _subscription(path: str) -> str:
    """Subscription id in a resource path; "" where there is none."""
    matched = re.match("/subscriptions/([^/]+)", path, re.IGNORECASE)
    return matched[1] if matched else ""


def _body(response: httpx.Response) -> dict[str, Any]:
    return cast("dict[str, Any]", response.json()) if response.content else {}


def _refusal(response: httpx.Response) -> ArmError:
    """The error in Azure's envelope, {"error": {code, message}}; else the status line."""
    try:
        error = response.json()["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        code = response.reason_phrase.replace(" ", "") or "Error"
        message = f"{response.request.method} {response.request.url.path}"
    return ArmError(code, message, status=response.status_code)
