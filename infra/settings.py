"""Settings of one environment: the only reader of Pulumi's configuration.

One frozen, validated object, from the engine or from the environment's file. A wrong value or an
unknown key is one line that names the key, the value given and what is allowed.
"""

import json
import keyword
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self, TypeVar, cast

import pulumi
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from frugal import stack_files
from frugal.errors import FrugalError, describe
from frugal.stack_files import PLACEHOLDER
from infra import domains
from infra.models import Model, SiteSettings, Switch, Whole, reject_bool, secrets_of
from infra.naming import DNS_ZONE_ID, PROJECT, REGISTRY_ID, SITE_NAME
from infra.regions import REGIONS
from infra.waits import DEFAULTS


class SettingsError(FrugalError):
    """The configuration cannot be used; the text has one line for each problem."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code=2)


def _region(value: str) -> str:
    """Refuse a mistyped region: a new one replaces everything, the database included."""
    if value not in REGIONS:
        near = get_close_matches(value.lower().replace(" ", ""), REGIONS, n=3, cutoff=0.5)
        message = (
            f"{value!r} is not allowed; allowed: an Azure region, such as "
            f"{', '.join(near or ['eastus', 'westeurope'])} (infra/regions.py has all): "
            "pulumi config set azure-native:location eastus"
        )
        raise ValueError(message)
    return value


_CHECKOUT = Path(__file__).parents[1]


def _in_checkout(file: Path | None) -> Path | None:
    """Relative to the checkout, wherever the program runs."""
    return _CHECKOUT / file if file else None


def _as_number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class Registry(Model):
    """An existing container registry to share; without `id` one is created."""

    id: Annotated[
        str | None,
        Field(
            pattern=REGISTRY_ID,
            description="the resource id of a container registry: /subscriptions/<id>"
            "/resourceGroups/<group>/providers/Microsoft.ContainerRegistry/registries/<name>",
        ),
    ] = None


class Database(Model):
    """PostgreSQL Flexible Server. Storage in GiB; it can grow and never shrink."""

    sku: Annotated[
        str,
        Field(
            pattern=r"^Standard_[BDE]\d+[a-z]*(_v\d+)?$",
            description="Standard_B1ms, Standard_B2s, Standard_D2ds_v5 and the like",
        ),
    ] = "Standard_B1ms"
    storage_gb: Annotated[
        Literal[32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384], BeforeValidator(_as_number)
    ] = 32
    high_availability: Literal["disabled", "sameZone", "zoneRedundant"] = "disabled"
    # `pulumi config set --path database.version 17` stores a number.
    version: Annotated[Literal["16", "17", "18"], BeforeValidator(str)] = "17"

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

    monthly_amount: Annotated[
        float,
        BeforeValidator(reject_bool),
        Field(
            ge=0,
            le=1_000_000,
            allow_inf_nan=False,
            description="0 (no budget) to 1000000, in the subscription's currency",
        ),
    ] = 40
    contacts: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")], ...],
        Field(description="an e-mail address"),
    ] = ()


class Dns(Model):
    """The zone of the sites' domains: an existing Azure DNS zone, or `create`; None for another."""

    zone: Annotated[
        str | None,
        Field(
            pattern=re.compile(rf"^{domains.CREATE}\Z|{DNS_ZONE_ID.pattern}", re.IGNORECASE),
            description="create, or the resource id of a DNS zone: /subscriptions/<id>"
            "/resourceGroups/<group>/providers/Microsoft.Network/dnszones/<name>",
        ),
    ] = None


Seconds = Annotated[Whole, Field(ge=0, le=3600)]


class Waits(Model):
    """Seconds to wait for Azure; changing them changes no resource.

    `server`: for which a new database server must be ready at every poll; `roleAge`: until a
    registry knows a new role; `purge`: until a deleted account is listed; `pull_limit`: until a
    build that Docker Hub refused its base is repeated; `deadline`: of each wait, and of the
    repetition of what Azure refuses. Sources: docs/adr/0009.
    """

    server: Seconds = DEFAULTS["server"]
    role_age: Seconds = DEFAULTS["roleAge"]
    purge: Seconds = DEFAULTS["purge"]
    pull_limit: Seconds = DEFAULTS["pullLimit"]
    deadline: Annotated[Whole, Field(ge=1, le=7200)] = DEFAULTS["deadline"]

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
    """Settings that may differ between environments.

    `environment`: name of the stack; `sites`: by name, each of its site's own model; `protected`:
    None if it is not set; `domain_wait`: seconds to wait for a domain's records, and then for its
    certificate, before a run ends without it.
    """

    environment: str
    location: Annotated[str, AfterValidator(_region)]
    sites: Mapping[str, SiteSettings]
    registry: Registry
    database: Database
    budget: Budget
    waits: Waits
    dns: Dns
    domain_wait: Seconds = 600
    protected: Switch | None = None
    usage_file: Annotated[Path | None, AfterValidator(_in_checkout)] = None
    max_monthly_cost: Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=2)] | None = None

    @property
    def is_protected(self) -> bool:
        """True if the data must survive a destroy: in `prod` unless `protected` is false."""
        return self.environment == "prod" if self.protected is None else self.protected


