"""A user-assigned identity with its roles, and the wait until they are effective."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_azure_native import authorization, managedidentity

from infra.components.dynamic_provider import Provider
from infra.components.placement import Placement
from infra.components.wait import Wait

ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
"""Built-in role AcrPull (azure-docs built-in roles, read November 2026)."""


@dataclass(frozen=True, kw_only=True)
class Role:
    """A built-in role (its GUID) on a resource (its id)."""

    definition: str
    scope: Input[str]


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    """`roles`: by a short name, which becomes part of the children's names.

    `role_age`: seconds until a new role is effective in its service; `deadline`: seconds to wait at
    most; `after`: resources to create before the wait begins, such as the build of an image.
    """

    placement: Placement
    roles: Mapping[str, Role]
    role_age: float
    deadline: float
    after: Sequence[Resource] = ()


class Identity(ComponentResource):
    """Outputs: `id`, `name`, `client_id`, `principal_id`, `tenant_id`.

    Dependents of this component start when its role assignments are effective.
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
            resource_group_name=args.placement.group,
            location=args.placement.location,
            tags=args.placement.tags,
            opts=ResourceOptions(parent=self),
        )
        for key, role in args.roles.items():
            assign(
                f"{name}-{key}",
                role,
                identity.principal_id,
                age=args.role_age,
                deadline=args.deadline,
                after=args.after,
                parent=self,
            )
        self.id, self.name = identity.id, identity.name
        self.client_id, self.principal_id = identity.client_id, identity.principal_id
        self.tenant_id = identity.tenant_id
        self.register_outputs({"id": self.id, "name": self.name, "clientId": self.client_id})


def assign(
    name: str,
    role: Role,
    principal_id: Input[str],
    *,
    age: float,
    deadline: float,
    after: Sequence[Resource],
    parent: ComponentResource,
) -> Wait:
    """Assign a role to an identity (by its principal id) and wait until it is effective.

    `age`, `deadline`, `after`: as in IdentityArgs.
    """
    scope = Output.from_input(role.scope)
    # Role definitions are named below the subscription of the scope, as Azure returns them.
    definition = scope.apply(
        lambda value: (
            f"{'/'.join(value.split('/')[:3])}/providers/Microsoft.Authorization"
            f"/roleDefinitions/{role.definition}"
        )
    )
    assignment = authorization.RoleAssignment(
        name,
        scope=scope,
        principal_id=principal_id,
        # Without it Azure looks for a user and refuses a principal that was just created.
        principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
        role_definition_id=definition,
        opts=ResourceOptions(parent=parent),
    )
    return Wait(
        f"{name}-ready",
        "role",
        assignment.id,
        settle=age,
        deadline=deadline,
        opts=ResourceOptions(parent=parent, depends_on=list(after)),
    )


class RoleReadyProvider(Provider):
    """Provider of the resource RoleReady of states recorded before December 2026.

    Only such states refer to this class; `read` and `delete` do nothing.
    """
