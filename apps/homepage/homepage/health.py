"""Whether this process serves."""

from flask import Blueprint, Response, jsonify

from homepage import sheet

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """For the platform's probes: 200 as long as requests are answered at all; it asks nobody."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> Response:
    """200, and which copy of the content is shown: there always is one.

    Asking starts the first load of the spreadsheet, so that no visitor has to.
    """
    return jsonify(status="ok", content=sheet.content().peek().origin)
