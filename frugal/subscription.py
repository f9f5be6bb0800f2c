"""What an Azure subscription has and lacks for an environment: `frugal doctor -s dev`."""

import fnmatch
import json
import os
from collections.abc import Mapping
from typing import Any, cast

from frugal.engine import masked, read_settings, stack_settings
from frugal.findings import Finding
from frugal.paths import Checkout
from infra.arm import Arm, ArmError
from infra.naming import PROJECT
from infra.settings import Settings, SettingsError, read

# Namespaces of the types that the program declares; a subscription registers each once.
NAMESPACES = (
    "Microsoft.App",
    "Microsoft.Cdn",
    "Microsoft.CognitiveServices",
    "Microsoft.Consumption",
    "Microsoft.ContainerRegistry",
    "Microsoft.DBforPostgreSQL",
    "Microsoft.Insights",
    "Microsoft.ManagedIdentity",
    "Microsoft.OperationalInsights",
    "Microsoft.Web",
)
# What a deployer does beyond creating resources: give the apps' identities their roles.
_ACTIONS = {
    "Microsoft.Resources/subscriptions/resourceGroups/write": "Contributor",
    "Microsoft.Authorization/roleAssignments/write": "Role Based Access Control Administrator",
}
# Offers whose registry builds are paused (learn.microsoft.com, "Container Registry tasks overview",
# read in November 2026).
_NO_BUILDS = ("FreeTrial", "AzurePass", "Students")
# Stands for a secret of the environment's file, which nobody opens here.
_HIDDEN = "hidden-" * 8


def examine(checkout: Checkout, environment: str) -> list[Finding]:
    """Ask the subscription that the environment is for; nothing is changed there.

    Raises FrugalError for an environment that does not exist.
    """
    config = _config(checkout, environment)
    try:
        secret = {key for key, value in config.items() if _HIDDEN in value}
        settings = read(environment, config, secret_keys=secret)
    except SettingsError as error:
        return [Finding("missing", "Settings", str(error), f"Mend Pulumi.{environment}.yaml.")]
    findings = [_contacts(settings)]
    try:
        with Arm(sleep=lambda _seconds: None) as arm:
            findings += _ask(arm, settings, config)
    except ArmError as error:
        remedies = {"NotSignedIn": "Run `az login`.", "NoAnswer": "Check the network."}
        remedy = remedies.get(error.code, "See what the message names.")
        findings.append(Finding("missing", "Azure", str(error), remedy))
    return findings


def _config(checkout: Checkout, environment: str) -> dict[str, str]:
    """The environment's configuration as the engine gives it: objects as JSON text."""
    project = read_settings(checkout.root / "Pulumi.yaml")
    config: dict[str, str] = {}
    for content in (project, stack_settings(checkout, environment)):
        for key, value in _entries(content).items():
            full = key if ":" in key else f"frugal:{key}"
            shown = masked(value, _HIDDEN)
            config[full] = shown if isinstance(shown, str) else json.dumps(shown)
    return config


def _entries(content: Mapping[str, object]) -> dict[str, object]:
    entries = cast("dict[str, object]", content.get("config") or {})
    found: dict[str, object] = {}
    for key, value in entries.items():
        if not isinstance(value, dict):
            found[key] = value
            continue
        # In Pulumi.yaml an entry is its description and type, with the value in one of these.
        described = cast("dict[str, object]", value)
        if {"type", "value", "default"} & described.keys():
            found[key] = described.get("value", described.get("default", {}))
        else:
            found[key] = described
    return found


def _contacts(settings: Settings) -> Finding:
    if settings.budget.contacts:
        return Finding("ok", "Budget contacts", ", ".join(settings.budget.contacts))
    name = settings.environment
    remedy = f"pulumi config set -s {name} --path 'budget.contacts[0]' you@example.com"
    return Finding("missing", "Budget contacts", "nobody would be told of spending", remedy)


