"""Settings of one environment: the only reader of Pulumi's configuration.

One frozen, validated object. A wrong value or an unknown key is one line that names the key, the
value given and what is allowed.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, cast

import pulumi
import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from infra.naming import PROJECT, REGISTRY_ID
from infra.regions import REGIONS
from infra.site_settings import SECRETS, Homepage, Model, Translator, no_truth
from infra.waits import DEFAULTS

SIZES: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "local": {
        "homepage": {"cdn": "frontDoor", "maxReplicas": 3, "cooldownSeconds": 60},
        "translator": {
            "cdn": "frontDoor",
            "maxReplicas": 2,
            "cooldownSeconds": 60,
            "translation": {"provider": "azure"},
        },
        "budget": {"monthlyAmount": 90},
    },
    "dev": {
        "homepage": {"cdn": "none", "maxReplicas": 1},
        "translator": {"cdn": "none", "maxReplicas": 1},
        "budget": {"monthlyAmount": 40},
    },
    "prod": {
        "homepage": {"cdn": "frontDoor", "maxReplicas": 5},
        "translator": {
            "cdn": "frontDoor",
            "maxReplicas": 3,
            # The free tier: it costs nothing, and beyond it the app translates offline and says so.
            # There is one to a subscription, so dev, which may share it, translates offline.
            "translation": {"provider": "azure"},
        },
        "budget": {"monthlyAmount": 90},
    },
}
"""How the environments differ. What is the same in all of them is the default of its field."""


class SettingsError(Exception):
    """The configuration cannot be used; the text has one line for each thing that is wrong."""


def _registry_id(value: str) -> str:
    if not REGISTRY_ID.fullmatch(value):
        allowed = (
            "the resource id of a container registry: /subscriptions/<id>/resourceGroups/<group>"
            "/providers/Microsoft.ContainerRegistry/registries/<name>"
        )
        raise ValueError(allowed)
    return value


def _region(value: str) -> str:
    """Another region replaces everything, the database too: a mistyped one must not get so far."""
    if value not in REGIONS:
        near = get_close_matches(value.lower().replace(" ", ""), REGIONS, n=3, cutoff=0.5)
        message = (
            f"{value!r} is not allowed; allowed: an Azure region, such as "
            f"{', '.join(near or ['eastus', 'westeurope'])} (infra/regions.py has all): "
            "pulumi config set azure-native:location eastus"
        )
        raise ValueError(message)
    return value


_LARGEST_BUDGET = 1_000_000
_CHECKOUT = Path(__file__).parents[1]


def _in_checkout(file: Path | None) -> Path | None:
    """Relative to the checkout, wherever the program runs."""
    return _CHECKOUT / file if file else None


def _as_text(value: object) -> object:
    """`pulumi config set --path database.version 17` stores a number."""
    return str(value) if isinstance(value, int) else value


def _budget_amount(value: object) -> object:
    allowed = "0 (no budget) to 1000000, in the subscription's currency"
    try:
        amount = float(str(no_truth(value)))
    except ValueError as error:
        raise ValueError(allowed) from error
    if not 0 <= amount <= _LARGEST_BUDGET:
        raise ValueError(allowed)
    return amount


class Registry(Model):
    """An existing container registry to share; none: one is made."""

    id: Annotated[str, AfterValidator(_registry_id)] | None = None


class Database(Model):
    """PostgreSQL Flexible Server. Storage in GiB; it can grow and never shrink."""

    sku: Annotated[str, Field(pattern=r"^Standard_[BDE]\d+[a-z]*(_v\d+)?$")] = "Standard_B1ms"
    storage_gb: Literal[32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384] = 32
    high_availability: Literal["disabled", "sameZone", "zoneRedundant"] = "disabled"
    version: Annotated[Literal["16", "17", "18"], BeforeValidator(_as_text)] = "17"

    @model_validator(mode="after")
    def _burstable_stands_alone(self) -> Self:
        if self.high_availability != "disabled" and self.sku.startswith("Standard_B"):
            message = (
                f"highAvailability {self.high_availability!r} is not offered for the burstable "
                f"sku {self.sku!r}; use a general purpose one (Standard_D2ds_v5) or disabled"
            )
            raise ValueError(message)
        return self


class Budget(Model):
    """Amount a month in the subscription's currency, 0 for no budget; contacts get its alerts."""

    monthly_amount: Annotated[float, BeforeValidator(_budget_amount)]
    contacts: tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")], ...] = ()


