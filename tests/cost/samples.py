"""Estimates made by hand, as the estimator gives them, for the tests of the reports."""

import dataclasses
import datetime as dt
from decimal import Decimal

from frugal.cost.estimate import Alert, Assumption, Bracket, Change, Estimate, Line, Remark
from frugal.cost.money import EXACT, NOTHING, Range

AZURE = "azure-native:"
SOURCE = "Azure Retail Prices, eastus, as published 2026-10-02"


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:prod::frugal::{token}::{name}"


def same(amount: str) -> Range:
    """Fixed: the same in each case."""
    return Range(*[Decimal(amount)] * 3)


def line(
    of: str,
    meter: str,
    made: str,
    *,
    low: str | None = None,
    high: str | None = None,
    before: Range | None = None,
    change: Change = "same",
    reason: str = "",
    grows: bool = False,
) -> Line:
    """`of`: type and name; `made`: quantity * price / unit; `low`, `high`: other quantities."""
    kind, name = of.split(" ", 1)
    quantity, _, rest = made.partition(" * ")
    price, _, unit = rest.partition(" / ")
    monthly = Range(
        *(EXACT.multiply(Decimal(one or quantity), Decimal(price)) for one in (low, quantity, high))
    )
    if before is None:
        before = monthly if change == "same" else NOTHING
    return Line(
        resource=urn(AZURE + kind, name),
        name=name,
        type=AZURE + kind,
        meter=meter,
        unit=unit,
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        tiers=(),
        monthly=monthly,
        before=before,
        change=change,
        reason=reason,
        source=SOURCE,
        grows=grows,
    )


def remark(token: str, name: str, reason: str) -> Remark:
    return Remark(urn(token, name), name, token, reason)


def replaced(one, **fields):
    """A copy with other fields."""
    return dataclasses.replace(one, **fields)


APP = "app:ContainerApp homepage"
PLAN = "web:AppServicePlan translator"
EDGE = "cdn:Profile edge"
SERVER = "dbforpostgresql:Server translations"

# An edge comes, a plan goes from B1 to P0v3, a vault goes; all else stays.
LINES = (
    line("containerregistry:Registry registry", "Basic Registry Unit", "30 * 0.1666 / 1/Day"),
    line(APP, "Standard vCPU Active Usage", "22500 * 0.000024 / 1 Second", low="0", high="3285000"),
    line(
        APP,
        "Standard Memory Active Usage",
        "45000 * 0.000003 / 1 GiB Second",
        low="0",
        high="6570000",
    ),
    line(APP, "Standard Requests", "0.03 * 0.40 / 1M", low="0", grows=True),
    line(
        PLAN,
        "B1",
        "0 * 0.017 / 1 Hour",
        before=same("12.41"),
        change="removed",
        reason="sku.name B1 → P0v3",
    ),
    line(PLAN, "P0v3 App", "730 * 0.0775 / 1 Hour", change="added", reason="sku.name B1 → P0v3"),
    line(SERVER, "B1MS", "730 * 0.017 / 1 Hour"),
    line(SERVER, "Storage Data Stored", "32 * 0.115 / 1 GB/Month"),
    line(EDGE, "Standard Base Fees", "1 * 35 / 1/Month", change="added", reason="new"),
    line(
        EDGE,
        "Standard Requests",
        "10 * 0.009 / 10K",
        low="0",
        change="added",
        reason="new",
        grows=True,
    ),
    line(
        EDGE,
        "Standard Data Transfer Out",
        "10 * 0.0825 / 1 GB",
        low="0",
        change="added",
        reason="new",
        grows=True,
    ),
    line(
        "keyvault:Vault old",
        "Operations",
        "0 * 0.03 / 10K",
        before=Range(Decimal(0), Decimal("0.03"), Decimal("0.03")),
        change="removed",
        reason="removed",
    ),
    line(
        "operationalinsights:Workspace logs",
        "Analytics Logs Data Ingestion",
        "0 * 2.30 / 1 GB",
        high="30",
    ),
)


def switch() -> Estimate:
    """A plan that changes the bill."""
    return Estimate(
        currency="USD",
        prices_as_of=dt.date(2026, 10, 7),
        month="730 hours, 30 days",
        lines=LINES,
        unpriced=(),
        free=FREE,
        other=OTHER,
        notes=NOTES,
        assumptions=ASSUMPTIONS,
        alerts=ALERTS,
    )


def gaps() -> Estimate:
    """The same with two resources that have no price."""
    return replaced(switch(), unpriced=UNPRICED)


