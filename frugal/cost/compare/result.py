"""The whole comparison of one site: rows, crossing points, advice, and what it rests on."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from frugal.cost.compare.advice import advice
from frugal.cost.compare.crossings import FURTHEST, Comparison, turns
from frugal.cost.compare.price_off import PriceOff, price_off
from frugal.cost.compare.ways import CPU, MEMORY, PLAN_SKU, WAYS, Costs, Site, Visits, Way
from frugal.cost.estimate import Estimate, Remark
from frugal.cost.grants import offer_end
from frugal.cost.money import EXACT, Range, rounded

MULTIPLES = (1, 10, 100)
"""Of the site's usage."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way to host the site.

    `bills`: at each of MULTIPLES, None where a price is missing, since what cannot be priced whole
    is not priced; `grows`: no declared limit holds their `high`; `unpriced`: what has no price at
    `unpriced_from`, the first of MULTIPLES and FURTHEST where there is such a thing.
    """

    way: Way
    bills: Sequence[Range | None]
    grows: bool
    unpriced: Sequence[Remark]
    unpriced_from: int | None


@dataclass(frozen=True, slots=True)
class Compared:
    """The comparison. `region`: of the environment."""

    site: Site
    environment: str
    region: str
    currency: str
    prices_as_of: dt.date
    month: str
    visits: Visits
    rows: Sequence[Row]
    comparisons: Sequence[Comparison]
    advice: Sequence[str]
    notes: Sequence[str]
    sources: Sequence[str]
    price_off: PriceOff


def compared(site: Site, costs: Costs) -> Compared:
    """Compare the ways to host a site. Raises UsageError."""
    visits = costs.visits(site)
    rows = [_row(site, way, costs) for way in WAYS[site]]
    priced = [row.way for row in rows if not row.unpriced]
    comparisons = [_comparison(site, *pair, costs) for pair in combinations(priced, 2)]
    first = [costs.bill(site, way, Decimal(1)) for way in WAYS[site]]
    return Compared(
        site=site,
        environment=costs.sizes.environment,
        region=costs.sizes.location,
        currency=costs.sheet.currency,
        prices_as_of=costs.sheet.as_of,
        month=costs.month.name,
        visits=visits,
        rows=rows,
        comparisons=comparisons,
        advice=list(advice(site, costs, priced, comparisons)),
        notes=list(_notes(site, costs, rows)),
        sources=_sources(first),
        price_off=price_off(costs),
    )


def _row(site: Site, way: Way, costs: Costs) -> Row:
    looked_at = (*MULTIPLES, FURTHEST)
    bills = [costs.bill(site, way, Decimal(multiple)) for multiple in looked_at]
    missing = [number for number, bill in enumerate(bills) if bill.unpriced]
    shown = bills[: len(MULTIPLES)]
    return Row(
        way=way,
        bills=[None if bill.unpriced else bill.monthly for bill in shown],
        grows=any(line.grows for bill in shown for line in bill.lines),
        unpriced=bills[missing[0]].unpriced if missing else (),
        unpriced_from=looked_at[missing[0]] if missing else None,
    )


def _comparison(site: Site, first: Way, second: Way, costs: Costs) -> Comparison:
    def cost(way: Way, multiple: Decimal) -> Decimal:
        return costs.bill(site, way, multiple).monthly.expected

    one = Decimal(1)
    return Comparison(
        first.name,
        second.name,
        EXACT.subtract(cost(first, one), cost(second, one)),
        turns(lambda at: cost(first, at), lambda at: cost(second, at)),
    )


def _sources(bills: Sequence[Estimate]) -> list[str]:
    return list(dict.fromkeys(line.source for bill in bills for line in bill.lines if line.source))


def _notes(site: Site, costs: Costs, rows: Sequence[Row]) -> Iterator[str]:
    sizes, month = costs.sizes, costs.month
    least, most = sizes.replicas[site]
    memory = MEMORY.removesuffix("Gi")
    yield (
        f"Container Apps: {CPU} vCPU and {memory} GiB a replica, {least} to {most} replicas; "
        f"active seconds grow with the visits up to {most * month.seconds:,f}, which {most} "
        "replicas have in a month; as visits that overlap share a replica, it may be fewer."
    )
    yield (
        f"App Service: one {PLAN_SKU} Linux instance; whether it serves that many is no question "
        "of price."
    )
    if any(row.way.host == "staticSite" for row in rows):
        yield (
            "Static Web Apps: the Free size up to 100 GB a month, then Standard; files alone, with "
            "an edge of its own, and no server: no sign-in."
        )
    yield (
        "Edge: a Front Door Standard profile, priced for this site alone, though all sites share "
        "one. Nothing is taken to be answered by its cache. What visitors get, it sends; without "
        "it, the host does."
    )
    if sizes.own_registry:
        yield "The registry that holds the images is on each row that runs a container."
    else:
        yield "The registry is shared with others, by the settings, and on no row."
    yield (
        "On no row: other sites, logs (5 GB a month are free), and what is alike on each: "
        "migrations, translations."
    )
    if site == "translator" and (ends := offer_end(costs.usage, month)):
        way, one = Way("appService"), Decimal(1)
        now = costs.bill(site, way, one).monthly
        then = costs.without_offers().bill(site, way, one).monthly
        yield (
            f"The twelve-month offer of PostgreSQL ends on {ends}: then each row is "
            f"{rounded(EXACT.subtract(then.expected, now.expected))} {costs.sheet.currency} dearer."
        )
    if others := costs.not_used(site):
        yield f"Entries of the usage file that are not of this site: {', '.join(others)}."
