"""Azure AI services (Cognitive Services): what an account uses, and deployments of models.

An account of one kind is billed by that kind's meters; F0 is free and refuses more. Of an account
of several services (AIServices) and of OpenAI only the deployments are counted, and a note says so
(pricing pages, read November 2026).
"""

from collections.abc import Iterable, Mapping
from typing import Final

from frugal.cost.influence import ACCESS, BEHAVIOUR, FOLLOWS, NAMES, classify
from frugal.cost.meters.base import (
    Charge,
    Free,
    Meter,
    Use,
    assume,
    by_use,
    fixed,
    meter,
    one_of,
    region,
)
from frugal.cost.month import Month
from frugal.cost.properties import Properties, Unpriced


def _tool(product: str, sku: str, name: str, unit: str = "1K") -> Meter:
    return Meter("Foundry Tools", product, sku, f"{sku} {name}", unit)


_TRANSLATOR = {"characters": _tool("Translator Text", "S1", "Characters", "1M")}
_LANGUAGE = {"text_records": _tool("Azure Language", "Standard", "Text Records")}
_VISION = {"images": _tool("Azure Vision", "Image Analysis Group 1", "Transactions")}
_FACE = {"images": _tool("Azure Vision - Face", "Standard", "Transactions")}
_DOCUMENTS = {
    "pages": _tool("Azure Document Intelligence", "S0", "Pre-built Pages"),
    "read_pages": _tool("Azure Document Intelligence", "S0", "Read Pages"),
}
_SPEECH = {
    "audio_hours": _tool("Azure Speech", "S1", "Speech To Text", "1 Hour"),
    "spoken_characters": _tool("Azure Speech", "S1", "Neural Text To Speech Characters", "1M"),
}
_SAFETY = {
    "text_records": _tool("Content Safety", "Standard", "Text Records"),
    "images": _tool("Content Safety", "Standard", "Images"),
}
_PREDICTION = {"images": _tool("Azure Custom Vision", "S0", "Transactions")}

# By kind: the paid size, and its meters by usage key.
_KINDS: Final[Mapping[str, tuple[str, Mapping[str, Meter]]]] = {
    "texttranslation": ("s1", _TRANSLATOR),
    "textanalytics": ("s", _LANGUAGE),
    "computervision": ("s1", _VISION),
    "face": ("s0", _FACE),
    "formrecognizer": ("s0", _DOCUMENTS),
    "speechservices": ("s0", _SPEECH),
    "contentsafety": ("s0", _SAFETY),
    "customvision.prediction": ("s0", _PREDICTION),
    "openai": ("s0", {}),
    "aiservices": ("s0", {}),
}


@meter(
    "cognitiveservices:Account",
    characters=assume("500000", "150 rounds of twelve hops with 280 characters each"),
    text_records=assume("1000", "33 texts a day"),
    images=assume("1000", "33 a day"),
    pages=assume("500", "some invoices and receipts each day"),
    read_pages=assume("0", "pages are read by prebuilt models"),
    audio_hours=assume("5", "ten minutes a day"),
    spoken_characters=assume("100000", "two hours of speech"),
)
def account(properties: Properties, use: Use, _month: Month) -> Iterable[Charge] | Free:
    """Charges of one account. Raises Unpriced for other kinds and sizes."""
    paid, meters = one_of(properties, "kind", _KINDS)
    size = properties.text("sku.name").lower()
    if size == "f0":
        return Free("F0 is free up to an amount a month and refuses more")
    if size != paid:
        raise Unpriced(f"sku.name {size!r} of this kind has no price here; priced: f0, {paid}")
    if not meters:
        use.notes.append("only its deployments are counted, not what else it is used for")
        return Free("its deployments are billed")
    place = region(properties)
    return [by_use(each, place, use.figure(key)) for key, each in meters.items()]


def _tokens(product: str, *skus: str, unit: str = "1K") -> tuple[Meter, ...]:
    """Tokens into a model, and out of it if it is none of embeddings."""
    words = "1M Tokens" if unit == "1M" else "Tokens"
    return tuple(Meter("Foundry Models", product, sku, f"{sku} {words}", unit) for sku in skus)


