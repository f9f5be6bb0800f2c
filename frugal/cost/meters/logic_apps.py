"""Azure Logic Apps: actions of Consumption workflows, instances of Standard plans.

Each step is an action, triggers that poll included, and disabled workflows cost nothing. Standard
and enterprise connectors have a price for each call; data that runs keep is billed by size
(Microsoft's page on pricing, ms.date 2019-07-16, and pricing page, read November 2026). The first
4,000 built-in actions a month are free once a subscription. Standard workflows run on a plan (WS1
to WS3), billed by cores and memory.
"""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import (
    Charge,
    Free,
    Meter,
    Use,
    assume,
    by_use,
    fixed,
    grant,
    meter,
    one_of,
    region,
)
from frugal.cost.money import ZERO
from frugal.cost.month import Month
from frugal.cost.properties import Properties

_ACCOUNTS = {
    "free": None,
    **{
        size.lower(): Meter(
            "Logic Apps", "Logic Apps Integration Account", size, f"{size} Unit", "1/Month"
        )
        for size in ("Basic", "Standard")
    },
}


def _meter(sku: str, name: str, unit: str) -> Meter:
    return Meter("Logic Apps", "Logic Apps", sku, f"{sku} {name}", unit)


_BY_USE = {
    "built_in_actions": _meter("Consumption", "Built-in Actions", "1"),
    "standard_connector_calls": _meter("Consumption", "Standard Connector Actions", "1"),
    "enterprise_connector_calls": _meter("Consumption", "Enterprise Connector Actions", "1"),
    "retained_gb": _meter("Consumption", "Data Retention", "1 GB/Month"),
}
grant(
    4_000, _BY_USE["built_in_actions"], what="4,000 built-in actions of Logic Apps a subscription"
)
VCPU = _meter("Standard", "vCPU Duration", "1 Hour")
MEMORY = _meter("Standard", "Memory Duration", "1 GiB Hour")


@meter(
    "logic:Workflow",
    built_in_actions=assume("6000", "a run every half hour with four built-in steps"),
    standard_connector_calls=assume("1500", "one in each of those runs"),
    enterprise_connector_calls=assume("0", "SAP, MQ and the like are rare on small sites"),
    retained_gb=assume("0.1", "inputs and outputs of 90 days of runs"),
)
def workflow(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Actions and retained data of one workflow."""
    if properties.text("state", "Enabled").lower() == "disabled":
        return Free("a disabled workflow runs nothing")
    place = region(properties)
    return [by_use(each, place, use.figure(key)) for key, each in _BY_USE.items()]


@meter("logic:IntegrationAccount")
def integration_account(
    properties: Properties, _use: Use, _month: Month
) -> Iterable[Charge] | Free:
    """Fee of one account, the same in a month of any length."""
    unit = one_of(properties, "sku.name", _ACCOUNTS)
    if unit is None:
        return Free("the Free size of integration accounts")
    return (fixed(unit, region(properties), ZERO + 1),)


classify(
    "logic:Workflow",
    priced="state",
    unpriced_when={"integrationServiceEnvironment": ()},  # it is billed whole, and retired
    no_influence={
        NAMES: "workflowName",
        ACCESS: "accessControl endpointsConfiguration",
        BEHAVIOUR: "parameters",
        "a figure of use": "definition",
        "billed itself": "integrationAccount",
    },
    choices={"state": ("Enabled",)},
)
classify(
    "logic:IntegrationAccount",
    priced="sku.name",
    unpriced_when={"integrationServiceEnvironment": ()},
    no_influence={NAMES: "integrationAccountName", BEHAVIOUR: "state"},
    choices={"sku.name": ("Standard", "Basic", "Free")},
)
