"""Hypothesis for all tests of cost: the same examples each time, and no word about speed.

A test that fails once in a hundred runs, or on a busy machine, says nothing about a change. To look
for more: `pytest tests/cost --hypothesis-profile=explore`, which draws anew each time.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("explore", deadline=None)
settings.load_profile("repeatable")
