"""Entry point of `pulumi up`: settings → stacks → outputs, and the bill of these."""

import sys
from collections.abc import Mapping
from typing import Never

import pulumi

from frugal.errors import FrugalError, broken_sites
from infra.bill import Bill
from infra.domains import CREATE
from infra.settings import Settings, load

_SHOWN = 32
"""Exit code by which the language host knows that the error is shown already."""

try:
    from infra.stacks import MODELS, SITES, data, platform, spending
    from infra.stacks.site import Deployed, Deployment
except Exception as error:
    if (broken := broken_sites(error)) is None:
        raise
    pulumi.log.error(str(broken))
    sys.exit(_SHOWN)


def main(settings: Settings) -> None:
    """Declare everything of one environment."""
    base = platform.deploy(settings)
    database = data.deploy(settings, base.identities[platform.MIGRATION])
    previous: Deployed | None = None
    for site in SITES:
        previous = site.deploy(
            Deployment(
                name=site.name,
                settings=settings.sites[site.name],
                environment=settings,
                platform=base,
                data=database,
                previous=previous,
            ).with_address()
        )
        pulumi.export(f"{site.name}Url", previous.url)
        pulumi.export(f"{site.name}OriginUrl", previous.origin_url)
        for name, value in previous.outputs.items():
            pulumi.export(name, value)
    if base.zone and settings.dns.zone == CREATE:
        pulumi.export("dnsNameServers", base.zone.name_servers)
    spending.deploy(settings, base, database)
    pulumi.export("registry", base.registry.login_server)


async def monthly_cost() -> Mapping[str, object]:
    """Output: the bill of the resources that `main` declared."""
    try:
        return {"monthlyCost": await bill.total()}
    except FrugalError as error:
        stop(error)


def stop(error: Exception) -> Never:
    """End with one clean line and exit code 1."""
    pulumi.log.error(str(error))
    sys.exit(_SHOWN)


try:
    chosen = load(MODELS)
    spending.require_contacts(chosen, preview=pulumi.runtime.is_dry_run())
    bill = Bill(usage_file=chosen.usage_file, limit=chosen.max_monthly_cost)
    main(chosen)
    pulumi.run(monthly_cost)
except FrugalError as error:
    stop(error)
