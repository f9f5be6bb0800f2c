"""Influence of each input property on the price of its type: nothing that is given is ignored.

Every property that the SDK's types have (`inputs.txt`, derived by `tools/sdk_inputs.py`) belongs to
one class of its type; a block's class holds for all in it that has no class of its own:

- `priced`: the reader of the type depends on it;
- `unpriced_when`: it changes the bill in a way that has no price here, unless it is absent, empty
  or has a harmless value;
- `no_influence`: it costs nothing, or another resource is billed for it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, cast

from frugal.cost.properties import HiddenError, Properties, Unpriced, hidden

# Reasons that many types share.
NAMES: Final = "its name, or a link to another resource"
ACCESS: Final = "identities, keys, networks and rules of access"
FOLLOWS: Final = "follows from sku.name"
BEHAVIOUR: Final = "how it works, not how large it is"

INPUTS: Final = Path(__file__).with_name("inputs.txt")
"""A section a type, empty lines between: its name, then a line a block with its properties."""

_SHARED: Final = "resourceGroupName location tags identity"
_NEVER: Final = frozenset({"resourceGroupName", "tags"})
_SHARED_UNPRICED: Final = {"extendedLocation": ()}  # edge zones and custom locations

# Blocks in which a property that the SDK does not have may be a size or a feature with a price.
_OUTER: Final = ("", "sku", "properties", "properties.sku")
_INDEX: Final = re.compile(r"\[\d+\]")

_Harmless = tuple[object, ...]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of one type's properties, by path; a path holds for all below it."""

    of: Mapping[str, str]
    harmless: Mapping[str, _Harmless]
    choices: Mapping[str, Sequence[object]]


CLASSES: Final[dict[str, Classes]] = {}
"""By type without the provider."""


def classify(
    *types: str,
    priced: str = "",
    unpriced_when: Mapping[str, object] | None = None,
    no_influence: Mapping[str, str] | None = None,
    choices: Mapping[str, Sequence[object]] | None = None,
) -> None:
    """Register the classes of these types' properties; paths are separated by spaces.

    `priced`: paths without indices (`template.containers.resources.cpu`); `unpriced_when`: path
    and harmless value, or a tuple of them; `no_influence`: paths by reason; `choices`: every value
    of a priced path, for a hidden one: Azure's default first, without a default the dearest.
    """
    given = {**_SHARED_UNPRICED, **(unpriced_when or {})}
    harmless = {
        path: tuple(map(_folded, cast("tuple[object, ...]", value)))
        if isinstance(value, tuple)
        else (_folded(value),)
        for path, value in given.items()
    }
    of = dict.fromkeys(f"{_SHARED} {priced}".split(), "priced")
    for reason, paths in (no_influence or {}).items():
        of |= dict.fromkeys(paths.split(), reason)
    of |= dict.fromkeys(harmless, "unpriced_when")
    CLASSES.update(dict.fromkeys(types, Classes(of, harmless, choices or {})))


