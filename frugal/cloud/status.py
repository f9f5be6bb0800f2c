"""The content of `frugal status`."""

from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from frugal.cloud.cloud import Cloud
from frugal.cloud.running import Report, local_address


def status(cloud: Cloud) -> dict[str, Any]:
    """Collect the reports of everything that runs, and the resources that it runs for."""
    report = Report()
    for one in cloud.running.values():
        one.report(report)
    return {
        "environment": "local",
        **asdict(report),
        "domains": _domains(cloud),
        "resources": [{"id": r.id, "type": r.token, "urn": r.urn} for r in cloud.store],
        "waiting": dict(cloud.waiting),
        "ports": sorted(cloud.ports.all().values()),
    }


def _domains(cloud: Cloud) -> dict[str, Any]:
    """Own domains: each name with the address of what it leads to, and the way to them.

    `port`: of the TLS listener; `authority`: its certificate's file; `pin`: the hash of its key.
    """
    targets = cloud.domains.targets
    names = {name: local_address(urlsplit(to).port or 0) for name, to in sorted(targets.items())}
    authority = cloud.authority
    return {
        "port": cloud.domains.port,
        "authority": str(authority.ca_file),
        "pin": authority.pin,
        "names": names,
    }