def _ask(arm: Arm, settings: Settings, config: dict[str, str]) -> list[Finding]:
    subscription, finding = _subscription(arm, settings.environment, config)
    if not subscription:
        return [finding]
    return [
        Finding("ok", "Login", "Azure answers"),
        finding,
        *_offer(arm, subscription),
        *_roles(arm, subscription),
        _providers(arm, subscription),
        _database(arm, subscription, settings),
        *_translator(arm, subscription, settings),
        *_quota(arm, subscription, settings),
    ]


def _subscription(arm: Arm, environment: str, config: dict[str, str]) -> tuple[str, Finding]:
    listed = _values(arm.get("/subscriptions", api_version="2022-12-01"))
    known = {str(s["subscriptionId"]): s for s in listed}
    named = config.get("azure-native:subscriptionId") or os.environ.get("ARM_SUBSCRIPTION_ID")
    remedy = f"pulumi config set -s {environment} azure-native:subscriptionId ID"
    choices = ", ".join(f"{s['subscriptionId']} ({s.get('displayName')})" for s in listed)
    if named is None and len(known) != 1:
        text = f"none is named, and the login sees {len(known)}: {choices or 'none'}"
        return "", Finding("missing", "Subscription", text, remedy)
    chosen = named or next(iter(known))
    if chosen not in known:
        text = f"{chosen} is not among those the login sees: {choices or 'none'}"
        return "", Finding(
            "missing", "Subscription", text, f"az login --tenant TENANT, or {remedy}"
        )
    state = str(known[chosen].get("state"))
    text = f"{chosen} ({known[chosen].get('displayName')}), {state}"
    if state != "Enabled":
        return chosen, Finding("missing", "Subscription", text, "Enable it in the Azure portal.")
    return chosen, Finding("ok", "Subscription", text)


def _offer(arm: Arm, subscription: str) -> list[Finding]:
    answer = arm.get(f"/subscriptions/{subscription}", api_version="2022-12-01")
    policies = cast("dict[str, Any]", answer.get("subscriptionPolicies") or {})
    offer = str(policies.get("quotaId", ""))
    if not any(word in offer for word in _NO_BUILDS):
        return [Finding("ok", "Image builds", "the offer allows them")]
    text = f"the offer {offer} may not build images in a registry"
    remedy = "Give ready images: pulumi config set --path homepage.image NAME (translator.image)."
    return [Finding("note", "Image builds", text, remedy)]


def _roles(arm: Arm, subscription: str) -> list[Finding]:
    path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/permissions"
    permissions = _values(arm.get(path, api_version="2022-04-01"))
    lacking = [role for action, role in _ACTIONS.items() if not _permits(permissions, action)]
    if not lacking:
        return [Finding("ok", "Roles", "may create resources and assign roles")]
    scope = f"--scope /subscriptions/{subscription}"
    return [
        Finding(
            "missing",
            "Roles",
            f"this login may not do what {role} does",
            f"An owner runs: az role assignment create --assignee YOU --role '{role}' {scope}",
        )
        for role in lacking
    ]


def _permits(permissions: list[dict[str, Any]], action: str) -> bool:
    """Whether a role gives the action: Azure compares without case, `*` stands for anything."""

    def among(patterns: list[str]) -> bool:
        return any(fnmatch.fnmatchcase(action.lower(), p.lower()) for p in patterns)

    return any(
        among(p.get("actions") or []) and not among(p.get("notActions") or []) for p in permissions
    )


def _providers(arm: Arm, subscription: str) -> Finding:
    path = f"/subscriptions/{subscription}/providers"
    listed = _values(arm.get(path, api_version="2021-04-01"))
    states = {str(p["namespace"]).lower(): p.get("registrationState") for p in listed}
    lacking = [name for name in NAMESPACES if states.get(name.lower()) != "Registered"]
    if not lacking:
        return Finding("ok", "Resource providers", "all registered")
    commands = "; ".join(f"az provider register --namespace {name}" for name in lacking)
    text = f"not registered: {', '.join(lacking)}"
    return Finding("missing", "Resource providers", text, commands)