def first() -> Estimate:
    """The same, planned from nothing."""
    lines = [
        replaced(one, before=NOTHING, change="added", reason="new")
        for one in LINES
        if one.change != "removed"
    ]
    notes = ("Planned from nothing.", *NOTES)
    return replaced(switch(), lines=lines, notes=notes, alerts=())


def unchanged() -> Estimate:
    """Nothing changes."""
    lines = [replaced(one, before=one.monthly, change="same", reason="") for one in LINES]
    return replaced(switch(), lines=lines, alerts=())


def tiered() -> Estimate:
    """150,000 GB in three brackets."""
    brackets = [("0", "10000", "0.0825"), ("10000", "40000", "0.065"), ("50000", "100000", "0.056")]
    tiers = tuple(Bracket(*map(Decimal, one)) for one in brackets)
    cost = Decimal(9025)
    wide = replaced(
        line("cdn:Profile wide", "Standard Data Transfer Out", "150000 * 0 / 1 GB", change="added"),
        unit_price=None,
        tiers=tiers,
        monthly=Range(Decimal(0), cost, cost),
        grows=True,
    )
    return replaced(switch(), lines=(*LINES, wide))


MARKUP = (
    "</title><script>alert(1)</script><img src=x onerror=alert(2)>&amp; \"'"
    "[red]x[/red] | `@me` #1 *b* _i_ \\ \x1b[31m \u202e \ud800\n# head\n</details> --> <b>"
)


def hostile() -> Estimate:
    """Every text of the plan tries to be markup, or to steer the terminal."""
    lines = [
        replaced(
            one, name=MARKUP, type=MARKUP, meter=MARKUP, unit=MARKUP, reason=MARKUP, source=MARKUP
        )
        for one in LINES
    ]
    remarks = (remark(MARKUP, MARKUP, MARKUP),)
    return replaced(
        switch(),
        currency=MARKUP,
        month=MARKUP,
        lines=lines,
        unpriced=remarks,
        free=remarks,
        other=remarks,
        notes=(MARKUP,),
        assumptions=(Assumption(MARKUP, MARKUP, Decimal(1), MARKUP),),
        alerts=(Alert(MARKUP, Decimal(50), Decimal(90), MARKUP),),
    )


def empty() -> Estimate:
    """Nothing that has a price."""
    return replaced(first(), lines=[], free=(), other=(), notes=(), assumptions=(), alerts=())


UNPRICED = (
    remark("azure-native:web:AppServicePlan", "jobs", "sku.name 'I1v2' has no price here"),
    remark("azure-native:redis:Redis", "cache", "this type has no price here"),
)

FREE = (
    remark("azure-native:resources:ResourceGroup", "platform", "a group of resources is free"),
    remark("azure-native:resources:ResourceGroup", "data", "a group of resources is free"),
    remark("azure-native:managedidentity:UserAssignedIdentity", "homepage", "identities are free"),
    remark("azure-native:authorization:RoleAssignment", "pull", "role assignments are free"),
    remark(
        "azure-native:app:ManagedEnvironment",
        "apps",
        "Consumption environment: only what its apps use is billed",
    ),
)

OTHER = (
    remark("frugal:web:ContainerApp", "homepage", "not of azure-native"),
    remark("frugal:web:ContainerApp", "translator", "not of azure-native"),
    remark("frugal:data:Postgres", "translations", "not of azure-native"),
    remark("pulumi:pulumi:Stack", "frugal-prod", "not of azure-native"),
    remark("pulumi-python:dynamic:Resource", "homepage-image", "not of azure-native"),
)

NOTES = (
    "Front Door is priced for visitors of zone 1 (North America, Europe, Africa).",
    "The free grants of Container Apps are shared by the whole subscription.",
)

ASSUMPTIONS = (
    Assumption(
        "homepage",
        "active_seconds",
        Decimal(90000),
        "ten visits a day, far apart, each keeps one replica for the cool-down of 300 s",
    ),
    Assumption("homepage", "requests", Decimal(30000), "1,000 a day"),
    Assumption("edge", "requests", Decimal(100000), "3,300 a day, pages and their assets"),
    Assumption("edge", "egress_gb", Decimal(10), "100,000 answers of about 100 kB"),
    Assumption(
        "logs", "ingested_gb", Decimal("0.5"), "17 MB a day, two apps that log each request"
    ),
)

ALERTS = (
    Alert("monthly", Decimal(50), Decimal(90), "Actual"),
    Alert("monthly", Decimal(80), Decimal(90), "Actual"),
    Alert("monthly", Decimal(100), Decimal(90), "Forecasted"),
)
