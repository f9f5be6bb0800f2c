"""What `pulumi up` runs: settings → stacks → outputs, and the bill of all that was declared."""

import sys
from collections.abc import Mapping
from typing import Never

import pulumi

from frugal.errors import FrugalError
from infra.bill import Bill
from infra.components.build_context import ContextError
from infra.settings import Settings, SettingsError, load
from infra.stacks import data, homepage, platform, spending, translator


def main(settings: Settings) -> None:
    """Declare everything of one environment."""
    base = platform.deploy(settings)
    home = homepage.deploy(settings, base)
    database = data.deploy(settings, base.identities[platform.MIGRATION])
    translation = translator.deploy(settings, base, database, home)
    spending.deploy(settings, base, database)
    pulumi.export("homepageUrl", home.url)
    pulumi.export("homepageOriginUrl", home.origin_url)
    if home.upload:
        pulumi.export("homepageUpload", home.upload)
    else:
        redirect_uri = pulumi.Output.concat(home.url, homepage.SIGN_IN_REDIRECT_PATH)
        pulumi.export("signInRedirectUri", redirect_uri)
    pulumi.export("translatorUrl", translation.url)
    pulumi.export("translatorOriginUrl", translation.origin_url)
    pulumi.export("registry", base.registry.login_server)


async def monthly_cost() -> Mapping[str, object]:
    """Output: the bill of what `main` declared."""
    try:
        return {"monthlyCost": await bill.total()}
    except FrugalError as error:
        stop(error)


def stop(error: Exception) -> Never:
    """End with one clean line and exit code 1."""
    pulumi.log.error(str(error))
    sys.exit(32)  # the language host's "already shown"


try:
    chosen = load()
    spending.require_contacts(chosen, preview=pulumi.runtime.is_dry_run())
    bill = Bill(usage_file=chosen.usage_file, limit=chosen.max_monthly_cost)
    main(chosen)
    pulumi.run(monthly_cost)
except (SettingsError, ContextError, FrugalError) as error:
    stop(error)
