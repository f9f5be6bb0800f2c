"""Azure Database for PostgreSQL, Flexible Server: Entra sign-in only, TLS only."""

from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_azure_native import dbforpostgresql

from infra.components.placement import Placement
from infra.components.wait import Wait

BACKUP_DAYS = 7  # days, Azure's minimum
_TIERS = {"B": "Burstable", "D": "GeneralPurpose", "E": "MemoryOptimized"}


@dataclass(frozen=True, kw_only=True)
class Administrator:
    """The identity that administers the server; `name` is also its role in PostgreSQL."""

    name: Input[str]
    principal_id: Input[str]
    tenant_id: Input[str]


@dataclass(frozen=True, kw_only=True)
class PostgresArgs:
    """Sizes are plain values, as they are priced.

    `sku`: `Standard_B1ms` and the like; `storage_gb`: GiB; `high_availability`: `Disabled`,
    `SameZone` or `ZoneRedundant`; `protect`: Pulumi's protection; `settle`: seconds for
    which a new server must be Ready at every poll; `deadline`: seconds to wait at most.
    """

    placement: Placement
    sku: str
    storage_gb: int
    high_availability: str
    version: str
    database: str
    administrator: Administrator
    protect: bool
    settle: float
    deadline: float


class Postgres(ComponentResource):
    """Outputs: `host` (name to connect to and to verify), `database`.

    Dependents of this component start when the administrator can sign in and the database exists.
    """

    host: Output[str]
    database: Output[str]

    def __init__(self, name: str, args: PostgresArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("frugal:data:Postgres", name, None, opts)
        server = dbforpostgresql.Server(
            f"{name}-server",
            resource_group_name=args.placement.group,
            location=args.placement.location,
            tags=args.placement.tags,
            version=args.version,
            sku={"name": args.sku, "tier": _TIERS[args.sku.removeprefix("Standard_")[0]]},
            storage={"storage_size_gb": args.storage_gb, "auto_grow": "Disabled"},
            backup={"backup_retention_days": BACKUP_DAYS, "geo_redundant_backup": "Disabled"},
            high_availability={"mode": args.high_availability},
            auth_config={
                "active_directory_auth": "Enabled",
                "password_auth": "Disabled",
                "tenant_id": args.administrator.tenant_id,
            },
            network={"public_network_access": "Enabled"},
            opts=ResourceOptions(
                parent=self,
                protect=args.protect,
                # Azure chooses a zone; after a refresh that choice must not become a diff, which
                # would replace the server and lose its data.
                ignore_changes=["availabilityZone"],
            ),
        )
        self.host = server.fully_qualified_domain_name
        self.database = self._children(name, args, server)
        self.register_outputs({"host": self.host, "database": self.database})

    def _children(
        self, name: str, args: PostgresArgs, server: "dbforpostgresql.Server"
    ) -> Output[str]:
        """Declare the children one after another: the server refuses concurrent changes.

        The error is ServerIsBusy. The children are deleted with their server and not separately:
        deleting the administrator fails, since it owns the objects of the migration
        (hashicorp/terraform-provider-azurerm issues 24736 and 23851, read November 2026). The
        database comes last: Azure's own role owns one that is created while there is no
        administrator (issue 27895 there).
        """

        def options(*after: Resource, protect: bool = False) -> ResourceOptions:
            return ResourceOptions(
                parent=self, depends_on=list(after), deleted_with=server, protect=protect
            )

        ready = Wait(
            f"{name}-server-ready",
            "server",
            server.id,
            settle=args.settle,
            deadline=args.deadline,
            opts=ResourceOptions(parent=self),
        )
        # Any address in Azure, since the apps have no fixed one; access depends on sign-in.
        firewall = dbforpostgresql.FirewallRule(
            f"{name}-azure",
            resource_group_name=args.placement.group,
            server_name=server.name,
            start_ip_address="0.0.0.0",  # noqa: S104 - Azure's way to say "from within Azure"
            end_ip_address="0.0.0.0",  # noqa: S104
            opts=options(ready),
        )
        # As Azure's models spell it; the SDK's enum of this name is another type's.
        principal_type = "ServicePrincipal"
        administrator = dbforpostgresql.AdministratorsMicrosoftEntra(
            f"{name}-administrator",
            resource_group_name=args.placement.group,
            server_name=server.name,
            object_id=args.administrator.principal_id,
            principal_name=args.administrator.name,
            principal_type=principal_type,
            tenant_id=args.administrator.tenant_id,
            opts=options(firewall),
        )
        properties = {
            "principalName": args.administrator.name,
            "principalType": principal_type,
            "tenantId": args.administrator.tenant_id,
        }
        listed = Wait(
            f"{name}-administrator-ready",
            "administrator",
            administrator.id,
            body={"properties": properties},
            deadline=args.deadline,
            opts=ResourceOptions(parent=self),
        )
        database = dbforpostgresql.Database(
            f"{name}-database",
            resource_group_name=args.placement.group,
            server_name=server.name,
            database_name=args.database,
            charset="UTF8",
            collation="en_US.utf8",
            opts=options(listed, protect=args.protect),
        )
        return database.name
