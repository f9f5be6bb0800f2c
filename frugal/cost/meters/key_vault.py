"""Azure Key Vault: operations, and no base fee."""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import Charge, Meter, Use, assume, by_use, meter, region
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_OPERATIONS = Meter("Key Vault", "Key Vault", "Standard", "Operations", "10K")


@meter("keyvault:Vault", operations=assume("10000", "330 reads a day"))
def vault(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Charges of one vault."""
    size = properties.text("properties.sku.name")
    if size.lower() != "standard":
        raise Unpriced(f"properties.sku.name {size!r} has no price here; priced: standard")
    return (by_use(_OPERATIONS, region(properties), use.figure("operations")),)


classify(
    "keyvault:Vault",
    priced="properties.sku.name",
    no_influence={
        NAMES: "vaultName",
        ACCESS: "properties",
        FOLLOWS: "properties.sku.family",
    },
)
