"""Refresh of the price table from the API, written after every price has been read.

One request for each service and region, as both are in the table or are named; so a new service or
region is added in the same way.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from frugal.atomic import atomic_write
from frugal.cost.prices.listing import Answer, Item, Listing, described, read, text
from frugal.cost.prices.retail import RetailPrices, UnavailableError
from frugal.cost.prices.table import AZURE, GLOBAL, Meter, Price, Table, Tier, file_name, in_force
from frugal.errors import FrugalError

RETAIL_API: Final = "retail-api"
"""Key of the source of what was read here."""

Tiers = tuple[Tier, ...]


class Move(NamedTuple):
    """A price that differs from the table's."""

    meter: Meter
    region: str
    before: Tiers
    after: Tiers


class Kept(NamedTuple):
    """A price that could not be refreshed and is unchanged."""

    meter: Meter
    region: str
    price: Price
    why: str


class Announced(NamedTuple):
    """A future day from which the API lists another price."""

    meter: Meter
    region: str
    start: dt.date


@dataclass(slots=True)
class Outcome:
    """Result of a refresh; `services`: the new content of their files."""

    confirmed: int = 0
    new: int = 0
    moved: list[Move] = field(default_factory=list[Move])
    kept: list[Kept] = field(default_factory=list[Kept])
    announced: list[Announced] = field(default_factory=list[Announced])
    services: dict[str, Listing] = field(default_factory=dict[str, Listing])


def refreshed(
    table: Table,
    api: RetailPrices,
    day: dt.date,
    *,
    service: str | None = None,
    region: str | None = None,
    progress: Callable[[str], object] = lambda _what: None,
) -> Outcome:
    """Query the services and regions of the table, or those named, without writing.

    Raises UnavailableError at the first request that fails: there is no partial refresh.
    """
    outcome = Outcome()
    added = {meter.service for meter in table.supplement}
    services = [service] if service else sorted({file.service for file in table.files()} | added)
    for one in services:
        file = table.file(one)
        prices = outcome.services[one] = file.listing() if file else {}
        extra = {m: regions for m, regions in table.supplement.items() if m.service == one}
        known = {where for of in (*prices.values(), *extra.values()) for where in of}
        if not known and not region:
            message = f"The table has no service {one!r}. To add it, name a --region as well."
            raise FrugalError(message, code=2)
        for where in [region] if region else sorted(known):
            progress(f"{one} in {where}")
            answer = _ask(table, api, day, one, where)
            _take(outcome, table, day, (one, where), answer)
    return outcome


def _ask(table: Table, api: RetailPrices, day: dt.date, service: str, region: str) -> Answer:
    wanted = {"serviceName": service, "priceType": "Consumption"}
    names = (GLOBAL, "") if region == GLOBAL else (region,)
    items: list[Item] = []
    for name in names:
        items += api.items({**wanted, "armRegionName": name})
    try:
        return read(items, day, table.sources[RETAIL_API])
    except ValueError as error:
        raise UnavailableError(f"The answer for {service} in {region} has {error}.") from None


def _take(
    outcome: Outcome, table: Table, day: dt.date, asked: tuple[str, str], answer: Answer
) -> None:
    """Merge the prices of a service and region into the outcome."""
    service, region = asked
    listing = outcome.services[service]
    fresh = {
        meter: regions[region]
        for meter, regions in answer.prices.items()
        if meter.service == service and region in regions
    }
    known = {m for m in (*listing, *table.supplement) if m.service == service}
    for meter in sorted(known | fresh.keys()):
        before = in_force(table.prices(meter).get(region, ()), day)
        prices = fresh.get(meter)
        if prices is None:
            # A meter of the supplement may be listed with an ARM SKU.
            if before and not any(meter[:5] == other[:5] for other in fresh):
                unreadable = (meter, region) in answer.unreadable
                why = "a row for it that cannot be read" if unreadable else "no row for it"
                outcome.kept.append(Kept(meter, region, before[0], f"the API has {why}"))
            continue
        after = in_force(prices, day)
        outcome.announced += [
            Announced(meter, region, price.since) for price in prices if price.since > day
        ]
        if len(before) == 1 and (doubt := _doubt(before[0], after)):
            outcome.kept.append(Kept(meter, region, before[0], doubt))
            continue
        listing.setdefault(meter, {})[region] = prices
        if not before:
            outcome.new += 1
        elif [price.tiers for price in before] == [price.tiers for price in after]:
            outcome.confirmed += 1
        else:
            outcome.moved.append(Move(meter, region, before[0].tiers, after[0].tiers))


def _doubt(before: Price, after: Sequence[Price]) -> str:
    """A reason to leave the price of the table, or nothing."""
    if not after:
        return "the API has only a future price of it"
    if len(after) > 1:
        said = " or ".join(described(price.tiers) for price in after)
        return f"the API has rows that contradict each other: {said}"
    if _paid(before) and not _paid(after[0]):
        return "the API has 0 for a price that was paid; check it by hand"
    return ""


def _paid(price: Price) -> bool:
    return any(tier.price for tier in price.tiers)


def write(services: Mapping[str, Listing], folder: Path) -> None:
    """Replace the files of services, each in one step.

    Raises FrugalError where the folder cannot be written to.
    """
    for service, prices in services.items():
        if prices:
            target = folder / AZURE / file_name(service)
            try:
                atomic_write(target, text(service, prices), mode=0o644)
            except OSError as error:
                raise FrugalError(f"{target} cannot be written: {error.strerror}.") from error
