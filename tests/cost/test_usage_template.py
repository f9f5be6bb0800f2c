"""The usage file that `frugal cost --init-usage` writes: complete, and the bill of the defaults."""

from pathlib import Path

import pytest
import yaml

from frugal.cost.meters import METERS
from frugal.cost.plan import parse
from frugal.cost.preview import from_preview
from frugal.cost.usage import NO_USAGE, Usage, keys_of, template
from frugal.cost.usage import parse as read_usage
from tests.cost.made import app, azure, bill, edge, registry, server, vault, workspace

PLANS = sorted((Path(__file__).parent / "plans").glob("*.json"))


def all_types() -> list:
    return [
        app("homepage", least=1, most=3),
        azure("app:Job", "job", location="eastus", template=_TEMPLATE),
        azure("web:WebApp", "translator", location="eastus"),
        workspace(retentionInDays=90),
        edge(),
        registry(),
        server(),
        vault("vault"),
        azure("web:StaticSite", "site", location="westeurope", sku={"name": "Standard"}),
        azure(
            "cognitiveservices:Account",
            "text",
            location="eastus",
            kind="TextTranslation",
            sku={"name": "S1"},
        ),
    ]


_TEMPLATE = {"containers": [{"resources": {"cpu": 0.25, "memory": "0.5Gi"}}]}


def same_bill(resources, usage: Usage) -> None:
    assert bill(*resources, usage=usage).lines == bill(*resources).lines


def test_the_template_has_every_key_and_the_bill_of_the_defaults() -> None:
    resources = all_types()
    text = template(resources)
    usage = read_usage(text, "usage.yaml")
    same_bill(resources, usage)
    for one in resources:
        follows = {key for key, assumed in keys_of(one).items() if assumed.follows}
        assert usage.resources[one.name].keys() | follows == keys_of(one).keys()
        assert all(f"# {key}: " in text for key in follows)
    assert bill(*resources, usage=usage).assumptions == []


def test_the_template_names_what_is_used_elsewhere_and_offers() -> None:
    text = template([server()])
    content = yaml.safe_load(text)
    assert content["used_elsewhere"].keys() == {"container_apps", "log_analytics_gb", "egress_gb"}
    offer = text.rstrip().rsplit("\n", 1)[1].removeprefix("# ")
    assert read_usage(f"version: 1\n{offer}", "usage.yaml").offers.postgres_12_months


@pytest.mark.parametrize("file", PLANS, ids=lambda file: file.stem)
def test_the_template_of_a_real_plan(file: Path) -> None:
    resources = [*from_preview(parse(file.read_bytes())).after.values()]
    same_bill(resources, read_usage(template(resources), "usage.yaml"))


@pytest.mark.parametrize(
    "name",
    [
        "yes",
        "null",
        "123",
        "1.5",
        "a: b",
        "# x",
        "*",
        "[x]",
        "'q'",
        '"q"',
        "a\nb",
        "é😀",
        " x",
        "\\",
    ],
)
def test_the_template_writes_any_name(name: str) -> None:
    resources = [vault(name)]
    usage = read_usage(template(resources), "usage.yaml")
    assert usage.resources.keys() == {name}
    same_bill(resources, usage)


def test_the_template_of_two_resources_with_one_name() -> None:
    """Pulumi allows it for different types; they share the entry, and what differs is left out."""
    resources = [app("site"), azure("app:Job", "site", location="eastus", template=_TEMPLATE)]
    usage = read_usage(template(resources), "usage.yaml")
    assert usage.resources["site"].keys() == {"requests", "egress_gb", "executions"}
    same_bill(resources, usage)


def test_the_template_of_a_plan_without_use() -> None:
    address = azure("network:PublicIPAddress", "address", location="eastus")
    assert read_usage(template([address]), "usage.yaml") == NO_USAGE


def test_the_template_of_figures_that_follow_from_others() -> None:
    alert = azure("monitor:MetricAlert", "alert", location="global", scopes=["a"])
    text = template([alert])
    assert read_usage(text, "usage.yaml") == NO_USAGE
    assert "  # alert:  # azure-native:monitor:MetricAlert\n    # time_series: 1  # " in text
    both = read_usage(template([alert, vault("vault")]), "usage.yaml")
    assert both.resources.keys() == {"vault"}


def test_each_figure_of_the_small_site_says_why() -> None:
    usage = {kind: meter.usage for kind, meter in METERS.items() if meter.usage}
    assert usage
    assert all(one.why and one.value >= 0 for of in usage.values() for one in of.values())


def test_what_was_assumed_is_told_with_its_reason() -> None:
    found = bill(vault("vault"))
    [one] = found.assumptions
    assert (one.name, one.key, one.value) == ("vault", "operations", 10_000)
    assert one.why == METERS["keyvault:Vault"].usage["operations"].why
