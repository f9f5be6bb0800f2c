"""The pages that people read, and the page that says what went wrong."""

from typing import Final

from flask import Blueprint, Flask, Response, make_response, render_template
from werkzeug.exceptions import HTTPException

from homepage import headers, sheet

bp = Blueprint("pages", __name__, template_folder="templates")

_BUNDLED_SECONDS: Final = 60
"""How long a shared cache keeps a page of bundled data: soon there may be something newer."""


def index() -> Response:
    """The home page: who this is, with talks, projects and interviews."""
    response = make_response(render_template("pages/index.html", sheet=sheet.bundled()))
    response.headers["Cache-Control"] = headers.shared(_BUNDLED_SECONDS)
    return response


def register(app: Flask) -> None:
    """Add what belongs to the whole site: `index`, an endpoint without prefix, and error pages."""
    app.add_url_rule("/", "index", index)
    app.register_error_handler(HTTPException, error_page)


def error_page(error: HTTPException) -> Response:
    """Any error as a page of the site, with the status and headers that Werkzeug gives it."""
    page = render_template("pages/error.html", status=error.code, title=error.name)
    response = Response(page, status=error.code, mimetype="text/html")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers.add(name, value)
    return response
