"""Base of the resource types; a type overrides only where it differs."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from starlette.requests import Request
from starlette.routing import Route

from frugal.cloud.bodies import Body, strings, value_at
from frugal.cloud.contract import model
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of
from frugal.cloud.store import Resource

if TYPE_CHECKING:
    from frugal.cloud.cloud import Cloud


KINDS: Final[list[type["ResourceType"]]] = []
"""Every class that has a token."""


class ResourceType:
    """One type of resource: Azure's refusals and computed properties, and what it runs here.

    Methods raise CloudError. `apply` has the old resource as `before`, or None at creation; when it
    raises, a new resource must leave nothing behind, and an old one must stay unchanged.
    """

    token: ClassVar[str]
    start_round: ClassVar[int] = 0
    """Order of its resources at a start: 1, dependencies of apps; 2, apps; 3, the edge."""
    unsupported: ClassVar[Mapping[str, Sequence[object]]] = {}
    """Properties that would have no effect here, by path, with the values that match the local
    behaviour."""
    required: ClassVar[Mapping[str, object]] = {}
    """Properties that must have this one value here, by path."""
    keeps_name: ClassVar[bool] = False
    """Azure reserves the name for some days after a deletion."""
    is_put_over_http: ClassVar[bool] = False
    """Dynamic resources of the program put it, beside the azure-native provider or in its place."""
    until_purged: ClassVar[bool] = False
    """Azure keeps a deleted one until it is purged or a period has passed."""

    def __init_subclass__(cls) -> None:
        if "token" in vars(cls):
            KINDS.append(cls)

    def refuse_unsupported(self, resource: Resource) -> None:
        """Refuse a body that asks for more than there is here."""
        for path, allowed in self.unsupported.items():
            value = value_at(resource.inputs, path)
            if value and value not in allowed:
                only = f"; here it may be {' or '.join(map(str, allowed))}" if allowed else ""
                raise not_here(resource, f"{path}{only}")
        for path, needed in self.required.items():
            value = value_at(resource.inputs, path)
            if value != needed:
                text = f"the local cloud needs {path} to be {needed}; it is {value or 'not set'}."
                raise CloudError("NotSupportedHere", f"'{name_of(resource.id)}': {text}")

    def check(self, cloud: "Cloud", resource: Resource) -> None:
        """Refuse what Azure refuses beyond the shape of the body, dangling references first."""

    async def check_removal(self, cloud: "Cloud", resource: Resource) -> None:
        """Refuse a removal as Azure does."""

    def computed(self, cloud: "Cloud", resource: Resource) -> Body:
        """Return Azure's computed properties (outputs that are not inputs), for a deep merge."""
        return {}

    def live(self, cloud: "Cloud", resource: Resource) -> Body:
        """Return outputs that Azure computes at each read, which are not stored."""
        return {}

    def names(self, cloud: "Cloud", resource: Resource) -> Mapping[str, str]:
        """Return the own names that it serves, each with the local address behind it."""
        return {}

    def is_readable(self, cloud: "Cloud", resource: Resource) -> bool:
        """Return True where a GET of a resource that is there finds it."""
        return True

    def routes(self, cloud: "Cloud") -> list[Route]:
        """Operations over HTTP beyond reading, patching and deleting a resource."""
        return []

    @property
    def path(self) -> str:
        """A resource's id with its `{parameters}`, as a route."""
        return model(self.token).path

    def named(self, cloud: "Cloud", request: Request) -> Resource:
        """The resource in the path of a request; raises CloudError `ResourceNotFound`."""
        return cloud.store.need(self.path.format_map(request.path_params))

    async def apply(self, cloud: "Cloud", resource: Resource, before: Resource | None) -> None:
        """Apply a body on this machine; by default, start a new resource."""
        if before is None:
            await self.restore(cloud, resource)

    def adapt(self, cloud: "Cloud", resource: Resource) -> None:
        """Adapt what runs to the store, which has just got, changed or lost the resource."""

    async def remove(self, cloud: "Cloud", resource: Resource) -> None:
        """Undo `apply`; by default, stop what runs."""
        running = cloud.running.pop(key_of(resource.id), None)
        if running is not None:
            await running.stop()

    async def rows(self, cloud: "Cloud", resource: Resource) -> dict[str, int]:
        """Count the rows that would go with it, beyond those of the first migration, by table."""
        return {}

    async def restore(self, cloud: "Cloud", resource: Resource) -> None:
        """Start it as declared, as at a restart of the daemon."""


def not_here(resource: Resource, what: str) -> CloudError:
    """Build the refusal of a feature that Azure has and this cloud lacks."""
    name = name_of(resource.id)
    return CloudError("NotSupportedHere", f"'{name}': the local cloud does not have {what}.")


def short_hash(text: str, length: int = 8) -> str:
    """Hash `text` to a few hexadecimal digits."""
    return hashlib.sha256(text.lower().encode()).hexdigest()[:length]


def guid(resource: Resource, purpose: str) -> str:
    """A GUID of this resource; one recreated under the same id has another."""
    return str(
        uuid.uuid5(uuid.NAMESPACE_URL, f"{resource.id.lower()}#{resource.created}#{purpose}")
    )


def identities_of(resource: Resource) -> list[str]:
    """The ids of the user-assigned identities in a body: a list, or the keys of a map."""
    return strings(resource.inputs, "identity", "userAssignedIdentities")


def environment_id(resource: Resource) -> str:
    """The id of the Container Apps environment that an app or a job runs in."""
    inputs = resource.inputs
    return str(inputs.get("environmentId") or inputs.get("managedEnvironmentId") or "")


def identity_outputs(cloud: "Cloud", resource: Resource) -> Body:
    """The `identity` block as Azure answers it: a map of ids with their client and principal."""
    ids = identities_of(resource)
    if not ids:
        return {}
    found = {i: cloud.store.need(i).computed for i in ids}
    return {
        "identity": {
            "userAssignedIdentities": {
                i: {"clientId": c["clientId"], "principalId": c["principalId"]}
                for i, c in found.items()
            }
        }
    }
