"""January 2023: published bills of these sites' parts, against list prices and today's prices."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from pydantic import computed_field

from frugal.cost.money import EXACT, ZERO, Amount
from frugal.cost.prices.table import Meter, Table
from frugal.cost.report.words import price

_FILE = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True, slots=True)
class Item:
    """A part of that month's bill, in USD; None is unknown, not zero.

    `how`: arithmetic of the list price; `today`: a month of it now; `since`: what has changed.
    """

    what: str
    list_price: Amount | None
    how: str
    bill: Amount
    today: Amount | None
    since: str

    @computed_field
    @property
    def unexplained(self) -> Amount | None:
        """Bill minus list price."""
        return None if self.list_price is None else EXACT.subtract(self.bill, self.list_price)


@dataclass(frozen=True, slots=True)
class CaseStudy:
    """The parts, and the conclusion on halving the bill by moving the translator."""

    items: Sequence[Item]
    moving: Sequence[str]


def case_study(table: Table, region: str, day: dt.date) -> CaseStudy:
    """Read the case study, with a region's prices of a day."""
    content = yaml.safe_load(_FILE.read_text("utf-8"))
    return CaseStudy(
        [_item(row, table, region, day) for row in content["items"]], content["moving"]
    )


def _item(row: Mapping[str, Any], table: Table, region: str, day: dt.date) -> Item:
    today: Decimal | None = ZERO if "today" in row else None
    prices: list[str] = []
    for metered in row.get("today", ()):
        found = table.find(Meter(*metered["meter"]), metered.get("region", region), day)
        if found is None:
            today, prices = None, [f"unpriced in {region}"]
            break
        one = found.tiers[0].price
        prices.append(f"{price(one)} {metered['unit']}")
        today = EXACT.add(today or ZERO, EXACT.multiply(one, Decimal(metered["quantity"])))
    known = f"now {', '.join(prices)}" if today is not None else "".join(prices)
    listed = row["list_price"]
    return Item(
        what=row["what"],
        list_price=None if listed is None else Decimal(listed),
        how=row["how"],
        bill=Decimal(row["bill"]),
        today=today,
        since="; ".join(filter(None, (row.get("since"), known))),
    )
