"""Running apps and jobs: revisions, probes, replicas, ingress; executions."""

from frugal.cloud.processes.app import App
from frugal.cloud.processes.execution import Execution
from frugal.cloud.processes.program import prepare
from frugal.cloud.processes.revision import Probe, Revision, RevisionFailed

__all__ = ["App", "Execution", "Probe", "Revision", "RevisionFailed", "prepare"]
