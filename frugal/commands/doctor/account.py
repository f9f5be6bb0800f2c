"""Checks of the subscription as a whole: offer, roles, registrations, budgets, Translator."""

import fnmatch
import os
from collections.abc import Mapping, Sequence

from frugal.cloud import contract
from frugal.commands.doctor.findings import Finding
from frugal.commands.doctor.questions import (
    Entry,
    Subscription,
    belongs_to,
    checked,
    child,
    plain,
    refusal,
    set_config,
)
from frugal.commands.doctor.region import ENVIRONMENT, TYPES
from frugal.sign_in import NAMESPACE, SETTINGS
from frugal.stack_files import PLACEHOLDER
from infra.arm import Arm, ArmError
from infra.settings import Settings
from infra.stacks.homepage import Homepage
from infra.stacks.translator import TranslationService, Translator

# Needed beyond creating resources: assigning roles to the apps' identities.
_ACTIONS = {
    "Microsoft.Resources/subscriptions/resourceGroups/write": "Contributor",
    "Microsoft.Authorization/roleAssignments/write": "Role Based Access Control Administrator",
}
_ALWAYS_REGISTERED = {"Microsoft.Authorization", "Microsoft.Resources"}
# Offers whose registry builds are paused (learn.microsoft.com, "Container Registry tasks overview",
# read in November 2026).
_NO_BUILDS = ("FreeTrial", "AzurePass", "Students")


def contacts(settings: Settings) -> list[Finding]:
    """Check that the budget has contacts."""
    if not settings.budget.monthly_amount:
        return []
    if settings.budget.contacts:
        return [Finding("ok", "Budget contacts", ", ".join(settings.budget.contacts))]
    command = set_config(settings, "'budget.contacts[0]'", "you@example.com")
    return [Finding("missing", "Budget contacts", "none is given", commands=(command,))]


def sign_in(
    settings: Settings, config: Mapping[str, str]
) -> tuple[Mapping[str, str], list[Finding]]:
    """Configuration for the sign-in, without its secrets, which are not decrypted.

    A finding names the environment variable to set for each missing secret.
    """
    names = {f"{NAMESPACE}:{key}": variables for key, variables in SETTINGS.items()}
    clear = {key: value for key, value in config.items() if PLACEHOLDER not in value}
    lacking = [
        key
        for key, variables in names.items()
        if key in config and key not in clear and not any(map(os.environ.get, variables))
    ]
    if not lacking:
        return clear, []
    text = f"{', '.join(lacking)} of {settings.environment} is a secret, which is not decrypted"
    get = f"pulumi config get -s {settings.environment}"
    commands = tuple(f'export {names[key][0]}="$({get} {key})"' for key in lacking)
    return clear, [Finding("missing", "Login", text, "Give it by its variable:", commands)]


def identify(
    arm: Arm, settings: Settings, config: Mapping[str, str]
) -> tuple[Subscription | None, list[Finding]]:
    """Find the environment's subscription and read the data that several checks need.

    None if it cannot be determined. Raises ArmError if the subscriptions cannot be listed or Azure
    does not answer.
    """
    chosen, finding = _choose(arm, settings.environment, config)
    if chosen is None:
        return None, [finding]
    path = f"/subscriptions/{chosen['subscriptionId']}"
    notes: list[Finding] = []

    def ask(subject: str, path: str, **query: str) -> Sequence[Entry]:
        try:
            return arm.list(path, api_version="2021-04-01", **query)
        except ArmError as error:
            notes.append(refusal(subject, error))
            return ()

    listed = ask("Resource providers", f"{path}/providers")
    # A filter by tags would leave the tags out of the answer (azure-mgmt-resource 26.0.0,
    # ResourcesOperations.list).
    kinds = " or ".join(f"resourceType eq '{kind}'" for kind in TYPES)
    existing = ask("Existing resources", f"{path}/resources", **{"$filter": kinds})
    subscription = Subscription(
        arm=arm,
        id=str(chosen["subscriptionId"]),
        settings=settings,
        offer=str(child(chosen, "subscriptionPolicies").get("quotaId", "")),
        providers={str(entry["namespace"]).lower(): entry for entry in listed},
        existing=existing,
    )
    return subscription, [Finding("ok", "Login", "Azure answers"), finding, *notes]


def examine(subscription: Subscription) -> list[Finding]:
    """Check the subscription as a whole."""
    return [
        *_builds(subscription),
        *_edge(subscription),
        *_registrations(subscription),
        *_environments(subscription),
        *checked("Roles", lambda: _roles(subscription)),
        *checked("Budget", lambda: _budget(subscription)),
        *checked("Translator", lambda: _translator(subscription)),
    ]


