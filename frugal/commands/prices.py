"""`frugal prices`: show and refresh the price sheet."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from frugal.cost import plain
from frugal.cost.prices.reading import described
from frugal.cost.prices.refresh import Move, Outcome, read_anew, write
from frugal.cost.prices.retail import ADDRESS, RetailPrices
from frugal.cost.prices.sheet import Price, Sheet, load
from frugal.cost.report.show import write_json
from frugal.cost.report.terminal import print_whole
from frugal.errors import FrugalError


class Format(StrEnum):
    """Format of the price sheet."""

    table = "table"
    json = "json"


app = typer.Typer(
    name="prices",
    help="The prices that estimates use, with region, date and source.",
    add_completion=False,
)
_out = Console()
_err = Console(stderr=True)


@app.callback(invoke_without_command=True)
def show_command(
    context: typer.Context,
    region: Annotated[
        str | None, typer.Option("--region", metavar="REGION", help="eastus, 'Zone 1'; else all.")
    ] = None,
    shown_as: Annotated[
        Format, typer.Option("--format", help="Format of the prices.")
    ] = Format.table,
) -> None:
    """Show the prices that estimates use, with their age and source."""
    if context.invoked_subcommand:
        return
    sheet = load()
    prices = _of_region(sheet, region)
    if shown_as is Format.json:
        write_json(_document(sheet, prices))
    else:
        _show(sheet, prices)


@app.command("refresh")
def refresh_command(
    address: Annotated[
        str,
        typer.Option(
            "--address", metavar="URL", help="Address of the API, instead of Microsoft's."
        ),
    ] = ADDRESS,
) -> None:
    """Refresh every price from Azure's public Retail Prices API; no login, about a minute.

    Nothing is written before every price has been read.
    """
    sheet = load()
    with RetailPrices(address) as api, _err.status("Asking for prices") as status:
        outcome = read_anew(
            sheet, api, _today(), lambda meter: status.update(f"Asking for {meter.id}")
        )
    if not outcome.confirmed and not outcome.moved:
        raise FrugalError(f"{address} has none of the sheet's prices. Nothing was changed.")
    write(outcome.prices)
    _report(outcome)


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _of_region(sheet: Sheet, region: str | None) -> list[Price]:
    prices = sorted(sheet.prices.values(), key=lambda price: (price.meter.id, price.region))
    if region is None:
        return prices
    found = [price for price in prices if price.region == region]
    if not found:
        known = ", ".join(sorted({price.region for price in prices}))
        raise FrugalError(f"No price is known for region {region!r}. Known: {known}.", code=2)
    return found


def _show(sheet: Sheet, prices: Iterable[Price]) -> None:
    table = _table("meter", "region", "from", "USD", "per", "as of", "source")
    for price in prices:
        for tier in price.tiers:
            table.add_row(
                price.meter.id,
                price.region,
                plain(tier.start),
                plain(tier.price),
                price.meter.unit,
                price.as_of.isoformat(),
                price.where.key,
            )
    print_whole(_out, table)
    oldest = min(price.as_of for price in sheet.prices.values())
    _out.print(
        f"\n{len(sheet.prices)} prices in {sheet.currency}. The newest is of {sheet.as_of} "
        f"({_age(sheet.as_of)}), the oldest of {oldest} ({_age(oldest)}); "
        "`frugal prices refresh` updates them.\n"
        "A meter that has no row for a region is unpriced there.\n",
        highlight=False,
        soft_wrap=True,
    )
    for source in sheet.sources.values():
        _out.print(
            f"{source.key}: {source.title}; {source.origin}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def _age(day: dt.date) -> str:
    days = (_today() - day).days
    return "today" if days == 0 else f"{days} day{'' if days == 1 else 's'} ago"


def _document(sheet: Sheet, prices: Iterable[Price]) -> dict[str, object]:
    return {
        "currency": sheet.currency,
        "as_of": sheet.as_of.isoformat(),
        "oldest": min(price.as_of for price in sheet.prices.values()).isoformat(),
        "age_days": (_today() - sheet.as_of).days,
        "prices": [
            {
                "meter": price.meter.id,
                "region": price.region,
                "unit": price.meter.unit,
                "tiers": [{"from": plain(t.start), "price": plain(t.price)} for t in price.tiers],
                "as_of": price.as_of.isoformat(),
                "source": price.where.key,
            }
            for price in prices
        ],
        "sources": [
            {"key": s.key, "title": s.title, "origin": s.origin, "note": s.note}
            for s in sheet.sources.values()
        ],
    }


def _report(outcome: Outcome) -> None:
    """Print changed and new prices, announced changes, and prices that could not be read."""
    if outcome.moved:
        table = _table("meter", "region", "before", "after", "")
        for move in outcome.moved:
            before = described(move.before) if move.before else "unpriced"
            table.add_row(move.meter.id, move.region, before, described(move.after), _percent(move))
        print_whole(_out, table)
    for announced in outcome.announced:
        where = f"{announced.meter.id} in {announced.region}"
        _out.print(f"From {announced.start} on the API has another price of {where}.")
    for kept in outcome.kept:
        price = kept.price
        _out.print(
            f"Kept: {price.meter.id} in {price.region} stays {described(price.tiers)}, as of "
            f"{price.as_of}, because {kept.why}.",
            soft_wrap=True,
        )
    _out.print(
        f"Read: {outcome.confirmed} prices as before, {len(outcome.moved)} moved or new; "
        f"{len(outcome.kept)} kept."
    )


def _percent(move: Move) -> str:
    """Change of the first paid price: `+4.2 %`."""
    before = next((tier.price for tier in move.before or () if tier.price), None)
    after = next((tier.price for tier in move.after if tier.price), None)
    if before is None or after is None:
        return ""
    return f"{((after / before - 1) * 100).quantize(Decimal('0.1')):+} %"
