"""The report as data: it has what its schema says, and every amount to the last digit."""

import copy
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from jsonschema.validators import Draft202012Validator

from frugal.cost.money import EXACT
from frugal.cost.report.data import estimate_data
from frugal.cost.report.summary import summary
from tests.cost import samples
from tests.cost.any_estimate import ESTIMATES

FILE = Path(__file__).parents[2] / "docs" / "cost-report.schema.json"
SCHEMA = json.loads(FILE.read_text(encoding="utf-8"))
VALID = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)

SAMPLES = [
    samples.switch,
    samples.gaps,
    samples.first,
    samples.unchanged,
    samples.tiered,
    samples.hostile,
    samples.empty,
]


def keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from keys(one)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.__name__)
def test_a_sample_is_valid(sample) -> None:
    VALID.validate(json.loads(json.dumps(estimate_data(sample()))))


@given(ESTIMATES)
def test_any_estimate_is_valid_and_adds_up(estimate) -> None:
    report = json.loads(json.dumps(estimate_data(estimate)))

    VALID.validate(report)
    for figure in ("low", "expected", "high"):
        for which in ("monthly", "before"):
            parts = [Decimal(one[which][figure]) for one in report["lines"]]
            total = Decimal(0)
            for part in parts:
                total = EXACT.add(total, part)
            assert Decimal(report[which][figure]) == total
        after, before = (Decimal(report[which][figure]) for which in ("monthly", "before"))
        assert Decimal(report["delta"][figure]) == EXACT.subtract(after, before)


def test_every_key_is_snake_case() -> None:
    assert {
        key for key in keys(estimate_data(samples.tiered())) if not re.fullmatch(r"[a-z_]+", key)
    } == set()


def test_amounts_keep_all_their_digits() -> None:
    report = estimate_data(samples.tiered())
    lines = {one["meter"]: one for one in report["lines"] if one["name"] in {"registry", "wide"}}

    assert lines["Basic Registry Unit"]["monthly"]["expected"] == "4.998"
    assert lines["Basic Registry Unit"]["unit_price"] == "0.1666"
    assert lines["Standard Data Transfer Out"]["unit_price"] is None
    assert lines["Standard Data Transfer Out"]["tiers"] == [
        {"from": "0", "quantity": "10000", "unit_price": "0.0825"},
        {"from": "10000", "quantity": "40000", "unit_price": "0.065"},
        {"from": "50000", "quantity": "100000", "unit_price": "0.056"},
    ]


def test_what_has_no_price_is_named_and_has_no_amount() -> None:
    report = estimate_data(samples.gaps())

    assert [one["name"] for one in report["unpriced"]] == ["jobs", "cache"]
    assert {one["name"] for one in report["lines"]}.isdisjoint({"jobs", "cache"})


@pytest.mark.parametrize(
    "amount", ["-0", "1.50", "1e3", "01", ".5", "5.", "1,000", "", "-1", 1, 1.5]
)
def test_another_form_of_an_amount_is_refused(amount) -> None:
    report = estimate_data(samples.switch())
    report["monthly"]["expected"] = amount
    with pytest.raises(jsonschema.ValidationError):
        VALID.validate(report)


@pytest.mark.parametrize("place", ["top", "lines", "free", "defaults", "alerts", "monthly"])
def test_another_key_is_refused(place) -> None:
    report = copy.deepcopy(estimate_data(samples.switch()))
    target = report if place == "top" else report[place]
    (target[0] if isinstance(target, list) else target)["more"] = "x"
    with pytest.raises(jsonschema.ValidationError, match="more"):
        VALID.validate(report)


def test_the_output_of_the_stack_is_exact_and_has_a_text_for_people() -> None:
    output = summary(samples.gaps())
    assert [output[key] for key in ("low", "expected", "high", "currency", "shown")] == [
        *("112.663", "114.265", "281.14", "USD"),
        "114.27 USD a month expected, from 112.66 to 281.14 or more",
    ]
    assert output["unpriced"] == [
        "jobs (azure-native:web:AppServicePlan): sku.name 'I1v2' has no price here",
        "cache (azure-native:redis:Redis): this type has no price here",
    ]


def test_the_limit_of_the_environment_is_an_amount_or_null() -> None:
    assert estimate_data(samples.switch())["limit"] is None
    report = estimate_data(samples.switch(), Decimal("60.00"))
    assert report["limit"] == "60"
    VALID.validate(report)
