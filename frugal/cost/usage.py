"""Usage files: the owner's monthly usage figures; without one, those of a small site."""

import datetime as dt
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from frugal.cost.meters import METERS
from frugal.cost.meters.base import Assumed, UsageError
from frugal.cost.plan import Resource
from frugal.errors import describe

Figure = Annotated[Decimal, Field(ge=0, max_digits=21, decimal_places=9)]
"""As written: 0.1 is a tenth."""


def _letters(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{3}", value, re.ASCII):
        raise ValueError("three letters, such as GBP")
    return value.upper()


Currency = Annotated[str, BeforeValidator(_letters)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Offer(_Model):
    """An offer that ends twelve months after its start."""

    start: dt.date


class Offers(_Model):
    """Twelve-month offers of this subscription; by default none."""

    postgres_12_months: Offer | None = None


class ContainerAppsElsewhere(_Model):
    """Use of the free grants of Container Apps by other stacks of the subscription."""

    vcpu_seconds: Figure = Decimal(0)
    gib_seconds: Figure = Decimal(0)
    requests: Figure = Decimal(0)


class Elsewhere(_Model):
    """Use of shared free amounts by other stacks."""

    container_apps: ContainerAppsElsewhere = ContainerAppsElsewhere()
    log_analytics_gb: Figure = Decimal(0)
    egress_gb: Figure = Decimal(0)


class Usage(_Model):
    """A usage file. `resources`: figures by key, by the resource's Pulumi name or a glob.

    `currency`: that of the account's bills and budgets, such as GBP.
    """

    version: Literal[1] = 1
    resources: Mapping[str, Mapping[str, Figure]] = {}
    offers: Offers = Offers()
    used_elsewhere: Elsewhere = Elsewhere()
    currency: Currency | None = None


NO_USAGE = Usage()


class _WrongError(Exception):
    """Loader that also refuses duplicate keys, and names the line of a wrong date."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise _WrongError(f"line {key.start_mark.line + 1}: {key.value} is given twice.")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)

    def date(self, node: yaml.ScalarNode) -> object:
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError as error:
            line = node.start_mark.line + 1
            raise _WrongError(f"line {line}: {node.value} is not a date: {error}.") from None


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.date)


def load(file: Path | None) -> Usage:
    """Read a usage file; None gives no figures. Raises UsageError."""
    if file is None:
        return NO_USAGE
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        message = f"The usage file {file} cannot be read: {reason}."
        raise UsageError(f"{message} `frugal cost --init-usage FILE` writes one.") from None
    return parse(text, str(file))


def parse(text: str, name: str) -> Usage:
    """A usage file's content; `name` for the message. Raises UsageError."""
    try:
        content: object = yaml.load(text, _Loader)  # noqa: S506 - it is the safe one
    except _WrongError as error:
        raise UsageError(f"{name}, {error}") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise UsageError(f"{name}{where}: this is not YAML.") from None
    if not isinstance(content, dict) or "version" not in content:
        raise UsageError(f"{name}: a usage file begins with `version: 1`.")
    try:
        return Usage.model_validate(content)
    except ValidationError as error:
        lines = [f"{name}: {_problem(detail)}" for detail in error.errors()]
        raise UsageError("\n".join(lines)) from None


def _problem(detail: ErrorDetails) -> str:
    where = ".".join(map(str, detail["loc"]))
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key; allowed: {', '.join(_siblings(detail['loc']))}"
    if detail["type"] == "missing":
        return f"{where} is missing"
    return f"{where}: {detail['input']!r} is not allowed; allowed: {describe(detail)}"


def _siblings(path: Sequence[int | str]) -> Iterable[str]:
    model: type[BaseModel] = Usage
    for part in path[:-1]:
        annotation = model.model_fields[str(part)].annotation
        options = [annotation, *getattr(annotation, "__args__", ())]
        model = next(o for o in options if isinstance(o, type) and issubclass(o, BaseModel))
    return model.model_fields


def keys_of(resource: Resource) -> Mapping[str, Assumed]:
    """The usage keys of a resource; none if its cost does not depend on use."""
    meter = METERS.get(resource.type.partition(":")[2])
    return {key: _derived(one, resource) for key, one in meter.usage.items()} if meter else {}


def _derived(assumed: Assumed, resource: Resource) -> Assumed:
    """The default of a figure, which a property of the resource may replace."""
    replaced = assumed.unless and resource.properties.names(assumed.unless)
    return replace(assumed, follows=True) if replaced else assumed


def assign(usage: Usage, resources: Iterable[Resource]) -> Mapping[str, Mapping[str, Decimal]]:
    """The owner's figures by resource name. Raises UsageError.

    Every match of a glob gets its figures; a later glob overrides an earlier one, an exact name
    overrides both. A name without a match and a key that no match has are errors.
    """
    if not usage.resources:
        return {}
    keys: dict[str, set[str]] = {}
    for one in resources:
        if one.is_azure and (own := keys_of(one)):
            keys.setdefault(one.name, set()).update(own)
    figures: dict[str, dict[str, Decimal]] = {}
    in_order = sorted(usage.resources.items(), key=lambda entry: entry[0] in keys)
    for pattern, given in in_order:
        exact = pattern in keys
        names = [pattern] if exact else [name for name in keys if fnmatchcase(name, pattern)]
        if not names:
            near = ", ".join(get_close_matches(pattern, keys, n=3))
            every = ", ".join(sorted(keys)) or "none"
            raise UsageError(
                f"Usage file, resources.{pattern}: no resource of the plan whose price depends on "
                f"use has this name; {f'similar: {near}' if near else f'there are: {every}'}."
            )
        for key, value in given.items():
            having = [name for name in names if key in keys[name]]
            if not having:
                allowed = sorted(set[str]().union(*(keys[name] for name in names)))
                raise UsageError(
                    f"Usage file, resources.{pattern}.{key}: unknown key; "
                    f"allowed: {', '.join(allowed)}"
                )
            for name in having:
                figures.setdefault(name, {})[key] = value
    return figures


def template(resources: Iterable[Resource]) -> str:
    """A usage file with every usage key of the plan, at the figures of a small site."""
    named: dict[str, list[Resource]] = {}
    for one in resources:
        if one.is_azure and keys_of(one):
            named.setdefault(one.name, []).append(one)
    entries = {name: list(_keys(sharing)) for name, sharing in sorted(named.items())}
    is_given = {
        name: any(not line.startswith("    #") for line in keys) for name, keys in entries.items()
    }
    lines = [
        "# Use in a month. The figures are those of a small site: replace them with your own.",
        "# An omitted entry or key has the small site's figure; 0 means 0.",
        "version: 1",
        "resources:" if any(is_given.values()) else "resources: {}",
    ]
    for name, keys in entries.items():
        types = ", ".join(one.type for one in named[name])
        # Without a figure below it the name has no block, so it is commented out as well.
        lines += [f"  {'' if is_given[name] else '# '}{_key(name)}:  # {types}", *keys]
    lines += [
        "# Use of the shared free amounts by other stacks of the subscription:",
        "used_elsewhere:",
        "  container_apps: {vcpu_seconds: 0, gib_seconds: 0, requests: 0}",
        "  log_analytics_gb: 0",
        "  egress_gb: 0",
        "# The currency of your budgets, if it is not USD:",
        "# currency: EUR",
        "# Only if your subscription has the offer; it lasts twelve months from this day:",
        "# offers: {postgres_12_months: {start: 2026-01-01}}",
    ]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    """A resource's name as a YAML key: quoted unless it is plainly a string."""
    if (
        re.fullmatch(r"[a-z][\w-]*", name, re.ASCII | re.IGNORECASE)
        and yaml.safe_load(name) == name
    ):
        return name
    return yaml.safe_dump(name, default_style='"', width=10_000, allow_unicode=True).strip()


def _keys(sharing: Sequence[Resource]) -> Iterable[str]:
    """A line for each key of the resources that share a name, and so have one entry."""
    keys: dict[str, list[Assumed]] = {}
    for one in sharing:
        for key, assumed in keys_of(one).items():
            keys.setdefault(key, []).append(assumed)
    for key, assumed in keys.items():
        # Commented out: a figure here would override a derived one, or differing defaults.
        off = "# " if assumed[0].follows or len({one.value for one in assumed}) > 1 else ""
        for one in assumed if off else assumed[:1]:
            yield f"    {off}{key}: {one.value}  # {one.why}"
