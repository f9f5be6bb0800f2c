"""Differences of two bodies, and those of them that Azure cannot change in place."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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

    def replaces(path: str) -> bool:
        plain = re.sub(r"\[\d+\]", "", path)
        return any(plain == f or plain.startswith(f"{f}.") for f in fixed)

    return [replace(c, replaces=replaces(c.path)) for c in _compare("", old, new)]


def _compare(path: str, old: object, new: object) -> Iterator[Change]:
    """Compare two values, None for a missing one; null has no other meaning in a body."""
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
        kind = "add" if old is None else "delete" if new is None else "update"
        yield Change(path=path, kind=kind)
