"""Access tokens of managed identities, as the local cloud issues and checks them."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jwt

from frugal.cloud.keyfile import load_or_create

ISSUER = "https://sts.frugal.local/"
_ALGORITHM = "HS256"
_KEY_BYTES = 32
_SCOPE_SUFFIX = "/.default"
# A machine's clock may be set back by a day under tokens that are in use.
_CLOCK_SET_BACK = 25 * 3600


class InvalidToken(Exception):  # noqa: N818 - reads as what it is
    """A token that was refused; the text says why, without the token."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """The owner of a token: the identity's client id and its principal's object id."""

    client_id: str
    object_id: str


class Tokens:
    """Issues and verifies tokens: JWTs signed with a key that stays in `folder` (mode 0600).

    They carry the claims that Azure's carry for a managed identity and an app may look at: `aud`,
    `iss`, `iat`, `nbf`, `exp`, `oid`, `sub`, `appid`, `azp` (learn.microsoft.com, "Access token
    claims reference", November 2026). Azure signs with a public key (RS256); here the one who
    issues is the one who verifies, so that a shared key (HS256) does.

    `clock`: Unix seconds. A token that seems to be issued up to a day from now is good: whoever
    keeps it has no reason to ask for another one before it expires.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        new_key = partial(secrets.token_bytes, _KEY_BYTES)
        self._key = load_or_create(folder / "tokens.key", new_key, bytes)

    def issue(
        self, *, client_id: str, object_id: str, resource: str, lifetime: float = 3600
    ) -> tuple[str, int]:
        """A token for `resource` and when it expires (Unix seconds); `lifetime` in seconds."""
        now = int(self._clock())
        expires = int(now + lifetime)
        claims = {
            "aud": audience(resource),
            "iss": ISSUER,
            "iat": now,
            "nbf": now,
            "exp": expires,
            "oid": object_id,
            "sub": object_id,
            "appid": client_id,
            "azp": client_id,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM), expires

    def verify(self, token: str, *, resource: str) -> Claims:
        """The owner of a token. Raises InvalidToken unless it is ours, current, for `resource`."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                audience=audience(resource),
                issuer=ISSUER,
                options={
                    "require": ["aud", "iss", "iat", "nbf", "exp", "oid", "appid"],
                    # Times are looked at below, by our own clock.
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.InvalidAudienceError:
            raise InvalidToken(
                "The access token is for another resource; required is " + audience(resource)
            ) from None
        except jwt.InvalidSignatureError:
            raise InvalidToken("The access token was not issued by this local cloud.") from None
        except jwt.InvalidTokenError:
            # PyJWT's own text may quote from the token.
            raise InvalidToken("This is not an access token.") from None
        now = self._clock()
        if claims["exp"] <= now:
            raise InvalidToken("The access token has expired; get a new one.")
        if claims["nbf"] > now + _CLOCK_SET_BACK:
            raise InvalidToken("The access token is not valid yet; get a new one.")
        return Claims(client_id=str(claims["appid"]), object_id=str(claims["oid"]))


def audience(resource: str) -> str:
    """The `aud` that stands for a resource or scope: no `/.default`, no slash at the end."""
    return resource.removesuffix(_SCOPE_SUFFIX).rstrip("/")
