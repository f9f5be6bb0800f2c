"""Checks of a region, and the search for one that meets the settings."""

from collections.abc import Callable, Iterator, Sequence

from frugal.commands.doctor.findings import Finding
from frugal.commands.doctor.postgres import postgres
from frugal.commands.doctor.questions import Subscription, checked, missing, plain, set_config
from frugal.commands.doctor.quotas import room
from infra.regions import REGIONS
from infra.settings import Settings
from infra.stacks.site import PLAN_SKU

ENVIRONMENT = "Microsoft.App/managedEnvironments"
_POSTGRES = "Microsoft.DBforPostgreSQL/flexibleServers"
_PLAN = "Microsoft.Web/serverfarms"
TYPES = (_POSTGRES, _PLAN, ENVIRONMENT)
"""Types of resources that a region may refuse."""

_Question = Callable[[Subscription, str], list[Finding]]
_MOST_UNKNOWN = 3  # consecutive regions that cannot be checked


def examine(subscription: Subscription, region: str) -> Iterator[Finding]:
    """Check all that the environment needs of a region, in sequence."""
    for kind, (subject, question) in _questions(subscription).items():
        namespace, own = kind.partition("/")[0], subscription.own(kind)
        if own is not None and plain(str(own.get("location"))) == region:
            yield Finding("ok", subject, f"the environment's own is in {region} already")
        elif not subscription.is_registered(namespace):
            yield Finding("note", subject, f"cannot be asked before {namespace} is registered")
        elif not subscription.is_offered(kind, region):
            yield missing(subscription, subject, f"{region} does not have it")
        else:
            yield from checked(subject, lambda q=question: q(subscription, region))


def search(
    subscription: Subscription, here: Sequence[Finding], on_region: Callable[[str], None]
) -> Finding:
    """Find the first region that meets all checks; one that could not be checked does not.

    The environment's own is the first, with the findings `here`; the others follow in the order of
    REGIONS. `on_region`: called with a line on each.
    """
    settings, unknown = subscription.settings, 0
    own, database = settings.location, subscription.own(_POSTGRES)
    on_region(_line(own, here))
    if _has_all(here):
        return Finding("ok", "Region", f"{own} has all that is needed")
    namespaces = [kind.partition("/")[0] for kind in _questions(subscription)]
    if waiting := [name for name in namespaces if not subscription.is_registered(name)]:
        text = f"no other can be asked before {', '.join(waiting)} is registered"
        return Finding("note", "Region", text)
    if database is not None:
        text = f"no other was asked: it would replace the database {database.get('name')}"
        return Finding("note", "Region", text)
    for region in (region for region in REGIONS if region != own):
        findings = _until_missing(examine(subscription, region))
        on_region(_line(region, findings))
        if _has_all(findings):
            text = f"{region} is the first that has all that is needed"
            remedy = "Before the first `pulumi up` alone, as it replaces everything later:"
            command = f"pulumi config set -s {settings.environment} azure-native:location {region}"
            return Finding("ok", "Region", text, remedy, (command,))
        unknown = 0 if findings[-1].state == "missing" else unknown + 1
        if unknown == _MOST_UNKNOWN:
            text = f"the search ended at {region}: {unknown} in a row could not be asked"
            return Finding("missing", "Region", text, "See the notes above.")
    text = f"none of the {len(REGIONS)} has all that is needed"
    remedy = "Ask for quota in the portal (Quotas), or change what the regions refuse."
    return Finding("missing", "Region", text, remedy)


def _questions(subscription: Subscription) -> dict[str, tuple[str, _Question]]:
    """Subject and check of each resource type that the environment declares."""
    questions: dict[str, tuple[str, _Question]] = {_POSTGRES: ("PostgreSQL", postgres)}
    if _on_app_service(subscription.settings):
        questions[_PLAN] = ("App Service", _app_service)
    questions[ENVIRONMENT] = ("Container Apps", _container_apps)
    return questions


def _until_missing(findings: Iterator[Finding]) -> list[Finding]:
    """Findings up to the first that rules the region out."""
    found: list[Finding] = []
    for finding in findings:
        found.append(finding)
        if finding.state == "missing":
            break
    return found


def _has_all(findings: Sequence[Finding]) -> bool:
    return all(finding.state == "ok" for finding in findings)


def _line(region: str, findings: Sequence[Finding]) -> str:
    faults = sorted((f for f in findings if f.state != "ok"), key=lambda f: f.state)
    said = f"{faults[0].subject}: {faults[0].found}" if faults else "has all that is needed"
    return f"{region}: {said}"


def _app_service(subscription: Subscription, region: str) -> list[Finding]:
    """Check the quota of the plan's size for each site, and of all sizes (the row `*`).

    Source of both rows: a subscription without any (api-version 2024-11-01, 2026-08-10), where
    `*` is displayed as "Total Regional VMs".
    """
    path = f"{subscription.path}/providers/Microsoft.Web/locations/{region}/usages"
    sites = _on_app_service(subscription.settings)
    instead = [set_config(subscription.settings, f"{s}.host", "containerApp") for s in sites]
    return [
        room(
            subscription,
            "App Service",
            path,
            *instead,
            api_version="2024-11-01",
            rows=(PLAN_SKU, "*"),
            amount=len(sites),
        )
    ]


def _on_app_service(settings: Settings) -> list[str]:
    return [name for name, site in settings.sites.items() if site.host == "appService"]


def _container_apps(subscription: Subscription, region: str) -> list[Finding]:
    """Check the quota of environments.

    The row: Azure/azure-cli, recording test_containerapp_env_usages.yaml (2024-05-30).
    """
    path = f"{subscription.path}/providers/Microsoft.App/locations/{region}/usages"
    rows = ("ManagedEnvironmentCount",)
    return [room(subscription, "Container Apps", path, api_version="2024-03-01", rows=rows)]
