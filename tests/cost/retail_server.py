"""A server that answers as the Retail Prices API does, good days and bad.

Its rows have the fields and the oddities of recorded answers; it knows the filters that are
documented, compares case-sensitively, and gives few rows a page.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from frugal.cost.prices.table import Meter, Tier

Row = dict[str, Any]
Answer = Callable[["Handler"], bool]


class Handler(BaseHTTPRequestHandler):
    """One answer; `server` is the API that the test set up."""

    server: "Api"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.server.odd and self.server.odd.pop(0)(self):
            return
        query = parse_qs(urlsplit(self.path).query)
        wanted = dict(re.findall(r"(\w+) eq '((?:[^']|'')*)'", query["$filter"][0]))
        wanted["type"] = wanted.pop("priceType")
        rows = [row for row in self.server.rows if wanted.items() <= row.items()]
        skip = int(query.get("$skip", ["0"])[0])
        end = skip + self.server.page
        more = urlencode({"$filter": query["$filter"][0], "$skip": end})
        self.answer(
            {
                "BillingCurrency": "USD",
                "CustomerEntityId": "Default",
                "CustomerEntityType": "Retail",
                "Items": rows[skip:end],
                "NextPageLink": f"{self.server.address}?{more}" if end < len(rows) else None,
                "Count": len(rows[skip:end]),
            }
        )

    def answer(self, body: object, status: int = 200, **headers: str) -> bool:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        return True


class Api(ThreadingHTTPServer):
    """`rows`: what it lists; `odd`: how it answers the next requests, instead of as it should."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.rows: list[Row] = []
        self.odd: list[Answer] = []
        self.asked: list[str] = []
        self.page = 40

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/retail/prices"

    @property
    def filters(self) -> list[str]:
        return [parse_qs(urlsplit(path).query)["$filter"][0] for path in self.asked]

    def lists(self, of: "Listed") -> list[Row]:
        """The rows of one price."""
        wanted = row(of, 0, 0)
        return [
            row
            for row in self.rows
            if all(row[name] == wanted[name] for name in (*NAMES, "armRegionName"))
            and row["type"] == "Consumption"
        ]


NAMES = ("serviceName", "productName", "skuName", "meterName", "unitOfMeasure")


class Listed(NamedTuple):
    """A meter in a region, and its tiers in the table."""

    meter: Meter
    region: str
    tiers: tuple[Tier, ...]


def row(of: Listed, start: str | int, amount: str | float, **other: object) -> Row:
    """An item as the API gives it: numbers as JSON numbers, the meter's id that of its names."""
    meter = of.meter
    return {
        "currencyCode": "USD",
        "tierMinimumUnits": float(start),
        "retailPrice": float(amount),
        "unitPrice": float(amount),
        "armRegionName": of.region,
        "location": of.region.upper(),
        "effectiveStartDate": "2022-06-01T00:00:00Z",
        "meterId": f"{meter.name}-{of.region}",
        "meterName": meter.name,
        "productId": "DZH318Z0BQV5",
        "skuId": "DZH318Z0BQV5/0025",
        "productName": meter.product,
        "skuName": meter.sku,
        "serviceName": meter.service,
        "serviceId": "DZH315F9L8DM",
        "serviceFamily": "Compute",
        "unitOfMeasure": meter.unit,
        "type": "Consumption",
        "isPrimaryMeterRegion": False,
        "armSkuName": meter.arm_sku,
        **other,
    }


def as_listed(of: Listed) -> list[Row]:
    """The rows with which the API says what the table says."""
    return [row(of, str(tier.start), str(tier.price)) for tier in of.tiers]


@contextmanager
def serving() -> Iterator[Api]:
    """An API that lists nothing yet."""
    with Api() as api:
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield api
        finally:
            api.shutdown()
            thread.join()
