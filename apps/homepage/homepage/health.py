"""Health and readiness probes."""

from flask import Blueprint, Response, jsonify

from homepage import blog, sheet

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """Liveness probe: 200 as long as the process answers; it depends on nothing else."""
    return jsonify(status="ok")


@bp.get("/readyz")
def readyz() -> Response:
    """Readiness probe: always 200, with the origin of the content shown.

    It starts the first load of the spreadsheet and the blog, so that no visitor waits for them.
    """
    if posts := blog.content():
        posts.peek()
    return jsonify(status="ok", content=sheet.content().peek().origin)
