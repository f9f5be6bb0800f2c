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
from typing import Final, NamedTuple, TypeVar, cast

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


@cache
def idle_names(kind: str) -> frozenset[str]:
    """Outer properties that neither a price nor a refusal depends on, whatever is in them."""
    of: Mapping[str, str] = CLASSES[kind].of if kind in CLASSES else {}
    busy = {path.partition(".")[0] for path in of if of[path] in ("priced", "unpriced_when")}
    return frozenset({name for name in of if "." not in name} - busy | _NEVER)


class _Known(NamedTuple):
    """A type as it is known: the properties of each block, and the harmless values by path.

    `checked`: blocks with something priced or refused, and the outer ones.
    """

    names: Mapping[str, Sequence[str]]
    harmless: Mapping[str, _Harmless]
    checked: frozenset[str]


@cache
def _known(kind: str) -> _Known:
    classes = CLASSES[kind]
    lines = (line.rpartition(": ") for line in inputs().get(kind, ()))
    names = {path: listed.split() for path, _, listed in lines}
    weighty = [path for path, name in classes.of.items() if name in ("priced", "unpriced_when")]
    paths = [f"{path}." for path in (*weighty, *_OUTER)]
    checked = (block for block in names if any(path.startswith(f"{block}.") for path in paths))
    return _Known(names, classes.harmless, frozenset(checked))


def check(kind: str, properties: Properties) -> Sequence[str]:
    """Return paths in blocks that a price depends on, but that the SDK's types do not have.

    Raises Unpriced where the price may be another.
    """
    return list(_unknown(properties.content, "", _known(kind))) if kind in CLASSES else ()


def _unknown(block: object, path: str, known: _Known) -> Iterator[str]:
    if why := hidden(block):
        if any(one.startswith(f"{path}." if path else "") for one in known.harmless):
            raise HiddenError(path, why)
        return
    for name, value in _given(block):
        inner = f"{path}.{name}" if path else name
        if name not in known.names[path]:
            if path in _OUTER:
                raise Unpriced(f"{inner} is not a property of this type that is known")
            yield inner
        elif inner in known.harmless:
            _refuse(inner, value, known.harmless[inner])
        elif inner in known.checked:
            for entry in cast("list[object]", value) if isinstance(value, list) else [value]:
                yield from _unknown(entry, inner, known)


def _given(block: object) -> Iterator[tuple[str, object]]:
    """Properties that are set, if it is a block; two underscores begin those of Pulumi itself."""
    for name, value in cast("dict[str, object]", block).items() if type(block) is dict else ():
        if value is not None and not name.startswith("__"):
            yield name, value


def _refuse(path: str, value: object, harmless: _Harmless) -> None:
    if why := hidden(value):
        raise HiddenError(path, why)
    if value in ("", [], {}) or _folded(value) in harmless:
        return
    shown = "" if isinstance(value, list | dict) else f" {value!r}"
    allowed = "; priced: " + ", ".join(map(repr, harmless)) if harmless else ""
    raise Unpriced(f"{path}{shown} has no price here{allowed}")


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
