"""Prices and Hypothesis for all tests of cost.

Hypothesis: the same examples each time, and no word about speed.

A test that fails once in a hundred runs, or on a busy machine, says nothing about a change. To look
for more: `pytest tests/cost --hypothesis-profile=explore`, which draws anew each time.
"""

import pytest
from hypothesis import HealthCheck, settings

from frugal.cost.prices import table
from tests.cost.made import PRICES

settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("explore", deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def frozen_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Price with `tests/cost/prices` whatever runs in this process: the shipped table changes."""
    monkeypatch.setattr(table, "FOLDER", PRICES)
