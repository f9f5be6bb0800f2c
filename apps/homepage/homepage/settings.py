"""Everything the environment may say to the homepage."""

import re
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_SHORTEST_KEY: Final = 32
"""Characters of a session key: 16 random bytes in hexadecimal."""


def web_address(url: str) -> str:
    """The http(s) address without slashes at its end; ValueError if it is none."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.username is None
        usable = usable and parts.port != 0  # raises where it is no number
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", url):
        raise ValueError("must be an address such as https://www.example.org")
    return url.rstrip("/")


def _origin(url: str) -> str:
    """Scheme and host of a public address, without a slash at its end."""
    parts = urlsplit(web_address(url))
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end with the host: no path, query or fragment")
    return f"{parts.scheme}://{parts.netloc}"


def _https(url: str) -> str:
    if urlsplit(web_address(url)).scheme != "https":
        raise ValueError("must start with https://")
    return url.rstrip("/")


Given = Annotated[str, Field(min_length=1)]


class Settings(BaseSettings):
    """Settings of one process; each is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    host: Given = "0.0.0.0"  # noqa: S104  # the container's ingress decides who reaches it
    port: int = Field(default=8000, ge=0, le=65535, description="0 takes a free port")
    public_url: Annotated[str, AfterValidator(_origin)] = "http://localhost:8000"

    front_door_id: Given | None = None
    """Of the only Front Door profile whose requests are answered; None answers everybody."""

    session_key: SecretStr | None = Field(default=None, min_length=_SHORTEST_KEY)
    oidc_client_id: Given | None = None
    """None is a site without sign-in."""
    oidc_client_secret: SecretStr | None = Field(default=None, min_length=1)
    oidc_authority: Annotated[str, AfterValidator(_https)] = (
        "https://login.microsoftonline.com/common"
    )
    azure_client_id: Given | None = None
    """Of the managed identity that vouches for the app where there is no client secret."""

    sheet_id: Given | None = None
    sheets_api_key: SecretStr | None = Field(default=None, min_length=1)
    sheets_base_url: Annotated[str, AfterValidator(web_address)] = "https://sheets.googleapis.com"
    sheet_csv_talks: Annotated[str, AfterValidator(web_address)] | None = None
    sheet_csv_projects: Annotated[str, AfterValidator(web_address)] | None = None
    sheet_csv_interviews: Annotated[str, AfterValidator(web_address)] | None = None

    @model_validator(mode="after")
    def _whole_groups(self) -> Self:
        if self.oidc_client_id:
            if not self.session_key:
                raise ValueError("SESSION_KEY is missing: OIDC_CLIENT_ID turns sign-in on")
            if not (self.oidc_client_secret or self.azure_client_id):
                raise ValueError(
                    "OIDC_CLIENT_ID needs OIDC_CLIENT_SECRET, or AZURE_CLIENT_ID of an identity"
                )
        if bool(self.sheet_id) != bool(self.sheets_api_key):
            raise ValueError("SHEET_ID and SHEETS_API_KEY go together: one of them is missing")
        csv = (self.sheet_csv_talks, self.sheet_csv_projects, self.sheet_csv_interviews)
        if any(csv) and not all(csv):
            raise ValueError(
                "SHEET_CSV_TALKS, SHEET_CSV_PROJECTS and SHEET_CSV_INTERVIEWS go together"
            )
        if any(csv) and self.sheet_id:
            raise ValueError("SHEET_ID and SHEET_CSV_… are two ways to one thing: give one")
        return self


_SECRET: Final = {"session_key", "oidc_client_secret", "sheets_api_key"}


def load() -> Settings:
    """Settings from the environment; ends the process with one line for each wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        lines: list[str] = []
        for wrong in error.errors():
            name = ".".join(map(str, wrong["loc"]))
            shown = "" if name in _SECRET or not name else f"={wrong['input']!r}"
            message = wrong["msg"].removeprefix("Value error, ")
            if wrong["type"] == "too_short":  # said of items, and a secret has characters
                message = f"must have at least {wrong.get('ctx', {}).get('min_length')} characters"
            lines.append(f"{name.upper()}{shown}: {message}".removeprefix(": "))
        raise SystemExit("\n".join(lines)) from None
