"""A revision of an app and its probes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from frugal.cloud.errors import CloudError
from frugal.cloud.images import Image


class RevisionFailed(CloudError):  # noqa: N818 - the platform's own term
    """A revision that did not become ready; the message says why, with its last log lines."""

    def __init__(self, message: str) -> None:
        super().__init__("RevisionFailed", message)


ProbeKind = Literal["Startup", "Liveness", "Readiness"]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A health probe as declared; times in seconds. An empty `path` asks for a TCP connection.

    An HTTP answer from 200 to 399 is a success (learn.microsoft.com, Health probes in Azure
    Container Apps, November 2026).
    """

    kind: ProbeKind
    path: str
    port: int
    period: float
    timeout: float
    failure_threshold: int
    initial_delay: float = 0
    success_threshold: int = 1


@dataclass(frozen=True, kw_only=True)
class Revision:
    """One immutable version of an app.

    `environment`: the declared variables and the platform's, without HOST and PORT.
    `command` replaces the image's own. `cooldown` and `termination_grace` in seconds. Replicas are
    as many as hold the open requests at `concurrent_requests` each, within minimum and maximum.
    """

    name: str
    image: Image
    environment: Mapping[str, str]
    command: tuple[str, ...] | None
    target_port: int
    probes: tuple[Probe, ...]
    min_replicas: int
    max_replicas: int
    cooldown: float
    concurrent_requests: int
    termination_grace: float = 30

    def probe(self, kind: ProbeKind) -> Probe | None:
        """Return the probe of a kind, if it is declared."""
        return next((probe for probe in self.probes if probe.kind == kind), None)
