"""Deleting a Cognitive Services account for good: Azure keeps it for two days otherwise.

Kept, it still counts as the one free account of the subscription, and its subdomain stays taken
(akshata29/entaoai issue 27, read November 2026).
Calls: Microsoft.CognitiveServices 2025-06-01, DeletedAccounts_List and DeletedAccounts_Purge.
"""

from typing import Any, cast

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult
from pulumi.dynamic import Resource as DynamicResource

from infra.arm import Arm
from infra.components.dynamic_provider import Provider

_API_VERSION = "2025-06-01"


class AccountPurge(DynamicResource, module="frugal", name="AccountPurge"):
    """Does nothing until it is deleted, after the accounts that depend on it.

    Then it purges what was deleted from a resource group. An account takes the group's name from
    here: so that one in another place is made when the one before it is purged, not just deleted.
    """

    resource_group_name: Output[str]

    def __init__(
        self,
        name: str,
        *,
        group_id: Input[str],
        resource_group_name: Input[str],
        location: str,
        opts: ResourceOptions | None = None,
    ) -> None:
        props = {
            "group": group_id,
            "resource_group_name": resource_group_name,
            "location": location,
        }
        super().__init__(AccountPurgeProvider(), name, props, opts)


class AccountPurgeProvider(Provider):
    """Acts at deletion alone."""

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Another group or another location is another resource, after this one is gone."""
        replaces = [key for key in ("group", "location") if _olds.get(key) != _news[key]]
        return DiffResult(changes=bool(replaces), replaces=replaces, delete_before_replace=True)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Nothing to do yet."""
        return CreateResult(f"{props['group']}/accountPurge", props)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Purge. Raises ArmError."""
        with Arm() as arm:
            purge(arm, group=str(_props["group"]))


def purge(arm: Arm, *, group: str) -> None:
    """Purge every deleted account of a resource group (resource id). Raises ArmError."""
    _, _, subscription, _, name = group.split("/")
    provider = f"/subscriptions/{subscription}/providers/Microsoft.CognitiveServices"
    listed = arm.get(f"{provider}/deletedAccounts", api_version=_API_VERSION).get("value", [])
    for account in cast("list[dict[str, Any]]", listed):
        if f"/resourcegroups/{name}/".lower() in str(account["id"]).lower():
            arm.delete(str(account["id"]), api_version=_API_VERSION)
