"""`frugal prices`: show and refresh the price table."""

import datetime as dt
import itertools
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table as Columns

from frugal.cost import plain
from frugal.cost.prices.listing import described, shared
from frugal.cost.prices.missing import missing
from frugal.cost.prices.table import Meter, Price, Regions, Table
from frugal.cost.report.show import write_json
from frugal.errors import FrugalError
from frugal.help import Command, Group
from frugal.terminal import print_whole, progress, say

if TYPE_CHECKING:
    from frugal.cost.prices.refresh import Move, Outcome


class Format(StrEnum):
    """Format of the price table."""

    table = "table"
    json = "json"


app = typer.Typer(
    name="prices",
    cls=Group,
    help="The prices that estimates use, with region, date and source.",
    add_completion=False,
)
_out = Console()
_err = Console(stderr=True)

_Service = Annotated[
    str | None,
    typer.Option("--service", metavar="NAME", help="One service alone, such as 'Key Vault'."),
]
_Region = Annotated[
    str | None,
    typer.Option(
        "--region", metavar="REGION", help="One region alone, such as eastus or 'Zone 1'."
    ),
]


@app.callback(invoke_without_command=True)
def show_command(
    context: typer.Context,
    service: _Service = None,
    region: _Region = None,
    missing_alone: Annotated[
        bool,
        typer.Option(
            "--missing", help="Show meters that resource types need and that have no row."
        ),
    ] = False,
    shown_as: Annotated[
        Format, typer.Option("--format", metavar="FORMAT", help="table, json.")
    ] = Format.table,
) -> None:
    """Show the prices that estimates use, with their age and source.

    As a table without --service and --region: the services alone.
    """
    if context.invoked_subcommand:
        return
    table = Table()
    if missing_alone:
        if service is not None or region is not None or shown_as is not Format.table:
            message = "--missing lists all of them, as text: give it alone."
            raise FrugalError(message, code=2)
        _show_missing(table)
        return
    meters = _prices(table, service, region)
    if shown_as is Format.json:
        write_json(_document(table, meters))
        return
    if service is not None or region is not None:
        _show(meters)
    else:
        _show_services(meters)
    _show_ages(table, meters)


@app.command("refresh", cls=Command)
def refresh_command(
    service: _Service = None,
    region: _Region = None,
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="URL", help="Ask this address instead of Microsoft's."),
    ] = None,
) -> None:
    """Refresh prices from Azure's public Retail Prices API, or add those of a region; no login.

    One request for each service and region: some minutes for all of them. Nothing is written
    before every price has been read.
    """
    if "" in {service, region}:
        message = (
            "--service and --region need a name; without the option all of them are asked for."
        )
        raise FrugalError(message, code=2)
    # Imported here, since only a refresh calls the API.
    from frugal.cost.prices.refresh import refreshed, write  # noqa: PLC0415
    from frugal.cost.prices.retail import ADDRESS, RetailPrices  # noqa: PLC0415

    table, address = Table(), address or ADDRESS
    with closing(RetailPrices(address)) as api, progress(_err) as show_step:
        outcome = refreshed(
            table,
            api,
            _today(),
            service=service,
            region=region,
            progress=lambda what: show_step(f"Asking for {what}"),
        )
    if not outcome.confirmed and not outcome.moved and not outcome.new:
        raise FrugalError(f"{address} has none of these prices. Nothing was changed.")
    write(outcome.services, table.folder)
    _report(outcome)


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


_Meters = Mapping[Meter, Regions]
"""Prices by meter and region, at least one of each meter."""


def _prices(table: Table, service: str | None, region: str | None) -> _Meters:
    """The prices of a service and a region. Raises FrugalError (2) where there is none.

    Its message lists the regions of a known service, else the services.
    """
    listed = {meter: table.prices(meter) for meter in table.meters()}
    found = {
        meter: chosen
        for meter, regions in listed.items()
        if service in (None, meter.service)
        if (chosen := {name: of for name, of in regions.items() if region in (None, name)})
    }
    if not found:
        given = [f"service {service!r}"] * (service is not None)
        given += [f"region {region!r}"] * (region is not None)
        regions = {
            name for meter in listed if service in (None, meter.service) for name in listed[meter]
        }
        known = (
            f"Known regions: {', '.join(sorted(regions))}"
            if regions
            else f"Known services: {', '.join(sorted({meter.service for meter in listed}))}"
        )
        raise FrugalError(
            f"No price is known for {', '.join(given)}. {known}. To add another: "
            "frugal prices refresh --service NAME --region REGION",
            code=2,
        )
    return found


