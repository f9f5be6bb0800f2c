"""Bodies of resources: JSON objects, merged or with a value taken out."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from frugal.cloud.errors import CloudError

if TYPE_CHECKING:
    from starlette.requests import Request

Body = dict[str, Any]


def section(body: Mapping[str, Any], *path: str) -> Body:
    """The object at `path`, {} where there is none."""
    found: Mapping[str, Any] = body
    for name in path:
        found = found.get(name) or {}
    return cast("Body", found)


def value_at(body: Mapping[str, Any], path: str) -> object:
    """The value at a dotted path, None where there is none."""
    *parents, last = path.split(".")
    return section(body, *parents).get(last)


def objects(body: Mapping[str, Any], *path: str) -> list[Body]:
    """The list of objects at `path`, [] where there is none."""
    return cast("list[Body]", section(body, *path[:-1]).get(path[-1]) or [])


def strings(body: Mapping[str, Any], *path: str) -> list[str]:
    """The list of strings at `path`, [] where there is none; a map's keys count as one."""
    found = cast("Iterable[object]", section(body, *path[:-1]).get(path[-1]) or [])
    return [str(item) for item in found]


def deep_merge(body: Mapping[str, Any], more: Mapping[str, Any]) -> Body:
    """`body` with `more` merged into it, object by object; a list or a value is replaced whole."""
    result = dict(body)
    for name, value in more.items():
        old = result.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            result[name] = deep_merge(cast("Body", old), cast("Body", value))
        else:
            result[name] = value
    return result


def redact(body: object, path: list[str]) -> None:
    """Remove the value at `path` (`*` stands for every item) from a body."""
    head, *rest = path
    inside = cast("Body", body) if isinstance(body, dict) else None
    if head == "*":
        for item in cast("Iterable[object]", body) if inside is None else inside.values():
            redact(item, rest)
    elif inside is not None and head in inside:
        if rest:
            redact(inside[head], rest)
        else:
            del inside[head]


async def json_object(request: "Request") -> Body:
    """The body of a request. Raises CloudError unless it is a JSON object."""
    try:
        body = await request.json()
    except ValueError as error:
        raise CloudError("InvalidRequestContent", f"The request is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise CloudError("InvalidRequestContent", "The request must be a JSON object.")
    return cast("Body", body)
