"""Convert kept answers of the Retail Prices API (CSV, a row a tier) to files of the price table.

    python -m tools.prices FILE.csv.gz DAY SOURCE [FOLDER]

The columns are the API's field names, without `type` and `currencyCode`: pay-as-you-go in USD.
`DAY` is the day of reading, `SOURCE` a key of `sources.csv`.
"""

import csv
import datetime as dt
import gzip
import io
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

from frugal.cost.meters.cognitive_services import ANYWHERE, GLOBAL_SKUS, PLACE_SKUS
from frugal.cost.prices.listing import Item, Listing, read, text
from frugal.cost.prices.table import AZURE, CURRENCY, FOLDER, Table, file_name

# Too large to ship, and of no use to a small site: classic profiles can't be made any more.
LEFT_OUT: Final = ("Virtual Machines", "Content Delivery Network")
# 10,000 rows, of which those count that have a price here.
_MODELS: Final = "Foundry Models"


def convert(kept: Path, day: dt.date, source: str, folder: Path) -> int:
    """Write the file of each service into `folder`; return their number."""
    answer = read(_items(kept), day, Table().sources[source])
    services: dict[str, Listing] = {}
    for meter, regions in answer.prices.items():
        services.setdefault(meter.service, {})[meter] = regions
    for service, prices in services.items():
        (folder / AZURE / file_name(service)).write_text(text(service, prices), "utf-8")
    return len(services)


def _items(kept: Path) -> Iterator[Item]:
    with io.TextIOWrapper(gzip.open(kept), "utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            if _is_shipped(row):
                numbers = {name: Decimal(row[name]) for name in ("tierMinimumUnits", "retailPrice")}
                yield {**row, **numbers, "type": "Consumption", "currencyCode": CURRENCY}


def _is_shipped(row: Mapping[str, str]) -> bool:
    if row["serviceName"] != _MODELS:
        return row["serviceName"] not in LEFT_OUT
    is_global = row["armRegionName"] == ANYWHERE and row["skuName"] in GLOBAL_SKUS
    return is_global or row["skuName"] in PLACE_SKUS


if __name__ == "__main__":
    kept, day, source, *folder = sys.argv[1:]
    written = convert(
        Path(kept), dt.date.fromisoformat(day), source, Path(folder[0]) if folder else FOLDER
    )
    sys.stdout.write(f"{written} services\n")