def providers() -> list[str]:
    """Resource providers of all types that the program may declare.

    Microsoft.ContainerService among them, of which it declares none: Azure makes a Container Apps
    environment on a cluster in the subscription's name (microsoft/azure-container-apps #334;
    Azure/bicep #14935, 2024-08-28).
    """
    return sorted({*contract.namespaces(), "Microsoft.ContainerService"} - _ALWAYS_REGISTERED)


def _needed(settings: Settings) -> list[str]:
    """Resource providers of the types that the environment declares."""
    optional = {
        "Microsoft.Cdn": bool(_behind_edge(settings)),
        "Microsoft.CognitiveServices": _translation(settings).provider == "azure",
        "Microsoft.Consumption": bool(settings.budget.monthly_amount),
        "Microsoft.Web": any(site.host != "containerApp" for site in settings.sites.values()),
    }
    return [name for name in providers() if optional.get(name, True)]


def _choose(arm: Arm, environment: str, config: Mapping[str, str]) -> tuple[Entry | None, Finding]:
    """The environment's subscription, as Azure lists it."""
    listed = arm.list("/subscriptions", api_version="2022-12-01")
    known = {str(s["subscriptionId"]): s for s in listed}
    named = config.get("azure-native:subscriptionId") or os.environ.get("ARM_SUBSCRIPTION_ID")
    command = f"pulumi config set -s {environment} azure-native:subscriptionId ID"
    choices = ", ".join(f"{s['subscriptionId']} ({s.get('displayName')})" for s in listed)
    if named is None and len(known) != 1:
        text = f"none is named, and the login sees {len(known)}: {choices or 'none'}"
        return None, Finding("missing", "Subscription", text, commands=(command,))
    chosen = named or next(iter(known))
    if chosen not in known:
        text = f"{chosen} is not among those the login sees: {choices or 'none'}"
        remedy = "Sign in to its tenant, or name another subscription:"
        commands = ("az login --tenant TENANT", command)
        return None, Finding("missing", "Subscription", text, remedy, commands)
    found, state = known[chosen], str(known[chosen].get("state"))
    text = f"{chosen} ({found.get('displayName')}), {state}"
    if state != "Enabled":
        return found, Finding("missing", "Subscription", text, "Enable it in the Azure portal.")
    return found, Finding("ok", "Subscription", text)


def _builds(subscription: Subscription) -> list[Finding]:
    settings = subscription.settings
    sites = [n for n, site in settings.sites.items() if site.is_container and site.image is None]
    if not sites or not subscription.offer:
        return []
    if not any(word in subscription.offer for word in _NO_BUILDS):
        return [Finding("ok", "Image builds", f"the offer {subscription.offer} allows them")]
    text = f"Azure has paused them in a registry for the offer {subscription.offer}"
    remedy = "Where `pulumi up` ends with TasksOperationsNotAllowed, give ready images:"
    commands = tuple(set_config(settings, f"{site}.image", "NAME") for site in sites)
    return [Finding("note", "Image builds", text, remedy, commands)]


def _behind_edge(settings: Settings) -> list[str]:
    return [name for name, site in settings.sites.items() if site.is_behind_edge]


def _translation(settings: Settings) -> TranslationService:
    return next(s.translation for s in settings.sites.values() if isinstance(s, Translator))


def _edge(subscription: Subscription) -> list[Finding]:
    settings = subscription.settings
    sites = _behind_edge(settings)
    if not sites or not subscription.offer:
        return []
    if not subscription.is_free:
        return [Finding("ok", "Front Door", f"the offer {subscription.offer} allows it")]
    text = f"Azure forbids it to the offer {subscription.offer}"
    remedy = "Upgrade the subscription to pay-as-you-go, or do without an edge:"
    commands = [set_config(settings, f"{site}.cdn", "none") for site in sites]
    commands[:0] = [
        set_config(settings, f"{name}.originLock", "false")
        for name, site in settings.sites.items()
        if isinstance(site, Homepage) and site.origin_lock
    ]
    return [Finding("missing", "Front Door", text, remedy, tuple(commands))]


def _registrations(subscription: Subscription) -> list[Finding]:
    if not subscription.providers:
        return []
    lacking = [n for n in _needed(subscription.settings) if not subscription.is_registered(n)]
    if not lacking:
        return [Finding("ok", "Resource providers", "all registered")]
    commands = tuple(
        f"az provider register --wait --subscription {subscription.id} --namespace {name}"
        for name in lacking
    )
    text = f"not registered: {', '.join(lacking)}"
    remedy = "Some minutes each; afterwards ask again:"
    return [Finding("missing", "Resource providers", text, remedy, commands)]


