"""Access tokens of the app's managed identity, used in place of passwords."""

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from msal import ManagedIdentityClient

DATABASE: Final = "https://ossrdbms-aad.database.windows.net"
"""Of Azure Database for PostgreSQL, in every Azure public region (Microsoft's guide, 2026-11)."""
TRANSLATOR: Final = "https://cognitiveservices.azure.com"
"""Of Azure AI services (Microsoft's guide to Entra authentication with Translator, 2026-11)."""
CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 5
_MIN_AGE: Final = 5.0
_EARLY: Final = 300
"""Seconds before a token's end from which another is fetched, as in the library."""


class TokenError(Exception):
    """No token was given; the message says why."""


class Tokens:
    """Tokens for one resource from the platform's endpoint (IDENTITY_ENDPOINT, IDENTITY_HEADER).

    A token is cached until shortly before it expires.
    """

    def __init__(self, client_id: str | None, resource: str) -> None:
        self._client_id = client_id
        self._resource = resource
        self._one_at_a_time = asyncio.Lock()
        self._client: ManagedIdentityClient | None = None
        self._since = 0.0
        self._token = ""
        self._good_until = 0.0

    async def get(self) -> str:
        """Return a valid token; raises TokenError."""
        async with self._one_at_a_time:
            if time.time() >= self._good_until:
                # The library takes a while to import, and blocks. Neither the start of the app nor
                # its event loop waits for that.
                answer = await asyncio.to_thread(self._acquire)
                self._token = answer["access_token"]
                self._good_until = time.time() + answer["expires_in"] - _EARLY
            return self._token

    def _acquire(self) -> dict[str, Any]:
        import msal  # noqa: PLC0415
        import requests  # noqa: PLC0415

        if self._client is None:
            self._client = _client(self._client_id)
            self._since = time.monotonic()
        try:
            answer = cast(
                "dict[str, Any]", self._client.acquire_token_for_client(resource=self._resource)
            )
        except (msal.ManagedIdentityError, requests.RequestException) as error:
            raise TokenError(f"{type(error).__name__}: {error}") from error
        if "access_token" not in answer:
            raise TokenError(f"{answer.get('error')}: {answer.get('error_description')}")
        return answer

    def forget(self) -> None:
        """Discard the cached token, unless it is only seconds old."""
        if time.monotonic() - self._since >= _MIN_AGE:
            self._client, self._good_until = None, 0.0


def _client(client_id: str | None) -> "ManagedIdentityClient":
    import msal  # noqa: PLC0415
    import requests  # noqa: PLC0415

    class Impatient(requests.Session):
        """A session with time-outs: the library sets none. It does not retry, as callers do."""

        def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401
            limits = (CONNECT_SECONDS, READ_SECONDS)
            return super().request(*args, **{"timeout": limits, **kwargs})

    identity = (
        msal.UserAssignedManagedIdentity(client_id=client_id)
        if client_id
        else msal.SystemAssignedManagedIdentity()
    )
    return msal.ManagedIdentityClient(identity, http_client=Impatient())
