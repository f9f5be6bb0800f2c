"""The properties of a declared resource, with a record of the paths that were read.

A price depends on the paths that were read, so they explain the change of a line.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, cast

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Placeholder in a plan for a value that is known after the deployment."""

# The engine has one more for each kind of value (sdk/v3 go/common/resource/plugin/rpc.go, 3.259).
_UNKNOWNS = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)

_SECRET = "[secret]"  # noqa: S105 - what stands in a plan for a secret
_SECRET_MARK = "4dabf18193072939515e22adb298388d"  # noqa: S105 - key of a secret in a state file

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
# Bound of the exponent: printing 1e999999999 would exhaust the memory.
_ADJUSTED = range(-21, 21)


class Unpriced(Exception):  # noqa: N818 - it is an answer, not an error
    """A resource cannot be priced; the text has the reason."""


class HiddenError(Unpriced):
    """A value that a price needs is secret, or not known before the deployment."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} {why}")
        self.path = path


Refer = Callable[[str, str], "Properties | None"]
"""Finds the resource that a property names, by the property and the type without the provider."""


class Properties:
    """A block of properties. Every reader raises Unpriced, naming the property, where it must."""

    __slots__ = ("_assumed", "_prefix", "content", "read", "refer")

    def __init__(
        self,
        content: Mapping[str, Any],
        prefix: str = "",
        read: dict[str, object] | None = None,
        assumed: Mapping[str, object] | None = None,
    ) -> None:
        self.content = content
        """The properties as the plan has them."""
        self.read: dict[str, object] = {} if read is None else read
        """Every path that was read, with its value (None if absent)."""
        self.refer: Refer | None = None
        self._prefix = prefix
        self._assumed: Mapping[str, object] = assumed or {}

    def assuming(self, chosen: Mapping[str, object]) -> "Properties":
        """The same properties with values in place of hidden ones, by path."""
        same = Properties(self.content, self._prefix, self.read, chosen)
        same.refer = self.refer
        return same

    def referred(self, path: str, kind: str) -> "Properties | None":
        """The resource of a type that a property names; None if this side of the plan has none."""
        return self.refer(path, kind) if self.refer else None

    def _find(self, path: str) -> Any:  # noqa: ANN401 - anything may stand in a plan
        if self._assumed and self._prefix + path in self._assumed:
            self.read[self._prefix + path] = "unknown"
            return self._assumed[self._prefix + path]
        value: Any = self.content
        for name in _parts(path):
            if type(value) is not dict:
                raise Unpriced(f"{self._prefix}{path}: the parent of {name} is not a block")
            value = cast("dict[str, Any]", value).get(name)
            if value is None:
                break
            if type(value) in (str, dict):
                self._refuse_hidden(value, path)
        self.read[self._prefix + path] = value
        return value

    def _refuse_hidden(self, value: object, path: str) -> None:
        if why := hidden(value):
            raise HiddenError(f"{self._prefix}{path}", why)

    def text(self, path: str, default: str | None = None) -> str:
        """A text; `default` where there is none."""
        value = self._find(path)
        if value is None:
            if default is None:
                raise Unpriced(f"{self._prefix}{path} is missing")
            return default
        if type(value) is not str:
            raise Unpriced(f"{self._prefix}{path}: {short(value)} is not a text")
        return value

    def number(self, path: str, default: str | None = None, *, signed: bool = False) -> Decimal:
        """A number of at most 15 digits before the point and 9 after it; below zero if `signed`."""
        value = self._find(path)
        if value is None:
            if default is None:
                raise Unpriced(f"{self._prefix}{path} is missing")
            return Decimal(default)
        # A program may give a number as a string, and the engine passes numbers as floats.
        if type(value) not in (int, float, str):
            raise Unpriced(f"{self._prefix}{path}: {short(value)} is not a number")
        number = _exact(value)
        if number is None:
            raise Unpriced(f"{self._prefix}{path}: {short(value)} is not a number to price")
        if number < 0 and not signed:
            raise Unpriced(f"{self._prefix}{path}: {number} is below zero")
        return number

    def whole(self, path: str, default: str | None = None) -> Decimal:
        """A whole number, not below zero."""
        number = self.number(path, default)
        if number % 1:
            raise Unpriced(f"{self._prefix}{path}: {number} is not a whole number")
        return number

    def flag(self, path: str) -> bool:
        """True, or false also where there is none."""
        value = self._find(path)
        if value is not None and type(value) is not bool:
            raise Unpriced(f"{self._prefix}{path}: {short(value)} is not true or false")
        return bool(value)

    def blocks(self, path: str) -> "Iterator[Properties]":
        """The blocks of a list; none where there is no list."""
        value = self._find(path)
        # Only the entries are recorded as read, not the list.
        self.read.pop(self._prefix + path, None)
        if value is None:
            return
        if not isinstance(value, list):
            raise Unpriced(f"{self._prefix}{path}: {short(value)} is not a list")
        for index, entry in enumerate(cast("Sequence[object]", value)):
            where = f"{path}[{index}]"
            yield self._block(entry, where)

    def named_blocks(self, path: str) -> "Iterator[Properties]":
        """The blocks of a block, whatever their names; none where there is no block."""
        value = self._find(path)
        if value is None:
            return
        if type(value) is not dict:
            raise Unpriced(f"{self._prefix}{path}: {short(value)} is not a block")
        for name, entry in cast("dict[str, Any]", value).items():
            yield self._block(entry, f"{path}.{name}")

    def _block(self, entry: object, where: str) -> "Properties":
        self._refuse_hidden(entry, where)
        if type(entry) is not dict:
            raise Unpriced(f"{self._prefix}{where}: {short(entry)} is not a block")
        block = cast("dict[str, Any]", entry)
        return Properties(block, f"{self._prefix}{where}.", self.read, self._assumed)

    def count(self, path: str) -> int:
        """Number of entries of a list; 0 where there is no list."""
        value = self._find(path)
        if value is not None and not isinstance(value, list):
            raise Unpriced(f"{self._prefix}{path}: {short(value)} is not a list")
        return len(cast("Sequence[object]", value or ()))

    def names(self, path: str) -> bool:
        """True if a value is given, known or not; raises if a block around it is hidden."""
        value: Any = self.content
        for name in _parts(path):
            self._refuse_hidden(value, path)
            value = cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
        self.read[self._prefix + path] = value
        return value is not None


def hidden(value: object) -> str:
    """The reason why a plan does not show a value; empty if it does."""
    if type(value) is str:
        if value in _UNKNOWNS:
            return "is not known before the deployment"
        return "is secret" if value == _SECRET else ""
    return "is secret" if type(value) is dict and _SECRET_MARK in value else ""


@functools.lru_cache(maxsize=1024)
def _parts(path: str) -> Sequence[str]:
    return path.split(".")


@functools.lru_cache(maxsize=1024)
def _exact(value: float | str) -> Decimal | None:
    """The number as written; None if it is not a number, or too long for a plan."""
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    if not number.is_finite() or number.adjusted() not in _ADJUSTED:
        return None
    return number if _NUMBER.fullmatch(format(number, "f")) else None


def short(value: object) -> str:
    """A value for a message, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"  # noqa: PLR2004
