"""An estimate as data, for other programs: docs/cost-report.schema.json says what is in it."""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.estimate import Alert, Assumption, Bracket, Estimate, Line, Remark
from frugal.cost.money import Range, plain


def document(estimate: Estimate) -> dict[str, object]:
    """All of the estimate, ready for `json.dumps`; each amount a decimal string with all digits."""
    return {
        "currency": estimate.currency,
        "prices_as_of": estimate.prices_as_of.isoformat(),
        "month": estimate.month,
        "monthly": _range(estimate.monthly),
        "before": _range(estimate.before),
        "delta": _range(estimate.delta),
        "lines": [_line(line) for line in estimate.lines],
        "unpriced": remarks(estimate.unpriced),
        "free": remarks(estimate.free),
        "other": remarks(estimate.other),
        "notes": list(estimate.notes),
        "defaults": [_default(one) for one in estimate.assumptions],
        "alerts": [_alert(one) for one in estimate.alerts],
    }


def _range(amounts: Range) -> dict[str, str]:
    return {name: plain(amount) for name, amount in amounts._asdict().items()}


def _line(line: Line) -> dict[str, object]:
    return {
        "resource": line.resource,
        "name": line.name,
        "type": line.type,
        "meter": line.meter,
        "unit": line.unit,
        "quantity": plain(line.quantity),
        "unit_price": or_null(line.unit_price),
        "tiers": [_tier(bracket) for bracket in line.tiers],
        "monthly": _range(line.monthly),
        "before": _range(line.before),
        "change": line.change,
        "reason": line.reason,
        "source": line.source,
        "grows": line.grows,
    }


def or_null(amount: Decimal | None) -> str | None:
    """An amount that may be unknown."""
    return None if amount is None else plain(amount)


def _tier(bracket: Bracket) -> dict[str, str]:
    return {
        "from": plain(bracket.start),
        "quantity": plain(bracket.quantity),
        "unit_price": plain(bracket.unit_price),
    }


def remarks(found: Iterable[Remark]) -> list[dict[str, str]]:
    """Resources without a line, and why."""
    return [
        {"resource": one.resource, "name": one.name, "type": one.type, "reason": one.reason}
        for one in found
    ]


def _default(one: Assumption) -> dict[str, str]:
    return {"name": one.name, "key": one.key, "value": plain(one.value), "why": one.why}


def _alert(one: Alert) -> dict[str, str]:
    return {
        "budget": one.budget,
        "percent": plain(one.percent),
        "amount": plain(one.amount),
        "kind": one.kind,
    }
