"""Whether this process serves; it asks nobody else."""

from flask import Blueprint, Response, jsonify

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> Response:
    """For the platform's probes: 200 as long as requests are answered at all."""
    return jsonify(status="ok")