def _environments(subscription: Subscription) -> list[Finding]:
    """Count Container Apps environments over all regions.

    Their limit (MaxNumberOfGlobalEnvironmentsInSub) is in no answer of Azure's. It is 1 for free
    offers (see `Subscription.is_free`); others were refused with any figure, 0 too
    (microsoft/azure-container-apps #1226, 2024-07-10; #1648, 2026-02-02).
    """
    there = subscription.of_type(ENVIRONMENT)
    if not there or subscription.own(ENVIRONMENT) is not None:
        return []
    places = [f"{e.get('name')} in {plain(str(e.get('location')))}" for e in there]
    shown = ", ".join([*places[:3], *(["…"] if places[3:] else [])])
    if subscription.is_free:
        text = f"the offer {subscription.offer} has one environment over all regions: {shown}"
        remedy = "Delete it if nothing needs it, or upgrade the subscription to pay-as-you-go."
        return [Finding("missing", "Container Apps", text, remedy)]
    text = f"environments exist already, and Azure states no limit over all regions: {shown}"
    return [Finding("note", "Container Apps", text)]


def _roles(subscription: Subscription) -> list[Finding]:
    path = f"{subscription.path}/providers/Microsoft.Authorization/permissions"
    permissions = subscription.arm.list(path, api_version="2022-04-01")
    lacking = [role for action, role in _ACTIONS.items() if not _permits(permissions, action)]
    if not lacking:
        return [Finding("ok", "Roles", "may create resources and assign roles")]
    commands = tuple(
        f"az role assignment create --assignee YOU --role '{role}' --scope {subscription.path}"
        for role in lacking
    )
    text = f"this login lacks {' and '.join(lacking)}"
    return [Finding("missing", "Roles", text, "An owner of the subscription runs:", commands)]


def _permits(permissions: Sequence[Entry], action: str) -> bool:
    """True if a role grants the action; case is ignored, `*` matches anything."""

    def among(patterns: list[str]) -> bool:
        return any(fnmatch.fnmatchcase(action.lower(), p.lower()) for p in patterns)

    return any(
        among(p.get("actions") or []) and not among(p.get("notActions") or []) for p in permissions
    )


def _budget(subscription: Subscription) -> list[Finding]:
    """List the budgets: an offer without cost management refuses that as well.

    Seen: 400 "Cost Management supports only Enterprise Agreement, …" (mivano/azure-cost-cli #24,
    2023-06-11), RBACAccessDenied to an owner (Azure/terraform-azurerm-lz-vending #394, 2024-06).
    """
    if not subscription.settings.budget.monthly_amount:
        return []
    path = f"{subscription.path}/providers/Microsoft.Consumption/budgets"
    try:
        subscription.arm.list(path, api_version="2024-08-01")
    except ArmError as error:
        if not error.status:
            raise
        remedy = "Where `pulumi up` is refused the budget too, do without one:"
        command = set_config(subscription.settings, "budget.monthlyAmount", "0")
        return [Finding("note", "Budget", f"Azure refuses budgets: {error}", remedy, (command,))]
    return [Finding("ok", "Budget", "budgets can be listed")]


def _translator(subscription: Subscription) -> list[Finding]:
    """Check the one free Translator account of a subscription: available, or already ours."""
    settings = subscription.settings
    chosen = _translation(settings)
    if (chosen.provider, chosen.sku) != ("azure", "F0"):
        return []
    arm, base = subscription.arm, f"{subscription.path}/providers/Microsoft.CognitiveServices"
    there = arm.list(f"{base}/accounts", api_version="2025-06-01")
    deleted = arm.list(f"{base}/deletedAccounts", api_version="2025-06-01")
    others = [a for a in there if not belongs_to(a, settings.environment)]
    taken = next((a for a in [*others, *deleted] if _is_free_translator(a)), None)
    if taken is None:
        text = "the free account (F0) is available, or already this environment's"
        return [Finding("ok", "Translator", text)]
    text = f"the one free account (F0) of the subscription is taken by {taken['name']}"
    if taken in deleted:
        *_, location, _, group, _, name = str(taken["id"]).split("/")
        place = f"--location {location} --resource-group {group} --name {name}"
        purge = f"az cognitiveservices account purge --subscription {subscription.id} {place}"
        text += ", which is deleted and not purged"
        return [Finding("missing", "Translator", text, commands=(purge,))]
    remedy = "Pay by the character, or do without translation; one of:"
    commands = (
        set_config(settings, "translator.translation.sku", "S1"),
        set_config(settings, "translator.translation.provider", "offline"),
    )
    return [Finding("missing", "Translator", text, remedy, commands)]


def _is_free_translator(account: Entry) -> bool:
    return (
        account.get("kind") == "TextTranslation"
        and (account.get("sku") or {"name": "F0"}).get("name") == "F0"
    )
