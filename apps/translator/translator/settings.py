"""Settings of the translator, read from environment variables.

libpq reads the connection's variables (PGHOST, PGHOSTADDR, PGPORT, PGDATABASE, PGUSER, PGSSLMODE,
…) itself; only those that are required or that decide on the password's source are declared here.
"""

import re
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from translator.validation import describe

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


def _origin(url: str) -> str:
    """Scheme and host of a public address, without a trailing slash."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("must be an address such as https://www.example.org")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end with the host: no path, query or fragment")
    return f"{parts.scheme}://{parts.netloc}"


def _hosts(names: object) -> object:
    """Host names that a text has, separated by commas; anything else as it is."""
    if not isinstance(names, str):
        return names
    found = frozenset(filter(None, (name.strip().lower() for name in names.split(","))))
    if not all(map(_HOST.fullmatch, found)):
        raise ValueError("must be host names, such as www.example.org,example.net")
    return found


def is_loopback(url: str) -> bool:
    """Return True for an address of this machine's own."""
    return urlsplit(url).hostname in _LOOPBACK


def _safe_for_tokens(url: str) -> str:
    if urlsplit(url).scheme != "https" and not is_loopback(url):
        raise ValueError("must begin with https://, as access tokens are sent to it")
    return url


SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
_ENCRYPTED: frozenset[SslMode] = frozenset({"require", "verify-ca", "verify-full"})


class DatabaseSettings(BaseSettings):
    """Database and identity; each field is the environment variable of its name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    pghost: str = Field(min_length=1)
    pgdatabase: str = Field(min_length=1)
    pguser: str = Field(min_length=1)
    pgsslmode: SslMode = "verify-full"
    pgsslrootcert: str | None = Field(
        default=None, description="default: the certificate authorities of certifi"
    )

    identity_endpoint: str | None = Field(
        default=None,
        description="the platform's source of access tokens; default: a password found by libpq",
    )
    azure_client_id: str | None = Field(
        default=None, description="managed identity to use; default: the app's only one"
    )

    @model_validator(mode="after")
    def _no_token_in_clear(self) -> Self:
        if self.identity_endpoint and self.pgsslmode not in _ENCRYPTED:
            allowed = ", ".join(sorted(_ENCRYPTED))
            raise ValueError(
                f"PGSSLMODE must be one of {allowed}, as an access token is the password"
            )
        return self


class Settings(DatabaseSettings):
    """Settings of one process of the app."""

    host: str = Field(default="0.0.0.0", min_length=1)  # noqa: S104  # the container's ingress decides who reaches it
    port: int = Field(default=8000, ge=0, le=65535, description="0 takes a free port")
    public_url: Annotated[str, AfterValidator(_origin)] = "http://localhost:8000"
    other_hosts: Annotated[frozenset[str], NoDecode, BeforeValidator(_hosts)] = Field(
        default=frozenset(), description="further host names, redirected to public_url"
    )
    front_door_id: UUID | None = Field(
        default=None, description="Front Door profile whose X-Azure-SocketIP is trusted"
    )

    translator_provider: Literal["azure", "offline"] = "offline"
    translator_endpoint: (
        Annotated[str, AfterValidator(_origin), AfterValidator(_safe_for_tokens)] | None
    ) = None

    visitor_writes_per_hour: int = Field(default=60, ge=1)
    address_writes_per_hour: int = Field(default=300, ge=1)
    characters_per_day: int = Field(
        default=60_000,
        ge=0,
        description="translated by Azure; its free tier has 2 million a month",
    )

    @model_validator(mode="after")
    def _azure_is_somewhere(self) -> Self:
        if self.translator_provider == "azure" and self.translator_endpoint is None:
            raise ValueError("TRANSLATOR_ENDPOINT is required when TRANSLATOR_PROVIDER is azure")
        return self


AnySettings = TypeVar("AnySettings", bound=DatabaseSettings)


def load(kind: type[AnySettings]) -> AnySettings:
    """Read settings from the environment; raise SystemExit with a line for each wrong variable."""
    try:
        return kind()  # pyright: ignore[reportCallIssue]  # what is required comes from the environment
    except ValidationError as error:
        raise SystemExit("\n".join(map(_line, error.errors()))) from None


def _line(wrong: "ErrorDetails") -> str:
    name = ".".join(map(str, wrong["loc"])).upper()
    if wrong["type"] == "missing":
        return f"{name} is not set"
    reason = describe(wrong)
    return f"{name}={wrong['input']!r}: {reason}" if name else reason
