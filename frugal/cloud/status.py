"""What runs here, as `frugal status` shows it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from frugal.cloud.running import Report

if TYPE_CHECKING:
    from frugal.cloud.cloud import Cloud


def status(cloud: "Cloud") -> dict[str, Any]:
    """What everything that runs reports, and the resources that it runs for."""
    report = Report()
    for one in cloud.running.values():
        one.report(report)
    return {
        "environment": "local",
        **asdict(report),
        "resources": [{"id": r.id, "type": r.token, "urn": r.urn} for r in cloud.store],
        "waiting": dict(cloud.waiting),
        "ports": sorted(cloud.ports.all().values()),
    }
