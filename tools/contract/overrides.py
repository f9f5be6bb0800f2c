"""Facts missing from the packages: create-only and secret properties, enumerations, name rules.

Each row names its source. All were read in November 2026.
"""

from typing import Any

Rule = dict[str, Any]

# Create-only properties; newer generated code has them (`visibility`), older code does not.
# Checked against the visibility in azure-mgmt-appcontainers 5.1.0, -containerregistry 15.0.0,
# -loganalytics 14.0.0, -postgresqlflexibleservers 3.0.0 and -msi 8.0.0b2: the same.
_CREATE_ONLY = (
    # The genuine provider's own table: provider/pkg/gen/replacement.go @1b7112a.
    "authorization.RoleAssignment.principalId",
    "web.WebApp.kind",
    # x-ms-mutability [create, read], on which the genuine provider replaces
    # (provider/pkg/gen/properties.go), in ContainerApps.json and ManagedEnvironments.json,
    # 2025-02-02-preview; of the job and of dnsSuffix the visibility in azure-mgmt-appcontainers
    # 5.1.0.
    "app.ContainerApp.environmentId",
    "app.ContainerApp.kind",
    "app.ContainerApp.managedEnvironmentId",
    "app.CustomDomainConfiguration.dnsSuffix",
    "app.Job.environmentId",
    "app.ManagedEnvironment.infrastructureResourceGroup",
    "app.ManagedEnvironment.zoneRedundant",
    "app.VnetConfiguration.dockerBridgeCidr",
    "app.VnetConfiguration.infrastructureSubnetId",
    "app.VnetConfiguration.internal",
    "app.VnetConfiguration.platformReservedCidr",
    "app.VnetConfiguration.platformReservedDnsIP",
    # The same mark in Servers.json, 2025-08-01.
    "dbforpostgresql.Backup.geoRedundantBackup",
    "dbforpostgresql.Server.administratorLogin",
    "dbforpostgresql.Server.availabilityZone",
    "dbforpostgresql.Server.pointInTimeUTC",
    "dbforpostgresql.Server.sourceServerResourceId",
)

# x-ms-secret in azure-rest-api-specs at these API versions; the certificate by what it holds.
_SECRET = (
    "app.AppInsightsConfiguration.connectionString",
    "app.CustomDomainConfiguration.certificatePassword",
    "app.CustomDomainConfiguration.certificateValue",
    "app.DataDogConfiguration.key",
    "app.LogAnalyticsConfiguration.sharedKey",
    "app.ManagedEnvironment.daprAIConnectionString",
    "app.ManagedEnvironment.daprAIInstrumentationKey",
    "app.Secret.value",
    "dbforpostgresql.Server.administratorLoginPassword",
    "web.AzureStorageInfoValue.accessKey",
)

# The SDK has one class for all enumerations of one name in a module's API versions, and here it is
# another version's: 2025-08-01 knows `ServicePrincipal`, not the SDK's `servicePrincipal`.
SDK_VALUES_WRONG = frozenset(
    {
        "dbforpostgresql.AdministratorsMicrosoftEntra.principalType",
        "dbforpostgresql.DataEncryption.type",
        "dbforpostgresql.UserAssignedIdentity.type",
    }
)
# So that the SDK's own misspelt constant is refused here as on Azure.
_EXACT_CASE = ("dbforpostgresql.AdministratorsMicrosoftEntra.principalType",)

EXTRA: dict[str, Rule] = {}
EXTRA.update({place: {"createOnly": True} for place in _CREATE_ONLY})
EXTRA.update({place: {"secret": True} for place in _SECRET})
EXTRA.update({place: {"exactCase": True} for place in _EXACT_CASE})


def _name(low: int, high: int, pattern: str, source: str) -> Rule:
    return {"minLength": low, "maxLength": high, "pattern": pattern, "source": source}


# azure-docs articles/azure-resource-manager/management/resource-name-rules.md.
_RULES = "resource-name-rules.md"
_ALPHANUMERIC_ENDS = r"^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$"
_CONTAINER_APP = r"^[a-z](?!.*--)[0-9a-z-]*[0-9a-z]$"

# For a resource's own name; the model's own rules take precedence.
NAMES: dict[str, Rule] = {
    "azure-native:app:ContainerApp": _name(2, 32, _CONTAINER_APP, "PSRule AZR-000360"),
    "azure-native:app:Job": _name(
        2, 32, _CONTAINER_APP, "PSRule Azure.ContainerApp.JobNaming, 2025-12"
    ),
    "azure-native:app:ManagedEnvironment": _name(
        2, 60, r"^[0-9a-z-]+$", "PSRule Azure.ContainerApp.EnvNaming, 2025-12"
    ),
    "azure-native:authorization:RoleAssignment": _name(
        36, 36, r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", _RULES
    ),
    "azure-native:cdn:AFDEndpoint": _name(2, 46, _ALPHANUMERIC_ENDS, "Aspire's Front Door model"),
    "azure-native:cdn:AFDOrigin": _name(1, 50, _ALPHANUMERIC_ENDS, _RULES),
    "azure-native:cdn:AFDOriginGroup": _name(1, 50, _ALPHANUMERIC_ENDS, _RULES),
    "azure-native:cdn:Profile": _name(1, 260, _ALPHANUMERIC_ENDS, _RULES),
    "azure-native:cdn:Route": _name(1, 50, _ALPHANUMERIC_ENDS, _RULES),
    "azure-native:consumption:Budget": _name(1, 63, r"^[A-Za-z0-9_-]+$", _RULES),
    "azure-native:managedidentity:UserAssignedIdentity": _name(
        3, 128, r"^[A-Za-z0-9][A-Za-z0-9_-]*$", _RULES
    ),
    "azure-native:web:AppServicePlan": _name(1, 60, r"^[A-Za-z0-9-]+$", _RULES),
    "azure-native:web:WebApp": _name(2, 60, _ALPHANUMERIC_ENDS, _RULES),
}
