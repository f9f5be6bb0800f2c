"""A container registry: a new one, or an existing one that is shared."""

from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_azure_native import containerregistry

from infra.components.placement import Placement


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
            name = args.existing_id.rpartition("/")[2].lower()
            self.login_server = Output.from_input(f"{name}.azurecr.io")
        self.register_outputs({"id": self.id, "loginServer": self.login_server})
