"""Check of the sites' own names: those bound by hand, which the next deployment would remove."""

from collections.abc import Iterator

from frugal.commands.doctor.findings import Finding
from frugal.commands.doctor.questions import Subscription, belongs_to, child, children
from frugal.commands.doctor.region import ENVIRONMENT
from infra.components.domain_check import APP_API_VERSION, CDN_API_VERSION


def examine(subscription: Subscription) -> list[Finding]:
    """Find the names on the environment's apps and edge that no setting has."""
    if subscription.own(ENVIRONMENT) is None:
        return []
    sites = subscription.settings.sites.values()
    known = {host for site in sites for host in site.hosts}
    by_hand = [f"{host} ({owner})" for host, owner in _bound(subscription) if host not in known]
    if by_hand:
        text = f"bound by hand, so that the next `pulumi up` removes it: {', '.join(by_hand)}"
        remedy = "Make it the site's, or remove it there:"
        name = subscription.settings.environment
        command = f"pulumi config set -s {name} --path SITE.domain HOST"
        return [Finding("note", "Domains", text, remedy, (command,))]
    return [Finding("ok", "Domains", ", ".join(sorted(known)))] if known else []


def _bound(subscription: Subscription) -> Iterator[tuple[str, str]]:
    """Names on the environment's container apps and Front Door profiles, with what has them."""
    arm, path, name = subscription.arm, subscription.path, subscription.settings.environment
    apps = arm.list(f"{path}/providers/Microsoft.App/containerApps", api_version=APP_API_VERSION)
    for app in apps:
        if belongs_to(app, name):
            ingress = child(child(child(app, "properties"), "configuration"), "ingress")
            for domain in children(ingress, "customDomains"):
                yield str(domain["name"]), str(app["name"])
    profiles = arm.list(f"{path}/providers/Microsoft.Cdn/profiles", api_version=CDN_API_VERSION)
    for profile in profiles:
        if belongs_to(profile, name):
            domains = arm.list(f"{profile['id']}/customDomains", api_version=CDN_API_VERSION)
            for domain in domains:
                yield str(child(domain, "properties")["hostName"]), str(profile["name"])
