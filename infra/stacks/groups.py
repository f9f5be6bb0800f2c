"""Resource groups of an environment, and the placement of what is in them."""

from pulumi import ResourceOptions
from pulumi_azure_native import resources

from infra.components.placement import Placement
from infra.naming import PROJECT, tags
from infra.settings import Settings


def resource_group(name: str, settings: Settings) -> resources.ResourceGroup:
    """Declare a resource group, protected where the environment is."""
    return resources.ResourceGroup(
        f"{PROJECT}-{settings.environment}-{name}",
        location=settings.location,
        tags=tags(settings.environment),
        opts=ResourceOptions(protect=settings.is_protected),
    )


def placement(group: resources.ResourceGroup, settings: Settings) -> Placement:
    """Placement of components in a group, in the environment's region."""
    return Placement(group=group.name, location=settings.location, tags=tags(settings.environment))
