"""Data: the database, in a group of its own.

Deleting a resource group deletes what is in it, whatever Pulumi was told to keep.
"""

from dataclasses import dataclass

from pulumi import ResourceOptions
from pulumi_azure_native import resources

from infra.components.identity import Identity
from infra.components.postgres import Administrator, Postgres, PostgresArgs
from infra.naming import PROJECT, tags
from infra.settings import Settings

HIGH_AVAILABILITY = {
    "disabled": "Disabled",
    "sameZone": "SameZone",
    "zoneRedundant": "ZoneRedundant",
}


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the other stacks use."""

    group: resources.ResourceGroup
    postgres: Postgres


def deploy(settings: Settings, administrator: Identity) -> Data:
    """Declare the data group and the server with its database, administered by an identity."""
    common = tags(settings.environment)
    group = resources.ResourceGroup(
        f"{PROJECT}-{settings.environment}-data",
        location=settings.location,
        tags=common,
        opts=ResourceOptions(protect=settings.protected),
    )
    postgres = Postgres(
        "postgres",
        PostgresArgs(
            resource_group_name=group.name,
            location=settings.location,
            tags=common,
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
            protect=settings.protected,
            settle=settings.waits.server,
            deadline=settings.waits.deadline,
        ),
    )
    return Data(group=group, postgres=postgres)
