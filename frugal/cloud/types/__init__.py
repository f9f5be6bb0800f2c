"""The resource types that the local cloud has, in the order in which they come back at a start."""

from frugal.cloud.types import plain
from frugal.cloud.types.base import ResourceType
from frugal.cloud.types.cognitive_services import Account
from frugal.cloud.types.container_app import ContainerApp
from frugal.cloud.types.database import Administrator, Database, FirewallRule, FlexibleServer
from frugal.cloud.types.front_door import AfdEndpoint, AfdOrigin, AfdRoute, OriginGroup, Profile
from frugal.cloud.types.job import Job
from frugal.cloud.types.static_site import StaticSite
from frugal.cloud.types.web_app import WebApp

TYPES: dict[str, ResourceType] = {
    kind.token: kind
    for kind in (
        plain.ResourceGroup(),
        plain.Registry(),
        plain.UserAssignedIdentity(),
        plain.RoleAssignment(),
        plain.Workspace(),
        plain.ManagedEnvironment(),
        plain.DiagnosticSetting(),
        FlexibleServer(),
        Database(),
        FirewallRule(),
        Administrator(),
        Account(),
        plain.AppServicePlan(),
        WebApp(),
        plain.ScmPolicy(),
        plain.FtpPolicy(),
        StaticSite(),
        ContainerApp(),
        Job(),
        Profile(),
        AfdEndpoint(),
        OriginGroup(),
        AfdOrigin(),
        AfdRoute(),
        plain.Budget(),
    )
}
