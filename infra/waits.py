"""How long to wait for Azure, as the processes of dynamic providers read it.

They take the setting `waits` from the stack's configuration and not from properties, so that
another value changes no resource and an older state needs none.
"""

import json
from collections.abc import Mapping

DEFAULTS: Mapping[str, int] = {
    "server": 60,
    "roleAge": 150,
    "purge": 60,
    "pullLimit": 60,
    # Outlasts a write to a Container Apps environment or a new PostgreSQL server, the longest of
    # what Azure refuses other requests for.
    "deadline": 900,
}
"""Seconds by field of the setting (meanings: infra.settings.Waits); sources: docs/adr/0009."""

_current: Mapping[str, float] = DEFAULTS


def configure(setting: str | None) -> None:
    """Set the seconds of the process: the setting as the engine gives it (JSON), or None."""
    global _current  # noqa: PLW0603 - a provider's process serves one stack
    _current = {**DEFAULTS, **json.loads(setting or "{}")}


def seconds(field: str) -> float:
    """Seconds of a field in this process."""
    return float(_current[field])
