"""Merge the SDK's inputs and Microsoft's models into one contract."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tools.contract.azure_packages import Operation, Package
from tools.contract.fields import Field, Module, Rule
from tools.contract.overrides import EXTRA, NAMES, SDK_VALUES_WRONG
from tools.contract.pulumi_sdk import SdkModule, read_module
from tools.contract.sources import SDK_VERSION, File, Target

_LIMITS = ("pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems")
# Rules for names of resource groups, which some packages' operations omit.
_RESOURCE_GROUP_NAME: Rule = {"type": "string", "minLength": 1, "maxLength": 90}
_LICENCE = "MIT, Copyright (c) Microsoft Corporation; the inputs: Apache-2.0, Pulumi Corporation"


class Derivation:
    """Builder of one file's contract; `notes` are the differences between the sources."""

    def __init__(self, file: File, sdk: Path, wheels: Path) -> None:
        self._file = file
        self._sdk: SdkModule = read_module(
            sdk, file.module, tuple(target.resource for target in file.targets)
        )
        self._packages = [Package(wheels / s.wheel, s.folder, s.pin) for s in file.sources]
        self._modules: list[Module] = [package.models() for package in self._packages]
        self._definitions: dict[str, Any] = {}
        self.notes: list[str] = []
        self.places: set[str] = set()

    def document(self) -> dict[str, Any]:
        """The whole file."""
        types = {self._token(target): self._type(target) for target in self._file.targets}
        return {
            "origin": {
                "derivedBy": "python -m tools.contract",
                "from": [source.origin for source in self._file.sources],
                "inputsOf": f"pulumi-azure-native=={SDK_VERSION}",
                "licence": _LICENCE,
            },
            "types": types,
            "definitions": self._definitions,
        }

    def _token(self, target: Target) -> str:
        return f"azure-native:{self._file.module}:{target.resource}"

    def _type(self, target: Target) -> dict[str, Any]:
        token = self._token(target)
        resource = self._sdk.resources[target.resource]
        operation = self._packages[0].operation(target.operations, target.builder)
        inputs = self._sdk.inputs[resource.args]
        if target.model not in self._modules[0].classes:
            near = get_close_matches(target.model, self._modules[0].classes, n=5, cutoff=0)
            raise LookupError(f"{token}: no model {target.model}; near it: {', '.join(near)}")
        parameters = self._parameters(token, operation, inputs)
        self._check_version(token, resource.api_version, operation.api_version)
        self._define(
            target.resource,
            resource.args,
            (target.model, *(target.model for _ in self._modules[1:])),
            leave_out=parameters,
            outputs=resource.outputs,
        )
        arm_type, name = _split(operation.path)
        return {
            "armType": arm_type,
            "apiVersion": resource.api_version,
            "path": operation.path,
            "name": name,
            "parameters": parameters,
            "body": target.resource,
        }

    def _check_version(self, token: str, sent: str, described: str) -> None:
        exact = self._file.sources[0].api_version == sent
        if exact and described != sent:
            raise ValueError(f"{token}: the SDK sends {sent}, the source describes {described}")
        if not exact:
            versions = " and ".join(source.api_version for source in self._file.sources)
            self.notes.append(f"{token}: {sent} lies between the sources' {versions}")

    def _parameters(
        self, token: str, operation: Operation, inputs: Mapping[str, Field]
    ) -> dict[str, Rule]:
        _, own = _split(operation.path)
        parameters: dict[str, Rule] = {}
        for name in re.findall(r"\{(\w+)\}", operation.path):
            if name == "subscriptionId":
                continue
            if name not in inputs:
                raise ValueError(f"{token}: the path's {name} is no input of the SDK")
            rule = dict(operation.parameters[name])
            if name == "resourceGroupName":
                rule = _RESOURCE_GROUP_NAME | rule
            if name == own:
                rule = NAMES.get(token, {}) | rule
            parameters[name] = rule | {"required": True}
        return parameters

    def _define(
        self,
        name: str,
        args: str,
        models: Sequence[str | None],
        *,
        leave_out: Iterable[str] = (),
        outputs: Iterable[str] = (),
    ) -> None:
        """Adds the definition of one SDK class; `models` are its classes in each package."""
        if name in self._definitions:
            return
        self._definitions[name] = {}  # Registered first, since a definition may refer to itself.
        described: list[Mapping[str, Field]] = [
            module.classes.get(model or "", {})
            for module, model in zip(self._modules, models, strict=True)
        ]
        if not any(described):
            self.notes.append(f"{self._file.module}.{name}: in no package, from the SDK alone")
        inputs = {k: v for k, v in self._sdk.inputs[args].items() if k not in set(leave_out)}
        if "properties" in inputs:  # Not flattened by the SDK: what is in it stays in it.
            described = [{k: f for k, f in each.items() if f.top} for each in described]
        is_body = bool(set(outputs))
        properties: dict[str, Rule] = {}
        for key, field in sorted(inputs.items()):
            found = [_same(field, fields) for fields in described]
            if any(described) and not any(found):
                place = f"{self._file.module}.{name}.{key}"
                self.notes.append(f"{place}: in no package, from the SDK alone")
            properties[key] = self._property(name, args, field, found, is_body)
        if is_body and {"location", "tags"} <= properties.keys():
            # x-ms-mutability of a tracked resource in azure-rest-api-specs common-types, which the
            # older packages leave out.
            properties["location"]["createOnly"] = True
        read_only = set(outputs) - set(self._sdk.inputs[args]) - {"azureApiVersion"}
        for fields in described:
            read_only |= {k for k, f in fields.items() if f.read_only and k not in inputs}
        matched = {match.name for f in inputs.values() if (match := _same(f, described[0]))}
        self._note_missing(name, described[0], {*matched, *leave_out, *read_only})
        self._definitions[name] = {"properties": properties}
        if any("" in fields for fields in described):
            self._definitions[name]["open"] = True
        if read_only - set(leave_out):
            self._definitions[name]["readOnly"] = sorted(read_only - set(leave_out))

    def _note_missing(self, name: str, described: Mapping[str, Field], known: set[str]) -> None:
        missing = sorted(set(described) - known - {"properties", ""})
        if missing:
            self.notes.append(f"{self._file.module}.{name}: not an input of the SDK: {missing}")

    def _property(
        self, owner: str, args: str, field: Field, described: Sequence[Field | None], is_body: bool
    ) -> Rule:
        place = f"{self._file.module}.{owner}.{field.name}"
        self.places.add(place)
        known = [each for each in described if each is not None]
        rule = self._typed(place, field.rule, [each.rule if each else None for each in described])
        # The SDK always sends its own defaults; the cloud fills in a location.
        by_itself = field.python_name in self._sdk.defaults[args]
        spec_requires = bool(described[0] and described[0].required)
        if not by_itself and field.name != "location" and (field.required or spec_requires):
            rule["required"] = True
        if spec_requires != field.required and field.name != "location":
            self.notes.append(
                f"{place}: required by the package {spec_requires}, by the SDK {field.required}"
            )
        if any(each.create_only for each in known):
            rule["createOnly"] = True
        if known and known[0].read_only:
            self.notes.append(f"{place}: read-only in the package, an input of the SDK")
        if is_body and (not known or known[0].top):
            rule["top"] = True
        if known and known[0].name != field.name:
            rule["wire"] = known[0].name
        return rule | EXTRA.get(place, {})

    def _typed(self, place: str, sent: Rule, described: Sequence[Rule | None]) -> Rule:
        """The SDK's type with the limits and values of the packages."""
        known = [each for each in described if each is not None]
        rule: Rule = {}
        for key in ("items", "values"):
            if key in sent:
                inner = [each.get(key) if each is not None else None for each in described]
                rule[key] = self._typed(place, sent[key], inner)
                if key == "items" and any("values" in each for each in known):
                    rule["orMap"] = True
        if "ref" in sent:
            name = sent["ref"].removesuffix("Args")
            models = [each.get("ref") if each is not None else None for each in described]
            self._define(name, sent["ref"], models)
            rule["ref"] = name
        if "type" in sent:
            rule["type"] = sent["type"]
            packaged = known[0].get("type", sent["type"]) if known else sent["type"]
            if (sent["type"], packaged) == ("number", "integer"):
                rule["type"] = "integer"  # The SDK has no 64-bit whole numbers.
            elif sent["type"] != packaged:
                self.notes.append(f"{place}: {sent['type']} in the SDK, {packaged} in the package")
        values = self._enum(place, sent, known)
        if values:
            rule["enum"] = values
        numeric = rule.get("type") in {"integer", "number"}
        return rule | _bounds([*known, sent] if numeric else known)

    def _enum(self, place: str, sent: Rule, known: Sequence[Rule]) -> list[str]:
        """The values at the SDK's API version.

        A package of just that version and the SDK are two readings of one specification, taken at
        different times; values were only ever added, so both count.
        """
        packaged: list[str] = next((each["enum"] for each in known if "enum" in each), list[str]())
        own: list[str] = sent.get("enum", [])
        if packaged and set(packaged) != set(own):
            self.notes.append(f"{place}: values {own} in the SDK, {packaged} in the package")
        if place in SDK_VALUES_WRONG:
            return packaged
        if self._file.sources[0].api_version != self._version:
            return own or packaged
        return packaged + [value for value in own if value not in packaged]

    @property
    def _version(self) -> str:
        return next(iter(self._sdk.resources.values())).api_version


def _bounds(stated: Iterable[Rule]) -> Rule:
    """Pattern, lengths and numbers, each from the first source that has it."""
    found: Rule = {}
    for each in stated:
        found = {limit: each[limit] for limit in _LIMITS if limit in each} | found
    return found


def _same(field: Field, fields: Mapping[str, Field]) -> Field | None:
    """The package's field of an SDK input: by name, else by its Python name.

    The latter for the few that the SDK renames: `iPAddressOrRange`, `value` in Azure's JSON.
    """
    if field.name in fields:
        return fields[field.name]
    plain = field.python_name.replace("_", "").lower()
    return next(
        (each for each in fields.values() if each.python_name.replace("_", "").lower() == plain),
        None,
    )


def _split(path: str) -> tuple[str, str | None]:
    """The ARM type of a path, and the parameter with the resource's name, if any."""
    if "/providers/" not in path:
        return "Microsoft.Resources/resourceGroups", re.findall(r"\{(\w+)\}", path)[-1]
    provider, *segments = path.rsplit("/providers/", 1)[1].split("/")
    own = re.fullmatch(r"\{(\w+)\}", segments[-1])
    return "/".join([provider, *segments[::2]]), own.group(1) if own else None
