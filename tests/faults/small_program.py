"""A program for fault scripts: a database, a static site, an edge, and no image to build.

With a file `changed` beside Pulumi.yaml it adds, changes and replaces things.
"""

from pathlib import Path

import pulumi
import pulumi_azure_native as azure

changed = (Path(__file__).parent.parent / "changed").exists()

group = azure.resources.ResourceGroup("platform")
identity = azure.managedidentity.UserAssignedIdentity("identity", resource_group_name=group.name)
server = azure.dbforpostgresql.Server(
    "server",
    resource_group_name=group.name,
    version="17",
    sku={"name": "Standard_B1ms", "tier": "Burstable"},
    storage={"storage_size_gb": 32},
    tags={"changed": "yes"} if changed else None,
    auth_config={"active_directory_auth": "Enabled", "password_auth": "Disabled"},
)
database = azure.dbforpostgresql.Database(
    "rows", resource_group_name=group.name, server_name=server.name, database_name="rows"
)
azure.dbforpostgresql.AdministratorsMicrosoftEntra(
    "administrator",
    resource_group_name=group.name,
    server_name=server.name,
    object_id=identity.principal_id,
    principal_name="app",
    principal_type="ServicePrincipal",
    tenant_id="00000000-0000-0000-0000-000000000000",
    # A server takes one write at a time.
    opts=pulumi.ResourceOptions(depends_on=[database]),
)
for name in ("site", "second") if changed else ("site",):
    azure.web.StaticSite(
        name,
        resource_group_name=group.name,
        location="eastus2",
        sku={"name": "Free", "tier": "Free"},
    )
profile = azure.cdn.Profile(
    "profile",
    resource_group_name=group.name,
    location="Global",
    sku={"name": "Standard_AzureFrontDoor"},
)
azure.cdn.AFDEndpoint(
    # Under the other name it is another resource: one is created and one deleted.
    "border" if changed else "edge",
    resource_group_name=group.name,
    profile_name=profile.name,
    location="Global",
    enabled_state="Enabled",
)
pulumi.export("group", group.name)
