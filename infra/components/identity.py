"""A user-assigned identity with its roles, and the wait until Azure knows of them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult
from pulumi.dynamic import Resource as DynamicResource
from pulumi_azure_native import authorization, managedidentity

from infra.arm import Arm
from infra.components.dynamic_provider import Provider, ProviderError

ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
"""Built-in role AcrPull (azure-docs built-in roles, read November 2026)."""

_API_VERSION = "2022-04-01"
_WAIT = 300.0  # seconds; propagation takes one to five minutes (docs/adr/0002)


@dataclass(frozen=True, kw_only=True)
class Role:
    """A built-in role (its GUID) on a resource (its id)."""

    definition: str
    scope: Input[str]


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    """`roles`: by a short name, which becomes part of the children's names."""

    resource_group_name: Input[str]
    location: str
    tags: Mapping[str, str]
    roles: Mapping[str, Role]


class Identity(ComponentResource):
    """Outputs: `id`, `name`, `client_id`, `principal_id`, `tenant_id`.

    What depends on this component starts when its role assignments are visible.
    """

    id: Output[str]
    name: Output[str]
    client_id: Output[str]
    principal_id: Output[str]
    tenant_id: Output[str]

    def __init__(self, name: str, args: IdentityArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("frugal:security:Identity", name, None, opts)
        identity = managedidentity.UserAssignedIdentity(
            f"{name}-identity",
            resource_group_name=args.resource_group_name,
            location=args.location,
            tags=args.tags,
            opts=ResourceOptions(parent=self),
        )
        for key, role in args.roles.items():
            assign(f"{name}-{key}", role, identity.principal_id, parent=self)
        self.id, self.name = identity.id, identity.name
        self.client_id, self.principal_id = identity.client_id, identity.principal_id
        self.tenant_id = identity.tenant_id
        self.register_outputs({"id": self.id, "name": self.name, "clientId": self.client_id})


def assign(
    name: str, role: Role, principal_id: Input[str], *, parent: ComponentResource
) -> "RoleReady":
    """Give an identity (by its principal) a role; what comes back is done when Azure lists it."""
    scope = Output.from_input(role.scope)
    assignment = authorization.RoleAssignment(
        name,
        scope=scope,
        principal_id=principal_id,
        # Without it Azure looks for a user and refuses a principal made just now.
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        role_definition_id=scope.apply(lambda value: _role_definition_id(value, role.definition)),
        opts=ResourceOptions(parent=parent),
    )
    return RoleReady(
        f"{name}-ready",
        scope=scope,
        principal_id=principal_id,
        assignment_id=assignment.id,
        opts=ResourceOptions(parent=parent),
    )


def _role_definition_id(scope: str, definition: str) -> str:
    """Role definitions are named below the subscription of the scope, as Azure gives them back."""
    subscription = scope.split("/")[2]
    return (
        f"/subscriptions/{subscription}/providers/Microsoft.Authorization"
        f"/roleDefinitions/{definition}"
    )


class RoleError(ProviderError):
    """Azure does not know of a role in time."""


class RoleReady(DynamicResource, module="frugal", name="RoleReady"):
    """Done when Resource Manager lists a role assignment for its principal."""

    def __init__(
        self,
        name: str,
        *,
        scope: Input[str],
        principal_id: Input[str],
        assignment_id: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        props = {"scope": scope, "principal": principal_id, "assignment": assignment_id}
        super().__init__(RoleReadyProvider(), name, props, opts)


class RoleReadyProvider(Provider):
    """Waits when the assignment is another."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Another assignment is another wait."""
        changed = [key for key in ("scope", "principal", "assignment") if _olds[key] != _news[key]]
        return DiffResult(changes=bool(changed), replaces=changed)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait. Raises RoleError."""
        with Arm() as arm:
            wait_for_role(
                arm,
                scope=str(props["scope"]),
                principal=str(props["principal"]),
                assignment=str(props["assignment"]),
            )
        return CreateResult(str(props["assignment"]), props)


def wait_for_role(
    arm: Arm,
    *,
    scope: str,
    principal: str,
    assignment: str,
    limit: float = _WAIT,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return when the assignment (resource id) is listed for the principal (object id) at a scope.

    `limit`: seconds to wait at most. Raises RoleError, ArmError.
    """
    deadline = time.monotonic() + limit
    pause = 0.5
    while True:
        query = {"$filter": f"assignedTo('{principal}')"}
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
        listed = arm.get(path, api_version=_API_VERSION, **query).get("value", [])
        if any(str(one["id"]).lower() == assignment.lower() for one in listed):
            return
        if time.monotonic() + pause > deadline:
            message = (
                f"Azure does not list the role assignment {assignment} after {limit:.0f} seconds; "
                "run `pulumi up` again in a few minutes"
            )
            raise RoleError(message)
        sleep(pause)
        pause = min(pause * 2, 10.0)
