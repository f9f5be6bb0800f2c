"""Managed identities of running apps: tokens for the identities of each."""

import secrets
from collections.abc import Sequence

from frugal.cloud.errors import CloudError
from frugal.cloud.store import Store
from frugal.cloud.tokens import Tokens

IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"


class Identities:
    """Answers the token endpoint that App Service and Container Apps give an app.

    An app proves who it is by the secret header that only its environment holds
    (learn.microsoft.com, "How to use managed identities for App Service", API version 2019-08-01).
    """

    def __init__(self, store: Store, tokens: Tokens) -> None:
        self._store = store
        self._tokens = tokens
        self._assigned: dict[str, tuple[str, ...]] = {}
        self.deployer_header = secrets.token_urlsafe(32)
        """The secret header of whoever runs the Pulumi program, from `frugal env`."""

    def admit(self, identity_ids: Sequence[str]) -> str:
        """Create a secret header for an app with these identities."""
        header = secrets.token_urlsafe(32)
        self._assigned[header] = tuple(i.lower() for i in identity_ids)
        return header

    def token(self, header: str, *, resource: str, client_id: str | None) -> dict[str, str]:
        """The endpoint's response. Raises CloudError for a wrong header or identity."""
        if secrets.compare_digest(header.encode(), self.deployer_header.encode()):
            client, principal = "deployer", "deployer"
        else:
            client, principal = self._identity(header, client_id)
        token, expires = self._tokens.issue(
            client_id=client, object_id=principal, resource=resource
        )
        return {
            "access_token": token,
            "client_id": client,
            "expires_on": str(expires),
            "resource": resource,
            "token_type": "Bearer",
        }

    def _identity(self, header: str, client_id: str | None) -> tuple[str, str]:
        if header not in self._assigned:
            raise CloudError("Unauthorized", "X-IDENTITY-HEADER is missing or wrong.")
        found = [
            (str(i.computed["clientId"]), str(i.computed["principalId"]))
            for i in self._store.of(IDENTITY)
            if i.id.lower() in self._assigned[header]
        ]
        matching = [pair for pair in found if client_id in (None, pair[0])]
        if client_id is None and len(found) != 1:
            raise CloudError(
                "BadRequest", "The app has no system identity: name one by its client_id."
            )
        if not matching:
            raise CloudError("BadRequest", f"No identity of this app has client id {client_id}.")
        return matching[0]
