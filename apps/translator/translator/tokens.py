"""Access tokens of the app's managed identity, used in place of passwords."""

import asyncio
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from azure.identity.aio import ManagedIdentityCredential

DATABASE: Final = "https://ossrdbms-aad.database.windows.net/.default"
"""Of Azure Database for PostgreSQL, in every Azure public region (Microsoft's guide, 2026-11)."""
TRANSLATOR: Final = "https://cognitiveservices.azure.com/.default"
"""Of Azure AI services (Microsoft's guide to Entra authentication with Translator, 2026-11)."""
CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 5
_MIN_AGE: Final = 5.0


class Tokens:
    """Tokens from the platform's identity endpoint (IDENTITY_ENDPOINT, IDENTITY_HEADER).

    A token is cached until shortly before it expires.
    """

    def __init__(self, client_id: str | None, scope: str) -> None:
        self._client_id = client_id
        self._scope = scope
        self._one_at_a_time = asyncio.Lock()
        self._credential: ManagedIdentityCredential | None = None
        self._since = 0.0

    async def get(self) -> str:
        """Return a valid token; raises azure.core's AzureError."""
        async with self._one_at_a_time:
            if self._credential is None:
                # The library takes as long to import as the web framework. Neither the start of
                # the app nor its event loop waits for that.
                self._credential = await asyncio.to_thread(_credential, self._client_id)
                self._since = time.monotonic()
            return (await self._credential.get_token(self._scope)).token

    def forget(self) -> None:
        """Discard the cached token, unless it is only seconds old."""
        if time.monotonic() - self._since >= _MIN_AGE:
            self._credential = None


def _credential(client_id: str | None) -> "ManagedIdentityCredential":
    from azure.core.pipeline.transport import (  # noqa: PLC0415
        AsyncioRequestsTransport,  # pyright: ignore[reportPrivateImportUsage]
    )
    from azure.identity.aio import ManagedIdentityCredential  # noqa: PLC0415

    # `requests` is installed anyway; the default transport would bring aiohttp and eight packages
    # for one small request. Not retried here, as callers retry.
    return ManagedIdentityCredential(
        client_id=client_id,
        transport=AsyncioRequestsTransport(),
        connection_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retry_total=0,
    )
