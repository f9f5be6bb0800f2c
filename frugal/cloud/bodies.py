"""Bodies of resources: JSON objects, laid over one another, or with a value taken out."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

Body = dict[str, Any]


def merge(body: Mapping[str, Any], more: Mapping[str, Any]) -> Body:
    """`body` with `more` laid over it, object by object; a list or a value is replaced whole."""
    result = dict(body)
    for name, value in more.items():
        old = result.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            result[name] = merge(old, value)
        else:
            result[name] = value
    return result


def hide(body: object, path: list[str]) -> None:
    """Take the value at `path` (`*` stands for every item) out of a body."""
    head, *rest = path
    if head == "*":
        items = body.values() if isinstance(body, dict) else body
        for item in cast("Iterable[object]", items):
            hide(item, rest)
    elif isinstance(body, dict) and head in body:
        if rest:
            hide(body[head], rest)
        else:
            del body[head]
