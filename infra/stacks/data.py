"""Data: the database, in a group of its own.

Deleting a resource group deletes its resources, even those that Pulumi protects.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.components.identity import Identity
from infra.components.postgres import Administrator, Postgres, PostgresArgs
from infra.settings import Settings
from infra.stacks.platform import resource_group

if TYPE_CHECKING:
    from pulumi_azure_native import resources

HIGH_AVAILABILITY = {
    "disabled": "Disabled",
    "sameZone": "SameZone",
    "zoneRedundant": "ZoneRedundant",
}


@dataclass(frozen=True, kw_only=True)
class Data:
    """Outputs for the other stacks."""

    group: "resources.ResourceGroup"
    postgres: Postgres


def deploy(settings: Settings, administrator: Identity) -> Data:
    """Declare the data group and the server with its database, administered by an identity."""
    group, place = resource_group("data", settings)
    postgres = Postgres(
        "postgres",
        PostgresArgs(
            placement=place,
            sku=settings.database.sku,
            storage_gb=settings.database.storage_gb,
            high_availability=HIGH_AVAILABILITY[settings.database.high_availability],
            version=settings.database.version,
            database="translator",
            administrator=Administrator(
                name=administrator.name,
                principal_id=administrator.principal_id,
                tenant_id=administrator.tenant_id,
            ),
            protect=settings.is_protected,
            settle=settings.waits.server,
            deadline=settings.waits.deadline,
        ),
    )
    return Data(group=group, postgres=postgres)
