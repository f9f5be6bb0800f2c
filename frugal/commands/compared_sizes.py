"""Region and sizes of an environment, as the program reads them from its file."""

from pathlib import Path
from typing import TYPE_CHECKING

from frugal.cost.compare.ways import Sizes
from frugal.errors import FrugalError
from frugal.paths import Checkout

if TYPE_CHECKING:
    from infra.settings import Settings


def sizes(place: Checkout, environment: str) -> tuple[Sizes, Path | None]:
    """Of `Pulumi.<environment>.yaml`; and the usage file that it names. Raises FrugalError (2)."""
    # The program takes seconds to import.
    from infra.settings import SettingsError, from_file  # noqa: PLC0415
    from infra.stacks import MODELS  # noqa: PLC0415

    try:
        settings = from_file(environment, MODELS, folder=place.root)
    except SettingsError as error:
        raise FrugalError(f"Pulumi.{environment}.yaml: {error}", code=2) from None
    return of_settings(settings), settings.usage_file


def of_settings(settings: "Settings") -> Sizes:
    """Sizes that a comparison depends on."""
    homepage, translator = settings.sites["homepage"], settings.sites["translator"]
    return Sizes(
        environment=settings.environment,
        location=settings.location,
        replicas={
            "homepage": (homepage.min_replicas, homepage.max_replicas),
            "translator": (translator.min_replicas, translator.max_replicas),
        },
        own_registry=settings.registry.id is None,
        database_sku=settings.database.sku,
        storage_gb=settings.database.storage_gb,
        high_availability=settings.database.high_availability,
    )
