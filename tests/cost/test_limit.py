"""The order of limits: exceeded by what is priced, before anything that has no price counts."""

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
