"""Azure AI Translator: characters, those of each hop alike."""

from collections.abc import Iterable

from frugal.cost.influence import ACCESS, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import Charge, Free, Meter, Use, assume, by_use, meter, region
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced

_CHARACTERS = Meter("Foundry Tools", "Translator Text", "S1", "S1 Characters", "1M")


@meter(
    "cognitiveservices:Account",
    characters=assume("500000", "150 rounds of twelve hops with 280 characters each"),
)
def account(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Charges of one account; other kinds of Cognitive Services have no price here."""
    kind = properties.text("kind")
    if kind != "TextTranslation":
        raise Unpriced(f"kind {kind!r} has no price here; priced: TextTranslation")
    size = properties.text("sku.name")
    if size == "F0":
        return Free("F0 is free up to two million characters a month and refuses more")
    if size != "S1":
        raise Unpriced(f"sku.name {size!r} has no price here; priced: F0, S1")
    return (by_use(_CHARACTERS, region(properties), use.figure("characters")),)


classify(
    "cognitiveservices:Account",
    priced="kind sku.name",
    no_influence={
        NAMES: "accountName",
        ACCESS: "properties",
        FOLLOWS: "sku.capacity sku.family sku.size sku.tier",
    },
)
