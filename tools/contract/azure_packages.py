"""Reads the models and operations of an `azure-mgmt-*` wheel, without running any of it.

Two generations of generated code: the older one keeps its rules in `_attribute_map` and
`_validation` (required, read-only, patterns, lengths, numbers), the newer one in `rest_field(...)`
(required, and `visibility`, which tells read-only and create-only).
"""

import ast
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.contract.fields import Field, Module, Rule, class_definitions, read_enums, read_type

_LIMITS = {
    "pattern": "pattern",
    "min_length": "minLength",
    "max_length": "maxLength",
    "minimum": "minimum",
    "minimum_ex": "minimum",
    "maximum": "maximum",
    "maximum_ex": "maximum",
    "min_items": "minItems",
    "max_items": "maxItems",
}
_TYPES = {
    "str": "string",
    "int": "integer",
    "long": "integer",
    "float": "number",
    "bool": "boolean",
    "iso-8601": "string",
    "rfc-1123": "string",
    "unix-time": "integer",
    "duration": "string",
    "date": "string",
    "time": "string",
    "bytearray": "string",
}
_ANYTHING = {"object", "JSON"}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The request that creates or replaces a resource."""

    path: str
    parameters: Mapping[str, Rule]
    api_version: str


class Package:
    """One wheel; `folder` is where the version's modules lie in it."""

    def __init__(self, wheel: Path, folder: str, origin: str) -> None:
        self._archive = zipfile.ZipFile(wheel)
        self._folder = folder
        self._origin = origin

    def models(self) -> Module:
        """All its models. Raises LookupError."""
        names = self._files("models")
        enums: dict[str, list[str]] = {}
        for name in names:
            if name.endswith("_enums.py"):
                enums.update(read_enums(self._text(name)))
        classes: dict[str, Mapping[str, Field]] = {}
        for name in names:
            if name.rsplit("/", 1)[-1] in {"_models.py", "_models_py3.py"}:
                classes.update(_read_models(self._text(name), enums))
        return Module(origin=self._origin, classes=classes, enums=enums)

    def operation(self, module: str, builder: str) -> Operation:
        """Request of the builder `builder` of `operations/<module>.py`. Raises LookupError."""
        files = {name.rpartition("/")[2]: name for name in self._files("operations")}
        name = f"{module}.py"
        if name not in files:
            raise LookupError(f"{self._origin}: no operations/{name}; there: {', '.join(files)}")
        tree = ast.parse(self._text(files[name]))
        builders = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        if builder not in builders:
            raise LookupError(
                f"{self._origin}: no {builder} in {name}; there: {', '.join(builders)}"
            )
        return _read_operation(builders[builder])

    def _files(self, part: str) -> list[str]:
        """The modules in one part (models, operations) of the version's folder."""
        names = self._archive.namelist()
        found = [name for name in names if name.startswith(f"{self._folder}/{part}/_")]
        if not found:
            folders = {name.rpartition(f"/{part}/")[0] for name in names if "/aio/" not in name}
            raise LookupError(
                f"{self._origin}: no {part} in {self._folder}; there: "
                f"{', '.join(sorted(folders - {''}))}"
            )
        return found

    def _text(self, name: str) -> str:
        return self._archive.read(name).decode()


