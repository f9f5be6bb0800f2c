"""Pages that are the same for everybody, rendered once for what they show."""

from dataclasses import dataclass
from typing import Final

from flask import Response, current_app, render_template, request
from werkzeug.http import generate_etag

_EXTENSION: Final = "rendered"


@dataclass(frozen=True)
class _Page:
    context: dict[str, object]
    body: bytes
    tag: str


def page(template: str, *, media_type: str = "text/html", **context: object) -> Response:
    """The template, rendered again only when `context` has changed.

    The page must depend on nothing else that changes while the process lives, but its endpoint.
    """
    pages: dict[tuple[str, str | None], _Page] = current_app.extensions.setdefault(_EXTENSION, {})
    place = (template, request.endpoint)
    found = pages.get(place)
    if found is None or found.context != context:
        body = render_template(template, **context).encode()
        found = pages[place] = _Page(context, body, generate_etag(body))
    response = Response(found.body, mimetype=media_type)
    response.set_etag(found.tag)
    return response