Seconds = Annotated[int, BeforeValidator(no_truth), Field(ge=0, le=3600)]


class Waits(Model):
    """How long to wait for Azure, in seconds; changing it changes no resource.

    `server`: for which a new database server must be ready on every look; `roleAge`: until a
    registry knows a new role; `purge`: until a deleted account is listed; `pull_limit`: until a
    build that Docker Hub refused its base is repeated; `deadline`: of each wait, and of the
    repetition of what Azure refuses. Sources: docs/adr/0009.
    """

    server: Seconds = DEFAULTS["server"]
    role_age: Seconds = DEFAULTS["roleAge"]
    purge: Seconds = DEFAULTS["purge"]
    pull_limit: Seconds = DEFAULTS["pullLimit"]
    deadline: Annotated[int, BeforeValidator(no_truth), Field(ge=1, le=7200)] = DEFAULTS["deadline"]

    @model_validator(mode="after")
    def _deadline_comes_last(self) -> Self:
        longest = max(self.server, self.role_age, self.purge, self.pull_limit)
        if self.deadline <= longest:
            message = (
                f"deadline {self.deadline} leaves no time for a wait of {longest}; "
                f"allowed: above {longest}"
            )
            raise ValueError(message)
        return self


class Settings(Model):
    """Everything that may differ between environments."""

    environment: Literal["local", "dev", "prod"]
    location: Annotated[str, AfterValidator(_region)]
    homepage: Homepage
    translator: Translator
    registry: Registry
    database: Database
    budget: Budget
    waits: Waits
    usage_file: Annotated[Path | None, AfterValidator(_in_checkout)] = None
    max_monthly_cost: Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=2)] | None = None

    @property
    def protected(self) -> bool:
        """Whether the data must survive a destroy."""
        return self.environment == "prod"


KEYS = ("homepage", "translator", "registry", "database", "budget", "waits")
"""Keys that hold an object of fields."""

PLAIN_KEYS = ("usageFile", "maxMonthlyCost")
"""Keys that hold one value."""


def load() -> Settings:
    """Settings of the stack that runs. Raises SettingsError."""
    stack = pulumi.get_stack()
    return read(
        stack,
        pulumi.runtime.get_config_env(),
        secret_keys=pulumi.runtime.get_config_secret_keys_env(),
        stored=_stored(_CHECKOUT / f"Pulumi.{stack}.yaml"),
    )


def _stored(file: Path) -> Mapping[str, object]:
    """The configuration in a stack's file, where a secret is {"secure": …}; {} without a file."""
    content: object = yaml.safe_load(file.read_text()) if file.exists() else None
    return cast("Mapping[str, Mapping[str, object]]", content or {}).get("config") or {}


def read(
    environment: str,
    config: Mapping[str, str],
    *,
    secret_keys: Collection[str] = (),
    stored: Mapping[str, object] = MappingProxyType({}),
) -> Settings:
    """Settings from a configuration as the engine gives it: full keys, objects as JSON text.

    `secret_keys`: whose value, or part of it, is a secret; not repeated in an error. `stored`: the
    same configuration as in the stack's file, which alone says what part. Raises SettingsError.
    """
    if environment not in SIZES:
        message = f"stack {environment!r} is no environment; allowed: {', '.join(SIZES)}"
        raise SettingsError(message)
    problems = [_unknown(key) for key in sorted(config) if _is_unknown(key)]
    values: dict[str, object] = {
        "environment": environment,
        "location": config.get("azure-native:location", ""),
    }
    for key in KEYS:
        given = _parsed(config.get(f"{PROJECT}:{key}", "{}"))
        values[key] = (
            _laid_over(_sizes(environment, key, given), given) if isinstance(given, dict) else given
        )
    for key in PLAIN_KEYS:
        values[key] = config.get(f"{PROJECT}:{key}")
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += [_problem(detail, secret_keys, stored) for detail in error.errors()]
    else:
        problems += _in_clear(settings, secret_keys, stored)
        if not problems:
            return settings
    raise SettingsError("\n".join(problems))


def _parsed(text: str) -> dict[str, object] | str:
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError:
        return text
    return cast("dict[str, object]", value) if isinstance(value, dict) else text


def _sizes(environment: str, key: str, given: Mapping[str, object]) -> Mapping[str, object]:
    """The environment's own values, without those that what is given leaves no place for."""
    if key == "homepage" and given.get("host") == "staticSite":
        return {}  # neither replicas nor an edge
    return SIZES[environment].get(key, {})


