"""Estimates of any content, for property tests of the reports."""

import datetime as dt
from decimal import Decimal

from hypothesis import strategies as st

from frugal.cost.estimate import Alert, Assumption, Bracket, Estimate, Line, Remark
from frugal.cost.money import Range

TEXTS = st.text(max_size=12)
AMOUNTS = st.decimals(0, 10**15, places=12) | st.sampled_from(
    [Decimal(0), Decimal("-0.00"), Decimal("1E+3"), Decimal(100), Decimal("0.000001")]
)
RANGES = st.tuples(AMOUNTS, AMOUNTS, AMOUNTS).map(lambda three: Range(*sorted(three)))
REMARKS = st.builds(Remark, TEXTS, TEXTS, TEXTS, TEXTS)


def _few(of: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(of, max_size=3)


LINES = st.builds(
    Line,
    resource=st.sampled_from(["urn:one", "urn:two", "urn:three"]),
    name=TEXTS,
    type=TEXTS,
    meter=TEXTS,
    unit=TEXTS,
    quantity=AMOUNTS,
    unit_price=st.none() | AMOUNTS,
    tiers=_few(st.builds(Bracket, AMOUNTS, AMOUNTS, AMOUNTS)).map(tuple),
    monthly=RANGES,
    before=RANGES,
    change=st.sampled_from(["added", "removed", "changed", "same"]),
    reason=TEXTS,
    source=TEXTS,
    grows=st.booleans(),
)

ESTIMATES = st.builds(
    Estimate,
    currency=st.text(min_size=1, max_size=3),
    prices_as_of=st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)),
    month=TEXTS,
    lines=_few(LINES),
    unpriced=_few(REMARKS),
    free=_few(REMARKS),
    other=_few(REMARKS),
    notes=_few(TEXTS),
    assumptions=_few(st.builds(Assumption, TEXTS, TEXTS, AMOUNTS, TEXTS)),
    alerts=_few(st.builds(Alert, TEXTS, AMOUNTS, AMOUNTS, TEXTS)),
)
