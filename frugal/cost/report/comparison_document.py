"""A comparison as data, for other programs; every amount a decimal string with all its digits."""

from frugal.cost.compare.crossings import FURTHEST, PRECISION, Comparison
from frugal.cost.compare.price_off import Item
from frugal.cost.compare.result import MULTIPLES, Compared, Row
from frugal.cost.money import plain
from frugal.cost.report.document import or_null, remarks


def document(found: Compared) -> dict[str, object]:
    """Ready for `json.dumps`."""
    visits = found.visits
    return {
        "site": found.site,
        "environment": found.environment,
        "region": found.region,
        "currency": found.currency,
        "prices_as_of": found.prices_as_of.isoformat(),
        "month": found.month,
        "usage": {
            "active_seconds": plain(visits.active_seconds),
            "requests": plain(visits.requests),
            "egress_gb": plain(visits.egress_gb),
            "given": sorted(visits.given),
        },
        "rows": [_row(row) for row in found.rows],
        "crossings": {
            "up_to": str(FURTHEST),
            "precision": plain(PRECISION),
            "pairs": [_pair(one) for one in found.comparisons],
        },
        "advice": list(found.advice),
        "notes": list(found.notes),
        "sources": list(found.sources),
        "price_off": {
            "month": "2023-01",
            "items": [_item(item) for item in found.price_off.items],
            "moving": list(found.price_off.moving),
        },
    }


def _row(row: Row) -> dict[str, object]:
    monthly = [
        {"multiple": str(multiple), **{key: plain(value) for key, value in bill._asdict().items()}}
        for multiple, bill in zip(MULTIPLES, row.bills, strict=True)
        if bill is not None
    ]
    return {
        "name": row.way.name,
        "host": row.way.host,
        "edge": "none" if row.way.edge == "none" else "frontDoor",
        "monthly": monthly,
        "grows": row.grows,
        "unpriced_from": None if row.unpriced_from is None else str(row.unpriced_from),
        "unpriced": remarks(row.unpriced),
    }


def _pair(one: Comparison) -> dict[str, object]:
    return {
        "first": one.first,
        "second": one.second,
        "difference": plain(one.difference),
        "at": [
            {
                "multiple": plain(turn.at),
                "dearer": one.first if turn.first_is_dearer else one.second,
            }
            for turn in one.turns
        ],
    }


def _item(item: Item) -> dict[str, object]:
    return {
        "what": item.what,
        "list_price": or_null(item.then),
        "how": item.how,
        "bill": plain(item.billed),
        "unexplained": or_null(item.rest),
        "today": or_null(item.today),
        "since": item.since,
    }