def _laid_over(sizes: Mapping[str, object], given: Mapping[str, object]) -> dict[str, object]:
    """`sizes` with `given` on it, object by object: one field given does not lose the others."""
    result = dict(sizes)
    for name, value in given.items():
        old = result.get(name)
        both = isinstance(value, dict) and isinstance(old, dict)
        result[name] = (
            _laid_over(cast("dict[str, object]", old), cast("dict[str, object]", value))
            if both
            else value
        )
    return result


def _in_clear(
    settings: Settings, secret_keys: Collection[str], stored: Mapping[str, object]
) -> list[str]:
    """A line for each secret that lies in clear in the environment's file."""
    key = f"{PROJECT}:homepage"
    return [
        f"{key}.{path}: is in clear in Pulumi.{settings.environment}.yaml; replace it, and give "
        f"the new one as a secret: pulumi config set --secret --path homepage.{path} VALUE"
        for path in settings.homepage.secret_fields
        if not isinstance(kept := _at(stored, [key, *path.split(".")]), Mapping)
        and (kept is not None or key not in secret_keys)
    ]


def _at(entries: object, path: Sequence[str]) -> object:
    """What lies at a path of nested objects; None where nothing does."""
    for name in path:
        if not isinstance(entries, Mapping):
            return None
        entries = cast("Mapping[str, object]", entries).get(name)
    return entries


def _is_unknown(key: str) -> bool:
    namespace, _, name = key.partition(":")
    return namespace == PROJECT and name not in (*KEYS, *PLAIN_KEYS)


def _unknown(key: str) -> str:
    name = key.partition(":")[2]
    if name.partition(".")[0] in KEYS:
        return f"{key}: set a field with --path: pulumi config set --path {name} VALUE"
    return f"{key}: unknown key; allowed: {', '.join((*KEYS, *PLAIN_KEYS))}"


def _problem(
    detail: ErrorDetails, secret_keys: Collection[str], stored: Mapping[str, object]
) -> str:
    """One line: the key, the value given, what is allowed."""
    path = detail["loc"]
    full = "azure-native:location" if path[0] == "location" else f"{PROJECT}:{path[0]}"
    key = full + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[1:])
    if detail["type"] == "extra_forbidden":
        return f"{key}: unknown key; allowed: {', '.join(_fields(path[:-1]))}"
    if detail["type"] == "value_error" and (len(path) == 1 or isinstance(detail["input"], dict)):
        return f"{key}: {detail['msg'].removeprefix('Value error, ')}"
    in_file = isinstance(_at(stored, [full, *map(str, path[1:])]), str | int | float)
    hidden = SECRETS & set(path) or (full in secret_keys and not in_file)
    shown = "[secret]" if hidden else repr(detail["input"])
    return f"{key}: {shown} is not allowed; allowed: {_allowed(detail)}"


def _allowed(detail: ErrorDetails) -> str:
    context: Mapping[str, Any] = detail.get("ctx", {})
    field = str([part for part in detail["loc"] if isinstance(part, str)][-1])
    kind = detail["type"]
    match kind:
        case "literal_error":
            return str(context["expected"]).replace("'", "").replace(" or ", ", ")
        case "string_pattern_mismatch":
            return _PATTERNS[field]
        case "model_type":
            path = ".".join(str(part) for part in detail["loc"])
            return f"its fields, one at a time: pulumi config set --path {path}.FIELD VALUE"
        case "tuple_type":
            path = ".".join(str(part) for part in detail["loc"])
            return f"a list: pulumi config set --path '{path}[0]' VALUE"
        case _:
            said = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            return _KINDS.get(kind, said)


_KINDS = {
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "a whole number"),
    "bool_type": "true, false",
    "string_too_short": "a text that is not empty",
}
_PATTERNS = {
    "image": "a whole reference: registry.azurecr.io/homepage@sha256:… or registry/name:tag",
    "sku": "Standard_B1ms, Standard_B2s, Standard_D2ds_v5 and the like",
    "contacts": "an e-mail address",
}


def _fields(path: Sequence[str | int]) -> list[str]:
    """The keys of the object at a path."""
    model: type[BaseModel] = Settings
    for part in path:
        found = next(f for n, f in model.model_fields.items() if part in (n, f.alias))
        model = cast("type[BaseModel]", found.annotation)
    return [field.alias or name for name, field in model.model_fields.items()]
