"""Reports as data, for programs; amounts are exact decimal strings.

docs/cost-report.schema.json describes that of an estimate.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from frugal.cost.compare.break_even import FURTHEST, PRECISION, Comparison
from frugal.cost.compare.case_study_2023 import CaseStudy
from frugal.cost.compare.result import MULTIPLES, HostingComparison, Row
from frugal.cost.estimate import Estimate, Remark
from frugal.cost.money import Amounts, plain

_ESTIMATE = TypeAdapter(Estimate)
_TOTALS = TypeAdapter(dict[str, Amounts])
_REMARKS = TypeAdapter(list[Remark])


def estimate_data(bill: Estimate, limit: Decimal | None = None) -> Mapping[str, Any]:
    """All of an estimate. `limit`: the environment's own, an amount a month."""
    totals = {"monthly": bill.monthly, "before": bill.before, "delta": bill.delta}
    return {
        **_TOTALS.dump_python(totals, mode="json"),
        **_ESTIMATE.dump_python(bill, mode="json", by_alias=True),
        "limit": None if limit is None else plain(limit),
    }


def comparison_data(comparison: HostingComparison) -> Mapping[str, Any]:
    """All of a comparison."""
    return {
        **TypeAdapter(HostingComparison).dump_python(
            comparison, mode="json", by_alias=True, exclude={"rows", "comparisons", "case_study"}
        ),
        "rows": [_row(row) for row in comparison.rows],
        "crossings": {
            "up_to": str(FURTHEST),
            "precision": plain(PRECISION),
            "pairs": [_pair(one) for one in comparison.comparisons],
        },
        "price_off": {
            "month": "2023-01",
            **TypeAdapter(CaseStudy).dump_python(comparison.case_study, mode="json"),
        },
    }


def _row(row: Row) -> dict[str, object]:
    monthly = [
        {"multiple": str(multiple), **{key: plain(value) for key, value in bill._asdict().items()}}
        for multiple, bill in zip(MULTIPLES, row.bills, strict=True)
        if bill is not None
    ]
    return {
        "name": row.option.name,
        "host": row.option.host,
        "edge": "none" if row.option.edge == "none" else "frontDoor",
        "monthly": monthly,
        "grows": row.grows,
        "up_to": plain(row.furthest),
        "unpriced_from": None if row.unpriced_from is None else str(row.unpriced_from),
        "unpriced": _REMARKS.dump_python(list(row.unpriced)),
    }


def _pair(one: Comparison) -> dict[str, object]:
    return {
        "first": one.first,
        "second": one.second,
        "difference": plain(one.difference),
        "up_to": plain(one.furthest),
        "at": [
            {
                "multiple": plain(point.at),
                "dearer": one.first if point.first_is_dearer else one.second,
            }
            for point in one.break_even_points
        ],
    }
