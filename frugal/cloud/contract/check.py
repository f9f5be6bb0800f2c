"""Check of a body against the derived rules, with a finding for each error."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

Rule = Mapping[str, Any]
Definitions = Mapping[str, Mapping[str, Any]]

# By type: the kinds of value it accepts, and its description in findings.
_TYPES = {
    "string": ({"a string"}, "a string"),
    "integer": ({"a whole number"}, "a whole number"),
    "number": ({"a whole number", "a number"}, "a number"),
    "boolean": ({"a boolean"}, "true or false"),
}


class Unknown:
    """A value that a preview does not know yet. The check skips it; it satisfies `required`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Finding:
    """One error in a body.

    `path` is the place as the SDK's input names it (`template.containers[0].image`). `message` says
    what was given and what is allowed, never a secret's value.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class Checker:
    """Checks against one document's definitions; keeps the findings of one check."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._findings: list[Finding] = []

    def resource(
        self,
        body: str,
        parameters: Mapping[str, Rule],
        inputs: Mapping[str, object],
        *,
        optional: set[str | None],
    ) -> list[Finding]:
        """The findings for a whole resource; `optional` inputs may be missing even if required."""
        definition = self._definitions[body]
        whole = {**definition, "properties": {**definition["properties"], **parameters}}
        self._object("", inputs, whole, optional)
        return self._findings

    def _object(
        self,
        prefix: str,
        value: Mapping[str, object],
        definition: Mapping[str, Any],
        optional: set[str | None],
    ) -> None:
        properties: Mapping[str, Rule] = definition["properties"]
        for name, rule in properties.items():
            if rule.get("required") and value.get(name) is None and name not in optional:
                self._add(prefix + name, f"is missing, must be {_wanted(rule)}")
        for name, item in value.items():
            path = prefix + name
            if name in properties:
                self._value(path, item, properties[name])
            elif name in definition.get("readOnly", ()):
                self._add(path, "is set by Azure and cannot be given; leave it out")
            elif not definition.get("open"):
                self._add(path, f"is not a property here; {_nearest(name, properties)}")

    def _value(self, path: str, value: object, rule: Rule) -> None:
        if isinstance(value, Unknown) or value is None:
            return
        if "ref" in rule:
            definition = self._definitions[rule["ref"]]
            if not isinstance(value, Mapping):
                self._add(path, f"is {_kind(value)}, must be an object")
                return
            self._object(path + ".", cast("Mapping[str, object]", value), definition, set())
        elif "items" in rule or "values" in rule:
            self._collection(path, value, rule)
        elif "type" in rule:
            self._scalar(path, value, rule)

    def _collection(self, path: str, value: object, rule: Rule) -> None:
        kind = _kind(value)
        if isinstance(value, list) and "items" in rule:
            items = cast("list[object]", value)
            allowed = _exceeded(len(items), rule.get("minItems"), rule.get("maxItems"))
            if allowed:
                self._add(path, f"has {len(items)} items, must have {allowed}")
            for index, item in enumerate(items):
                self._value(f"{path}[{index}]", item, rule["items"])
        elif isinstance(value, Mapping) and ("values" in rule or rule.get("orMap")):
            entries = cast("Mapping[str, object]", value)
            for key, item in entries.items():
                # The SDK turns a list of identities into a map on the wire: keys are the ids.
                self._value(f"{path}[{key}]", item, rule.get("values", {}))
        else:
            self._add(path, f"is {kind}, must be {_wanted(rule)}")

    def _scalar(self, path: str, value: object, rule: Rule) -> None:
        kinds, _text = _TYPES.get(rule["type"], ({_kind(value)}, ""))
        if _kind(value) not in kinds:
            self._add(path, f"is {_kind(value)}, must be {_wanted(rule)}")
        elif isinstance(value, str):
            self._string(path, value, rule)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            allowed = _exceeded(value, rule.get("minimum"), rule.get("maximum"))
            if allowed:
                self._add(path, f"is {value:.15g}, must be {allowed}")

    def _string(self, path: str, value: str, rule: Rule) -> None:
        given = "a secret value" if rule.get("secret") else repr(value)
        known: list[str] = rule.get("enum", [])
        # Azure compares the values of an enumeration without case, but for a few.
        folded = value if rule.get("exactCase") else value.lower()
        if known and folded not in {k if rule.get("exactCase") else k.lower() for k in known}:
            self._add(path, f"is {given}, must be one of {', '.join(known)}")
        allowed = _exceeded(len(value), rule.get("minLength"), rule.get("maxLength"))
        if allowed:
            length = f"{allowed} characters long"
            self._add(path, f"is {given} ({len(value)} characters), must be {length}")
        pattern = rule.get("pattern")
        if pattern is not None and not re.search(pattern, value, re.ASCII):
            self._add(path, f"is {given}, must match {pattern}")

    def _add(self, path: str, message: str) -> None:
        self._findings.append(Finding(path, message))


def _kind(value: object) -> str:
    """The JSON type of a value, without the value."""
    match value:
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int() | float():
            # The engine's protocol has one kind of number: 8000 arrives as 8000.0.
            return "a whole number" if float(value).is_integer() else "a number"
        case Mapping():
            return "an object"
        case _:
            return "a list" if isinstance(value, list) else type(value).__name__


def _wanted(rule: Rule) -> str:
    if "ref" in rule:
        return "an object"
    if "items" in rule:
        return "a list"
    if "values" in rule:
        return "a map"
    if rule.get("enum"):
        return f"one of {', '.join(rule['enum'])}"
    return _TYPES[rule["type"]][1] if rule.get("type") in _TYPES else "given"


def _exceeded(value: float, low: float | None, high: float | None) -> str:
    """The allowed range in words if `value` is outside of it; else empty."""
    if (low is None or value >= low) and (high is None or value <= high):
        return ""
    if low is None:
        return f"at most {high:.15g}"
    return f"at least {low:.15g}" if high is None else f"{low:.15g} to {high:.15g}"


def _nearest(name: str, properties: Mapping[str, Rule]) -> str:
    """The known name that was probably meant, ignoring case and underscores."""
    plain = {known.lower(): known for known in properties}
    close = difflib.get_close_matches(name.replace("_", "").lower(), plain, n=1, cutoff=0.6)
    if close:
        return f"did you mean {plain[close[0]]}?"
    return f"known are {', '.join(sorted(properties))}"
