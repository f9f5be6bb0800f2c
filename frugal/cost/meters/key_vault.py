"""Azure Key Vault: operations, keys that hardware protects, their rotation; modules of hardware.

A vault has no base fee. A key in hardware (`RSA-HSM`, `EC-HSM`) has a monthly price in a premium
vault, by its type and size; a software key costs its operations alone. Each automated rotation has
a price (pricing page, read November 2026).
"""

from collections.abc import Iterable
from decimal import Decimal

from frugal.cost.influence import ACCESS, BEHAVIOUR, NAMES, classify
from frugal.cost.meters.base import Charge, Free, Meter, Use, assume, by_use, fixed, meter, region
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_ONE = Decimal(1)
_SIMPLE_KEY = "2048"


def _vault(sku: str, name: str, unit: str) -> Meter:
    return Meter("Key Vault", "Key Vault", sku, name, unit)


_SIZES = ("Standard", "Premium")
_OPERATIONS = {size: _vault(size, "Operations", "10K") for size in _SIZES}
_ROTATIONS = {size: _vault(size, "Automated Key Rotation", "1 Rotation") for size in _SIZES}
_PROTECTED_KEY = _vault("Premium", "Premium HSM-protected RSA 2048-bit key", "1")
_ADVANCED_KEY = _vault("Premium", "Premium HSM-protected Advanced Key", "1")


def _sku(properties: Properties) -> str:
    size = properties.text("properties.sku.name").capitalize()
    if size not in _SIZES:
        raise Unpriced(f"properties.sku.name {size!r} has no price here; priced: standard, premium")
    return size


@meter("keyvault:Vault", operations=assume("10000", "330 reads a day"))
def vault(properties: Properties, use: Use, _month: Month) -> Iterable[Charge]:
    """Charges of one vault."""
    operations = _OPERATIONS[_sku(properties)]
    return (by_use(operations, region(properties), use.figure("operations")),)


classify(
    "keyvault:Vault",
    priced="properties.sku.name",
    no_influence={
        NAMES: "vaultName properties.createMode properties.tenantId properties.sku.family",
        ACCESS: "properties.accessPolicies properties.enableRbacAuthorization"
        " properties.enabledForDeployment properties.enabledForDiskEncryption"
        " properties.enabledForTemplateDeployment properties.networkAcls"
        " properties.publicNetworkAccess",
        BEHAVIOUR: "properties.enablePurgeProtection properties.enableSoftDelete"
        " properties.softDeleteRetentionInDays",
    },
    choices={"properties.sku.name": ("standard", "premium")},
)


@meter("keyvault:Key", rotations=assume("1", "one a month, if its policy rotates it"))
def key(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """A key in hardware, and rotations by its policy."""
    holder = properties.referred("vaultName", "keyvault:Vault")
    if holder is None:
        raise Unpriced("its vault, with size and region, is not in this plan")
    sku, place = _sku(holder), region(holder)
    charges: list[Charge] = []
    kind = properties.text("properties.kty", "RSA").upper()
    if kind.endswith("-HSM"):
        if sku != "Premium":
            raise Unpriced(f"properties.kty {kind!r} has no price in a standard vault")
        size = str(properties.whole("properties.keySize", _SIMPLE_KEY))
        is_simple = (kind, size) == ("RSA-HSM", _SIMPLE_KEY)
        charges.append(fixed(_PROTECTED_KEY if is_simple else _ADVANCED_KEY, place, _ONE))
    actions = properties.blocks("properties.rotationPolicy.lifetimeActions")
    if any(one.text("action.type", "").lower() == "rotate" for one in actions):
        charges.append(by_use(_ROTATIONS[sku], place, use.figure("rotations")))
    return charges or Free("a software key: the vault bills its operations")


classify(
    "keyvault:Key",
    priced="vaultName properties.kty properties.keySize properties.rotationPolicy",
    no_influence={
        NAMES: "keyName",
        BEHAVIOUR: "properties.attributes properties.curveName properties.keyOps"
        " properties.releasePolicy",
    },
)


_POOL = Meter("Key Vault", "Key Vault HSM Pool", "Standard B1", "Standard B1 Instance", "1 Hour")


@meter("keyvault:ManagedHsm")
def managed_hsm(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Hours of a pool of three modules."""
    name = properties.text("sku.name")
    if name.lower() != "standard_b1":
        raise Unpriced(f"sku.name {name!r} has no price here; priced: Standard_B1")
    return (fixed(_POOL, region(properties), month.hours),)


classify(
    "keyvault:ManagedHsm",
    priced="sku.name",
    unpriced_when={"properties.regions": ()},
    no_influence={
        NAMES: "name sku.family properties.createMode properties.tenantId",
        ACCESS: "properties.initialAdminObjectIds properties.networkAcls"
        " properties.publicNetworkAccess",
        BEHAVIOUR: "properties.enablePurgeProtection properties.enableSoftDelete"
        " properties.softDeleteRetentionInDays",
    },
)


_MODULE = Meter("Key Vault", "Azure Dedicated HSM", "Standard", "Standard Instance", "1 Hour")


@meter("hardwaresecuritymodules:DedicatedHsm")
def dedicated_hsm(properties: Properties, _use: Use, month: Month) -> Iterable[Charge]:
    """Hours of a module of one's own."""
    name = properties.text("sku.name")
    if name != "SafeNet Luna Network HSM A790":
        raise Unpriced(
            f"sku.name {name!r} has no price here; priced: SafeNet Luna Network HSM A790"
        )
    return (fixed(_MODULE, region(properties), month.hours),)


classify(
    "hardwaresecuritymodules:DedicatedHsm",
    priced="sku.name",
    no_influence={
        NAMES: "name managementNetworkProfile networkProfile stampId",
        BEHAVIOUR: "zones",
    },
)
