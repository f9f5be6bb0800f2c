"""Types without a process behind them: a few rules and outputs each."""

import hashlib
from datetime import UTC, date, datetime

from typing_extensions import override

from frugal.cloud.bodies import Body, section
from frugal.cloud.cloud import Cloud
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import is_within, name_of
from frugal.cloud.resource_type import ResourceType, environment_id, guid, short_hash
from frugal.cloud.store import Resource

# The name of every directory (tenant) of the local cloud; no real one has it.
TENANT = "00000000-0000-0000-0000-000000000001"


class ResourceGroup(ResourceType):
    """A container of resources; deleting it deletes what is in it."""

    token = "azure-native:resources:ResourceGroup"


class UserAssignedIdentity(ResourceType):
    """An identity that apps act under."""

    token = "azure-native:managedidentity:UserAssignedIdentity"

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {
            "clientId": guid(resource, "client"),
            "principalId": guid(resource, "principal"),
            "tenantId": TENANT,
        }


class RoleAssignment(ResourceType):
    """A role of a principal on a scope."""

    token = "azure-native:authorization:RoleAssignment"

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        principal = str(resource.inputs["principalId"])
        known = {i.computed["principalId"] for i in cloud.store.of(UserAssignedIdentity.token)}
        if principal not in known:
            raise CloudError(
                "PrincipalNotFound",
                f"Principal {principal} does not exist in the directory {TENANT}.",
            )
        kind = resource.inputs.get("principalType", "User")
        if kind != "ServicePrincipal":
            raise CloudError(
                "UnmatchedPrincipalType",
                f"The PrincipalId '{principal}' has type 'ServicePrincipal', which is different "
                f"from specified PrincipalType '{kind}'.",
            )

    @override
    def live(self, cloud: Cloud, resource: Resource) -> Body:
        # Seven decimals, as Azure writes it (azure-rest-api-specs, roleAssignments, 2022-04-01).
        created = datetime.fromtimestamp(resource.created, UTC)
        return {"createdOn": f"{created:%Y-%m-%dT%H:%M:%S.%f}0Z"}


def find_role(cloud: Cloud, principal: str, role: str, *, on: str) -> Resource | None:
    """The oldest assignment of a role (its definition's GUID) on the resource `on`, if any.

    `principal` is an object id.
    """
    found = [
        a
        for a in cloud.store.of(RoleAssignment.token)
        if a.inputs.get("principalId") == principal
        and str(a.inputs.get("roleDefinitionId", "")).lower().endswith(role)
        and is_within(on, str(a.inputs.get("scope")))
    ]
    return min(found, key=lambda a: a.created, default=None)


class Workspace(ResourceType):
    """A Log Analytics workspace. Nothing is ingested here: logs are files."""

    token = "azure-native:operationalinsights:Workspace"

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        return {"customerId": guid(resource, "customer")}


class DiagnosticSetting(ResourceType):
    """A destination of a resource's logs."""

    token = "azure-native:monitor:DiagnosticSetting"

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        workspace = resource.inputs.get("workspaceId")
        if workspace:
            cloud.store.need(str(workspace))


def verification_id(resource: Resource) -> str:
    """The text by which the subscription of a resource proves that a name is its own."""
    subscription = resource.id.split("/")[2]
    return hashlib.sha256(f"{subscription}#domains".encode()).hexdigest().upper()


def check_ownership(cloud: Cloud, resource: Resource, host: str) -> None:
    """Refuse a name without the record that proves its ownership, as both app services do."""
    wanted = verification_id(resource)
    if wanted not in cloud.dns.values(f"asuid.{host}", "TXT"):
        raise CloudError(
            "InvalidCustomHostNameValidation",
            f"A TXT record pointing from asuid.{host} to {wanted} was not found.",
        )


class ManagedEnvironment(ResourceType):
    """A Container Apps environment."""

    token = "azure-native:app:ManagedEnvironment"

    @override
    def computed(self, cloud: Cloud, resource: Resource) -> Body:
        location = str(resource.inputs.get("location", "eastus")).lower().replace(" ", "")
        mark = short_hash(resource.id)
        return {
            "defaultDomain": f"frugal-{mark}.{location}.azurecontainerapps.io",
            "staticIp": "127.0.0.1",
            "customDomainConfiguration": {"customDomainVerificationId": verification_id(resource)},
        }

    @override
    async def check_removal(self, cloud: Cloud, resource: Resource) -> None:
        inside = [
            a
            for a in cloud.store.of("azure-native:app:ContainerApp")
            if environment_id(a).lower() == resource.id.lower()
        ]
        if inside:
            raise CloudError(
                "ManagedEnvironmentHasApps",
                f"The environment '{name_of(resource.id)}' still has container apps: "
                + ", ".join(name_of(a.id) for a in inside),
            )


class AppServicePlan(ResourceType):
    """A plan that web apps run on."""

    token = "azure-native:web:AppServicePlan"

    @override
    async def check_removal(self, cloud: Cloud, resource: Resource) -> None:
        for site in cloud.store.of("azure-native:web:WebApp"):
            if str(site.inputs.get("serverFarmId", "")).lower() == resource.id.lower():
                raise CloudError(
                    "Conflict",
                    f"Server farm '{name_of(resource.id)}' cannot be deleted because it has web "
                    f"app(s) {name_of(site.id)} assigned to it.",
                )


class ScmPolicy(ResourceType):
    """The policy on publishing with basic credentials over Kudu."""

    token = "azure-native:web:WebAppScmAllowed"


class FtpPolicy(ResourceType):
    """The policy on publishing with basic credentials over FTP."""

    token = "azure-native:web:WebAppFtpAllowed"


class Budget(ResourceType):
    """A budget, validated and stored; no costs are tracked here and no mail is sent."""

    token = "azure-native:consumption:Budget"

    @override
    def check(self, cloud: Cloud, resource: Resource) -> None:
        start = str(section(resource.inputs, "timePeriod").get("startDate", ""))
        before = cloud.store.get(resource.id)
        if before is None:
            _check_budget_start(start)
        elif start != section(before.inputs, "timePeriod").get("startDate"):
            raise CloudError(
                "400",
                "Start date of budgets cannot be updated. Please delete and create a new budget.",
            )
        for name, notification in section(resource.inputs, "notifications").items():
            if not (notification.get("contactEmails") or notification.get("contactGroups")):
                raise CloudError(
                    "400",
                    f"Notification '{name}' of a budget needs at least one contact e-mail or "
                    "contact group at this scope.",
                )


def _check_budget_start(start: str) -> None:
    """Refuse a start that Azure refuses at creation.

    The first of a month, not before the current one and at most twelve months ahead (the SDK's
    text for API version 2024-08-01, read in November 2026).
    """
    try:
        day = datetime.fromisoformat(start).date()
    except ValueError as error:
        raise CloudError("400", f"Invalid budget start date '{start}': give a date.") from error
    first = datetime.now(UTC).date().replace(day=1)
    last = date(first.year + 1, first.month, 1)
    if day.day != 1 or not first <= day <= last:
        raise CloudError(
            "400",
            f"Budget start date {day} must be the first of a month, from {first} to {last}.",
        )