def _database(arm: Arm, subscription: str, settings: Settings) -> Finding:
    region, sku = settings.location, settings.database.sku
    provider = f"/subscriptions/{subscription}/providers/Microsoft.DBforPostgreSQL"
    path = f"{provider}/locations/{region}/capabilities"
    try:
        answer = _values(arm.get(path, api_version="2024-08-01"))
    except ArmError as error:
        return Finding("note", "PostgreSQL", f"{region} could not be asked: {error}")
    offered = {
        str(one["name"])
        for capability in answer
        for edition in _values(capability, "supportedServerEditions")
        for one in _values(edition, "supportedServerSkus")
        if one.get("status") in (None, "Available", "Default", "Visible")
    }
    if sku in offered:
        return Finding("ok", "PostgreSQL", f"{sku} is offered in {region}")
    remedy = "Another region (azure-native:location) or size (--path database.sku)."
    return Finding("missing", "PostgreSQL", f"{sku} is not offered in {region}", remedy)


def _translator(arm: Arm, subscription: str, settings: Settings) -> list[Finding]:
    """Whether the one free Translator of a subscription is still to be had, or our own already."""
    chosen = settings.translator.translation
    if (chosen.provider, chosen.sku) != ("azure", "F0"):
        return []
    base = f"/subscriptions/{subscription}/providers/Microsoft.CognitiveServices"
    try:
        there = _values(arm.get(f"{base}/accounts", api_version="2025-06-01"))
        deleted = _values(arm.get(f"{base}/deletedAccounts", api_version="2025-06-01"))
    except ArmError as error:
        return [Finding("note", "Translator", f"the subscription could not be asked: {error}")]
    ours = {"project": PROJECT, "environment": settings.environment}
    others = [a for a in there if not ours.items() <= (a.get("tags") or {}).items()]
    taken = next((a for a in [*others, *deleted] if _is_free_translator(a)), None)
    if taken is None:
        return [Finding("ok", "Translator", "the free one (F0) is to be had, or our own already")]
    text = f"the one free account (F0) of the subscription is taken by {taken['name']}"
    key = f"pulumi config set -s {settings.environment} --path translator.translation"
    remedy = f"{key}.sku S1, or {key}.provider offline"
    if taken in deleted:
        text += ", which is deleted and not purged"
        *_, location, _, group, _, name = str(taken["id"]).split("/")
        place = f"--location {location} --resource-group {group} --name {name}"
        remedy = f"az cognitiveservices account purge {place}"
    return [Finding("missing", "Translator", text, remedy)]


def _is_free_translator(account: dict[str, Any]) -> bool:
    return (
        account.get("kind") == "TextTranslation"
        and (account.get("sku") or {"name": "F0"}).get("name") == "F0"
    )


def _quota(arm: Arm, subscription: str, settings: Settings) -> list[Finding]:
    """Room in the region for what the program makes one of."""
    wanted = {"Microsoft.App": ("ManagedEnvironmentCount", "2024-03-01")}
    if settings.translator.host == "appService":
        wanted["Microsoft.Web"] = ("B1", "2024-04-01")
    findings: list[Finding] = []
    for provider, (name, api_version) in wanted.items():
        base = f"/subscriptions/{subscription}/providers/{provider}"
        path = f"{base}/locations/{settings.location}/usages"
        try:
            usages = _values(arm.get(path, api_version=api_version))
        except ArmError as error:
            findings.append(Finding("note", "Quota", f"{provider} could not be asked: {error}"))
            continue
        found = next((u for u in usages if u.get("name", {}).get("value") == name), None)
        if found is None:
            continue
        used, limit = found.get("currentValue", 0), found.get("limit", 0)
        text = f"{name} in {settings.location}: {used} of {limit} in use"
        if used < limit:
            findings.append(Finding("ok", "Quota", text))
        else:
            remedy = "Ask for more in the portal (Quotas), or choose another region."
            findings.append(Finding("missing", "Quota", text, remedy))
    return findings


def _values(answer: dict[str, Any], key: str = "value") -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", answer.get(key) or [])