KEYS = ("registry", "database", "budget", "waits", "dns")
"""Keys, other than the sites', that hold an object of fields."""

PLAIN_KEYS = ("protected", "usageFile", "maxMonthlyCost", "domainWait")
"""Keys that hold one value."""

_TAKEN = (*KEYS, *PLAIN_KEYS, "edge", "postgres")
SITE_NAMES = (
    "2 to 32 lower-case letters and digits, beginning with a letter; "
    f"not {', '.join(_TAKEN)}, and no keyword of Python"
)
"""Rule of the sites' names, which are keys, Python modules and names of `frugal logs`."""

Models = Mapping[str, type[SiteSettings]]
"""Models of the sites' settings, by the sites' names, which are their keys."""

_M = TypeVar("_M", bound=Model)


def load(models: Models) -> Settings:
    """Settings of the stack that runs. Raises FrugalError.

    The engine passes values and the keys that hold secrets, but not the path of its configuration
    file (CLI 3.259): with `--config-file` it is not the stack's own.
    """
    stack = pulumi.get_stack()
    file = _CHECKOUT / f"Pulumi.{stack}.yaml"
    return read(
        stack,
        pulumi.runtime.get_config_env(),
        models,
        secret_keys=pulumi.runtime.get_config_secret_keys_env(),
        stored=stack_files.entries(stack_files.read_file(file)) if file.exists() else {},
    )


def read(
    environment: str,
    config: Mapping[str, str],
    models: Models,
    *,
    secret_keys: Collection[str] = (),
    stored: Mapping[str, object] = MappingProxyType({}),
) -> Settings:
    """Settings from a configuration as the engine gives it: full keys, objects as JSON text.

    `secret_keys`: keys whose value is or holds a secret; an error repeats nothing of them unless it
    stands in plaintext in `stored`, the entries of the stack's file. Raises SettingsError.
    """
    objects, problems = (*models, *KEYS), _misnamed(models)
    for key in sorted(config):
        namespace, _, name = key.partition(":")
        if namespace == PROJECT and name not in (*objects, *PLAIN_KEYS):
            problems.append(_unknown(key, name, objects))
    problem = partial(_problem, secret_keys=secret_keys, stored=stored)
    given = {key: _parsed(config.get(f"{PROJECT}:{key}", "{}")) for key in objects}
    sites = {
        name: _validated(model, given[name], partial(problem, model, (name,)), problems)
        for name, model in models.items()
    }
    values: dict[str, object] = {
        "environment": environment,
        "location": config.get("azure-native:location", ""),
        "sites": {name: site for name, site in sites.items() if site},
        **{key: given[key] for key in KEYS},
        **{key: value for key in PLAIN_KEYS if (value := config.get(f"{PROJECT}:{key}"))},
    }
    settings = _validated(Settings, values, partial(problem, Settings, ()), problems)
    if settings and not problems:
        problems = [
            *_plaintext_secrets(settings, secret_keys, stored),
            *_unusable_domains(settings),
        ]
    if problems or not settings:
        raise SettingsError("\n".join(problems))
    return settings


def _validated(
    model: type[_M], given: object, problem: Callable[[ErrorDetails], str], problems: list[str]
) -> _M | None:
    """Validate values by a model; return it, or None and a line for each problem."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        problems += map(problem, error.errors())
        return None


def _parsed(text: str) -> object:
    """Parse an object of a configuration; return the text itself if it is not one."""
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError:
        return text
    return cast("dict[str, object]", value) if isinstance(value, dict) else text


def _plaintext_secrets(
    settings: Settings, secret_keys: Collection[str], stored: Mapping[str, object]
) -> Iterator[str]:
    """A line for each secret that is stored unencrypted."""
    for name, site in settings.sites.items():
        key = f"{PROJECT}:{name}"
        for path, value in secrets_of(site):
            if value == PLACEHOLDER:
                continue
            if str(_at(stored, [key, *path.split(".")])) == value:
                place = f"Pulumi.{settings.environment}.yaml"
            elif key not in secret_keys:
                place = "the configuration"
            else:
                continue
            yield (
                f"{key}.{path}: is in plaintext in {place}; replace it with a new one, set as a "
                f"secret: pulumi config set --secret --path {name}.{path} VALUE"
            )


def _unusable_domains(settings: Settings) -> Iterator[str]:
    """A line for each domain that its site's host, its edge or the zone cannot have."""
    owners: dict[str, str] = {}
    zone = domains.zone_name(
        settings.dns.zone, (host for site in settings.sites.values() for host in site.hosts)
    )
    if settings.dns.zone == domains.CREATE and not zone:
        yield f"{PROJECT}:dns.zone: create is for a domain of a site, and no site has one"
    for name, site in settings.sites.items():
        key = f"{PROJECT}:{name}.domain"
        for host in site.hosts:
            if taken := owners.get(host):
                yield f"{key}: {host!r} is a name of {taken}; allowed: another name"
            owners[host] = name
            if reason := _unusable_host(host, site, zone):
                yield f"{key}: {host!r} {reason}"


