"""The content of the site: a spreadsheet with one worksheet for each kind of thing."""

from functools import partial
from typing import Final

from flask import Blueprint, Flask, Response, current_app

from homepage import headers, rendered
from homepage.settings import Settings
from homepage.sheet.bundled import load_bundled
from homepage.sheet.rows import Sheet
from homepage.sheet.source import source
from homepage.store import Store

bp = Blueprint("sheet", __name__, template_folder="templates")

_LIVE: Final = 3600
_NOT_LIVE: Final = 60
"""Seconds that a shared cache may store a page, shorter for outdated content."""
_EXTENSION: Final = "sheet"


def register(app: Flask, settings: Settings) -> None:
    """Give the app its content, from the source in the settings, else the bundled one.

    Raises SystemExit if there is a mistake in the bundled content.
    """
    given = source(settings)
    fetch = None
    if given:
        # The HTTP client, a tenth of the start's imports.
        from homepage.sheet.fetch import read  # noqa: PLC0415

        fetch = partial(read, given)
    app.extensions[_EXTENSION] = Store("spreadsheet", fetch, load_bundled())
    app.register_blueprint(bp)


def content() -> Store[Sheet]:
    """The content of the app that answers the current request."""
    return current_app.extensions[_EXTENSION]


def page(
    template: str, *, media_type: str = "text/html", live: bool = True, **context: object
) -> Response:
    """A template that may show the `sheet`, cached for as long as its data deserve.

    `live`: False if something else that it shows is outdated.
    """
    shown = content().get()
    response = rendered.page(template, media_type=media_type, sheet=shown.content, **context)
    seconds = _LIVE if shown.live and live else _NOT_LIVE
    response.headers["Cache-Control"] = headers.shared(seconds)
    return response


@bp.get("/talks")
def talks() -> Response:
    """All talks, by year."""
    return page("sheet/talks.html")


@bp.get("/projects")
def projects() -> Response:
    """All projects."""
    return page("sheet/projects.html")


@bp.get("/interviews")
def interviews() -> Response:
    """All interviews."""
    return page("sheet/interviews.html")


@bp.get("/feed.xml")
def feed() -> Response:
    """Talks, projects and interviews as an Atom feed (RFC 4287)."""
    return page("sheet/feed.xml", media_type="application/atom+xml")
