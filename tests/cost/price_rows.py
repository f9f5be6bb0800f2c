"""Rows of the tests' price table, read without the table's own reader."""

from decimal import Decimal

from tests.cost.made import PRICES, table

__all__ = ["price", "table", "tiers"]


def tiers(file: str, name: str, place: str = "eastus2", product: str = "") -> dict[str, Decimal]:
    """Prices by the start of their tier, of the newest row of a meter in a region.

    `file`: a service's, without `.txt`; `product`: only where several have a meter of that name.
    """
    found: list[tuple[str, str]] = []
    at_product = at_meter = ""
    for line in (PRICES / "azure" / f"{file}.txt").read_text("utf-8").splitlines():
        fields = line.split("\t")
        if len(fields) == 1:
            at_product = line
        elif fields[1]:
            at_meter = fields[2]
        elif at_meter == name and product in ("", at_product) and place in fields[4].split(","):
            found.append((fields[3], fields[2]))
    row = max(found)[1]
    parts = (part.rpartition(":") for part in row.split(" "))
    return {start or "0": Decimal(price) for start, _colon, price in parts}


def price(file: str, name: str, place: str = "eastus2", product: str = "") -> Decimal:
    """The one price of a meter without tiers."""
    (only,) = tiers(file, name, place, product).values()
    return only
