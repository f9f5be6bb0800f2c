"""Metadata of the identity provider, and validation of its id_tokens.

MSAL reads id_tokens without validating them. The rules are those of OpenID Connect Core 1.0,
sections 3.1.3.7 and 10.1.1.
"""

import threading
import time
from typing import Any, Final, cast

import jwt
import requests

_PATIENCE: Final = 3
"""Seconds to connect, and for each part of an answer."""
_KEPT: Final = 3600
"""Seconds that the configuration and the keys are cached."""
_SELDOM: Final = 30
"""Seconds between two fetches for an unknown key id, which anybody can make up."""
_CLOCKS: Final = 60
"""Seconds that two clocks may differ."""
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256")
"""Signatures with a public key only: with `none` or a shared secret anybody could sign."""


class InvalidTokenError(Exception):
    """An id_token that failed validation; the message says why."""


class Provider:
    """An OpenID Connect provider for one client."""

    def __init__(self, authority: str, client_id: str) -> None:
        """`authority`: URL to which `/.well-known/openid-configuration` is appended."""
        self._authority = authority
        self._client_id = client_id
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    def configuration(self) -> dict[str, Any]:
        """Return the provider's metadata. Raises requests.RequestException."""
        return self._get(f"{self._authority}/.well-known/openid-configuration", _KEPT)

    def claims(self, id_token: str, nonce: str) -> dict[str, Any]:
        """Validate a token for this client and `nonce`; return its claims.

        Raises InvalidTokenError, or requests.RequestException if the keys cannot be fetched.
        """
        configuration = self.configuration()
        try:
            header = jwt.get_unverified_header(id_token)
            unverified = jwt.decode(id_token, options={"verify_signature": False})
            claims = jwt.decode(
                id_token,
                self._key(configuration["jwks_uri"], header.get("kid")),
                algorithms=_ALGORITHMS,
                audience=self._client_id,
                issuer=_issuer(configuration["issuer"], unverified),
                leeway=_CLOCKS,
                options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
            )
        except jwt.PyJWTError as error:
            raise InvalidTokenError(f"{type(error).__name__}: {error}") from None
        if claims["nonce"] != nonce:
            raise InvalidTokenError("it belongs to another sign-in: the nonce differs")
        audiences = claims["aud"]
        several = isinstance(audiences, list) and len(cast("list[object]", audiences)) > 1
        if several and claims.get("azp") != self._client_id:
            raise InvalidTokenError("it was issued to another client")
        return claims

    def _key(self, url: str, key_id: str | None) -> jwt.PyJWK:
        for seconds in (_KEPT, _SELDOM):
            keys = jwt.PyJWKSet.from_dict(self._get(url, seconds)).keys
            for key in keys:
                if key.key_id == key_id or (key_id is None and len(keys) == 1):
                    return key
        raise InvalidTokenError("the provider has no such key")

    def _get(self, url: str, seconds: float) -> dict[str, Any]:
        """Fetch the JSON object at `url`, unless a copy of at most `seconds` is cached."""
        with self._lock:
            at, found = self._kept.get(url, (0.0, {}))
            if not found or time.monotonic() - at > seconds:
                answer = requests.get(url, timeout=_PATIENCE)
                answer.raise_for_status()
                found = cast("dict[str, Any]", answer.json())
                self._kept[url] = (time.monotonic(), found)
            return found


def _issuer(announced: str, unverified: dict[str, Any]) -> str:
    """Return the issuer that the token must name.

    Microsoft's multi-tenant authorities announce a `{tenantid}` placeholder (learn.microsoft.com,
    "Access token validation", 2026-11); the token's signature covers its tenant.
    """
    tenant = str(unverified.get("tid", ""))
    return announced.replace("{tenantid}", tenant) if tenant else announced
