"""Read the inputs of a resource type from the Pulumi SDK's source, without importing it."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.contract.fields import Field, class_definitions, is_optional, read_enums, read_type

_BOUNDS = (
    (re.compile(r"[Mm]inimum value is (\d+)"), ("minimum",)),
    (re.compile(r"[Mm]aximum value is (\d+)"), ("maximum",)),
    (re.compile(r"between (\d+) and (\d+)"), ("minimum", "maximum")),
)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource class of the SDK."""

    args: str
    api_version: str
    outputs: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class SdkModule:
    """One module of the SDK: the inputs of each class, and the defaults that it sends."""

    inputs: Mapping[str, Mapping[str, Field]]
    defaults: Mapping[str, frozenset[str]]
    resources: Mapping[str, Resource]


@cache
def read_module(sdk: Path, name: str, resources: tuple[str, ...]) -> SdkModule:
    """The module `name` of the SDK in the folder `sdk`, with these of its resource classes."""
    folder = sdk / name
    # A module without nested inputs or enumerations lacks these files.
    enums = read_enums(_text(folder / "_enums.py"))
    files = [folder / "_inputs.py"]
    found: dict[str, Resource] = {}
    for resource in resources:
        file = folder / f"{_snake(resource)}.py"
        files.append(file)
        found[resource] = _read_resource(_text(file), resource)
    inputs: dict[str, dict[str, Field]] = {}
    defaults: dict[str, frozenset[str]] = {}
    for file in files:
        for definition in class_definitions(ast.parse(_text(file))):
            if definition.name.endswith("Args") and definition.decorator_list:
                inputs[definition.name] = _read_inputs(definition, enums)
                defaults[definition.name] = _read_defaults(definition)
    return SdkModule(inputs=inputs, defaults=defaults, resources=found)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _read_resource(source: str, name: str) -> Resource:
    version = re.search(r"Uses Azure REST API version ([0-9]{4}-[0-9]{2}-[0-9]{2}[a-z-]*)", source)
    if version is None:
        raise ValueError(f"{name}: the SDK has no such resource, or does not say its API version")
    definition = next(d for d in class_definitions(ast.parse(source)) if d.name == name)
    outputs = frozenset(wire for node in definition.body if (wire := _getter(node)))
    return Resource(args=f"{name}Args", api_version=version.group(1).rstrip("-"), outputs=outputs)


def _read_inputs(definition: ast.ClassDef, enums: Mapping[str, list[str]]) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for node in definition.body:
        wire = _getter(node)
        if wire and isinstance(node, ast.FunctionDef) and node.returns is not None:
            fields[wire] = Field(
                name=wire,
                python_name=node.name,
                rule=read_type(node.returns, enums) | _described(ast.get_docstring(node) or ""),
                required=not is_optional(node.returns),
            )
    return fields


def _described(description: str) -> dict[str, int]:
    """Bounds that only the description states: the probes' times, a threshold."""
    bounds: dict[str, int] = {}
    for pattern, names in _BOUNDS:
        found = pattern.search(description)
        if found is not None:
            bounds |= zip(names, map(int, found.groups()), strict=True)
    return bounds


def _getter(node: ast.stmt) -> str | None:
    """The wire name of a property: `@pulumi.getter(name="adminUserEnabled")`, else its own."""
    if not isinstance(node, ast.FunctionDef):
        return None
    for decorator in node.decorator_list:
        if ast.unparse(decorator) == "pulumi.getter":
            return node.name
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pulumi.getter":
            return str(ast.literal_eval(decorator.keywords[0].value))
    return None


def _read_defaults(definition: ast.ClassDef) -> frozenset[str]:
    """Python names of inputs with a default: `if x is None: x = VALUE` in __init__."""
    return frozenset(
        assign.targets[0].id
        for node in ast.walk(definition)
        if isinstance(node, ast.If)
        and len(node.body) == 1
        and isinstance(assign := node.body[0], ast.Assign)
        and isinstance(assign.targets[0], ast.Name)
        and isinstance(assign.value, ast.Constant)
    )


def _snake(name: str) -> str:
    """`AFDOriginGroup` -> `afd_origin_group`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
