"""Purge deleted Cognitive Services accounts, which Azure retains for two days.

Until then one counts as the subscription's free account, and its subdomain stays reserved
(akshata29/entaoai issue 27, read November 2026).
Calls: Microsoft.CognitiveServices 2025-06-01, DeletedAccounts_List and DeletedAccounts_Purge.
"""

from typing import Any

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult
from pulumi.dynamic import Resource as DynamicResource

from infra import polling, waits
from infra.arm import Arm
from infra.components.dynamic_provider import Provider
from infra.components.wait import until

_API_VERSION = "2025-06-01"


class AccountPurge(DynamicResource, module="frugal", name="AccountPurge"):
    """Does nothing until it is deleted, after the accounts that depend on it.

    Then it purges the Translator accounts that were deleted from a resource group. An account takes
    the group's name from here, so that its replacement is created after its predecessor is purged,
    not just deleted.

    `listing`: seconds in which Azure lists a deleted account; `deadline`: seconds to wait at most.
    Changing them changes no resource.
    """

    resource_group_name: Output[str]

    def __init__(
        self,
        name: str,
        *,
        group_id: Input[str],
        resource_group_name: Input[str],
        location: str,
        listing: float,
        deadline: float,
        opts: ResourceOptions | None = None,
    ) -> None:
        props = {
            "group": group_id,
            "resource_group_name": resource_group_name,
            "location": location,
            "listing": listing,
            "deadline": deadline,
        }
        super().__init__(AccountPurgeProvider(), name, props, opts)


class AccountPurgeProvider(Provider):
    """Purge on deletion alone."""

    replace_on = ("group", "location")
    delete_before_replace = True

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record the inputs."""
        return CreateResult(f"{props['group']}/accountPurge", props)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Purge. Raises WaitError, ArmError."""
        with Arm(patience=0) as arm:  # the deadline counts, whatever Azure answers
            purge(
                arm,
                group=str(_props["group"]),
                # States of earlier versions lack these properties: use the setting.
                listing=float(_props.get("listing", waits.seconds("purge"))),
                deadline=float(_props.get("deadline", waits.seconds("deadline"))),
            )


def purge(arm: Arm, *, group: str, listing: float, deadline: float) -> None:
    """Purge the deleted Translator accounts of a resource group (resource id).

    A deleted account is listed with a delay, so an empty list counts after `listing` seconds; a
    purge finishes after its response, so the list is polled until it is empty. Raises WaitError,
    ArmError.
    """
    begun = set[str]()
    start = polling.monotonic()

    def look() -> str | None:
        listed = _deleted(arm, group)
        for account in listed:
            if account not in begun:
                arm.delete(account, api_version=_API_VERSION)
                begun.add(account)
        if listed:
            return f"it lists {listed[0].rsplit('/', 1)[-1]} as deleted"
        late = not begun and polling.monotonic() - start < listing
        return "it lists no deleted account yet" if late else None

    failure = f"the Translator account of {group.rsplit('/', 1)[-1]} is not purged"
    until(look, failure, deadline=deadline)


def _deleted(arm: Arm, group: str) -> list[str]:
    """Ids of the deleted Translator accounts of a group."""
    _, _, subscription, _, name = group.split("/")
    provider = f"/subscriptions/{subscription}/providers/Microsoft.CognitiveServices"
    return [
        str(account["id"])
        for account in arm.list(f"{provider}/deletedAccounts", api_version=_API_VERSION)
        if f"/resourcegroups/{name}/".lower() in str(account["id"]).lower()
        and account.get("kind") == "TextTranslation"
    ]
