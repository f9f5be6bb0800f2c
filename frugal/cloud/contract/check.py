"""A body held against the derived rules: what is wrong with it, place by place."""

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

from frugal.cloud.contract.findings import Finding, Unknown

Rule = Mapping[str, Any]
Definitions = Mapping[str, Mapping[str, Any]]

_ARTICLES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


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
        """The findings for a whole resource; `optional` inputs may be missing whatever is said."""
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
            low, high = rule.get("minItems"), rule.get("maxItems")
            if (low is not None and len(items) < low) or (high is not None and len(items) > high):
                self._add(path, f"has {len(items)} items, must have {_range(low, high)}")
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
        if not _has_type(value, rule["type"]):
            self._add(path, f"is {_kind(value)}, must be {_wanted(rule)}")
        elif isinstance(value, str):
            self._string(path, value, rule)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            low, high = rule.get("minimum"), rule.get("maximum")
            if (low is not None and value < low) or (high is not None and value > high):
                self._add(path, f"is {_plain(value)}, must be {_range(low, high)}")

    def _string(self, path: str, value: str, rule: Rule) -> None:
        given = "a secret value" if rule.get("secret") else repr(value)
        allowed: list[str] = rule.get("enum", [])
        if allowed and not _among(value, allowed, exact=bool(rule.get("exactCase"))):
            self._add(path, f"is {given}, must be one of {', '.join(allowed)}")
        low, high = rule.get("minLength"), rule.get("maxLength")
        if (low is not None and len(value) < low) or (high is not None and len(value) > high):
            length = f"{_range(low, high)} characters long"
            self._add(path, f"is {given} ({len(value)} characters), must be {length}")
        pattern = rule.get("pattern")
        if pattern is not None and not _matches(pattern, value):
            self._add(path, f"is {given}, must match {pattern}")

    def _add(self, path: str, message: str) -> None:
        self._findings.append(Finding(path, message))


def _has_type(value: object, wanted: str) -> bool:
    match wanted:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            # The engine's protocol has one kind of number: 8000 arrives as 8000.0.
            return _is_number(value) and float(cast("float", value)).is_integer()
        case "number":
            return _is_number(value)
        case _:
            return True


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: object) -> str:
    """What a value is, in the words of JSON, without showing it."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a string"
    if _is_number(value):
        return "a number" if not float(cast("float", value)).is_integer() else "a whole number"
    if isinstance(value, Mapping):
        return "an object"
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
    return _ARTICLES.get(rule.get("type", ""), "given")


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {_plain(high)}"
    if high is None:
        return f"at least {_plain(low)}"
    return f"{_plain(low)} to {_plain(high)}"


def _plain(number: float | None) -> str:
    """8000, not 8000.0."""
    return str(int(number)) if number is not None and float(number).is_integer() else str(number)


def _nearest(name: str, properties: Mapping[str, Rule]) -> str:
    """The known name that was probably meant: case and underscores do not count."""
    plain = {known.lower(): known for known in properties}
    close = difflib.get_close_matches(name.replace("_", "").lower(), plain, n=1, cutoff=0.6)
    if close:
        return f"did you mean {plain[close[0]]}?"
    return f"known are {', '.join(sorted(properties))}"


def _among(value: str, allowed: Sequence[str], *, exact: bool) -> bool:
    """Azure compares the values of an enumeration without case, but for a few."""
    if exact:
        return value in allowed
    return value.lower() in {each.lower() for each in allowed}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def _matches(pattern: str, value: str) -> bool:
    return _compiled(pattern).search(value) is not None
