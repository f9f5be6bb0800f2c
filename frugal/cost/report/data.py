"""An estimate as data, for programs, as docs/cost-report.schema.json describes it.

Amounts are exact decimal strings.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from frugal.cost.estimate import Estimate
from frugal.cost.money import Amounts, plain


def estimate_data(bill: Estimate, limit: Decimal | None = None) -> Mapping[str, Any]:
    """All of an estimate. `limit`: the environment's own, an amount a month."""
    totals = {"monthly": bill.monthly, "before": bill.before, "delta": bill.delta}
    return {
        **TypeAdapter(dict[str, Amounts]).dump_python(totals, mode="json"),
        **TypeAdapter(Estimate).dump_python(bill, mode="json", by_alias=True),
        "limit": None if limit is None else plain(limit),
    }
