"""Worked examples and bills that others have published, recomputed.

Container Apps: Microsoft's billing page (ms.date 2025-12-09) has the grants, and a real bill of
May 2026 shows that idle seconds use them. The figures below are those grants and rates by hand.
"""

from decimal import Decimal

import pytest

from frugal.cost.money import Range
from frugal.cost.month import calendar_month
from tests.cost.made import app, bill, server, used

D = Decimal


def container_app(usage: str, **size: object) -> Range:
    return bill(
        app("site", place="eastus2", **size), usage=used(f"resources: {{site: {usage}}}")
    ).monthly


@pytest.mark.parametrize(
    ("size", "seconds", "requests", "monthly"),
    [
        # 864,000 s: 684,000 vCPU-seconds and 1,368,000 GiB-seconds beyond the grants.
        ({"cpu": 1, "memory": "2Gi"}, 8 * 3600 * 30, 0, "20.52"),
        # 10 million requests of 0.8 s one at a time; 8 million requests beyond the grant.
        ({"cpu": 0.5, "memory": "1Gi", "most": 10}, 8_000_000, 10_000_000, "117.80"),
    ],
    ids=["eight hours a day", "ten million requests"],
)
def test_active_seconds(size: dict[str, object], seconds: int, requests: int, monthly: str) -> None:
    usage = f"{{active_seconds: {seconds}, idle_seconds: 0, requests: {requests}, egress_gb: 0}}"
    assert container_app(usage, **size).expected == D(monthly)


def test_an_app_that_idles_all_july() -> None:
    """2,678,400 idle seconds at 0.25 vCPU and 0.5 GiB, less the grants."""
    usage = used("resources: {site: {active_seconds: 0, requests: 0, egress_gb: 0}}")
    idle = app("site", cpu=0.25, memory="0.5Gi", least=1, place="eastus2")
    assert bill(idle, usage=usage, month=calendar_month("2026-07")).monthly.expected == D("4.4064")


def test_the_smallest_database() -> None:
    """B1ms with 32 GB: 730 h x 0.017 and 32 GB x 0.115. A peer prints 24.82."""
    assert bill(server(place="eastus2")).monthly.expected == D("16.09")
