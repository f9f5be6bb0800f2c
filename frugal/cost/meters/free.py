"""Resource types that cost nothing by themselves, each with the reason.

Sources: Azure's pricing pages as named in docs/prices.md, the free lists of other estimators
(infracost, bicep-cost), read November 2026.
"""

_PART_OF = {
    "a setting of Front Door, whose profile is billed": (
        "cdn:AFDCustomDomain",
        "cdn:AFDEndpoint",
        "cdn:AFDOrigin",
        "cdn:AFDOriginGroup",
        "cdn:Route",
        "cdn:RuleSet",
        "cdn:Rule",
    ),
    "part of its server, which is billed": (
        "dbforpostgresql:AdministratorsMicrosoftEntra",
        "dbforpostgresql:Configuration",
        "dbforpostgresql:Database",
        "dbforpostgresql:FirewallRule",
    ),
    "runs on its plan, which is billed": (
        "web:WebAppFtpAllowed",
        "web:WebAppScmAllowed",
        "web:WebAppSlot",
    ),
    "its databases are what is billed": ("sql:Server",),
    "part of its account, which is billed": (
        "documentdb:SqlResourceSqlContainer",
        "documentdb:SqlResourceSqlDatabase",
        "storage:Blob",
        "storage:BlobContainer",
        "storage:StorageAccountStaticWebsite",
    ),
    "part of its profile, which is billed": ("cdn:Endpoint",),
    "a setting of its environment": (
        "app:DaprComponent",
        "app:ManagedCertificate",
        "app:ManagedEnvironmentsStorage",
    ),
    "identities and their roles cost nothing": (
        "authorization:RoleAssignment",
        "managedidentity:FederatedIdentityCredential",
        "managedidentity:UserAssignedIdentity",
    ),
    "a resource group is a name for what is in it": ("resources:ResourceGroup",),
    "budgets and their alerts cost nothing": ("consumption:Budget",),
    "what it sends is billed by the workspace": (
        "monitor:DiagnosticSetting",
        # Its name in version 2 of the provider.
        "insights:DiagnosticSetting",
    ),
    "what is read from it is billed by the vault": ("keyvault:Secret", "keyvault:AccessPolicy"),
    "a setting of the static site": ("web:StaticSiteCustomDomain", "web:StaticSiteBasicAuth"),
}

FREE = {kind: reason for reason, kinds in _PART_OF.items() for kind in kinds}
"""By type without the provider: `cdn:Route`."""
