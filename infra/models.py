"""Base classes and types of fields of the settings."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)
from pydantic.alias_generators import to_camel

from infra import domains
from infra.domains import HOST_NAME


class Model(BaseModel):
    """Frozen; keys are in camelCase, and an unknown one is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, coerce_numbers_to_str=True
    )


def reject_bool(value: object) -> object:
    """Refuse `true`, which Python counts as 1. Raises ValueError."""
    if isinstance(value, bool):
        raise ValueError("a number")  # noqa: TRY004 - what pydantic turns into its own error
    return value


def _switch(value: object) -> object:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _https(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and parts.hostname and parts.username is None
        usable = usable and parts.port != 0  # raises where it is no number
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", url):
        raise ValueError("an address that begins with https:// and a host name")
    return url


def _without_slash(url: str) -> str:
    return url.rstrip("/")


# `pulumi config set` keeps a value's type in the stack's file: once quoted, it stays a string.
Whole = Annotated[int, BeforeValidator(reject_bool)]
Switch = Annotated[bool, BeforeValidator(_switch), Field(strict=True)]
HttpsFile = Annotated[str, AfterValidator(_https)]
Https = Annotated[HttpsFile, AfterValidator(_without_slash)]
Text = Annotated[str, Field(min_length=1)]


class SiteSettings(Model):
    """Settings of every site. Replicas and cool-down apply to Container Apps alone.

    `host`: each site declares its hosts as a Literal with a default; `domain`: its own name; `www`:
    that name with www. before it (or without) leads there too.
    """

    host: Any
    cdn: Literal["frontDoor", "none"] = "none"
    domain: Annotated[
        str | None,
        Field(
            pattern=re.compile(HOST_NAME),
            description="a host name in lower case, such as www.example.com (an international one "
            "as xn--…)",
        ),
    ] = None
    www: Switch = False
    min_replicas: Annotated[Whole, Field(ge=0, le=30)] = 0
    max_replicas: Annotated[Whole, Field(ge=1, le=30)] = 1
    cooldown_seconds: Annotated[Whole, Field(ge=1, le=3600)] = 300
    image: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z0-9.:-]+(/[a-z0-9._-]+)+[:@][\w.:-]+$",
            description="a whole reference: registry.azurecr.io/NAME@sha256:… or registry/NAME:tag",
        ),
    ] = None

    @model_validator(mode="after")
    def _replicas_in_order(self) -> Self:
        if self.min_replicas > self.max_replicas:
            message = (
                f"minReplicas {self.min_replicas} is above maxReplicas {self.max_replicas}; "
                "allowed: minReplicas up to maxReplicas"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _www_of_a_domain(self) -> Self:
        if self.www and not self.domain:
            raise ValueError("www needs a domain; allowed: www false, or a domain")
        return self

    @property
    def hosts(self) -> tuple[str, ...]:
        """Own host names, the canonical one first; none without a domain."""
        return domains.hosts(self.domain, www=self.www)

    @property
    def is_container(self) -> bool:
        """True for a site that runs a container image; files have none."""
        return self.host != "staticSite"

    @property
    def is_behind_edge(self) -> bool:
        """True for a site with an endpoint on the Front Door profile."""
        return self.cdn == "frontDoor"


def secrets_of(settings: BaseModel, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Path and value of each secret in an object of settings."""
    for name, field in type(settings).model_fields.items():
        value, path = getattr(settings, name), f"{prefix}{field.alias or name}"
        if isinstance(value, SecretStr):
            yield path, value.get_secret_value()
        elif isinstance(value, BaseModel):
            yield from secrets_of(value, f"{path}.")
