"""What every resource type shares; a type overrides only where it differs."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from starlette.requests import Request
from starlette.routing import Route

from frugal.cloud.bodies import Body, section, strings
from frugal.cloud.contract import model
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import name_of
from frugal.cloud.store import Resource

if TYPE_CHECKING:
    from frugal.cloud.cloud import Cloud


KINDS: Final[list[type["ResourceType"]]] = []
"""Every class that has a token."""


class ResourceType:
    """One type of resource: what Azure refuses, what it adds, what runs here because of it.

    Methods raise CloudError. `apply` has the old resource as `before`, or None at creation; when it
    raises, nothing of a new resource may be left and an old one must go on as it was.
    """

    token: ClassVar[str]
    start_round: ClassVar[int] = 0
    """When its resources come back at a start: 1, what apps connect to; 2, apps; 3, the edge."""
    unsupported: ClassVar[Mapping[str, Sequence[object]]] = {}
    """Properties that would have no effect here, by path; with the values that mean what happens
    here anyway."""
    keeps_name: ClassVar[bool] = False
    """Whether Azure reserves the name for some days after a deletion."""
    until_purged: ClassVar[bool] = False
    """Whether Azure keeps a deleted one, until it is purged or some time is over."""

    def __init_subclass__(cls) -> None:
        if "token" in vars(cls):
            KINDS.append(cls)

    def refuse_unsupported(self, resource: Resource) -> None:
        """Refuse a declared property that would have no effect here."""
        for path, allowed in self.unsupported.items():
            *parents, last = path.split(".")
            value = section(resource.inputs, *parents).get(last)
            if value and value not in allowed:
                only = f"; here it may be {' or '.join(map(str, allowed))}" if allowed else ""
                raise not_here(resource, f"{path}{only}")

    def check(self, cloud: "Cloud", resource: Resource) -> None:
        """Refuse what Azure refuses beyond the shape of the body: references first of all."""

    async def check_removal(self, cloud: "Cloud", resource: Resource) -> None:
        """Refuse a removal as Azure does."""

    def computed(self, cloud: "Cloud", resource: Resource) -> Body:
        """What Azure adds to the body: outputs that are not inputs, merged into it in depth."""
        del cloud, resource
        return {}

    def live(self, cloud: "Cloud", resource: Resource) -> Body:
        """Outputs that Azure finds out at each read; they are not kept."""
        del cloud, resource
        return {}

    def is_readable(self, cloud: "Cloud", resource: Resource) -> bool:
        """Return True where a GET of a resource that is there finds it."""
        del cloud, resource
        return True

    def routes(self, cloud: "Cloud") -> list[Route]:
        """Operations over HTTP beyond reading, patching and deleting a resource."""
        del cloud
        return []

    @property
    def path(self) -> str:
        """A resource's id with its `{parameters}`, as a route."""
        return model(self.token).path

    def named(self, cloud: "Cloud", request: Request) -> Resource:
        """The resource in the path of a request; raises CloudError `ResourceNotFound`."""
        return cloud.store.need(self.path.format_map(request.path_params))

    async def apply(self, cloud: "Cloud", resource: Resource, before: Resource | None) -> None:
        """Make it real on this machine; if a type says no more, a new one is brought up."""
        if before is None:
            await self.restore(cloud, resource)

    async def remove(self, cloud: "Cloud", resource: Resource) -> None:
        """Undo what `apply` made."""

    async def rows(self, cloud: "Cloud", resource: Resource) -> dict[str, int]:
        """Count the rows that would go with it, beyond those of the first migration, by table."""
        del cloud, resource
        return {}

    async def restore(self, cloud: "Cloud", resource: Resource) -> None:
        """Bring it up as it is declared, as when the daemon starts again."""


def not_here(resource: Resource, what: str) -> CloudError:
    """The refusal of what Azure takes and this cloud does not have."""
    name = name_of(resource.id)
    return CloudError("NotSupportedHere", f"'{name}': the local cloud does not have {what}.")


def short_hash(text: str, length: int = 8) -> str:
    """A few hexadecimal digits that stand for `text`, the same every time."""
    return hashlib.sha256(text.lower().encode()).hexdigest()[:length]


def guid(resource: Resource, purpose: str) -> str:
    """A GUID of this very resource: one made again under the same id has another."""
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
