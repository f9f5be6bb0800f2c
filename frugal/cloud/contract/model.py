"""The contract of one resource type, read from the derived data."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, cast

from frugal.cloud.contract.check import Checker, Finding

Rule = Mapping[str, Any]
"""Rule of one value; tools/contract/README.md explains the keys."""


class UnknownTypeError(LookupError):
    """The contract has no such resource type."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One resource type at the API version that the Pulumi SDK sends.

    Paths are those of the SDK's inputs, dotted; `[*]` stands for any item of a list or a map
    (`configuration.secrets[*].value`).
    """

    token: str
    arm_type: str
    """Azure's name of the type, `Microsoft.App/containerApps`."""
    api_version: str
    path: str
    """Its resource id with `{parameters}`; a scope (`{scope}`) stands for a whole id."""
    name_parameter: str | None
    """The input that holds the resource's own name; None where the name is fixed (`…/scm`)."""
    parameters: Mapping[str, Rule]
    """The path's parameters but `subscriptionId`, each with the rule for its value."""
    definitions: Mapping[str, Mapping[str, Any]] = field(repr=False)
    body: str
    """The name in `definitions` of the body."""

    def check(self, inputs: Mapping[str, object]) -> list[Finding]:
        """Find everything in `inputs` that Azure's model does not allow, in their order.

        `inputs` are as the genuine provider gets them: camelCase, `properties` flattened to the
        top, path parameters beside, whole numbers perhaps as floats, UNKNOWN where not known yet.
        The resource's own name and its location may be missing: the cloud gives them.
        """
        return Checker(self.definitions).resource(
            self.body, self.parameters, inputs, optional={"location", self.name_parameter}
        )

    @property
    def properties(self) -> Mapping[str, Rule]:
        """The rules of the body's own properties, path parameters not among them."""
        return cast("Mapping[str, Rule]", self.definitions[self.body]["properties"])

    @cached_property
    def top_level(self) -> frozenset[str]:
        """The inputs that stand beside `properties` in Azure's JSON (`location`, `tags`, `sku`)."""
        return frozenset(name for name, rule in self.properties.items() if rule.get("top"))

    @cached_property
    def create_only(self) -> frozenset[str]:
        """The inputs whose change needs a replacement, path parameters among them."""
        nested = (path for path, rule in self._walk() if rule.get("createOnly"))
        return frozenset(self.parameters) | frozenset(nested)

    @cached_property
    def secret_paths(self) -> frozenset[str]:
        """The inputs whose value must never be shown."""
        return frozenset(path for path, rule in self._walk() if rule.get("secret"))

    def _walk(self) -> Iterator[tuple[str, Rule]]:
        """Every property's path with its rule; recursive definitions are not followed."""
        pending: list[tuple[str, str, frozenset[str]]] = [("", self.body, frozenset({self.body}))]
        while pending:
            prefix, name, above = pending.pop()
            for key, rule in self.definitions[name]["properties"].items():
                yield f"{prefix}{key}", rule
                suffix, inner = _innermost(rule)
                below = inner.get("ref")
                if below is not None and below not in above:
                    pending.append((f"{prefix}{key}{suffix}.", below, above | {below}))


def _innermost(rule: Rule) -> tuple[str, Rule]:
    """The rule of the items of a list or map, however deep, and the `[*]` that lead there."""
    suffix = ""
    while True:
        inner = cast("Rule | None", rule.get("items") or rule.get("values"))
        if inner is None:
            return suffix, rule
        suffix, rule = suffix + "[*]", inner


def tokens() -> frozenset[str]:
    """The tokens of all types in the contract (`azure-native:app:ContainerApp`)."""
    return frozenset(_index())


def namespaces() -> frozenset[str]:
    """The resource providers of all types in the contract (`Microsoft.App`)."""
    return frozenset(model(token).arm_type.partition("/")[0] for token in tokens())


@cache
def model(token: str) -> Model:
    """The contract of the type with this Pulumi token.

    Raises UnknownTypeError for a type that is not in the contract.
    """
    document = _index().get(token)
    if document is None:
        raise UnknownTypeError(
            f"no contract for {token}; there is one for {', '.join(sorted(_index()))}"
        )
    entry = document["types"][token]
    return Model(
        token=token,
        arm_type=entry["armType"],
        api_version=entry["apiVersion"],
        path=entry["path"],
        name_parameter=entry["name"],
        parameters=entry["parameters"],
        definitions=document["definitions"],
        body=entry["body"],
    )


@cache
def _index() -> dict[str, dict[str, Any]]:
    """The document of each token."""
    index: dict[str, dict[str, Any]] = {}
    for file in (files("frugal.cloud.contract") / "data").iterdir():
        if file.name.endswith(".json"):
            document = json.loads(file.read_text(encoding="utf-8"))
            index.update(dict.fromkeys(document["types"], document))
    return index
