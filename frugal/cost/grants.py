"""Free grants, at their scope: shared by all resources of a subscription or billing account."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal, localcontext
from operator import attrgetter

from frugal.cost.meters import postgres
from frugal.cost.meters.base import GRANTS, Grant
from frugal.cost.money import EXACT, ZERO
from frugal.cost.month import Month
from frugal.cost.usage import Usage

_POSTGRES_12_MONTHS = (
    Grant((postgres.B1MS,), Decimal(750), "750 hours of B1ms, twelve-month offer"),
    Grant((postgres.STORAGE,), Decimal(32), "32 GB of storage, twelve-month offer"),
)


def grants(usage: Usage, month: Month) -> Sequence[Grant]:
    """Every subscription's grants, and those of an offer while it lasts."""
    return (*GRANTS, *(_POSTGRES_12_MONTHS if offer_end(usage, month) else ()))


def used_elsewhere(grant: Grant, usage: Usage) -> Decimal:
    """Use of a grant's meters by other stacks of the subscription, in their base unit."""
    return attrgetter(grant.elsewhere)(usage.used_elsewhere) if grant.elsewhere else ZERO


def offer_end(usage: Usage, month: Month) -> dt.date | None:
    """First day after the twelve-month offer of PostgreSQL, if the month lies in the offer."""
    offer = usage.offers.postgres_12_months
    if offer is None:
        return None
    start = offer.start
    leap = (start.month, start.day) == (2, 29)
    end = start.replace(year=start.year + 1, day=28 if leap else start.day)
    return end if start <= month.start < end else None


def shares(grant: Decimal, quantities: Sequence[Decimal]) -> Sequence[Decimal]:
    """Divide a grant among quantities: each is covered if there is enough, else in proportion.

    In whole units, the largest remainder first; ties go to what comes first. No share is larger
    than its quantity, and together they are the grant.
    """
    with localcontext(EXACT):
        whole = sum(quantities, ZERO)
        if whole <= grant:
            return quantities
        divided = [divmod(grant * quantity, whole) for quantity in quantities]
        given = [share for share, _remainder in divided]
        left = grant - sum(given, ZERO)
        # The sort is stable, also in reverse.
        order = sorted(range(len(given)), key=lambda index: divided[index][1], reverse=True)
        while left > 0:
            for index in order:
                unit = min(Decimal(1), left, quantities[index] - given[index])
                given[index] += unit
                left -= unit
                if not left:
                    break
        return given
