"""Every body that the program sends passes Microsoft's published models, settings in pairs.

Faults of two settings together are the ones that a single change does not show, so that every two
values which the settings accept beside each other are declared together at least once (pairwise
testing). The settings themselves say which combinations are valid.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, get_args

import pytest
from allpairspy import AllPairs
from pulumi.output import Unknown
from pydantic import BaseModel

from frugal.cloud.contract import UNKNOWN, model
from infra.settings import Database, Settings, SettingsError, read
from infra.stacks import MODELS, SITES
from infra.stacks.translator import TranslationService
from tests.unit.conftest import Declare

ABSENT = None
REGISTRY_ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shared"
    "/providers/Microsoft.ContainerRegistry/registries/shared"
)
ZONE_ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/names"
    "/providers/Microsoft.Network/dnszones/example.com"
)
KEY = "k" * 32
IMAGES = [ABSENT, "shared.azurecr.io/site@sha256:" + "0" * 64, "docker.io/library/site:1"]
REPLICAS = [ABSENT, {"minReplicas": 1, "maxReplicas": 30}, {"minReplicas": 0, "maxReplicas": 1}]
CSV = {name: f"https://sheet.example/{name}" for name in ("talks", "projects", "interviews")}


def choices(settings: type[BaseModel], field: str) -> list[Any]:
    """Values of a field that allows a few."""
    return list(get_args(settings.model_fields[field].annotation))


SIZES = choices(Database, "storage_gb")  # numbers are alike to a model, but for the ends

# A setting, or settings that belong together, as a path; the paths of one object add up. Those that
# decide what others may be come first.
DOMAINS: Mapping[str, Sequence[Any]] = {
    "environment": ["dev", "prod"],
    "preview": [False, True],
    **{f"{site}.host": choices(model, "host") for site, model in MODELS.items()},
    **{f"{site}.cdn": choices(model, "cdn") for site, model in MODELS.items()},
    "homepage.originLock": [False, True],
    "homepage.signIn": [
        ABSENT,
        {"signIn": {"clientId": "client"}, "sessionKey": KEY},
        {
            "signIn": {
                "clientId": "client",
                "clientSecret": "secret",
                "authority": "https://login.example",
            },
            "sessionKey": KEY,
        },
    ],
    "homepage.sheet": [
        ABSENT,
        {"sheet": {"id": "sheet", "apiKey": "key"}},
        {"sheet": {"csv": CSV}},
    ],
    "homepage.blogFeed": [ABSENT, "https://blog.example/feed/"],
    **{f"{site}.replicas": REPLICAS for site in MODELS},
    **{f"{site}.cooldownSeconds": [1, 3600] for site in MODELS},
    **{f"{site}.image": IMAGES for site in MODELS},
    "translator.translation.provider": choices(TranslationService, "provider"),
    "translator.translation.sku": choices(TranslationService, "sku"),
    "homepage.names": [
        ABSENT,
        {"domain": "www.example.com", "www": True},
        {"domain": "www.example.com", "www": False},
    ],
    "translator.names": [ABSENT, {"domain": "translator.example.com", "www": False}],
    "dns.zone": [ABSENT, "create", ZONE_ID],
    "registry.id": [ABSENT, REGISTRY_ID],
    "database.sku": ["Standard_B1ms", "Standard_B2s", "Standard_D2ds_v5", "Standard_E2ds_v5"],
    "database.storageGb": [SIZES[0], SIZES[-1]],
    "database.highAvailability": choices(Database, "high_availability"),
    "database.version": choices(Database, "version"),
    "budget.monthlyAmount": [0, 12.5, 1_000_000],
    "budget.contacts": [["a@example.com"], ["a@example.com", "b@example.com"]],
}
# Keys of which nothing is in a body that a model could refuse.
NOT_SENT = {
    *("environment", "location", "protected", "usageFile", "maxMonthlyCost", "waits"),
    "domainWait",
}
Case = tuple[Any, ...]
Pair = tuple[tuple[int, str], ...]


def fields(case: Sequence[Any]) -> dict[str, Any]:
    """The configuration of a case, or of the first values of one, as objects."""
    result: dict[str, Any] = {}
    for path, value in zip(DOMAINS, case, strict=False):
        key, *inner, last = ["", *path.split(".")] if "." not in path else path.split(".")
        if not key or value is ABSENT:
            continue
        target = result.setdefault(key, {})
        for name in inner:
            target = target.setdefault(name, {})
        target.update(value if isinstance(value, dict) else {last: value})
    return result


def is_valid(case: Sequence[Any]) -> bool:
    config = {f"frugal:{key}": json.dumps(value) for key, value in fields(case).items()}
    environment = case[list(DOMAINS).index("environment")]
    try:
        read(
            environment,
            {"azure-native:location": "eastus", **config},
            MODELS,
            secret_keys={"frugal:homepage"},
        )
    except SettingsError:
        return False
    return True


def pairs(case: Case) -> set[Pair]:
    """Every two values of a case, each with its place."""
    return set(combinations([(place, repr(value)) for place, value in enumerate(case)], 2))


def left_out(chosen: Iterable[Case]) -> dict[Pair, Mapping[int, Any]]:
    """Pairs of values that no case holds; the values by their places."""
    held = set[Pair]().union(*map(pairs, chosen))
    return {
        pair: {a: first, b: second}
        for (a, of_a), (b, of_b) in combinations(enumerate(DOMAINS.values()), 2)
        for first in of_a
        for second in of_b
        if (pair := ((a, repr(first)), (b, repr(second)))) not in held
    }


def cases() -> list[Case]:
    """Valid cases that hold every pair of values which the settings accept.

    AllPairs 2.5.1 stops at the first case without a new pair, which under a filter may come before
    all pairs are there; the rest are put into copies of its cases, as many into one as it takes.
    """
    chosen: list[Case] = [tuple(case) for case in AllPairs(list(DOMAINS.values()), is_valid)]
    for base in tuple(chosen):
        while (case := _with(left_out(chosen).values(), base)) != base:
            chosen.append(case)
    return chosen


def _with(changes: Iterable[Mapping[int, Any]], base: Case) -> Case:
    """The case with those changes that leave it valid and each other in place."""
    fixed: dict[int, Any] = {}
    for change in changes:
        wanted = {**fixed, **change}
        agreed = all(wanted[place] == value for place, value in fixed.items())
        if agreed and is_valid(_changed(base, wanted)):
            fixed = wanted
    return _changed(base, fixed)


def _changed(case: Case, values: Mapping[int, Any]) -> Case:
    return tuple(values.get(place, value) for place, value in enumerate(case))


CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[str(number) for number in range(len(CASES))])
def test_no_body_is_against_the_contract(
    program: Declare, monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", '["frugal:homepage"]')
    chosen = dict(zip(DOMAINS, case, strict=True))
    recorder = program(chosen["environment"], fields(case), preview=chosen["preview"], sites=SITES)
    findings = [
        f"{sent.name}: {finding}"
        for sent in recorder.azure()
        for finding in model(sent.type).check(_known(sent.inputs))
    ]
    assert findings == []


def test_two_settings_that_exclude_each_other_are_the_only_pairs_left_out() -> None:
    paths = list(DOMAINS)
    excluded = {(paths[a], paths[b]) for (a, _), (b, _) in left_out(CASES)}
    assert excluded == {
        ("homepage.host", "homepage.cdn"),
        ("homepage.host", "homepage.originLock"),
        ("homepage.host", "homepage.signIn"),
        ("homepage.host", "homepage.names"),
        ("homepage.cdn", "homepage.originLock"),
        ("database.sku", "database.highAvailability"),
    }


def test_every_setting_has_its_values_here() -> None:
    varied = {leaf for case in CASES for leaf in _leaves(fields(case))}
    sites = {leaf for name, model in MODELS.items() for leaf in _leaves_of(model, f"{name}.")}
    sent = {leaf for leaf in _leaves_of(Settings) if leaf.partition(".")[0] not in NOT_SENT}
    assert (sent - {"sites"}) | sites == varied


def _leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _leaves(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def _leaves_of(settings: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in settings.model_fields.items():
        path = prefix + (field.alias or name)
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _leaves_of(annotation, f"{path}.")
        else:
            yield path


def _known(value: Any) -> Any:
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _known(item) for key, item in value.items()}
    return [_known(item) for item in value] if isinstance(value, list) else value
