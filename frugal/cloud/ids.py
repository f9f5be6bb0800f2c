"""Resource ids: building them from a body, comparing and splitting them."""

import re
from collections.abc import Mapping
from typing import Any

from frugal.cloud.contract import Model
from frugal.cloud.errors import CloudError

TENANT = "00000000-0000-0000-0000-000000000001"
"""Name of every directory (tenant) of the local cloud; no real one has it."""


def key_of(resource_id: str) -> str:
    """The form under which an id is looked up: Azure compares resource ids without case."""
    return "/" + resource_id.strip("/").lower()


def name_of(resource_id: str) -> str:
    """The last segment of a resource id."""
    return resource_id.rstrip("/").rsplit("/", 1)[-1]


def parent_of(resource_id: str) -> str:
    """The id of the resource that this one is a child of."""
    return resource_id.rstrip("/").rsplit("/", 2)[0]


def is_within(resource_id: str, scope: str) -> bool:
    """Return True if a resource is `scope` (a subscription, group or resource) or is in it."""
    return (key_of(resource_id) + "/").startswith(key_of(scope) + "/")


def path_parameters(m: Model) -> list[str]:
    """The names in a type's path template: `resourceGroupName` and such."""
    return re.findall(r"{(\w+)}", m.path)


def resource_id_of(m: Model, inputs: Mapping[str, Any], subscription: str) -> str:
    """Fill a type's path template from a body."""
    values = {**inputs, "subscriptionId": subscription}
    missing = [p for p in path_parameters(m) if not values.get(p)]
    if missing:
        raise CloudError("InvalidResource", f"{m.arm_type} needs {', '.join(missing)}.")
    filled = re.sub(r"{(\w+)}", lambda match: str(values[match[1]]).strip("/"), m.path)
    # Azure answers with this spelling whatever a specification's path has.
    return "/" + filled.strip("/").replace("/resourcegroups/", "/resourceGroups/")


def ancestors_of(resource_id: str) -> list[str]:
    """Prerequisites of a resource: its scope or resource group, then its parents."""
    scope, provider, tail = resource_id.rpartition("/providers/")
    if not provider:
        return []
    # A subscription is not a resource of ours: it is there.
    ancestors = [] if re.fullmatch(r"/subscriptions/[^/]+", scope) else [scope]
    parts = tail.split("/")
    ancestors += [scope + provider + "/".join(parts[:n]) for n in range(3, len(parts), 2)]
    return [a for a in ancestors if a.lower() != resource_id.lower()]
