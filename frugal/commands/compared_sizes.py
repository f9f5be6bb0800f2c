"""Region and sizes of an environment, as the program reads them from its file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import yaml

from frugal.cost.compare.ways import Sizes
from frugal.errors import FrugalError
from frugal.local.stack_file import stack_settings
from frugal.paths import Checkout

if TYPE_CHECKING:
    from infra.settings import Settings

_LOCATION = "azure-native:location"
_USAGE = "frugal:usageFile"
# What of the settings a comparison depends on; the rest, which may hold secrets, is not read.
_REPLICAS = ("minReplicas", "maxReplicas")
_FIELDS = {
    "homepage": _REPLICAS,
    "translator": _REPLICAS,
    "registry": ("id",),
    "database": ("sku", "storageGb", "highAvailability"),
}


def sizes(place: Checkout, environment: str) -> tuple[Sizes, Path | None]:
    """Of `Pulumi.<environment>.yaml`; and the usage file that it names. Raises FrugalError (2)."""
    # The program takes half a second to import.
    from infra.settings import SettingsError, read  # noqa: PLC0415

    try:
        settings = read(environment, _config(place, environment))
    except SettingsError as error:
        raise FrugalError(f"Pulumi.{environment}.yaml: {error}", code=2) from None
    return of_settings(settings), settings.usage_file


def of_settings(settings: "Settings") -> Sizes:
    """What a comparison needs of the program's settings."""
    return Sizes(
        environment=settings.environment,
        location=settings.location,
        replicas={
            "homepage": (settings.homepage.min_replicas, settings.homepage.max_replicas),
            "translator": (settings.translator.min_replicas, settings.translator.max_replicas),
        },
        own_registry=settings.registry.id is None,
        database_sku=settings.database.sku,
        storage_gb=settings.database.storage_gb,
        high_availability=settings.database.high_availability,
    )


def _config(place: Checkout, environment: str) -> Mapping[str, str]:
    """The keys that count, as the engine gives them: objects as JSON text."""
    content: object = stack_settings(place, environment).get("config") or {}
    if not isinstance(content, dict):
        message = f"`config` in Pulumi.{environment}.yaml holds no keys."
        raise FrugalError(message, code=2)
    entries = cast("dict[str, object]", content)
    config = {_LOCATION: str(entries.get(_LOCATION) or _location_of_project(place))}
    for key, fields in _FIELDS.items():
        block = entries.get(f"frugal:{key}", {})
        if isinstance(block, dict):
            given = cast("dict[str, object]", block)
            config[f"frugal:{key}"] = json.dumps({f: given[f] for f in fields if f in given})
        else:
            config[f"frugal:{key}"] = str(block)
    if _USAGE in entries:
        config[_USAGE] = str(entries[_USAGE])
    return config


def _location_of_project(place: Checkout) -> object:
    """The region of an environment whose file names none."""
    project = yaml.safe_load((place.root / "Pulumi.yaml").read_text())
    return project["config"][_LOCATION]["value"]
