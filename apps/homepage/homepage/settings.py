"""Everything the environment may say to the homepage."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


def _origin(url: str) -> str:
    """Scheme and host of a public address, without a slash at its end."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("must be an address such as https://www.example.org")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end with the host: no path, query or fragment")
    return f"{parts.scheme}://{parts.netloc}"


class Settings(BaseSettings):
    """Settings of one process; each is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    host: str = Field(default="0.0.0.0", min_length=1)  # noqa: S104  # the container's ingress decides who reaches it
    port: int = Field(default=8000, ge=0, le=65535, description="0 takes a free port")
    public_url: Annotated[str, AfterValidator(_origin)] = "http://localhost:8000"


def load() -> Settings:
    """Settings from the environment; ends the process with one line for each wrong variable."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, wrong['loc'])).upper()}={wrong['input']!r}: {wrong['msg']}"
            for wrong in error.errors()
        ]
        raise SystemExit("\n".join(lines)) from None
