"""Azure AI Translator without keys: an account that only identities with a role may use."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, Resource, ResourceOptions
from pulumi_azure_native import cognitiveservices

from infra.components.account_purge import AccountPurge
from infra.components.identity import Role, assign
from infra.components.placement import Placement

COGNITIVE_SERVICES_USER = "a97b65f3-24c7-4388-baec-2e87135dc908"
"""Built-in role Cognitive Services User (learn.microsoft.com, built-in roles, November 2026)."""


@dataclass(frozen=True, kw_only=True)
class TranslationArgs:
    """`sku`: F0 or S1, a plain value, as it is priced.

    `group_id`: resource id of the group; `subdomain`: globally unique; only an address with a
    subdomain accepts tokens of identities, and the app gets it as a setting; `principal_id`: of
    the identity that may translate; `purge_listing`: seconds until Azure lists a deleted account;
    `role_age`, `deadline`, `after`: as in IdentityArgs.
    """

    group_id: Input[str]
    placement: Placement
    sku: str
    subdomain: Input[str]
    principal_id: Input[str]
    purge_listing: float
    role_age: float
    deadline: float
    after: Sequence[Resource] = ()


class Translation(ComponentResource):
    """Output `endpoint`: an https address without a slash at its end.

    Dependents of this component start when the identity's role is effective.
    """

    endpoint: Output[str]

    def __init__(
        self, name: str, args: TranslationArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("frugal:web:Translation", name, None, opts)
        purge = AccountPurge(
            f"{name}-purge",
            group_id=args.group_id,
            resource_group_name=args.placement.group,
            location=args.placement.location,
            listing=args.purge_listing,
            deadline=args.deadline,
            opts=ResourceOptions(parent=self),
        )
        account = cognitiveservices.Account(
            f"{name}-account",
            # From the purge, so that a replacement is deleted, purged and then created.
            resource_group_name=purge.resource_group_name,
            location=args.placement.location,
            tags=args.placement.tags,
            kind="TextTranslation",
            sku={"name": args.sku},
            properties=cognitiveservices.AccountPropertiesArgs(
                custom_sub_domain_name=args.subdomain,
                disable_local_auth=True,
                public_network_access=cognitiveservices.PublicNetworkAccess.ENABLED,
            ),
            opts=ResourceOptions(
                parent=self,
                # Old and new would share a subdomain, and a subscription has one free account.
                delete_before_replace=True,
            ),
        )
        assign(
            f"{name}-user",
            Role(definition=COGNITIVE_SERVICES_USER, scope=account.id),
            args.principal_id,
            age=args.role_age,
            deadline=args.deadline,
            after=args.after,
            parent=self,
        )
        self.endpoint = Output.concat("https://", args.subdomain, ".cognitiveservices.azure.com")
        self.register_outputs({"endpoint": self.endpoint})
