"""Free grants, at their scope: shared by all resources of a subscription or billing account.

Container Apps: Microsoft's billing page (ms.date 2025-12-09), active and idle seconds alike (a real
bill of May 2026). Log Analytics: 5 GB a billing account (pricing page, 2026). Registry tasks and
static site bandwidth: the API's first tier, taken as one for the subscription.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from frugal.cost.money import EXACT, ZERO
from frugal.cost.month import Month
from frugal.cost.usage import Usage


@dataclass(frozen=True, slots=True)
class Grant:
    """A free amount a month, in the base unit of its meters.

    `in_high`: True if it counts in the worst case too, where other stacks may have used it up.
    """

    meters: tuple[str, ...]
    amount: Decimal
    what: str
    in_high: bool = True


def grants(usage: Usage, month: Month) -> Sequence[Grant]:
    """Grants available to this plan; those of an offer while it lasts."""
    elsewhere = usage.used_elsewhere
    apps = elsewhere.container_apps
    found = [
        Grant(
            ("container-apps.vcpu-active", "container-apps.vcpu-idle"),
            _left(180_000, apps.vcpu_seconds),
            "180,000 vCPU-seconds of Container Apps a subscription",
        ),
        Grant(
            ("container-apps.memory-active", "container-apps.memory-idle"),
            _left(360_000, apps.gib_seconds),
            "360,000 GiB-seconds of Container Apps a subscription",
        ),
        Grant(
            ("container-apps.requests",),
            _left(2_000_000, apps.requests),
            "2 million requests to Container Apps a subscription",
        ),
        Grant(
            ("log-analytics.ingestion",),
            _left(5, elsewhere.log_analytics_gb),
            "5 GB of Log Analytics a billing account",
            in_high=False,
        ),
        Grant(("bandwidth.egress",), _left(100, elsewhere.egress_gb), "100 GB to the internet"),
        Grant(("registry.tasks",), Decimal(6_000), "6,000 seconds of registry builds"),
        Grant(("static-web-apps.bandwidth",), Decimal(100), "100 GB of Static Web Apps"),
    ]
    if offer_end(usage, month):
        found += [
            Grant(("postgres.b1ms",), Decimal(750), "750 hours of B1ms, twelve-month offer"),
            Grant(("postgres.storage",), Decimal(32), "32 GB of storage, twelve-month offer"),
        ]
    return found


def offer_end(usage: Usage, month: Month) -> dt.date | None:
    """First day after the twelve-month offer of PostgreSQL, if the month lies in the offer."""
    offer = usage.offers.postgres_12_months
    if offer is None:
        return None
    start = offer.start
    leap = (start.month, start.day) == (2, 29)
    end = start.replace(year=start.year + 1, day=28 if leap else start.day)
    return end if start <= month.start < end else None


def _left(amount: int, used: Decimal) -> Decimal:
    return max(amount - used, ZERO)


def shares(grant: Decimal, quantities: Sequence[Decimal]) -> Sequence[Decimal]:
    """Divide a grant among quantities: each is covered if there is enough, else in proportion.

    In whole units, the largest remainder first; ties go to what comes first. No share is larger
    than its quantity, and together they are the grant.
    """
    with localcontext(EXACT):
        whole = sum(quantities, ZERO)
        if whole <= grant:
            return quantities
        given: list[Decimal] = []
        remainders: list[Decimal] = []
        for quantity in quantities:
            share, remainder = divmod(grant * quantity, whole)
            given.append(share)
            remainders.append(remainder)
        left = grant - sum(given, ZERO)
        # The sort is stable, also in reverse.
        order = sorted(range(len(given)), key=remainders.__getitem__, reverse=True)
        while left > 0:
            for index in order:
                unit = min(Decimal(1), left, quantities[index] - given[index])
                given[index] += unit
                left -= unit
                if not left:
                    break
        return given
