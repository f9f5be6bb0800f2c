"""Names that must be known before deployment, Azure's rules for them, and the tags.

All other resources use Pulumi's autonaming: Azure reserves the names of deleted servers and vaults
for days, and an explicit name turns every replacement into delete-before-create.
Rules: azure-docs resource-name-rules.md; PSRule for Azure, AZR-000360 (read November 2026).
"""

import hashlib
import re
from collections.abc import Mapping

PROJECT = "frugal"

REGISTRY_ID = re.compile(
    r"^/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+"
    r"/providers/Microsoft\.ContainerRegistry/registries/[a-zA-Z0-9]{5,50}\Z",
    re.IGNORECASE,
)
"""Pattern of a container registry's resource id."""

DNS_ZONE_ID = re.compile(
    r"^/subscriptions/(?P<subscription>[0-9a-f-]{36})/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.Network/dnszones/(?P<name>[a-z0-9.-]+\.[a-z0-9-]+)\Z",
    re.IGNORECASE,
)
"""Pattern of a public DNS zone's resource id."""

SITE_NAME = re.compile(r"[a-z][a-z0-9]{1,31}")
"""Pattern of a site's name, which is a container app's name and part of other names.

Without hyphens, so that no site's resources can have the names of another's.
"""

_CONTAINER_APP = re.compile(r"[a-z](?:-?[a-z0-9]){1,31}")
_CONTAINER_APP_MAX = 32
_SITE_MAX = 60


def container_app_name(site: str) -> str:
    """Name of a site's container app: known ahead, since the app gets its own address as a setting.

    It must be unique within one Container Apps environment only, so it is the site's name.
    Raises ValueError where Azure would refuse it: 2 to 32 lower-case letters, digits and single
    hyphens, beginning with a letter.
    """
    if len(site) > _CONTAINER_APP_MAX or not _CONTAINER_APP.fullmatch(site):
        message = (
            f"container app name {site!r}: use 2 to {_CONTAINER_APP_MAX} lower-case letters, "
            "digits and single hyphens, beginning with a letter and not ending with a hyphen"
        )
        raise ValueError(message)
    return site


def unique_name(site: str, resource_group_id: str) -> str:
    """Name of a site's web app, and of its Translator account's subdomain.

    Known before deployment, and globally unique, as the host names that begin with it must be.

    The suffix is derived from the resource group's id, which has the subscription and an autoname:
    it is stable while the group exists and differs after a teardown.
    """
    suffix = hashlib.sha256(resource_group_id.lower().encode()).hexdigest()[:8]
    return f"{container_app_name(site)[: _SITE_MAX - 9]}-{suffix}"


def tags(environment: str) -> Mapping[str, str]:
    """Tags of every resource that supports them: project, environment, managed by Pulumi."""
    return {"project": PROJECT, "environment": environment, "managedBy": "pulumi"}
