"""Data between the readers and the derivation: a class as a list of fields."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Rule = dict[str, Any]

_SCALARS = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "datetime": "string",
    "date": "string",
    "time": "string",
    "timedelta": "string",
    "bytes": "string",
}
_ARRAYS = {"List", "list", "Sequence"}
_MAPS = {"Dict", "dict", "Mapping", "MutableMapping"}


@dataclass(kw_only=True)
class Field:
    """One property of a class, by its name in Azure's JSON."""

    name: str
    python_name: str
    rule: Rule
    """Its type (`type`, `ref`, `items` or `values`), `enum`, `pattern` and bounds."""
    required: bool = False
    read_only: bool = False
    create_only: bool = False
    top: bool = True
    """True for a field beside `properties`, not in it."""


@dataclass(kw_only=True)
class Module:
    """The classes and enumerations of one module of models."""

    origin: str
    classes: Mapping[str, Mapping[str, Field]]
    enums: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])


def class_definitions(tree: ast.Module) -> Iterator[ast.ClassDef]:
    """The classes of a module, in its order."""
    return (node for node in tree.body if isinstance(node, ast.ClassDef))


def read_enums(source: str) -> dict[str, list[str]]:
    """Each enumeration of a generated module with its values, in their order."""
    enums: dict[str, list[str]] = {}
    for definition in class_definitions(ast.parse(source)):
        values = [
            node.value.value
            for node in definition.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ]
        if values:
            enums[definition.name] = values
    return enums


def is_optional(annotation: ast.expr) -> bool:
    """True if a parameter with this annotation is optional."""
    return any(
        isinstance(node, ast.Subscript) and _last(node.value) == "Optional"
        for node in _outer(annotation)
    )


def read_type(annotation: ast.expr, enums: Mapping[str, list[str]]) -> Rule:
    """The rule of a type annotation in a generated class; {} for any value."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return read_type(ast.parse(annotation.value, mode="eval").body, enums)
    if isinstance(annotation, ast.Subscript):
        return _subscript(_last(annotation.value), annotation.slice, enums)
    name = _last(annotation)
    if name in _SCALARS:
        return {"type": _SCALARS[name]}
    if name in enums:
        return {"type": "string", "enum": enums[name]}
    if name in {"Any", "object", "JSON", "None"}:
        return {}
    return {"ref": name}


def _subscript(outer: str, inner: ast.expr, enums: Mapping[str, list[str]]) -> Rule:
    if outer in {"Optional", "Input", "Annotated"}:
        return read_type(inner, enums)
    if outer in _ARRAYS:
        return {"items": read_type(inner, enums)}
    if outer in _MAPS and isinstance(inner, ast.Tuple):
        return {"values": read_type(inner.elts[1], enums)}
    if outer == "Literal":
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        members = [part for part in parts if isinstance(part, ast.Attribute)]
        if members:  # Literal[Enum.MEMBER]: a discriminator
            return {"type": "string"}
        return {"type": "string", "enum": [ast.literal_eval(part) for part in parts]}
    if outer == "Union" and isinstance(inner, ast.Tuple):
        # Union[str, "Enum"] and Union["XArgs", "XArgsDict"]: use the more specific half.
        rules = [read_type(part, enums) for part in inner.elts]
        return next((rule for rule in rules if "enum" in rule), rules[0])
    raise ValueError(f"an annotation of a kind not met before: {outer}[{ast.unparse(inner)}]")


def _outer(annotation: ast.expr) -> Iterator[ast.expr]:
    """The annotation and, where it is `Input[...]`, what is in it."""
    yield annotation
    if isinstance(annotation, ast.Subscript) and _last(annotation.value) == "Input":
        yield annotation.slice


def _last(node: ast.expr) -> str:
    """`X` of `X`, `_models.X` and `"_models.X"`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Constant):
        return str(node.value).rsplit(".", 1)[-1]
    raise ValueError(f"an annotation of a kind not met before: {ast.unparse(node)}")
