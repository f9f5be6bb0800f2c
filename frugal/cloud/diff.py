"""Differences of two bodies, and those of them that Azure cannot change in place."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal, cast

from frugal.cloud.contract import Model
from frugal.cloud.ids import path_parameters


@dataclass(frozen=True, kw_only=True)
class Change:
    """One property that differs: its path (`template.scale.minReplicas`, `env[2].value`)."""

    path: str
    kind: Literal["add", "delete", "update"]
    replaces: bool = False

    @property
    def top(self) -> str:
        """The top-level property that it is in."""
        return self.path.partition(".")[0].partition("[")[0]


def changes(m: Model, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """The differences of two bodies of one type.

    A property of the path (name, group, parent, scope) or one that Azure takes at creation alone
    can't be changed in place.
    """
    fixed = {*path_parameters(m), *m.create_only}
    found: list[Change] = []
    for change in _walk("", old, new):
        plain = re.sub(r"\[\d+\]", "", change.path)
        replaces = any(plain == f or plain.startswith(f"{f}.") for f in fixed)
        found.append(Change(path=change.path, kind=change.kind, replaces=replaces))
    return found


def _walk(path: str, old: object, new: object) -> Iterator[Change]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        olds, news = cast("Mapping[str, object]", old), cast("Mapping[str, object]", new)
        names = sorted(n for n in {*olds, *news} if not n.startswith("__"))
        for name in names:
            inner = f"{path}.{name}" if path else name
            yield from _compare(inner, olds.get(name), news.get(name))
    elif isinstance(old, list) and isinstance(new, list):
        pairs = zip_longest(cast("list[object]", old), cast("list[object]", new))
        for index, (before, after) in enumerate(pairs):
            yield from _compare(f"{path}[{index}]", before, after)
    elif old != new:
        yield Change(path=path, kind="update")


def _compare(path: str, old: object, new: object) -> Iterator[Change]:
    """Compare two values, None for a missing one; null has no other meaning in a body."""
    if new is None and old is not None:
        yield Change(path=path, kind="delete")
    elif old is None and new is not None:
        yield Change(path=path, kind="add")
    else:
        yield from _walk(path, old, new)
