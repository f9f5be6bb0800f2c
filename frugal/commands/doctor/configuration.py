"""Configuration of an environment, from its file and the project's."""

import json
from collections.abc import Mapping
from typing import cast

from frugal.local.stack_file import masked, read_settings, stack_settings
from frugal.paths import Checkout
from infra.naming import PROJECT

HIDDEN = "hidden-" * 8
"""Stands for a secret, which is not decrypted here; long enough for a session key."""


def load(checkout: Checkout, environment: str) -> dict[str, str]:
    """Return the configuration as the engine gives it: full keys, objects as JSON text.

    Raises FrugalError for an environment that does not exist.
    """
    project = read_settings(checkout.root / "Pulumi.yaml")
    config: dict[str, str] = {}
    for content in (project, stack_settings(checkout, environment)):
        for key, value in _entries(content).items():
            full = key if ":" in key else f"{PROJECT}:{key}"
            shown = masked(value, HIDDEN)
            config[full] = shown if isinstance(shown, str) else json.dumps(shown)
    return config


def _entries(content: Mapping[str, object]) -> dict[str, object]:
    entries = cast("dict[str, object]", content.get("config") or {})
    found: dict[str, object] = {}
    for key, value in entries.items():
        if not isinstance(value, dict):
            found[key] = value
            continue
        # In Pulumi.yaml an entry is its description and type, with the value in one of these.
        described = cast("dict[str, object]", value)
        if {"type", "value", "default"} & described.keys():
            found[key] = described.get("value", described.get("default", {}))
        else:
            found[key] = described
    return found
