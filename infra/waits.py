"""The setting `waits` in the processes of dynamic providers.

They read it from the stack's configuration and not from properties, so that a new value changes no
resource, and a state of an earlier version needs no such property.
"""

import json
from collections.abc import Mapping

DEFAULTS: Mapping[str, int] = {
    "server": 60,
    "roleAge": 150,
    "purge": 60,
    "pullLimit": 60,
    # Longer than a write to a Container Apps environment or the creation of a PostgreSQL server,
    # the longest operations during which Azure refuses other requests.
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
