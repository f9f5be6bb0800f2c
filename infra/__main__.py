"""Entry point of `pulumi up`: settings → stacks → outputs, and the bill of these."""

import sys
from collections.abc import Mapping
from typing import Never

import pulumi

from frugal.errors import FrugalError
from infra.bill import Bill
from infra.settings import Settings, load
from infra.stacks import MODELS, SITES, data, platform, spending
from infra.stacks.site import Deployed, Deployment


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
            )
        )
        pulumi.export(f"{site.name}Url", previous.url)
        pulumi.export(f"{site.name}OriginUrl", previous.origin_url)
        for name, value in previous.outputs.items():
            pulumi.export(name, value)
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
    sys.exit(32)  # the language host's "already shown"


try:
    chosen = load(MODELS)
    spending.require_contacts(chosen, preview=pulumi.runtime.is_dry_run())
    bill = Bill(usage_file=chosen.usage_file, limit=chosen.max_monthly_cost)
    main(chosen)
    pulumi.run(monthly_cost)
except FrugalError as error:
    stop(error)