_OPENAI, _REASONING, _GPT5 = "Azure OpenAI", "Azure OpenAI Reasoning", "Azure OpenAI GPT5"
_GLOBAL = {
    "gpt-4o 2024-05-13": _tokens(_OPENAI, "gpt 4o 0513 Input global", "gpt 4o 0513 Output global"),
    "gpt-4o 2024-08-06": _tokens(_OPENAI, "gpt-4o-0806-Inp-glbl", "gpt-4o-0806-Outp-glbl"),
    "gpt-4o 2024-11-20": _tokens(_OPENAI, "gpt 4o 1120 Inp glbl", "gpt 4o 1120 Outp glbl"),
    "gpt-4o-mini": _tokens(_OPENAI, "gpt-4o-mini-0718-Inp-glbl", "gpt-4o-mini-0718-Outp-glbl"),
    "gpt-4.1": _tokens(_OPENAI, "gpt 4.1 Inp glbl", "gpt 4.1 Outp glbl"),
    "gpt-4.1-mini": _tokens(_OPENAI, "gpt 4.1 mini Inp glbl", "gpt 4.1 mini Outp glbl"),
    "gpt-4.1-nano": _tokens(_OPENAI, "gpt 4.1 nano Inp glbl", "gpt 4.1 nano Outp glbl"),
    "o1": _tokens(_OPENAI, "o1 1217 Inp glbl", "o1 1217 Outp glbl"),
    "o3": _tokens(_OPENAI, "o3 0416 Inp glbl", "o3 0416 Outp glbl"),
    "o3-mini": _tokens(_OPENAI, "o3 mini 0131 input glbl", "o3 mini 0131 output glbl"),
    "o4-mini": _tokens(_REASONING, "o4-mini 0416 Inp glbl", "o4-mini 0416 Outp glbl"),
    "gpt-5": _tokens(_GPT5, "GPT 5 Inpt Glbl", "GPT 5 outpt Glbl", unit="1M"),
    "gpt-5-mini": _tokens(_GPT5, "GPT 5 Mini Inpt Glbl", "GPT 5 Mini outpt Glbl", unit="1M"),
    "gpt-5-nano": _tokens(_GPT5, "GPT 5 Nano Inpt Glbl", "GPT 5 Nano outpt Glbl", unit="1M"),
    "gpt-5-chat": _tokens(_GPT5, "GPT 5 Chat Inpt Glbl", "GPT 5 Chat outpt Glbl", unit="1M"),
    "gpt-5.1": _tokens(_GPT5, "GPT 5.1 inp Gl", "GPT 5.1 opt Gl", unit="1M"),
    "gpt-5.2": _tokens(_GPT5, "GPT 5.2 inp Gl", "GPT 5.2 opt Gl", unit="1M"),
    "gpt-5.4-mini": _tokens(_GPT5, "5.4 mini Inp Gl", "5.4 mini Opt Gl", unit="1M"),
    "gpt-5.4-nano": _tokens(_GPT5, "5.4 nano Inp Gl", "5.4 nano Opt Gl", unit="1M"),
    "text-embedding-ada-002": _tokens(_OPENAI, "embedding-ada-glbl"),
    "text-embedding-3-small": _tokens(_OPENAI, "text-embedding-3-small-glbl"),
    "text-embedding-3-large": _tokens(_OPENAI, "text-embedding-3-large-glbl"),
}
# In a data zone and in one region, by the SKUs of the list: input and output, or embeddings.
_DATA_ZONE = {
    "gpt-4o 2024-05-13": ("gpt 4o 0513 Input Data Zone", "gpt 4o 0513 Output Data Zone"),
    "gpt-4o 2024-08-06": ("gpt 4o 0806 Inp Data Zone", "gpt 4o 0806 Outp Data Zone"),
    "gpt-4o 2024-11-20": ("gpt 4o 1120 Inp Data Zone", "gpt 4o 1120 Outp Data Zone"),
    "gpt-4o-mini": ("gpt 4o mini 0718 Inp Data Zone", "gpt 4o mini 0718 Outp Data Zone"),
    "gpt-4.1": ("gpt 4.1 Inp Data Zone", "gpt 4.1 Outp Data Zone"),
    "gpt-4.1-mini": ("gpt 4.1 mini Inp Data Zone", "gpt 4.1 mini Outp Data Zone"),
    "gpt-4.1-nano": ("gpt 4.1 nano Inp Data Zone", "gpt 4.1 nano Outp Data Zone"),
    "o3": ("o3 0416 Inp Data Zone", "o3 0416 Outp Data Zone"),
    "o3-mini": ("o3 mini 0131 input Data Zone", "o3 mini 0131 output Data Zone"),
    "text-embedding-ada-002": ("embedding-ada-datazone",),
}
_REGIONAL = {
    "gpt-4o 2024-05-13": ("gpt 4o 0513 Input regional", "gpt 4o 0513 Output regional"),
    "gpt-4o 2024-08-06": ("gpt-4o-0806-Inp-regnl", "gpt-4o-0806-Outp-regnl"),
    "gpt-4o 2024-11-20": ("gpt 4o 1120 Inp regnl", "gpt 4o 1120 Outp regnl"),
    "gpt-4o-mini": ("gpt-4o-mini-0718-Inp-regnl", "gpt-4o-mini-0718-Outp-regnl"),
    "gpt-4.1": ("gpt 4.1 Inp regnl", "gpt 4.1 Outp regnl"),
    "gpt-4.1-mini": ("gpt 4.1 mini Inp regnl", "gpt 4.1 mini Outp regnl"),
    "gpt-4.1-nano": ("gpt 4.1 nano Inp regnl", "gpt 4.1 nano Outp regnl"),
    "o3": ("o3 0416 Inp regnl", "o3 0416 Outp regnl"),
    "o3-mini": ("o3 mini 0131 input regnl", "o3 mini 0131 output regnl"),
    "gpt-35-turbo 0125": (
        "gpt-35-turbo-16K-0125 Input-regional",
        "gpt-35-turbo-16K-0125 Output-regional",
    ),
    "text-embedding-ada-002": ("embedding-ada-regional",),
    "text-embedding-3-small": ("text-embedding-3-small-regional",),
    "text-embedding-3-large": ("text-embedding-3-large-regional",),
}
_OF_PLACE = {
    scale: {model: _tokens(_OPENAI, *skus) for model, skus in models.items()}
    for scale, models in (("datazonestandard", _DATA_ZONE), ("standard", _REGIONAL))
}
_SCALES = {scale: scale for scale in ("globalstandard", "globalprovisionedmanaged", *_OF_PLACE)}
_UNIT = Meter(
    "Foundry Models",
    _OPENAI,
    "Provisioned Managed Global",
    "Provisioned Managed Global Unit",
    "1/Hour",
)
GLOBAL_SKUS = {_UNIT.sku, *(each.sku for model in _GLOBAL.values() for each in model)}
PLACE_SKUS = {sku for models in (_DATA_ZONE, _REGIONAL) for skus in models.values() for sku in skus}
"""SKUs of models in the price list, as the shipped table has them."""
ANYWHERE = "swedencentral"
"""Global deployments cost the same in all regions of the list; the table has this one's rows."""


