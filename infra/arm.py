"""A small client of Azure Resource Manager for what no resource type can do.

Building an image, waiting for a role, running a job, purging the edge and deleted accounts. The
address is found as the genuine Pulumi provider finds it, by the metadata host in
ARM_METADATA_HOSTNAME, so the same variable points both at the local cloud. Who calls is
azure-identity's DefaultAzureCredential: the `az login` of a person, the federated identity of a
pipeline, the managed identity that the local cloud answers for.

Metadata document: Azure's cloud-metadata endpoint, api-version 2022-09-01 (read November 2026).
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, cast
from urllib.parse import urlsplit

import httpx

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

PUBLIC_METADATA_HOST = "management.azure.com"
_METADATA_API_VERSION = "2022-09-01"
_ATTEMPTS = 5
_LONGEST_WAIT = 60.0  # seconds
_RETRIED = {429, 500, 502, 503, 504}
_OK = 200
_NOT_FOUND = 404
_MOST_PAGES = 100


class ArmError(Exception):
    """Azure refused or gave no answer. `code`: Azure's; `status`: of HTTP, 0 with no answer."""

    def __init__(self, code: str, message: str, *, status: int = 0) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status


class Credential(Protocol):
    """What gives an access token for a scope."""

    def get_token(self, *scopes: str) -> "AccessToken":
        """Return a token for the scopes; raises ClientAuthenticationError."""
        ...


class Arm:
    """Calls to Resource Manager by resource path ("/subscriptions/…"), with bounded retries.

    Used as a context manager. `transport`, `credential`, `metadata_host` and `sleep` are for tests.
    All calls raise ArmError.
    """

    def __init__(
        self,
        *,
        credential: Credential | None = None,
        transport: httpx.BaseTransport | None = None,
        metadata_host: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        host = metadata_host or os.environ.get("ARM_METADATA_HOSTNAME") or PUBLIC_METADATA_HOST
        self._metadata = f"{'http' if _is_loopback(host) else 'https'}://{host}"
        self._credential = credential
        self._client = httpx.Client(transport=transport, timeout=60)
        self._sleep = sleep
        self._base = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, *, api_version: str, **query: str) -> dict[str, Any]:
        """Body of a resource."""
        return _body(self._call("GET", path, {"api-version": api_version, **query}, None))

    def list(self, path: str, *, api_version: str, **query: str) -> Sequence[dict[str, Any]]:
        """Entries of a collection, from all of its pages.

        A next page on another host is refused, since the token goes along with the request.
        """
        answer = self.get(path, api_version=api_version, **query)
        entries = _entries(answer)
        for _ in range(_MOST_PAGES):
            if not (link := answer.get("nextLink")):
                return entries
            url, base = httpx.URL(str(link)), httpx.URL(self._base)
            if (url.scheme, url.host, url.port) != (base.scheme, base.host, base.port):
                message = f"the next page of {path} is on {url.host}, not on {base.host}"
                raise ArmError("UnusableAnswer", message, status=_OK)
            answer = _body(self._call("GET", url.raw_path.decode(), {}, None))
            entries += _entries(answer)
        message = f"{path} has more than {_MOST_PAGES} pages"
        raise ArmError("UnusableAnswer", message, status=_OK)

    def exists(self, path: str, *, api_version: str) -> bool:
        """Whether there is such a resource."""
        try:
            self.get(path, api_version=api_version)
        except ArmError as error:
            if error.status != _NOT_FOUND:
                raise
            return False
        return True

    def post(
        self, path: str, *, api_version: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Answer to an action; {} where it has none."""
        return _body(self._call("POST", path, {"api-version": api_version}, body))

    def delete(self, path: str, *, api_version: str) -> None:
        """Delete a resource; one that is gone already is no error."""
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
        if not self._base:
            self._discover()
        headers = {"Authorization": f"Bearer {self._token()}"}
        url = f"{self._base}{path}"
        return self._send(
            # Empty parameters would take the query of a page's address away.
            lambda: self._client.request(
                method, url, params=query or None, json=body, headers=headers
            )
        )

    def _discover(self) -> None:
        """Find Resource Manager's address and, unless one was given, a credential for it."""
        url = f"{self._metadata}/metadata/endpoints"
        answer: object = self._send(
            lambda: self._client.get(url, params={"api-version": _METADATA_API_VERSION})
        ).json()
        clouds = cast("list[dict[str, Any]]", answer if isinstance(answer, list) else [answer])
        cloud = next(
            (one for one in clouds if _host(str(one["resourceManager"])) == _host(self._metadata)),
            clouds[0],
        )
        self._base = str(cloud["resourceManager"]).rstrip("/")
        if self._credential is None:
            authority = str(cloud["authentication"]["loginEndpoint"])
            # azure-identity takes https alone; the local cloud's managed identity needs none.
            options = {"authority": authority} if authority.startswith("https:") else {}
            # A quarter of a second to import, and a run that changes nothing asks for nothing.
            from azure.identity import DefaultAzureCredential  # noqa: PLC0415

            self._credential = DefaultAzureCredential(**options)

    def _token(self) -> str:
        assert self._credential is not None  # noqa: S101 - _discover has set it
        from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415 - as above

        try:
            return self._credential.get_token(f"{self._base}/.default").token
        except ClientAuthenticationError as error:
            message = (
                f"no access to Azure; sign in with `az login` ({error.message.splitlines()[0]})"
            )
            raise ArmError("NotSignedIn", message) from error

    def _send(self, request: Callable[[], httpx.Response]) -> httpx.Response:
        """Send, again after a while where Azure is busy or away; raise what it says otherwise."""
        attempt = 1
        while True:
            wait = float(2**attempt)
            try:
                response = request()
            except httpx.TransportError as error:
                if attempt == _ATTEMPTS:
                    message = f"no answer from {_address(error)} ({error})"
                    raise ArmError("NoAnswer", message) from error
            else:
                if response.is_success:
                    return response
                if response.status_code not in _RETRIED or attempt == _ATTEMPTS:
                    raise _refusal(response)
                wait = _retry_after(response, wait)
            self._sleep(min(wait, _LONGEST_WAIT))
            attempt += 1


def _is_loopback(host: str) -> bool:
    return _host(f"//{host}") in {"localhost", "127.0.0.1", "::1"}


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _address(error: httpx.TransportError) -> str:
    """Host of the request that failed; never its query, which may carry a permission."""
    try:
        return error.request.url.host
    except RuntimeError:
        return "Azure"


def _retry_after(response: httpx.Response, default: float) -> float:
    """Seconds that the answer asks to wait; the header's date form is not used by Azure."""
    try:
        return float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return default


def _body(response: httpx.Response) -> dict[str, Any]:
    return cast("dict[str, Any]", response.json()) if response.content else {}


def _entries(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", answer.get("value") or [])


def _refusal(response: httpx.Response) -> ArmError:
    """The error in Azure's envelope, {"error": {code, message}}; else the status line."""
    try:
        error = response.json()["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        path = response.request.url.path
        code, message = (
            response.reason_phrase.replace(" ", "") or "Error",
            f"{response.request.method} {path}",
        )
    return ArmError(code, message, status=response.status_code)
