"""A site of files on Azure Static Web Apps, the free plan: its content is uploaded afterwards."""

from dataclasses import dataclass

from pulumi import ComponentResource, Output, ResourceOptions
from pulumi_azure_native import web

from infra.components.placement import Placement

# Regions of static web apps (azure-docs static-web-apps overview, read November 2026). They hold
# the management data; the files are served globally.
REGIONS = ("eastus2", "centralus", "westus2", "westeurope", "eastasia")


@dataclass(frozen=True, kw_only=True)
class StaticSiteArgs:
    """`location`: the environment's; outside of REGIONS the first of them is used."""

    placement: Placement


class StaticSite(ComponentResource):
    """Outputs: `id` and `name` (of the static web app), and `host`."""

    id: Output[str]
    name: Output[str]
    host: Output[str]

    def __init__(
        self, name: str, args: StaticSiteArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("frugal:web:StaticSite", name, None, opts)
        site = web.StaticSite(
            name,
            resource_group_name=args.placement.group,
            location=args.placement.location if args.placement.location in REGIONS else REGIONS[0],
            tags=args.placement.tags,
            sku={"name": "Free", "tier": "Free"},
            # Files are uploaded to production; there are no builds or staging environments.
            staging_environment_policy=web.StagingEnvironmentPolicy.DISABLED,
            allow_config_file_updates=True,
            opts=ResourceOptions(parent=self),
        )
        self.id, self.name, self.host = site.id, site.name, site.default_hostname
        self.register_outputs({"name": self.name, "host": self.host})
