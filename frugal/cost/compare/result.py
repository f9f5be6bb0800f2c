"""The whole comparison of one site: rows, break-even points, advice, and what it rests on."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Annotated

from pydantic import Field

from frugal.cost.compare.advice import advice
from frugal.cost.compare.break_even import FURTHEST, Comparison, break_even_points
from frugal.cost.compare.case_study_2023 import CaseStudy, case_study
from frugal.cost.compare.options import FREE_STATIC_GB, Costs, HostingOption, Visits
from frugal.cost.estimate import Remark
from frugal.cost.grants import offer_end
from frugal.cost.money import EXACT, Range, rounded
from frugal.cost.plan import Resource
from frugal.cost.report.words import sources

MULTIPLES = (1, 10, 100)
"""Of the site's usage."""


@dataclass(frozen=True, slots=True)
class Row:
    """One option: the environment's bill with it.

    `bills`: at each of MULTIPLES, None where something has no price, or above `furthest`, the
    largest multiple up to FURTHEST that the declared sizes serve; `grows`: no declared limit holds
    their `high`; `unpriced`: the reasons at `unpriced_from`, the first of MULTIPLES and FURTHEST at
    which there are any.
    """

    option: HostingOption
    bills: Sequence[Range | None]
    grows: bool
    unpriced: Sequence[Remark]
    unpriced_from: int | None
    furthest: Decimal


@dataclass(frozen=True, slots=True)
class HostingComparison:
    """The comparison. `region`: of the environment; `refused`: by option, the settings' reason."""

    site: str
    environment: str
    region: str
    currency: str
    prices_as_of: dt.date
    month: str
    visits: Annotated[Visits, Field(serialization_alias="usage")]
    rows: Sequence[Row]
    comparisons: Sequence[Comparison]
    advice: Sequence[str]
    notes: Sequence[str]
    sources: Sequence[str]
    case_study: CaseStudy


def compare_options(costs: Costs, refused: Mapping[HostingOption, str]) -> HostingComparison:
    """Compare the options of a site. `refused`: those that the settings exclude, with the reason.

    Raises UsageError.
    """
    options = sorted(costs.plans, key=lambda option: option.rank)
    rows = [_row(option, costs) for option in options]
    priced = [row for row in rows if not row.unpriced and row.furthest >= 1]
    comparisons = [_comparison(*pair, costs) for pair in combinations(priced, 2)]
    bills = [costs.bill(option) for option in options]
    return HostingComparison(
        site=costs.site,
        environment=costs.environment,
        region=costs.location,
        currency=costs.table.currency,
        prices_as_of=costs.table.as_of,
        month=costs.month.name,
        visits=costs.visits,
        rows=rows,
        comparisons=comparisons,
        advice=list(advice(costs, [row.option for row in priced], comparisons)),
        notes=list(_notes(costs, refused)),
        sources=sources(line for bill in bills for line in bill.lines),
        case_study=case_study(costs.table, costs.location, costs.month.start),
    )


def _row(option: HostingOption, costs: Costs) -> Row:
    furthest = costs.furthest(option, Decimal(FURTHEST))
    bills = {at: costs.bill(option, Decimal(at)) for at in (*MULTIPLES, FURTHEST)}
    first = next((at for at, bill in bills.items() if bill.unpriced), None)
    shown = [bills[at] if at <= furthest else None for at in MULTIPLES]
    return Row(
        option=option,
        bills=[None if bill is None or bill.unpriced else bill.monthly for bill in shown],
        grows=any(line.grows for bill in shown if bill for line in bill.lines),
        unpriced=bills[first].unpriced if first else (),
        unpriced_from=first,
        furthest=furthest,
    )


def _comparison(first: Row, second: Row, costs: Costs) -> Comparison:
    options = first.option, second.option
    furthest = min(first.furthest, second.furthest)
    points = break_even_points(
        lambda at: costs.expected(options[0], at),
        lambda at: costs.expected(options[1], at),
        furthest,
    )
    difference = EXACT.subtract(costs.expected(options[0]), costs.expected(options[1]))
    return Comparison(options[0].name, options[1].name, difference, points, furthest)


def _notes(costs: Costs, refused: Mapping[HostingOption, str]) -> Iterator[str]:
    yield (
        "Each row is the bill of the whole environment with that option, as `frugal cost --set` "
        f"prices it, with the visits of {costs.site} multiplied and all else as it is."
    )
    apps = {one.type: one for option in costs.plans if (one := costs.app(option))}
    if app := apps.get("azure-native:app:ContainerApp"):
        yield _container_app(app, costs)
    if "azure-native:web:WebApp" in apps:
        yield "App Service: whether one instance serves that many is no question of price."
    if "azure-native:web:StaticSite" in apps:
        yield (
            f"Static Web Apps: files alone, without a server and so without a sign-in, and up to "
            f"{FREE_STATIC_GB} GB a month."
        )
    yield (
        "Edge: it sends what visitors get, for each site behind it; without it, the host does. "
        "Nothing is taken to be answered by its cache."
    )
    if ends := offer_end(costs.usage, costs.month):
        option = next(iter(costs.plans))
        later = costs.without_offers().expected(option)
        step = rounded(EXACT.subtract(later, costs.expected(option)))
        yield (
            f"The twelve-month offer of PostgreSQL ends on {ends}: then each row is {step} "
            f"{costs.table.currency} dearer."
        )
    for option, reason in refused.items():
        yield f"Not offered by the settings: {option.name}: {reason}"
    if entries := costs.not_used():
        yield f"Entries of the usage file that follow from the visits here: {', '.join(entries)}."


def _container_app(app: Resource, costs: Costs) -> str:
    properties = app.properties
    container = next(iter(properties.blocks("template.containers")))
    least = properties.whole("template.scale.minReplicas", "0")
    most = properties.whole("template.scale.maxReplicas", "10")
    memory = container.text("resources.memory").removesuffix("Gi")
    return (
        f"Container Apps: {container.number('resources.cpu')} vCPU and {memory} GiB a replica, "
        f"{least} to {most} of them; active seconds grow with the visits up to "
        f"{most * costs.month.seconds:,f}, which so many have in a month; as visits that overlap "
        "share a replica, it may be fewer."
    )
