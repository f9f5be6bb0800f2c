"""Health and readiness probes."""

from typing import Final

from fastapi import APIRouter

from translator import readiness
from translator.dependencies import TheParts

router = APIRouter(include_in_schema=False)

_WAIT_SECONDS: Final = 4.0
"""Shorter than a probe's own time-out, so that the reason is logged."""


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def healthz() -> dict[str, str]:
    """Liveness probe: 200 as long as the process answers; it depends on nothing else."""
    return {"status": "ok"}


@router.api_route("/readyz", methods=["GET", "HEAD"])
async def readyz(parts: TheParts) -> dict[str, str]:
    """Readiness probe: 200 if the database answers and has the needed tables, else 503."""
    await readiness.check(parts.database, wait=_WAIT_SECONDS)
    return {"status": "ready"}
