"""Everything the environment may say to the translator.

The connection's own variables (PGHOST, PGHOSTADDR, PGPORT, PGDATABASE, PGUSER, PGSSLMODE, …) are
read by libpq; named here is what must be there, and what decides how the password is come by.
"""

from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _origin(url: str) -> str:
    """Scheme and host of a public address, without a slash at its end."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("must be an address such as https://www.example.org")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end with the host: no path, query or fragment")
    return f"{parts.scheme}://{parts.netloc}"


def _safe_for_tokens(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError("a token is sent there, so it must begin with https://")
    return url


SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
_ENCRYPTED: frozenset[SslMode] = frozenset({"require", "verify-ca", "verify-full"})


class DatabaseSettings(BaseSettings):
    """The database, and who we are there; each is the variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    pghost: str = Field(min_length=1)
    pgdatabase: str = Field(min_length=1)
    pguser: str = Field(min_length=1)
    pgsslmode: SslMode = "verify-full"
    pgsslrootcert: str | None = Field(default=None, description="None: the authorities of certifi")

    identity_endpoint: str | None = Field(
        default=None,
        description="where the platform gives access tokens; None: libpq's own ways to a password",
    )
    azure_client_id: str | None = Field(
        default=None, description="which of the app's identities; None: the one it has"
    )

    @model_validator(mode="after")
    def _no_token_in_clear(self) -> Self:
        if self.identity_endpoint and self.pgsslmode not in _ENCRYPTED:
            allowed = ", ".join(sorted(_ENCRYPTED))
            raise ValueError(f"PGSSLMODE: a token is the password, so it must be one of {allowed}")
        return self


class Settings(DatabaseSettings):
    """Settings of one process of the app."""

    host: str = Field(default="0.0.0.0", min_length=1)  # noqa: S104  # the container's ingress decides who reaches it
    port: int = Field(default=8000, ge=0, le=65535, description="0 takes a free port")
    public_url: Annotated[str, AfterValidator(_origin)] = "http://localhost:8000"
    front_door_id: UUID | None = Field(
        default=None, description="of the edge in front; its word on who is asking is taken"
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
        description="to translate; the free tier has 2 million a month",
    )

    @model_validator(mode="after")
    def _azure_is_somewhere(self) -> Self:
        if self.translator_provider == "azure" and self.translator_endpoint is None:
            raise ValueError("TRANSLATOR_ENDPOINT is not set, and TRANSLATOR_PROVIDER is azure")
        return self


AnySettings = TypeVar("AnySettings", bound=DatabaseSettings)


def load(kind: type[AnySettings]) -> AnySettings:
    """Settings from the environment; raises SystemExit with one line for each wrong variable."""
    try:
        return kind()  # pyright: ignore[reportCallIssue]  # what is required comes from the environment
    except ValidationError as error:
        raise SystemExit("\n".join(map(_line, error.errors()))) from None


def _line(wrong: "ErrorDetails") -> str:
    name = ".".join(map(str, wrong["loc"])).upper()
    if wrong["type"] == "missing":
        return f"{name} is not set"
    reason = wrong["msg"].removeprefix("Value error, ")
    return f"{name}={wrong['input']!r}: {reason}" if name else reason
