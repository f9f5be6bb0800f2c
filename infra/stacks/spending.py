"""Spending: the budget of an environment, over all of its resource groups; 0 means none."""

import pulumi

from infra.components.budget import Budget, BudgetArgs, subscription_of
from infra.settings import Settings, SettingsError
from infra.stacks.data import Data
from infra.stacks.platform import Platform


def require_contacts(settings: Settings, *, preview: bool) -> None:
    """Warn in a preview about a budget without contacts; refuse to deploy it.

    Azure refuses it as well, but only after other resources have been created.
    Raises SettingsError.
    """
    if settings.budget.contacts or not settings.budget.monthly_amount:
        return
    message = (
        "frugal:budget.contacts: none given; a budget needs a recipient for its alerts: "
        "pulumi config set --path 'budget.contacts[0]' you@example.com; "
        "or have no budget: pulumi config set --path budget.monthlyAmount 0"
    )
    if not preview:
        raise SettingsError(message)
    pulumi.log.warn(f"{message} (`pulumi up` refuses without)")


def deploy(settings: Settings, platform: Platform, data: Data) -> None:
    """Declare the budget, unless its amount is 0."""
    if settings.budget.monthly_amount:
        Budget(
            "budget",
            BudgetArgs(
                scope=subscription_of(platform.group.id),
                resource_group_names=[platform.group.name, data.group.name],
                amount=settings.budget.monthly_amount,
                contacts=settings.budget.contacts,
            ),
        )