def _show(meters: _Meters) -> None:
    product = ("", "")
    for meter, regions in meters.items():
        if meter[:2] != product:
            product = meter[:2]
            say(_out, f"\n{', '.join(dict.fromkeys(product))}")
        say(_out, f"  {meter.sku}: {meter.name}, per {meter.unit}")
        for price, names in shared(regions):
            read = f"since {price.since}, read {price.as_of} ({price.where.key})"
            say(_out, f"    {described(price.tiers)}, {read}: {', '.join(names)}")


def _show_services(meters: _Meters) -> None:
    columns = _columns("service", "meters", "regions", "read")
    for service, group in itertools.groupby(meters, lambda meter: meter.service):
        of = list(group)
        regions = {name for meter in of for name in meters[meter]}
        newest = max(price.as_of for meter in of for price in _all({meter: meters[meter]}))
        columns.add_row(service, str(len(of)), str(len(regions)), newest.isoformat())
    print_whole(_out, columns)


def _all(meters: _Meters) -> list[Price]:
    return [price for of in meters.values() for prices in of.values() for price in prices]


def _show_ages(table: Table, meters: _Meters) -> None:
    days = [price.as_of for price in _all(meters)]
    say(
        _out,
        f"\n{len(days)} prices in {table.currency}. The newest is of {max(days)} "
        f"({_age(max(days))}), the oldest of {min(days)} ({_age(min(days))}); "
        "`frugal prices refresh` updates them.\n"
        "A meter that has no row for a region is unpriced there.\n",
    )
    for source in table.sources.values():
        say(_out, f"{source.key}: {source.title}; {source.origin}")


def _show_missing(table: Table) -> None:
    for meter, types, why in missing(table, _today()):
        say(_out, f"{meter.sku}: {_named(meter)}, per {meter.unit}: {why}. For {', '.join(types)}.")


def _columns(*names: str) -> Columns:
    columns = Columns(box=None, pad_edge=False)
    for name in names:
        columns.add_column(name, no_wrap=True)
    return columns


def _age(day: dt.date) -> str:
    days = (_today() - day).days
    return "today" if days == 0 else f"{days} day{'' if days == 1 else 's'} ago"


def _document(table: Table, meters: _Meters) -> dict[str, object]:
    return {
        "currency": table.currency,
        "as_of": table.as_of.isoformat(),
        "oldest": min(price.as_of for price in _all(meters)).isoformat(),
        "age_days": (_today() - table.as_of).days,
        "prices": [
            {
                "service": meter.service,
                "product": meter.product,
                "sku": meter.sku,
                "meter": meter.name,
                "arm_sku": meter.arm_sku,
                "region": region,
                "unit": meter.unit,
                "tiers": [{"from": plain(t.start), "price": plain(t.price)} for t in price.tiers],
                "since": price.since.isoformat(),
                "as_of": price.as_of.isoformat(),
                "source": price.where.key,
            }
            for meter, regions in meters.items()
            for region, prices in sorted(regions.items())
            for price in prices
        ],
        "sources": [source._asdict() for source in table.sources.values()],
    }


def _report(outcome: "Outcome") -> None:
    """Print changed prices, announced changes, and prices that could not be read."""
    if outcome.moved:
        columns = _columns("product", "meter", "region", "before", "after", "")
        for move in outcome.moved:
            tiers = described(move.before), described(move.after)
            columns.add_row(
                move.meter.product, move.meter.name, move.region, *tiers, _percent(move)
            )
        print_whole(_out, columns)
    for meter, region, start in outcome.announced:
        say(_out, f"From {start} on the API has another price of {_named(meter)} in {region}.")
    for meter, region, price, why in outcome.kept:
        say(
            _out,
            f"Kept: {_named(meter)} in {region} stays {described(price.tiers)}, as of "
            f"{price.as_of}, because {why}.",
        )
    say(
        _out,
        f"Read: {outcome.confirmed} prices as before, {len(outcome.moved)} moved, {outcome.new} "
        f"new; {len(outcome.kept)} kept.",
    )


def _named(meter: Meter) -> str:
    return f"{meter.name} ({meter.product})"


def _percent(move: "Move") -> str:
    """Change of the first paid price: `+4.2 %`."""
    before = next((tier.price for tier in move.before if tier.price), None)
    after = next((tier.price for tier in move.after if tier.price), None)
    if before is None or after is None:
        return ""
    return f"{((after / before - 1) * 100).quantize(Decimal('0.1')):+} %"
