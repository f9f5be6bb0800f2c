"""Outputs of a resource in a preview: its inputs, and unknown values for the rest.

As the genuine provider does (pulumi/pulumi-azure-native, provider/pkg/convert/previewOutputs.go,
read in November 2026). A program that reads `app.configuration.ingress.fqdn` must find it unknown
before the app exists, not missing.
"""

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, cast

from frugal.cloud.bodies import Body
from frugal.cloud.contract import UNKNOWN, Model
from frugal.cloud.ids import path_parameters


def previewed(m: Model, inputs: Body) -> Body:
    """The outputs known in a preview; the engine treats missing ones as unknown."""
    parameters = path_parameters(m)
    given = {k: v for k, v in inputs.items() if k not in parameters and not k.startswith("__")}
    # The SDK sends identities as a list and reads them as a map of what Azure adds to each.
    given.pop("identity", None)
    rules = m.properties
    return {name: _value(m, rules.get(name, {}), value) for name, value in given.items()}


def takes_location(token: str) -> bool:
    """Return True if a type has a location in the azure-native SDK; for types without a model."""
    package, module, name = token.split(":")
    if package != "azure-native":
        return False
    # An older SDK names a version beside the module: `storage/v20230101`.
    module = f"pulumi_azure_native.{module.partition('/')[0]}"
    try:
        arguments = getattr(importlib.import_module(module), f"{name}Args", None)
    except ModuleNotFoundError:  # the SDK has dropped it since
        return False
    return arguments is not None and "location" in inspect.signature(arguments).parameters


def _value(m: Model, rule: Mapping[str, Any], value: object) -> object:
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [_value(m, rule["items"], item) for item in items] if "items" in rule else items
    if not isinstance(value, Mapping):
        return value
    entries = cast("Mapping[str, object]", value)
    if "values" in rule:
        return {name: _value(m, rule["values"], item) for name, item in entries.items()}
    if "ref" not in rule:
        return entries
    definition = m.definitions[rule["ref"]]
    rules: Mapping[str, Mapping[str, Any]] = definition["properties"]
    unknown = dict.fromkeys([*rules, *definition.get("readOnly", ())], UNKNOWN)
    return {**unknown, **{name: _value(m, rules.get(name, {}), v) for name, v in entries.items()}}
