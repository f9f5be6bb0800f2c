"""The order of limits: exceeded by what is priced, before anything that has no price counts."""

from dataclasses import replace
from decimal import Decimal

import pytest

from frugal.cost import refuse_above, verdict
from frugal.cost.limit import OVER, UNPRICED
from frugal.errors import FrugalError
from tests.cost.made import bill, plan_of, registry

# 730 * 0.017 and a registry size without a price.
WITH_A_GAP = bill(plan_of("B1"), registry("Unheard"))


def refused(limit: int) -> str:
    with pytest.raises(FrugalError) as error:
        refuse_above(Decimal(limit), WITH_A_GAP)
    return str(error.value)


def test_a_limit_that_is_exceeded_comes_before_a_missing_price() -> None:
    assert verdict(WITH_A_GAP, above=Decimal(12))[0] == OVER
    assert refused(12).startswith(
        "frugal:maxMonthlyCost: 12.41 USD a month is expected, and the limit is 12.00."
    )


def test_a_limit_above_what_is_priced_cannot_be_checked_with_a_price_missing() -> None:
    assert verdict(WITH_A_GAP, above=Decimal(13))[0] == UNPRICED
    message = refused(13)
    assert message.startswith(
        "frugal:maxMonthlyCost 13.00 USD cannot be checked. Without a price: 1:\n"
        "  registry (azure-native:containerregistry:Registry): sku.name 'Unheard' has no price"
    )
    assert "pulumi config rm maxMonthlyCost" in message


def test_a_bill_at_its_limit_passes() -> None:
    refuse_above(Decimal("12.41"), bill(plan_of("B1")))


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize(
    "limit", [{"above": Decimal(100)}, {"above": None, "increase": Decimal(100)}]
)
def test_a_bill_with_a_value_unknown_passes_no_limit(
    limit: dict[str, Decimal | None], accepted: bool
) -> None:
    bill_with_a_range = replace(bill(plan_of("B1")), unknown=True)
    code, why = verdict(bill_with_a_range, **limit, unpriced_is_accepted=accepted)
    assert code == UNPRICED
    assert "secret or not known before the deployment" in why
    low = {key: None if value is None else Decimal(1) for key, value in limit.items()}
    assert verdict(bill_with_a_range, **low, unpriced_is_accepted=accepted)[0] == OVER


def test_a_bill_with_a_value_unknown_is_shown_without_a_limit() -> None:
    assert verdict(replace(bill(plan_of("B1")), unknown=True), above=None) == (0, "")


def test_the_limit_of_the_settings_with_a_value_unknown() -> None:
    for with_a_range in (bill(plan_of("B1")), WITH_A_GAP):
        with pytest.raises(FrugalError) as error:
            refuse_above(Decimal(100), replace(with_a_range, unknown=True))
        message = str(error.value)
        assert message.startswith("frugal:maxMonthlyCost 100.00 USD cannot be checked.")
        assert ("Without a price: 1:" in message) == bool(with_a_range.unpriced)
        assert "secret or not known before the deployment" in message


def test_unpriced_resources_that_are_accepted_pass_limits() -> None:
    for limit in ({"above": Decimal(13)}, {"above": None, "increase": Decimal(13)}):
        assert verdict(WITH_A_GAP, **limit)[0] == UNPRICED
        assert verdict(WITH_A_GAP, **limit, unpriced_is_accepted=True) == (0, "")
