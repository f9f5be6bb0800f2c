"""Typical seconds of creating a resource of each type on Azure.

Single public figures, not measurements of ours: regions, days and sizes differ. They are
weights of the program's dependency graph (`benchmarks.chain`) and serve no other purpose. For Front
Door a figure is that of the operation: its effect reaches the edge up to 20 minutes later

(Microsoft's Front Door FAQ, 2026).
"""

from dataclasses import dataclass

# Microsoft Learn, "Tutorial: Use Dapr Bindings for event-driven work", output of `azd up`,
# eastus2, 2025-12-11.
_LEARN = "Microsoft Learn, 2025-12"
# Log of a `terraform apply` in the public repository grid-meter-app, centralus, 2026-09-24.
_TERRAFORM = "Terraform log, 2026-09"
# `azd up` of App Service B-series in the public repository ConvKM-Sol-Accelerator,
# swedencentral, 2026-06-09.
_AZD = "azd output, 2026-06"
# `az acr build` of a 95 MB context, log in a public support article, 2021-07-28.
_ACR = "az acr build log, 2021-07"
# The setting `waits.server`: of three kinds of wait the one on the longest chain. A role's wait is
# over when its image is built, an administrator's in seconds.
_WAIT = "waits.server"
ASSUMED = "assumed"


@dataclass(frozen=True)
class Duration:
    """Seconds of a creation, and their source (`ASSUMED`: none)."""

    seconds: float
    source: str


TYPICAL = {
    "azure-native:resources:ResourceGroup": Duration(1, _LEARN),
    "azure-native:operationalinsights:Workspace": Duration(21, _LEARN),
    "azure-native:containerregistry:Registry": Duration(25, _LEARN),
    "azure-native:app:ManagedEnvironment": Duration(101, _LEARN),
    "azure-native:app:ContainerApp": Duration(45, _LEARN),
    "azure-native:dbforpostgresql:Server": Duration(243, _LEARN),
    "azure-native:dbforpostgresql:Database": Duration(14, _TERRAFORM),
    "azure-native:managedidentity:UserAssignedIdentity": Duration(28, _TERRAFORM),
    "azure-native:authorization:RoleAssignment": Duration(30, _TERRAFORM),
    "azure-native:web:AppServicePlan": Duration(10, _AZD),
    "azure-native:web:WebApp": Duration(27, _AZD),
    "pulumi-python:dynamic/frugal:Image": Duration(72, _ACR),
    "pulumi-python:dynamic/frugal:Wait": Duration(60, _WAIT),
    "azure-native:dbforpostgresql:FirewallRule": Duration(60, ASSUMED),
    "azure-native:dbforpostgresql:AdministratorsMicrosoftEntra": Duration(60, ASSUMED),
    "azure-native:web:WebAppFtpAllowed": Duration(5, ASSUMED),
    "azure-native:web:WebAppScmAllowed": Duration(5, ASSUMED),
    "azure-native:monitor:DiagnosticSetting": Duration(5, ASSUMED),
    "azure-native:consumption:Budget": Duration(5, ASSUMED),
    "azure-native:cdn:Profile": Duration(30, ASSUMED),
    "azure-native:cdn:AFDEndpoint": Duration(15, ASSUMED),
    "azure-native:cdn:AFDOriginGroup": Duration(15, ASSUMED),
    "azure-native:cdn:AFDOrigin": Duration(15, ASSUMED),
    "azure-native:cdn:Route": Duration(30, ASSUMED),
}

# Any other type.
UNKNOWN = Duration(30, ASSUMED)