def _unusable_host(host: str, site: SiteSettings, zone: str | None) -> str | None:
    """Reason why a site cannot have a host name; None if it can. `zone`: name of the DNS zone."""
    if domains.registrable(host) is None:
        return "is a public suffix, which nobody owns; allowed: a name below it"
    if zone and host != zone and not host.endswith(f".{zone}"):
        return f"is not in the DNS zone {zone} (dns.zone); allowed: a name in it"
    if not site.is_container and "xn--" in host:
        return "is international, which host 'staticSite' does not take; allowed: another host"
    return _unusable_apex(host, site, zone) if domains.is_apex(host, zone) else None


def _unusable_apex(host: str, site: SiteSettings, zone: str | None) -> str | None:
    if (site.is_behind_edge and zone) or (not site.is_behind_edge and site.host == "containerApp"):
        return None
    if site.is_behind_edge:
        return (
            "is an apex, which points to Front Door by an alias record of Azure DNS alone; "
            f"allowed: dns.zone, or a name below it such as www.{host}"
        )
    return (
        f"is an apex, which host {site.host!r} cannot have here; allowed: a name below it such as "
        f"www.{host}, host containerApp, or cdn frontDoor with dns.zone"
    )


def _at(entries: object, path: Sequence[str]) -> object:
    """Value at a path of nested objects; None if there is none."""
    for name in path:
        if not isinstance(entries, Mapping):
            return None
        entries = cast("Mapping[str, object]", entries).get(name)
    return entries


def is_site_name(name: str) -> bool:
    """True for a name that follows the rule SITE_NAMES."""
    return bool(SITE_NAME.fullmatch(name)) and name not in _TAKEN and not keyword.iskeyword(name)


def _misnamed(names: Iterable[str]) -> list[str]:
    """A line for each site whose name is not allowed."""
    return [
        f"site {name!r} (SITES in infra/stacks/__init__.py): this name is not allowed; allowed: "
        f"{SITE_NAMES}"
        for name in names
        if not is_site_name(name)
    ]


def _unknown(key: str, name: str, objects: Collection[str]) -> str:
    if name.partition(".")[0] in objects:
        return f"{key}: set a field with --path: pulumi config set --path {name} VALUE"
    if (_CHECKOUT / "apps" / name).is_dir():
        return f"{key}: unknown site; add it to SITES in infra/stacks/__init__.py"
    return f"{key}: unknown key; allowed: {', '.join((*objects, *PLAIN_KEYS))}"


def _problem(
    model: type[BaseModel],
    prefix: Sequence[str],
    detail: ErrorDetails,
    *,
    secret_keys: Collection[str],
    stored: Mapping[str, object],
) -> str:
    """One line: the key, the value given, what is allowed. `prefix`: path of the model."""
    path = (*prefix, *detail["loc"])
    full = "azure-native:location" if path[0] == "location" else f"{PROJECT}:{path[0]}"
    key = full + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path[1:])
    if detail["type"] == "extra_forbidden":
        owner = _field_at(model, detail["loc"][:-1])
        fields = cast("type[BaseModel]", owner.annotation if owner else model).model_fields
        allowed = [field.alias or name for name, field in fields.items()]
        return f"{key}: unknown key; allowed: {', '.join(allowed)}"
    if detail["type"] == "value_error" and (len(path) == 1 or isinstance(detail["input"], dict)):
        return f"{key}: {describe(detail)}"
    field = _field_at(model, detail["loc"])
    value = detail["input"]
    is_public = full not in secret_keys or _at(stored, [full, *map(str, path[1:])]) == value
    is_secret = field and "SecretStr" in str(field.annotation)
    shown = repr(value) if is_public and not is_secret and value != PLACEHOLDER else "[secret]"
    return f"{key}: {shown} is not allowed; allowed: {_allowed(detail, path, field)}"


def _allowed(detail: ErrorDetails, path: Sequence[str | int], field: FieldInfo | None) -> str:
    dotted = ".".join(str(part) for part in path)
    match detail["type"]:
        case "model_type":
            return f"its fields, one at a time: pulumi config set --path {dotted}.FIELD VALUE"
        case "tuple_type":
            return f"a list: pulumi config set --path '{dotted}[0]' VALUE"
        case _:
            return field.description if field and field.description else describe(detail)


def _field_at(model: type[BaseModel], path: Sequence[str | int]) -> FieldInfo | None:
    """Field at a path of keys; a number is an index of the list before it."""
    field = None
    for key in (part for part in path if isinstance(part, str)):
        field = next((f for n, f in model.model_fields.items() if key in (n, f.alias)), None)
        model = cast("type[BaseModel]", field.annotation if field else None)
    return field