def _read_models(source: str, enums: Mapping[str, list[str]]) -> dict[str, dict[str, Field]]:
    found: dict[str, dict[str, Field]] = {}
    for definition in class_definitions(ast.parse(source)):
        literals = {
            node.targets[0].id: node.value
            for node in definition.body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        if "_attribute_map" in literals:
            attributes = ast.literal_eval(literals["_attribute_map"])
            validation = ast.literal_eval(literals.get("_validation") or "{}")
            annotations = _init_annotations(definition)
            found[definition.name] = dict(_older(attributes, validation, annotations, enums))
        else:
            inherited: dict[str, Field] = {}
            for base in definition.bases:
                name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
                inherited |= found.get(name, {})
            found[definition.name] = inherited | dict(_newer(definition, enums))
    return {name: _flattened(fields, found) for name, fields in found.items()}


def _older(
    attributes: Mapping[str, Mapping[str, str]],
    validation: Mapping[str, Mapping[str, Any]],
    annotations: Mapping[str, ast.expr],
    enums: Mapping[str, list[str]],
) -> Iterator[tuple[str, Field]]:
    for python_name, attribute in attributes.items():
        limits = validation.get(python_name, {})
        *above, name = attribute["key"].replace("\\.", "\0").split(".")
        rule = _older_type(attribute["type"])
        if python_name in annotations:
            _add_enum(rule, read_type(annotations[python_name], enums))
        rule |= {_LIMITS[key]: value for key, value in limits.items() if key in _LIMITS}
        name = name.replace("\0", ".")
        yield (
            name,
            Field(
                name=name,
                python_name=python_name,
                rule=rule,
                required=limits.get("required", False),
                read_only=limits.get("readonly", False),
                top=not above,
            ),
        )


def _add_enum(rule: Rule, annotated: Rule) -> None:
    """Enumerations from the constructor's annotations; the map has `str` for them."""
    if "enum" in annotated:
        rule["enum"] = annotated["enum"]
    for inner in ("items", "values"):
        if inner in rule and inner in annotated:
            _add_enum(rule[inner], annotated[inner])


def _older_type(name: str) -> Rule:
    if name.startswith("["):
        return {"items": _older_type(name[1:-1])}
    if name.startswith("{"):
        return {"values": _older_type(name[1:-1])}
    if name in _ANYTHING:
        return {}
    return {"type": _TYPES[name]} if name in _TYPES else {"ref": name}


def _init_annotations(definition: ast.ClassDef) -> dict[str, ast.expr]:
    return {
        argument.arg: argument.annotation
        for node in definition.body
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
        for argument in node.args.kwonlyargs
        if argument.annotation is not None
    }


def _newer(definition: ast.ClassDef, enums: Mapping[str, list[str]]) -> Iterator[tuple[str, Field]]:
    for node in definition.body:
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call)):
            continue
        if not isinstance(node.target, ast.Name):
            continue
        given = {k.arg: ast.literal_eval(k.value) for k in node.value.keywords if k.arg != "type"}
        visibility: list[str] = given.get("visibility") or ["read", "create", "update"]
        name: str = given.get("name") or node.target.id
        optional = (
            isinstance(node.annotation, ast.Subscript)
            and ast.unparse(node.annotation.value) == "Optional"
        )
        yield (
            name,
            Field(
                name=name,
                python_name=node.target.id,
                rule=read_type(node.annotation, enums),
                required=not optional and visibility != ["read"],
                read_only=visibility == ["read"],
                create_only="create" in visibility and "update" not in visibility,
            ),
        )


def _flattened(
    fields: dict[str, Field], classes: Mapping[str, dict[str, Field]]
) -> dict[str, Field]:
    """The fields with those of `properties` flattened into them, as in the SDK.

    A field at the top takes precedence over one under `properties`.
    """
    holder = fields.get("properties")
    below = classes.get(holder.rule.get("ref", ""), {}) if holder is not None else {}
    lowered = {
        name: Field(
            name=name,
            python_name=field.python_name,
            rule=field.rule,
            required=field.required,
            read_only=field.read_only,
            create_only=field.create_only,
            top=False,
        )
        for name, field in below.items()
    }
    return lowered | fields


def _read_operation(function: ast.FunctionDef) -> Operation:
    path, version, parameters = "", "", dict[str, Rule]()
    for node in ast.walk(function):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value.startswith(("/subscriptions/{", "/{")):
                path = node.value
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if not isinstance(target, ast.Name):
                continue
            if target.id == "path_format_arguments" and isinstance(node.value, ast.Dict):
                for key, value in zip(node.value.keys, node.value.values, strict=True):
                    if key is not None and isinstance(value, ast.Call):
                        parameters[ast.literal_eval(key)] = _read_parameter(value)
            elif target.id == "api_version":
                constants = [n.value for n in ast.walk(node.value) if isinstance(n, ast.Constant)]
                version = next(str(c) for c in constants if str(c)[:2] == "20")
    return Operation(path=path, parameters=parameters, api_version=version)


def _read_parameter(call: ast.Call) -> Rule:
    rule: Rule = {"type": _TYPES.get(ast.literal_eval(call.args[2]), "string")}
    for keyword in call.keywords:
        if keyword.arg in _LIMITS:
            rule[_LIMITS[keyword.arg]] = ast.literal_eval(keyword.value)
    return rule
