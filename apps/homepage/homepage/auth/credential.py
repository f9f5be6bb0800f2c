"""Credential of the registered client, presented to the identity provider."""

from collections.abc import Callable
from typing import Any, Final, cast

import msal
import requests

from homepage.settings import Settings

_AUDIENCE: Final = "api://AzureADTokenExchange"
"""Audience of a managed identity's token that replaces a client secret
(learn.microsoft.com, "Configure an application to trust a managed identity", 2026-11)."""
_PATIENCE: Final = 5
"""Seconds."""


def credential(settings: Settings) -> str | dict[str, Callable[[], str]]:
    """Return the client secret if set, else a source of managed identity tokens."""
    if settings.oidc_client_secret:
        return settings.oidc_client_secret.get_secret_value()
    client = msal.ManagedIdentityClient(
        msal.UserAssignedManagedIdentity(client_id=settings.azure_client_id),
        http_client=_Impatient(),
    )

    def assertion() -> str:
        answer = cast("dict[str, Any]", client.acquire_token_for_client(resource=_AUDIENCE))
        if "access_token" not in answer:
            raise RuntimeError(f"the managed identity gave no token: {answer.get('error')}")
        return answer["access_token"]

    return {"client_assertion": assertion}


class _Impatient(requests.Session):
    """A session with a time-out: the library sets none."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401  # handed on as they are
        return super().request(*args, **{"timeout": _PATIENCE, **kwargs})
