"""Plans of programs that others wrote (`plans/README.md`): sensible bills, or gaps with a name.

The figures are by hand, from list prices and the use of a small site: 90,000 active seconds, 0.5 GB
of logs, 100,000 requests and 3 GB at the edge. All plans begin from nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from frugal.cost.estimate import Estimate
from frugal.cost.money import NOTHING, Range
from frugal.cost.plan import parse
from frugal.cost.preview import from_preview
from frugal.cost.pricing import estimate
from frugal.cost.usage import NO_USAGE
from tests.cost.made import USUAL, amounts, each, table

D = Decimal
FOLDER = Path(__file__).parent / "plans"

# One replica of 1 vCPU and 2 GiB in eastus or eastus2: idle 3e-6, active 2.4e-5, memory 3e-6.
#   nobody: (2,628,000 - 180,000) x 3e-6 + (5,256,000 - 360,000) x 3e-6 = 7.344 + 14.688
#   expected: 90,000 active and 2,538,000 idle; of the grant 6,164 and 173,836, so
#     83,836 x 2.4e-5 + 2,364,164 x 3e-6 + 14.688 = 2.012064 + 7.092492 + 14.688
LOW, EXPECTED = D("22.032"), D("23.792556")
BASIC = D("4.998")  # 30 x 0.1666

STORAGE = "'Hot LRS Data Stored'"
WINDOWS = "'B1 App' (Azure App Service Basic Plan)"


@dataclass
class Bill:
    monthly: Range
    unpriced: Mapping[str, str]
    free: str = ""
    other: int = 1  # the stack


TOKENS = D("0.575")
BILLS = {
    # B1 on Linux 730 x 0.017 = 12.41, a registry, two apps on the plan.
    "examples-appservice-docker": Bill(each("17.408"), {}, "resourceGroup", other=2),
    "static-web-app-docs": Bill(each("9"), {}, "az-static-web-app-docs"),
    # Active all month: 2,448,000 x 2.4e-5 + 14.688 = 73.44; 0.5 GB of logs at 2.76 in eastus2;
    # a million tokens in at 0.2, 0.3 million out at 1.25 = 0.575.
    "fde-for-a-day": Bill(
        Range(LOW + BASIC, EXPECTED + BASIC + TOKENS, D("73.44") + BASIC + D("1.38") + TOKENS),
        {},
        "foundry env acr-pull openai-user app-identity rg",
    ),
    # Five replicas active: (13,140,000 - 180,000) x 2.4e-5 + (26,280,000 - 360,000) x 3e-6.
    "fde-hackathon": Bill(
        Range(LOW + BASIC, EXPECTED + BASIC, D("388.8") + BASIC + D("1.15")),
        {},
        "fde-aca-env fde-appinsights fde-acr-pull fde-api-identity fde-rg",
    ),
    # The size of the container is Azure's default, 0.5 vCPU and 1 GiB. Ten replicas active in
    # westus2: (13,140,000 - 180,000) x 3.4e-5 + (26,280,000 - 360,000) x 4e-6 = 440.64 + 103.68.
    "examples-containerapps": Bill(
        Range(BASIC, BASIC, BASIC + D("1.15") + D("440.64") + D("103.68")),
        {},
        "env rg",
        other=2,
    ),
    # B1ms 730 x 0.017 = 12.41 and 32 x 0.115 = 3.68; at most 0.5 GB of insights at 2.30.
    "dtbase": Bill(
        amounts("16.09", "16.09", "17.24"),
        {
            "dtbasesa": STORAGE,
            "dtbase-web-asp": "'P1 v2 App'",
        },
        "dtbase-postgresql-db dtbase-rg",
    ),
    # B1ms 730 x 0.019 = 13.87 and 32 x 0.133 = 4.256; P1v2 on Linux 730 x 0.113 = 82.49;
    # storage 0.0192 + 0.059 + 10 x 0.0047 = 0.1252; at most 0.5 GB of insights at 2.88.
    "dtbase-uksouth": Bill(
        amounts("100.616", "100.7412", "102.1812"),
        {},
        "dtbase-postgresql-db dtbase-rg",
    ),
    "examples-appservice": Bill(
        amounts("0", "0", "1.15"),
        {
            "appservice-db": "'S0 DTUs' (SQL Database Single Standard)",
            "appservicesa": STORAGE,
            "appservice-asp": WINDOWS,
        },
        "appservicerg appservice-sql appservice-b appservice-c",
    ),
    # Storage 0.0184 + 0.05 + 10 x 0.004 = 0.1084.
    "examples-static-website": Bill(
        amounts("0", "0.1084", "0.1084"),
        {"profile": "sku.name 'Standard_Microsoft'"},
        "endpoint resourceGroup index_html notfound_html staticWebsite",
    ),
    # Front Door: 35 + 10 x 0.009 + 3 x 0.0825 + 0.1 x 0.02 = 35.3395; a vault's 10,000 operations
    # 0.03; at most 0.5 GB of logs at 3.34 in japaneast; two storage accounts, each 0.02 + 0.05 +
    # 10 x 0.004 = 0.11; Cosmos DB 10 x 0.285 + 0.2825 = 3.1325.
    "multicloud-auto-deploy": Bill(
        amounts("35", "38.722", "40.392"),
        {},
        "frontdoor-endpoint frontdoor-origin frontdoor-origin-group frontdoor-route"
        " spa-rewrite-rule spa-rule-set app-insights alert-action-group cosmos-account"
        " cosmos-database"
        " frontdoor-diagnostics app-secret resource-group",
        other=5,
    ),
}


def of(name: str) -> Estimate:
    plan = from_preview(parse((FOLDER / f"{name}.json").read_bytes()))
    return estimate(plan, table(), NO_USAGE, USUAL)


def test_each_plan_has_its_bill_here() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == BILLS.keys()


@pytest.mark.parametrize("name", BILLS)
def test_a_sensible_bill_or_named_gaps(name: str) -> None:
    found, right = of(name), BILLS[name]
    assert found.monthly == right.monthly
    assert found.before == NOTHING
    assert {line.change for line in found.lines} <= {"added"}
    assert {one.name for one in found.unpriced} == right.unpriced.keys()
    for one in found.unpriced:
        assert right.unpriced[one.name] in one.reason
    assert {one.name for one in found.free} == set(right.free.split())
    assert len(found.other) == right.other


@pytest.mark.parametrize("name", BILLS)
def test_every_resource_has_one_place(name: str) -> None:
    found = of(name)
    places = [
        {line.resource for line in found.lines},
        {one.resource for one in found.unpriced},
        {one.resource for one in found.free},
        {one.resource for one in found.other},
    ]
    planned = from_preview(parse((FOLDER / f"{name}.json").read_bytes())).after
    assert set.union(*places) == planned.keys()
    assert sum(map(len, places)) == len(planned)


def test_logs_of_japan_without_a_daily_cap_grow_with_use() -> None:
    grows = {line.meter for line in of("multicloud-auto-deploy").lines if line.grows}
    assert {"Analytics Logs Data Ingestion", "Standard Data Transfer Out", "Operations"} <= grows
    assert "Standard Base Fees" not in grows
