"""`identity`'s Auth, with tokens validated and not stored."""

# The base class and what it takes have no types.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false

import time
import warnings
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import identity.web
import msal

from homepage.auth.provider import InvalidTokenError, Provider

LENGTH: Final = 8 * 3600
"""Longest sign-in in seconds: no token is stored, so the provider cannot end it."""
IDLE: Final = 30 * 60
"""Seconds without a request that end a session: Flask refuses a cookie signed longer ago."""
_RENEWED_AFTER: Final = 60
"""Seconds after which a request renews the cookie's signature."""
_PATIENCE: Final = 5
_IN_TIME: Final = 600
"""Seconds from going to the provider until coming back."""
_LONGEST: Final = 100
"""Characters of a name or id; they travel in a cookie of four kilobytes."""
_BEGAN, _USER, _UNTIL, _SEEN = "began", "user", "until", "seen"

# A form posted by the provider comes without our cookie, which is SameSite=Lax; state, nonce and
# PKCE bind the query to the visitor.
warnings.filterwarnings("ignore", message="response_mode='form_post' is recommended")

# Hosts of Microsoft's, whose protocol version stands at the end of the address.
_MICROSOFT: Final = (
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
)


def _is_microsoft(authority: str) -> bool:
    host = urlsplit(authority).hostname or ""
    return host in _MICROSOFT or host.endswith(".ciamlogin.com")


def authority_url(given: str) -> str:
    """The authority that a setting names, with the version that Microsoft's own need."""
    versioned = not _is_microsoft(given) or given.endswith("/v2.0")
    return given if versioned else f"{given}/v2.0"


def _with_path(authority: str) -> str:
    """The authority as MSAL (1.39) takes it, which refuses one without a path.

    `/.` is the root (RFC 3986, section 5.2.4), and urllib3 removes the dot before it sends.
    """
    return authority if urlsplit(authority).path else f"{authority}/."


class SignIn(identity.web.Auth):
    """Sign-in of all visitors; the state of each is in their session.

    The base class would store unvalidated claims and all tokens there. Here the id_token is
    validated first, and only a name and an id are stored.
    """

    LENGTH: Final = LENGTH

    def __init__(
        self,
        *,
        session: MutableMapping[str, Any],
        authority: str,
        client_id: str,
        client_credential: str | dict[str, Callable[[], str]],
    ) -> None:
        authority = authority_url(authority)
        super().__init__(
            session=session,
            oidc_authority=_with_path(authority),
            client_id=client_id,
            client_credential=client_credential,
        )
        self._visitor = session
        # Microsoft signs in the account used last unless asked; other providers choose themselves,
        # and many refuse a request with this value.
        self._prompt = "select_account" if _is_microsoft(authority) else None
        self._provider = Provider(authority, client_id)

    def log_in(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401  # as the base class has them
        """Begin a sign-in; the result has `auth_uri`. Raises if the provider does not answer."""
        answer = cast("dict[str, Any]", super().log_in(prompt=self._prompt, **kwargs))
        self._visitor[_BEGAN] = int(time.time())
        return answer

    def complete_log_in(self, auth_response: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Complete a sign-in: only a result with `next_link` means success.

        Each `log_in` allows one attempt within ten minutes. Raises any error on the way.
        """
        began = self._visitor.pop(_BEGAN, 0)
        try:
            if time.time() - began > _IN_TIME:
                return {}
            return cast("dict[str, Any]", super().complete_log_in(dict(auth_response or {})))
        finally:
            self._visitor.pop(self._AUTH_FLOW, None)

    def log_out(self, post_logout_redirect_uri: str) -> str:
        """The address that ends the visitor's session at the provider and then returns.

        By the client's id, as no token is stored (OpenID Connect RP-Initiated Logout 1.0, section
        2). Without such an address: `post_logout_redirect_uri`. Raises
        requests.RequestException.
        """
        endpoint = self._provider.configuration().get("end_session_endpoint")
        if not endpoint:
            return post_logout_redirect_uri
        given = {
            "client_id": self._client_id,
            "post_logout_redirect_uri": post_logout_redirect_uri,
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(given)}"

    def get_user(self) -> dict[str, str] | None:
        """`name` and `id` of the visitor; extends the session by `IDLE`."""
        now = int(time.time())
        if self._visitor.get(_UNTIL, 0) <= now:
            return None
        if not 0 <= now - self._visitor.get(_SEEN, 0) <= _RENEWED_AFTER:
            self._visitor[_SEEN] = now
        return self._visitor.get(_USER)

    def _save_user_into_session(self, id_token_claims: object) -> None:
        """Do nothing: these claims are not validated yet."""

    def _save_cache(self, cache: msal.SerializableTokenCache) -> None:
        """Validate the id_token, store name and id, and discard all tokens."""
        kind = msal.TokenCache.CredentialType.ID_TOKEN
        tokens = cast("list[dict[str, str]]", list(cache.search(kind)))
        if len(tokens) != 1:
            raise InvalidTokenError("the provider sent no id_token")
        auth_uri: str = self._visitor[self._AUTH_FLOW]["auth_uri"]
        sent = parse_qs(urlsplit(auth_uri).query)
        claims = self._provider.claims(tokens[0]["secret"], sent["nonce"][0])
        name = claims.get("name") or claims.get("preferred_username") or claims.get("email")
        self._visitor[_USER] = {
            "name": str(name or claims["sub"])[:_LONGEST],
            "id": str(claims.get("oid") or claims["sub"])[:_LONGEST],
        }
        self._visitor[_SEEN] = int(time.time())
        self._visitor[_UNTIL] = self._visitor[_SEEN] + LENGTH

    def _build_msal_app(  # pyright: ignore[reportIncompatibleMethodOverride]  # untyped there
        self,
        client_credential: object = None,
        cache: msal.TokenCache | None = None,
    ) -> msal.ClientApplication:
        """As the base class does, with a time-out and fewer scopes."""
        kind = msal.ConfidentialClientApplication if client_credential else None
        return (kind or msal.PublicClientApplication)(
            self._client_id,
            client_credential=client_credential,
            oidc_authority=self._oidc_authority,
            token_cache=cache,
            http_cache=self._http_cache,
            instance_discovery=False,
            # Nothing is done for the visitor while they are away, so no token for that is asked.
            exclude_scopes=["offline_access"],
            timeout=_PATIENCE,
        )
