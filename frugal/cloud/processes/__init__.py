"""Running apps: revisions, probes, replicas, and the ingress before them."""

from frugal.cloud.processes.app import App
from frugal.cloud.processes.revision import Health, Probe, Revision, RevisionFailed

__all__ = ["App", "Health", "Probe", "Revision", "RevisionFailed"]
