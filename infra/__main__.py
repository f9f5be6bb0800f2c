"""What `pulumi up` runs: settings → stacks → outputs."""

import sys

import pulumi

from infra.components.build_context import ContextError
from infra.settings import Settings, SettingsError, load
from infra.stacks import data, homepage, platform, spending, translator


def main(settings: Settings) -> None:
    """Declare everything of one environment."""
    base = platform.deploy(settings)
    home = homepage.deploy(settings, base)
    database = data.deploy(settings, base.identities[translator.NAME])
    translation = translator.deploy(settings, base, database)
    spending.deploy(settings, base, database)
    pulumi.export("homepageUrl", home.url)
    pulumi.export("homepageOriginUrl", home.origin_url)
    pulumi.export(
        "signInRedirectUri", pulumi.Output.concat(home.url, homepage.SIGN_IN_REDIRECT_PATH)
    )
    pulumi.export("translatorUrl", translation.url)
    pulumi.export("translatorOriginUrl", translation.origin_url)
    pulumi.export("registry", base.registry.login_server)


try:
    chosen = load()
    spending.require_contacts(chosen, preview=pulumi.runtime.is_dry_run())
    main(chosen)
except (SettingsError, ContextError) as error:
    pulumi.log.error(str(error))
    sys.exit(32)  # the language host's "already shown": one clean line and exit code 1
