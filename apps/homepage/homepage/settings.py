"""Settings of the homepage, read from environment variables."""

import re
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from homepage.validation import describe

_SHORTEST_KEY: Final = 32
"""Characters of a session key: 16 random bytes in hexadecimal."""
_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


def web_address(url: str) -> str:
    """Return an http(s) address without trailing slashes; ValueError for anything else."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.username is None
        usable = usable and parts.port != 0  # raises ValueError for a port that is not a number
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", url):
        raise ValueError("must be an address such as https://www.example.org")
    return url.rstrip("/")


def _origin(url: str) -> str:
    """Scheme and host of a public address, without a trailing slash."""
    parts = urlsplit(web_address(url))
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end with the host: no path, query or fragment")
    return f"{parts.scheme}://{parts.netloc}"


def _https(url: str) -> str:
    if urlsplit(web_address(url)).scheme != "https":
        raise ValueError("must start with https://")
    return url.rstrip("/")


def _feed(url: str) -> str:
    """An http(s) address as it is: to a blog, a slash at its end may matter."""
    web_address(url)
    return url


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
    return urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}


Given = Annotated[str, Field(min_length=1)]


class Settings(BaseSettings):
    """Settings of one process; each is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    host: Given = "0.0.0.0"  # noqa: S104  # the container's ingress decides who reaches it
    port: int = Field(default=8000, ge=0, le=65535, description="0 takes a free port")
    public_url: Annotated[str, AfterValidator(_origin)] = "http://localhost:8000"
    other_hosts: Annotated[frozenset[str], NoDecode, BeforeValidator(_hosts)] = frozenset()
    """Further host names of the site, whose visitors are redirected to `public_url`."""

    front_door_id: Given | None = None
    """ID of the only Front Door profile whose requests are answered; None: any request is."""

    session_key: SecretStr | None = Field(default=None, min_length=_SHORTEST_KEY)
    oidc_client_id: Given | None = None
    """None: no sign-in."""
    oidc_client_secret: SecretStr | None = Field(default=None, min_length=1)
    oidc_authority: Annotated[str, AfterValidator(_https)] = (
        "https://login.microsoftonline.com/common"
    )
    azure_client_id: Given | None = None
    """Managed identity that authenticates the app to the provider without a client secret."""

    sheet_id: Given | None = None
    sheets_api_key: SecretStr | None = Field(default=None, min_length=1)
    sheets_base_url: Annotated[str, AfterValidator(web_address)] = "https://sheets.googleapis.com"
    sheet_csv_talks: Annotated[str, AfterValidator(web_address)] | None = None
    sheet_csv_projects: Annotated[str, AfterValidator(web_address)] | None = None
    sheet_csv_interviews: Annotated[str, AfterValidator(web_address)] | None = None

    blog_feed: Annotated[str, AfterValidator(_feed)] | None = None

    @model_validator(mode="after")
    def _whole_groups(self) -> Self:
        if self.oidc_client_id:
            if not self.session_key:
                raise ValueError("SESSION_KEY is required when OIDC_CLIENT_ID is set")
            if not (self.oidc_client_secret or self.azure_client_id):
                raise ValueError(
                    "OIDC_CLIENT_SECRET or AZURE_CLIENT_ID is required when OIDC_CLIENT_ID is set"
                )
        if bool(self.sheet_id) != bool(self.sheets_api_key):
            raise ValueError("SHEET_ID and SHEETS_API_KEY must be set together")
        csv = (self.sheet_csv_talks, self.sheet_csv_projects, self.sheet_csv_interviews)
        if any(csv) and not all(csv):
            raise ValueError(
                "SHEET_CSV_TALKS, SHEET_CSV_PROJECTS and SHEET_CSV_INTERVIEWS must be set together"
            )
        if any(csv) and self.sheet_id:
            raise ValueError("set either SHEET_ID or the SHEET_CSV_ variables, not both")
        return self


_SECRET: Final = {"session_key", "oidc_client_secret", "sheets_api_key"}


def load() -> Settings:
    """Read settings from the environment; raise SystemExit with a line for each wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        lines: list[str] = []
        for wrong in error.errors():
            name = ".".join(map(str, wrong["loc"]))
            shown = "" if name in _SECRET or not name else f"={wrong['input']!r}"
            lines.append(f"{name.upper()}{shown}: {describe(wrong)}".removeprefix(": "))
        raise SystemExit("\n".join(lines)) from None
