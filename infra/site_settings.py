"""What may be said of the two sites: where they run, how they scale, what they are connected to."""

import re
from typing import Annotated, Literal, Self
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

_SHORTEST_KEY = 32  # characters: 16 random bytes in hexadecimal
_NEW_KEY = 'pulumi config set --secret --path homepage.sessionKey "$(openssl rand -hex 32)"'


class Model(BaseModel):
    """Frozen; keys are in camelCase, and an unknown one is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, coerce_numbers_to_str=True
    )


def no_truth(value: object) -> object:
    """`true` is no number, although Python counts it as 1."""
    if isinstance(value, bool):
        raise ValueError("a number")  # noqa: TRY004 - what pydantic turns into its own error
    return value


def _https(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and parts.hostname and parts.username is None
        usable = usable and parts.port != 0  # raises where it is no number
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", url):
        raise ValueError("an address that begins with https:// and a host name")
    return url.rstrip("/")


def _long_enough(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < _SHORTEST_KEY:
        message = f"at least {_SHORTEST_KEY} characters: {_NEW_KEY}"
        raise ValueError(message)
    return key


Https = Annotated[str, AfterValidator(_https)]
Given = Annotated[str, Field(min_length=1)]


class Site(Model):
    """One site. Replicas count on Container Apps alone."""

    cdn: Literal["frontDoor", "none"] = "none"
    min_replicas: Annotated[int, BeforeValidator(no_truth), Field(ge=0, le=30)] = 0
    max_replicas: Annotated[int, BeforeValidator(no_truth), Field(ge=1, le=30)] = 1
    cooldown_seconds: Annotated[int, BeforeValidator(no_truth), Field(ge=1, le=3600)] = 300
    image: Annotated[str, Field(pattern=r"^[a-z0-9.:-]+(/[a-z0-9._-]+)+[:@][\w.:-]+$")] | None = (
        None
    )

    @model_validator(mode="after")
    def _replicas_in_order(self) -> Self:
        if self.min_replicas > self.max_replicas:
            message = (
                f"minReplicas {self.min_replicas} is above maxReplicas {self.max_replicas}; "
                "allowed: minReplicas up to maxReplicas"
            )
            raise ValueError(message)
        return self


class SignIn(Model):
    """The application that is registered for sign-in; without `clientId` there is no sign-in.

    Without `clientSecret` the app's managed identity is its credential (a federated one).
    """

    client_id: Given | None = None
    authority: Https = "https://login.microsoftonline.com/common"
    client_secret: SecretStr | None = None


class Csv(Model):
    """Addresses of the worksheets, published as CSV."""

    talks: Https | None = None
    projects: Https | None = None
    interviews: Https | None = None

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        given = [self.talks, self.projects, self.interviews]
        if any(given) and not all(given):
            raise ValueError("talks, projects and interviews go together: give all three")
        return self


class Sheet(Model):
    """Where the homepage's content comes from: a spreadsheet by its id, or published CSV."""

    id: Given | None = None
    api_key: SecretStr | None = None
    csv: Csv = Csv()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.id is None) != (self.api_key is None):
            message = (
                "id and apiKey go together, and one of them is missing: "
                "pulumi config set --path homepage.sheet.id ID; "
                "pulumi config set --secret --path homepage.sheet.apiKey KEY"
            )
            raise ValueError(message)
        if self.id and self.csv.talks:
            raise ValueError("id and csv are two ways to one thing: give one of them")
        return self


class Homepage(Site):
    """The homepage. `originLock`: answer only what came through the site's own edge."""

    host: Literal["containerApp", "staticSite"] = "containerApp"
    sign_in: SignIn = SignIn()
    session_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None
    sheet: Sheet = Sheet()
    origin_lock: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _sessions_have_a_key(self) -> Self:
        if self.sign_in.client_id and not self.session_key:
            message = f"signIn.clientId needs a sessionKey: {_NEW_KEY}"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _static_stands_alone(self) -> Self:
        if self.host == "staticSite" and self.cdn != "none":
            message = (
                f"cdn {self.cdn!r} is not for host 'staticSite', which has an edge of its own; "
                "allowed: none (pulumi config rm --path homepage.cdn)"
            )
            raise ValueError(message)
        if self.host == "staticSite" and self.sign_in.client_id:
            raise ValueError(
                "signIn needs a server, and host 'staticSite' has none; "
                "allowed: host containerApp, or no signIn.clientId"
            )
        return self

    @model_validator(mode="after")
    def _locks_with_an_edge(self) -> Self:
        if self.origin_lock and self.cdn == "none":
            raise ValueError(
                "originLock is for a site behind an edge of its own; "
                "allowed: originLock false, or cdn frontDoor"
            )
        return self

    @property
    def secret_fields(self) -> dict[str, SecretStr]:
        """What is given of the secrets, by its path."""
        fields = {
            "sessionKey": self.session_key,
            "signIn.clientSecret": self.sign_in.client_secret,
            "sheet.apiKey": self.sheet.api_key,
        }
        return {path: value for path, value in fields.items() if value is not None}


class Translation(Model):
    """Who translates. F0 is free, 2 million characters a month, and one to a subscription."""

    provider: Literal["azure", "offline"] = "offline"
    sku: Literal["F0", "S1"] = "F0"


class Translator(Site):
    """The translator, which runs on either host."""

    host: Literal["appService", "containerApp"] = "appService"
    translation: Translation = Translation()


SECRETS = frozenset({"sessionKey", "clientSecret", "apiKey"})
"""Fields whose value is never shown."""
