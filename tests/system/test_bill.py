"""The bill in the preview and from `frugal cost`, on the running system, against figures by hand.

Prices a month of `tests/cost/prices`, which the clone has, in USD: registry 30 days at 0.1666; B1
plan 730 h at 0.017 (westeurope 0.018); B1ms 730 h at 0.017 (0.0199); 32 GiB at 0.115 (0.1369);
Front Door 35, and for a small site 3 GB at 0.0825, 10 times 10,000 requests at 0.009, 0.1 GB to the
origin at 0.02.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from tests.environment import ROOT, Environment
from tools.docs import find

BILLS = ROOT / "docs" / "cost.md"

REGISTRY = Decimal("4.998")
PLAN = Decimal("12.41")
DATABASE = Decimal("12.41") + Decimal("3.68")
EDGE = 35 + Decimal("0.2475") + Decimal("0.09") + Decimal("0.002")
NOW = REGISTRY + PLAN + DATABASE + EDGE

# 90,000 active and 2,538,000 idle seconds of 0.25 vCPU and 0.5 GiB, beside 600 of the migrations'
# job. The 180,000 free vCPU-seconds fall to 22,500 active, 634,500 idle and 150 of the job in
# proportion: 6,163, 173,796 and 41. Memory costs the same in all of them: 1,314,300 GiB-seconds,
# 360,000 of them free.
ALWAYS_ON = (
    (16_337 + 109) * Decimal("0.000024")
    + 460_704 * Decimal("0.000003")
    + 954_300 * Decimal("0.000003")
)
DATABASE_IN_EUROPE = 730 * Decimal("0.0199") + 32 * Decimal("0.1369")
IN_EUROPE = REGISTRY + 730 * Decimal("0.018") + DATABASE_IN_EUROPE + EDGE

# Several changes at once, as a preview of the whole program takes seconds: by resource, what it
# costs then and why its lines change.
GROWN = (
    {"homepage.minReplicas": 1, "database.storageGb": 64},
    {
        "registry": REGISTRY,
        "translator-plan": PLAN,
        "postgres-server": DATABASE + 32 * Decimal("0.115"),
        "homepage-app and migration-job": ALWAYS_ON,
        "edge-profile": EDGE,
    },
    {
        ("postgres-server", "storage.storageSizeGB 32 → 64"),
        ("homepage-app", "template.scale.minReplicas 0 → 1"),
        ("migration-job", "the free grants are divided differently"),
    },
)
# All that the container apps use is within the free grants.
MOVED = (
    {
        "translator.host": "containerApp",
        "homepage.cdn": "none",
        "translator.cdn": "none",
        "azure-native:location": "westeurope",
    },
    {"registry": REGISTRY, "postgres-server": DATABASE_IN_EUROPE},
    {
        *((name, "removed") for name in ("translator-plan", "translator-web", "edge-profile")),
        ("translator-app", "new"),
        *(
            (name, "location eastus → westeurope")
            for name in ("postgres-server", "homepage-app", "migration-job", "logs")
        ),
    },
)


@pytest.fixture(scope="module")
def settings(environment: Environment) -> str:
    return (environment.clone.root / "Pulumi.local.yaml").read_text()


def changed(settings: str, changes: Mapping[str, object], file: Path) -> Path:
    """The environment's file with other values, as `pulumi config set --path` writes them."""
    content = yaml.safe_load(settings)
    for key, value in changes.items():
        name, _, field = key.partition(".")
        if field:
            content["config"].setdefault(f"frugal:{name}", {})[field] = value
        else:
            content["config"][key] = value
    file.write_text(yaml.safe_dump(content))
    return file


def test_a_preview_says_what_a_change_costs(
    environment: Environment, settings: str, tmp_path: Path
) -> None:
    region = {"azure-native:location": "westeurope"}
    file = changed(settings, region, tmp_path / "Pulumi.local.yaml")
    shown = environment.clone.pulumi("preview", "-s", "local", "--config-file", str(file))
    assert shown.returncode == 0, shown.stdout + shown.stderr
    found = re.search(r'~ expected *: "([\d.]+)" => "([\d.]+)"', shown.stdout)
    assert found, shown.stdout
    assert (Decimal(found[1]), Decimal(found[2])) == (NOW, IN_EUROPE)


@pytest.mark.parametrize(("changes", "costs", "reasons"), [GROWN, MOVED], ids=["grown", "moved"])
def test_frugal_cost_says_what_changes_cost(
    environment: Environment,
    changes: Mapping[str, object],
    costs: Mapping[str, Decimal],
    reasons: set[tuple[str, str]],
) -> None:
    options = [part for key, value in changes.items() for part in ("--set", f"{key}={value}")]
    bill = json.loads(environment.clone.frugal("cost", "--format", "json", *options).stdout)
    expected = sum(costs.values())
    assert Decimal(bill["before"]["expected"]) == NOW
    assert Decimal(bill["monthly"]["expected"]) == expected
    assert Decimal(bill["delta"]["expected"]) == expected - NOW
    assert bill["unpriced"] == []

    found: dict[str, Decimal] = dict.fromkeys(costs, Decimal(0))
    for line in bill["lines"]:
        resource = next((one for one in costs if line["name"] in one.split()), line["name"])
        found[resource] = found.get(resource, Decimal(0)) + Decimal(line["monthly"]["expected"])
    assert {name: cost for name, cost in found.items() if cost} == costs
    other = [line for line in bill["lines"] if line["change"] != "same"]
    assert {(line["name"], line["reason"]) for line in other} == reasons

    told = environment.clone.pulumi("stack", "output", "monthlyCost", "--json", "-s", "local")
    output = json.loads(told.stdout)
    assert {case: output[case] for case in ("low", "expected", "high")} == bill["before"]
    assert output["pricesAsOf"] == bill["prices_as_of"]


def test_limit_under_the_bill_creates_nothing(
    environment: Environment, settings: str, tmp_path: Path
) -> None:
    changes = {"frugal:maxMonthlyCost": 40, "homepage.minReplicas": 1}
    file = changed(settings, changes, tmp_path / "Pulumi.local.yaml")
    before = environment.clone.state()["resources"]
    done = environment.clone.pulumi("up", "--yes", "-s", "local", "--config-file", str(file))
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert f"{NOW + ALWAYS_ON:.2f} USD a month is expected, and the limit is 40.00" in said
    assert "edge-profile: Standard Base Fees" in said
    assert "Traceback" not in said
    assert environment.clone.state()["resources"] == before


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_documentation_has_the_rows_of_the_bill(environment: Environment, name: str) -> None:
    """Amounts move with the prices: `make docs` writes them."""
    printed = environment.clone.frugal("cost", "-s", name, "--format", "markdown").stdout
    head = printed.partition("<details>")[0]
    assert rows(find(BILLS.read_text())[f"bill of {name}"]) == rows(head)
    assert rows(head)


def rows(block: str) -> set[str]:
    """First cells of a block's tables."""
    return {line.split("|")[1].strip() for line in block.splitlines() if line.startswith("|")}
