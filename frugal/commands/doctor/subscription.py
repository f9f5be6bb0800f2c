"""Check of an Azure subscription before an environment's first `up`.

All requests are GETs; nothing is changed.
"""

from collections.abc import Callable
from functools import partial

from frugal import stack_files
from frugal.commands.doctor import account, domains, region
from frugal.commands.doctor.findings import Finding
from frugal.commands.doctor.questions import checked
from frugal.paths import Checkout
from infra.arm import Arm, ArmError
from infra.settings import SettingsError, read
from infra.stacks import MODELS

_PATIENCE = 20.0  # seconds in all to retry a query while Azure is busy


def examine(
    checkout: Checkout,
    environment: str,
    *,
    on_step: Callable[[str], None] = lambda _step: None,
    on_region: Callable[[str], None] | None = None,
) -> list[Finding]:
    """Check the environment's subscription.

    `on_step`: called before each group of queries; `on_region`: called with a line on each region
    tried; without it only the environment's own region is checked. Raises FrugalError for an
    environment that does not exist.
    """
    config = stack_files.configuration(checkout.root, environment)
    try:
        settings = read(environment, config, MODELS)
    except SettingsError as error:
        return [Finding("missing", "Settings", str(error), f"Correct Pulumi.{environment}.yaml.")]
    findings = account.contacts(settings)
    configuration, lacking = account.sign_in(settings, config)
    if lacking:
        return findings + lacking
    try:
        with Arm(configuration=configuration, patience=_PATIENCE) as arm:
            on_step("Asking Azure for the subscription")
            subscription, answers = account.identify(arm, settings, config)
            findings += answers
            if subscription is not None:
                on_step("Asking Azure for roles, registrations and budgets")
                findings += account.examine(subscription)
                findings += checked("Domains", partial(domains.examine, subscription))
                on_step(f"Asking Azure for quotas in {settings.location}")
                regional = list(region.examine(subscription, settings.location))
                findings += regional
                if on_region is not None:
                    on_step("Asking Azure for a region that has all of it")
                    findings.append(region.search(subscription, regional, on_region))
    except ArmError as error:
        # The message of a failed sign-in has its remedy.
        remedy = "Check the network and HTTPS_PROXY." if error.code == "NoAnswer" else ""
        findings.append(Finding("missing", "Azure", str(error), remedy))
    return findings
