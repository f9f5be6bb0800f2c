"""A monthly budget over resource groups: sends alerts, and stops no spending."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, Input, Output, ResourceOptions
from pulumi_azure_native import consumption

_ALERTS = (("actual", "Actual", (50, 80, 100)), ("forecast", "Forecasted", (100,)))
"""Name, kind and thresholds (percent of the amount) of the alerts."""


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """`amount`: a month, in the subscription's currency; `contacts`: e-mail addresses."""

    scope: Input[str]
    resource_group_names: Sequence[Input[str]]
    amount: float
    contacts: Sequence[str]


class Budget(ComponentResource):
    """No outputs."""

    def __init__(self, name: str, args: BudgetArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("frugal:spending:Budget", name, None, opts)
        consumption.Budget(
            f"{name}-monthly",
            scope=args.scope,
            amount=args.amount,
            category=consumption.CategoryType.COST,
            time_grain=consumption.TimeGrainType.MONTHLY,
            time_period={"start_date": f"{dt.datetime.now(tz=dt.UTC):%Y-%m}-01T00:00:00Z"},
            filter={
                "dimensions": {
                    "name": "ResourceGroupName",
                    "operator": consumption.BudgetOperatorType.IN_,
                    "values": list(args.resource_group_names),
                }
            },
            notifications={
                f"{name}{percent}": consumption.NotificationArgs(
                    enabled=True,
                    operator=consumption.OperatorType.GREATER_THAN_OR_EQUAL_TO,
                    threshold=percent,
                    threshold_type=kind,
                    contact_emails=list(args.contacts),
                )
                for name, kind, percents in _ALERTS
                for percent in percents
            },
            # Azure refuses a start before this month at creation, and any other start later.
            opts=ResourceOptions(parent=self, ignore_changes=["timePeriod"]),
        )
        self.register_outputs({})


def subscription_of(resource_id: Input[str]) -> Output[str]:
    """Scope of the subscription that a resource is in."""
    return Output.from_input(resource_id).apply(lambda value: "/".join(value.split("/")[:3]))