@meter(
    "cognitiveservices:Deployment",
    input_tokens=assume("1000000", "a thousand questions with a page of context each"),
    output_tokens=assume("300000", "answers of 200 words"),
)
def deployment(properties: Properties, use: Use, month: Month) -> Iterable[Charge]:
    """Tokens in and out, or provisioned units times hours.

    Others than Global cost what they do in their account's region. Tokens from a cache cost less
    and are not told apart.
    """
    scale = one_of(properties, "sku.name", _SCALES)
    if scale == "globalprovisionedmanaged":
        yield fixed(_UNIT, ANYWHERE, properties.whole("sku.capacity") * month.hours)
        return
    place = _place(properties) if scale in _OF_PLACE else ANYWHERE
    meters = _model(properties, _OF_PLACE.get(scale, _GLOBAL))
    for each, key in zip(meters, ("input_tokens", "output_tokens"), strict=False):
        yield by_use(each, place, use.figure(key))


def _place(properties: Properties) -> str:
    holder = properties.referred("accountName", "cognitiveservices:Account")
    if holder is None:
        raise Unpriced("its account, with the region, is not in this plan")
    return region(holder)


def _model(properties: Properties, models: Mapping[str, tuple[Meter, ...]]) -> tuple[Meter, ...]:
    name = properties.text("properties.model.name").lower()
    version = properties.text("properties.model.version", "")
    found = models.get(name) or models.get(f"{name} {version}")
    if found is None:
        raise Unpriced(f"properties.model {name!r}, version {version!r}, has no price here")
    return found


classify(
    "cognitiveservices:Account",
    priced="kind sku.name",
    no_influence={
        NAMES: "accountName",
        ACCESS: "properties",
        FOLLOWS: "sku.capacity sku.family sku.size sku.tier",
    },
)
classify(
    "cognitiveservices:Deployment",
    priced="accountName sku.name sku.capacity properties.model.name properties.model.version",
    no_influence={
        NAMES: "deploymentName",
        BEHAVIOUR: "properties",
        FOLLOWS: "sku.family sku.size sku.tier",
    },
)