def _folded(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


@cache
def inputs(file: Path = INPUTS) -> Mapping[str, Sequence[str]]:
    """The lines of each type: `configuration.dapr: appId appPort`; the first has no block."""
    sections = file.read_text(encoding="utf-8").strip().split("\n\n")
    return {kind: lines for kind, *lines in map(str.splitlines, sections)}


class _Block(NamedTuple):
    """A checked block. `parts`: what the SDK has in it; None where any value may stand."""

    path: str
    parts: "Mapping[str, _Block | _Harmless | None]"


@cache
def idle_names(kind: str) -> frozenset[str]:
    """Outer properties that neither a price nor a refusal depends on, whatever is in them."""
    of: Mapping[str, str] = CLASSES[kind].of if kind in CLASSES else {}
    busy = {path.partition(".")[0] for path in of if of[path] in ("priced", "unpriced_when")}
    return frozenset({name for name in of if "." not in name} - busy | _NEVER)


@cache
def _body(kind: str) -> _Block:
    """The checked part of a type: blocks with something priced or refused, and the outer ones."""
    classes = CLASSES[kind]
    names: dict[str, list[str]] = {}
    for line in inputs().get(kind, ()):
        path, _, listed = line.rpartition(": ")
        names[path] = listed.split()
    checked = {path for path, name in classes.of.items() if name in ("priced", "unpriced_when")}
    return _block("", names, {*checked, *_OUTER}, classes.harmless)


def _block(
    path: str,
    names: Mapping[str, Sequence[str]],
    checked: set[str],
    harmless: Mapping[str, _Harmless],
) -> _Block:
    parts: dict[str, _Block | _Harmless | None] = {}
    for name in names[path]:
        inner = f"{path}.{name}" if path else name
        parts[name] = harmless.get(inner)
        holds_checked = any(f"{one}.".startswith(f"{inner}.") for one in checked)
        if inner in names and inner not in harmless and holds_checked:
            parts[name] = _block(inner, names, checked, harmless)
    return _Block(path, parts)


def check(kind: str, properties: Properties) -> Sequence[str]:
    """Return paths in blocks that a price depends on, but that the SDK's types do not have.

    Raises Unpriced where the price may be another.
    """
    unknown: list[str] = []
    if kind in CLASSES:
        _check(properties.content, _body(kind), unknown)
    return unknown


def _check(block: Mapping[str, Any], known: _Block, unknown: list[str]) -> None:
    for name, value in block.items():
        try:
            part = known.parts[name]
        except KeyError:
            _check_name(name, block, known, unknown)
            continue
        if part is None or value is None:
            continue
        if not isinstance(part, _Block):
            _refuse(f"{known.path}.{name}" if known.path else name, value, part)
        elif type(value) is dict:
            _check(cast("dict[str, Any]", value), part, unknown)
        elif type(value) is list:
            for entry in cast("list[Any]", value):
                if type(entry) is dict:
                    _check(cast("dict[str, Any]", entry), part, unknown)
        elif (why := hidden(value)) and _refuses(part):
            raise HiddenError(part.path, why)


def _check_name(name: str, block: Mapping[str, Any], known: _Block, unknown: list[str]) -> None:
    if why := hidden(block):
        if _refuses(known):
            raise HiddenError(known.path, why)
        return
    # Names that begin with two underscores are Pulumi's own.
    if block[name] is None or name.startswith("__"):
        return
    path = f"{known.path}.{name}" if known.path else name
    if known.path in _OUTER:
        raise Unpriced(f"{path} is not a property of this type that is known")
    unknown.append(path)


def _refuse(path: str, value: object, harmless: _Harmless) -> None:
    if why := hidden(value):
        raise HiddenError(path, why)
    if value in ("", [], {}) or _folded(value) in harmless:
        return
    shown = "" if isinstance(value, list | dict) else f" {value!r}"
    allowed = "; priced: " + ", ".join(map(repr, harmless)) if harmless else ""
    raise Unpriced(f"{path}{shown} has no price here{allowed}")


def _refuses(block: _Block) -> bool:
    """True if a value in the block may make the resource unpriced."""
    return any(
        _refuses(part) if isinstance(part, _Block) else part is not None
        for part in block.parts.values()
    )


def readings(
    kind: str, properties: Properties, read: Callable[[Properties], _T]
) -> Iterator[tuple[_T, Mapping[str, object]]]:
    """Read the properties once for each choice of the hidden values, the defaults first.

    Yields what `read` returns, and the chosen values by path. Raises Unpriced, also for a hidden
    value without choices.
    """
    choices: Mapping[str, Sequence[object]] = CLASSES[kind].choices if kind in CLASSES else {}
    pending: list[Mapping[str, object]] = [{}]
    while pending:
        chosen = pending.pop(0)
        try:
            found = read(properties.assuming(chosen))
        except HiddenError as error:
            values = choices.get(_INDEX.sub("", error.path), ())
            if not values:
                raise
            pending[:0] = [{**chosen, error.path: value} for value in values]
        else:
            yield found, chosen
