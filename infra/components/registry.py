"""A container registry: a new one, or an existing one that is shared."""

from dataclasses import dataclass

import pulumi
from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_azure_native import containerregistry

from infra.components.placement import Placement
from infra.naming import REGISTRY_ID


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """`existing_id`: resource id of a registry to share, in any group; None creates one."""

    placement: Placement
    existing_id: str | None = None


class Registry(ComponentResource):
    """Outputs: `id` (resource id) and `login_server` (host name).

    A shared registry is not read: its login server is taken to be `<name>.azurecr.io`, which holds
    for all but those made with a domain name label scope. Its role assignments still apply only
    while it uses classic roles (not the attribute-based mode).
    """

    id: Output[str]
    login_server: Output[str]

    def __init__(self, name: str, args: RegistryArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("frugal:containers:Registry", name, None, opts)
        if args.existing_id is None:
            # Also the prefix of the registry's name on Azure: letters and digits only.
            registry = containerregistry.Registry(
                name,
                resource_group_name=args.placement.group,
                location=args.placement.location,
                sku={"name": "Basic"},
                admin_user_enabled=False,
                tags=args.placement.tags,
                opts=ResourceOptions(parent=self),
            )
            self.id, self.login_server = registry.id, registry.login_server
        else:
            self.id = Output.from_input(args.existing_id)
            self.login_server = Output.from_input(_login_server(args.existing_id))
        self.register_outputs({"id": self.id, "loginServer": self.login_server})


def _login_server(registry_id: str) -> str:
    found = REGISTRY_ID.fullmatch(registry_id)
    if not found:
        message = f"{registry_id!r} is not the resource id of a container registry"
        raise pulumi.RunError(message)
    return f"{found.group(1).lower()}.azurecr.io"
