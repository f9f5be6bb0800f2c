"""Sources of the contract: the pinned wheels and the resource types."""

from dataclasses import dataclass

SDK_VERSION = "3.29.0"
"""Version of pulumi-azure-native, whose API versions, names and defaults are used."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One wheel of Microsoft's; `folder` is where the models of this API version lie in it."""

    project: str
    version: str
    sha256: str
    folder: str
    api_version: str

    @property
    def pin(self) -> str:
        """Requirement for pip."""
        return f"{self.project}=={self.version}"

    @property
    def wheel(self) -> str:
        """The file's name."""
        return f"{self.project.replace('-', '_')}-{self.version}-py3-none-any.whl"

    @property
    def origin(self) -> str:
        """Description in the data."""
        return f"{self.pin} ({self.api_version}), sha256 {self.sha256}"


@dataclass(frozen=True)
class Target:
    """One resource type, with the names of its model and request in the file's first source."""

    resource: str
    model: str
    operations: str
    builder: str


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of data: an SDK module, its wheels in order of preference, and its types.

    If no wheel has exactly the SDK's API version, the nearest before and after are used, and the
    SDK decides which properties and enumeration values the version between them has.
    """

    module: str
    sources: tuple[Source, ...]
    targets: tuple[Target, ...]


FILES = (
    File(
        module="resources",
        sources=(
            Source(
                project="azure-mgmt-resource",
                version="24.0.0",
                sha256="27b32cd223e2784269f5a0db3c282042886ee4072d79cedc638438ece7cd0df4",
                folder="azure/mgmt/resource/resources/v2022_09_01",
                api_version="2022-09-01",
            ),
            Source(
                project="azure-mgmt-resource",
                version="24.0.0",
                sha256="27b32cd223e2784269f5a0db3c282042886ee4072d79cedc638438ece7cd0df4",
                folder="azure/mgmt/resource/resources/v2024_07_01",
                api_version="2024-07-01",
            ),
        ),
        targets=(
            Target(
                "ResourceGroup",
                "ResourceGroup",
                "_operations",
                "build_resource_groups_create_or_update_request",
            ),
        ),
    ),
    File(
        module="containerregistry",
        sources=(
            Source(
                project="azure-mgmt-containerregistry",
                version="13.0.0",
                sha256="52f7c854f3ebb6c5c1748c1e81f25bae56729277098801a219ca6aba2d03b3e7",
                folder="azure/mgmt/containerregistry/v2023_01_01_preview",
                api_version="2023-01-01-preview",
            ),
        ),
        targets=(Target("Registry", "Registry", "_registries_operations", "build_create_request"),),
    ),
    File(
        module="managedidentity",
        sources=(
            Source(
                project="azure-mgmt-msi",
                version="7.0.0",
                sha256="bbec45bbaa021cb935a1b84f94e160841722a8073d193783e7f458ba476fbc56",
                folder="azure/mgmt/msi/v2023_01_31",
                api_version="2023-01-31",
            ),
        ),
        targets=(
            Target(
                "UserAssignedIdentity",
                "Identity",
                "_user_assigned_identities_operations",
                "build_create_or_update_request",
            ),
        ),
    ),
    File(
        module="authorization",
        sources=(
            Source(
                project="azure-mgmt-authorization",
                version="4.0.0",
                sha256="d8feeb3842e6ddf1a370963ca4f61fb6edc124e8997b807dd025bc9b2379cd1a",
                folder="azure/mgmt/authorization/v2022_04_01",
                api_version="2022-04-01",
            ),
        ),
        targets=(
            Target(
                "RoleAssignment",
                "RoleAssignmentCreateParameters",
                "_role_assignments_operations",
                "build_create_request",
            ),
        ),
    ),
    File(
        module="operationalinsights",
        sources=(
            Source(
                project="azure-mgmt-loganalytics",
                version="13.0.0b7",
                sha256="185ae5075825008a9814203089718eed0403bc99fc20ed935fbc9f3bc963a6c1",
                folder="azure/mgmt/loganalytics",
                api_version="2022-10-01",
            ),
            Source(
                project="azure-mgmt-loganalytics",
                version="13.1.1",
                sha256="73382d5036f478d3f6e856a0effc3637be2ebc782ab667fc45b25707edceaa55",
                folder="azure/mgmt/loganalytics",
                api_version="2025-07-01",
            ),
        ),
        targets=(
            Target(
                "Workspace", "Workspace", "_workspaces_operations", "build_create_or_update_request"
            ),
        ),
    ),
    File(
        module="monitor",
        sources=(
            Source(
                project="azure-mgmt-monitor",
                version="6.0.2",
                sha256="fe4cf41e6680b74a228f81451dc5522656d599c6f343ecf702fc790fda9a357b",
                folder="azure/mgmt/monitor/v2021_05_01_preview",
                api_version="2021-05-01-preview",
            ),
        ),
        targets=(
            Target(
                "DiagnosticSetting",
                "DiagnosticSettingsResource",
                "_diagnostic_settings_operations",
                "build_create_or_update_request",
            ),
        ),
    ),
    File(
        module="app",
        sources=(
            Source(
                project="azure-mgmt-appcontainers",
                version="4.0.0b1",
                sha256="620ffd8dcb03f1787ff1bffb01cd8e5737ceda34aadd6cf1796d5ddff424467b",
                folder="azure/mgmt/appcontainers",
                api_version="2025-02-02-preview",
            ),
        ),
        targets=(
            Target(
                "ManagedEnvironment",
                "ManagedEnvironment",
                "_managed_environments_operations",
                "build_create_or_update_request",
            ),
            Target(
                "ContainerApp",
                "ContainerApp",
                "_container_apps_operations",
                "build_create_or_update_request",
            ),
            Target("Job", "Job", "_jobs_operations", "build_create_or_update_request"),
            Target(
                "ManagedCertificate",
                "ManagedCertificate",
                "_managed_certificates_operations",
                "build_create_or_update_request",
            ),
        ),
    ),
    File(
        module="dns",
        sources=(
            # The version before the SDK's, which no package has (2023-07-01-preview).
            Source(
                project="azure-mgmt-dns",
                version="9.0.0",
                sha256="00bd1d9d679d77aeba9178782d03c833549a4077147c9d78fedbfcd5909be633",
                folder="azure/mgmt/dns",
                api_version="2018-05-01",
            ),
        ),
        targets=(
            Target("Zone", "Zone", "_zones_operations", "build_create_or_update_request"),
            Target(
                "RecordSet",
                "RecordSet",
                "_record_sets_operations",
                "build_create_or_update_request",
            ),
        ),
    ),
    File(
        module="cdn",
        sources=(
            Source(
                project="azure-mgmt-cdn",
                version="13.1.1",
                sha256="6d2fae58baa9d7f60cc0894d7c8a3e068b4bdc510c640248f35e0dc6079e6aca",
                folder="azure/mgmt/cdn",
                api_version="2024-02-01",
            ),
            Source(
                project="azure-mgmt-cdn",
                version="14.0.0b1",
                sha256="62ef3b0cc0a7e690871dd5a90b8b6d080cc5432c52043cca06fdaace2926775f",
                folder="azure/mgmt/cdn",
                api_version="2025-12-01",
            ),
        ),
        targets=(
            Target("Profile", "Profile", "_profiles_operations", "build_create_request"),
            Target(
                "AFDEndpoint", "AFDEndpoint", "_afd_endpoints_operations", "build_create_request"
            ),
            Target(
                "AFDOriginGroup",
                "AFDOriginGroup",
                "_afd_origin_groups_operations",
                "build_create_request",
            ),
            Target("AFDOrigin", "AFDOrigin", "_afd_origins_operations", "build_create_request"),
            Target("Route", "Route", "_routes_operations", "build_create_request"),
            Target(
                "AFDCustomDomain",
                "AFDDomain",
                "_afd_custom_domains_operations",
                "build_create_request",
            ),
        ),
    ),
    File(
        module="web",
        sources=(
            Source(
                project="azure-mgmt-web",
                version="11.0.1",
                sha256="de06c73ea9a9076cbdad3ed1b463438e004c20ec96fba1d06f8f0a838c002ab7",
                folder="azure/mgmt/web",
                api_version="2025-05-01",
            ),
            # The same API some weeks earlier, in generated code that has the limits.
            Source(
                project="azure-mgmt-web",
                version="10.1.0",
                sha256="4f6d71bc68c5278fbb34fb4c7225ae949c5336b1e2c6810c045e737d964e6602",
                folder="azure/mgmt/web",
                api_version="2025-03-01",
            ),
        ),
        targets=(
            Target(
                "AppServicePlan",
                "AppServicePlan",
                "_operations",
                "build_app_service_plans_create_or_update_request",
            ),
            Target("WebApp", "Site", "_operations", "build_web_apps_create_or_update_request"),
            Target(
                "WebAppScmAllowed",
                "CsmPublishingCredentialsPoliciesEntity",
                "_operations",
                "build_web_apps_update_scm_allowed_request",
            ),
            Target(
                "WebAppFtpAllowed",
                "CsmPublishingCredentialsPoliciesEntity",
                "_operations",
                "build_web_apps_update_ftp_allowed_request",
            ),
            Target(
                "StaticSite",
                "StaticSiteARMResource",
                "_operations",
                "build_static_sites_create_or_update_static_site_request",
            ),
            Target(
                "StaticSiteCustomDomain",
                "StaticSiteCustomDomainRequestPropertiesARMResource",
                "_operations",
                "build_static_sites_create_or_update_static_site_custom_domain_request",
            ),
            Target(
                "WebAppHostNameBinding",
                "HostNameBinding",
                "_operations",
                "build_web_apps_create_or_update_host_name_binding_request",
            ),
            Target(
                "Certificate",
                "Certificate",
                "_operations",
                "build_certificates_create_or_update_request",
            ),
        ),
    ),
    File(
        module="dbforpostgresql",
        sources=(
            Source(
                project="azure-mgmt-postgresqlflexibleservers",
                version="2.0.0",
                sha256="4503ca37b8c396728ae62631ded35f7565e677221ac94232230dd928bf90620d",
                folder="azure/mgmt/postgresqlflexibleservers",
                api_version="2025-08-01",
            ),
        ),
        targets=(
            Target("Server", "Server", "_servers_operations", "build_create_or_update_request"),
            Target("Database", "Database", "_databases_operations", "build_create_request"),
            Target(
                "FirewallRule",
                "FirewallRule",
                "_firewall_rules_operations",
                "build_create_or_update_request",
            ),
            Target(
                "Configuration", "Configuration", "_configurations_operations", "build_put_request"
            ),
            Target(
                "AdministratorsMicrosoftEntra",
                "AdministratorMicrosoftEntraAdd",
                "_administrators_microsoft_entra_operations",
                "build_create_or_update_request",
            ),
        ),
    ),
    File(
        module="consumption",
        sources=(
            Source(
                project="azure-mgmt-consumption",
                version="11.0.0",
                sha256="7d927d2d8d9e7015a1148ae59e4bb461b7eaa6671b0f408b1528ce4184aafc5c",
                folder="azure/mgmt/consumption",
                api_version="2024-08-01",
            ),
            # This generation of code carries the limits.
            Source(
                project="azure-mgmt-consumption",
                version="10.0.0",
                sha256="507059238cba2dcafc19866c24c53c5e145cafd721a39ab8c605590a3f169e81",
                folder="azure/mgmt/consumption",
                api_version="2021-10-01",
            ),
        ),
        targets=(
            Target("Budget", "Budget", "_operations", "build_budgets_create_or_update_request"),
        ),
    ),
    File(
        module="cognitiveservices",
        sources=(
            Source(
                project="azure-mgmt-cognitiveservices",
                version="13.7.0",
                sha256="9683c436781b8294fe85410da4d22323128c3d68bc141196addbdf07b048dfb4",
                folder="azure/mgmt/cognitiveservices",
                api_version="2025-06-01",
            ),
        ),
        targets=(Target("Account", "Account", "_accounts_operations", "build_create_request"),),
    ),
)
