"""The content of `frugal status`."""

from dataclasses import asdict
from typing import Any

from frugal.cloud.cloud import Cloud
from frugal.cloud.running import Report


def status(cloud: Cloud) -> dict[str, Any]:
    """Collect the reports of everything that runs, and the resources that it runs for."""
    report = Report()
    for one in cloud.running.values():
        one.report(report)
    return {
        "environment": "local",
        **asdict(report),
        "domains": {"names": dict(cloud.domains.targets)},
        "resources": [{"id": r.id, "type": r.token, "urn": r.urn} for r in cloud.store],
        "waiting": dict(cloud.waiting),
        "ports": sorted(cloud.ports.all().values()),
    }
