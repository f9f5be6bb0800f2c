"""Settings: what is allowed, and what an error says."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from frugal.local.stack_file import NOT_READ
from infra.settings import KEYS, SIZES, SettingsError, read
from tests.unit.conftest import committed_config

LOCATION = {"azure-native:location": "eastus"}
REGISTRY = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shared"
    "/providers/Microsoft.ContainerRegistry/registries/common"
)


def config(**keys: Any) -> dict[str, str]:
    return {
        **LOCATION,
        **{f"frugal:{key}": json.dumps(fields) for key, fields in keys.items()},
    }


def test_every_environment_has_sizes_and_a_file() -> None:
    assert list(SIZES) == ["local", "dev", "prod"]
    for environment in SIZES:
        settings = read(environment, committed_config(environment))
        assert settings.environment == environment


def test_local_shows_everything_and_has_a_contact() -> None:
    settings = read("local", LOCATION)
    assert (settings.homepage.cdn, settings.translator.cdn) == ("frontDoor", "frontDoor")
    assert (settings.homepage.host, settings.translator.host) == ("containerApp", "appService")
    assert read("local", committed_config("local")).budget.contacts


def test_local_can_never_be_azure() -> None:
    given = committed_config("local")
    assert given["azure-native:subscriptionId"] == "00000000-0000-0000-0000-000000000000"
    assert given["azure-native:metadataHost"].startswith("127.0.0.1:")


def test_dev_is_the_cheapest_form() -> None:
    settings = read("dev", LOCATION)
    assert (settings.homepage.cdn, settings.translator.cdn) == ("none", "none")
    assert (settings.homepage.min_replicas, settings.translator.host) == (0, "appService")
    assert (settings.database.sku, settings.database.storage_gb) == ("Standard_B1ms", 32)
    assert (settings.database.version, settings.database.high_availability) == ("17", "disabled")
    assert not settings.protected


def test_prod_is_protected_and_has_the_edge() -> None:
    settings = read("prod", LOCATION)
    assert settings.protected
    assert (settings.homepage.cdn, settings.translator.cdn) == ("frontDoor", "frontDoor")


def test_one_field_does_not_lose_the_others() -> None:
    settings = read("local", config(homepage={"minReplicas": 1}))
    assert (settings.homepage.min_replicas, settings.homepage.cdn) == (1, "frontDoor")


def test_what_the_command_line_stores_is_understood() -> None:
    settings = read("dev", config(database={"version": 17}, homepage={"maxReplicas": "2"}))
    assert (settings.database.version, settings.homepage.max_replicas) == ("17", 2)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        read("dev", LOCATION).homepage.cdn = "frontDoor"


def test_given_values_arrive() -> None:
    settings = read(
        "dev",
        config(
            homepage={"image": "common.azurecr.io/homepage:1", "cooldownSeconds": 60},
            translator={"host": "containerApp"},
            registry={"id": REGISTRY},
            database={"sku": "Standard_D2ds_v5", "highAvailability": "zoneRedundant"},
            budget={"monthlyAmount": 12.5, "contacts": ["a@example.com", "b@example.com"]},
        ),
    )
    assert settings.homepage.image == "common.azurecr.io/homepage:1"
    assert settings.registry.id == REGISTRY
    assert settings.translator.host == "containerApp"
    assert settings.budget.monthly_amount == 12.5
    assert settings.budget.contacts == ("a@example.com", "b@example.com")


WRONG = [
    ({"homepage": {"host": "vm"}}, "frugal:homepage.host: 'vm'", "containerApp"),
    ({"homepage": {"host": "appService"}}, "frugal:homepage.host: 'appService'", "containerApp"),
    ({"homepage": {"cdn": "frontdoor"}}, "frugal:homepage.cdn: 'frontdoor'", "frontDoor, none"),
    ({"homepage": {"cdn": True}}, "frugal:homepage.cdn: True", "frontDoor, none"),
    ({"homepage": {"minReplicas": -1}}, "frugal:homepage.minReplicas: -1", "equal to 0"),
    (
        {"homepage": {"minReplicas": 1.5}},
        "frugal:homepage.minReplicas: 1.5",
        "allowed: a whole number",
    ),
    ({"homepage": {"maxReplicas": 0}}, "frugal:homepage.maxReplicas: 0", "equal to 1"),
    ({"homepage": {"maxReplicas": 31}}, "frugal:homepage.maxReplicas: 31", "equal to 30"),
    (
        {"homepage": {"maxReplicas": "many"}},
        "frugal:homepage.maxReplicas: 'many'",
        "allowed: a whole number",
    ),
    ({"homepage": {"minReplicas": 2, "maxReplicas": 1}}, "minReplicas 2", "up to maxReplicas"),
    ({"homepage": {"cooldownSeconds": 0}}, "frugal:homepage.cooldownSeconds: 0", "equal to 1"),
    ({"homepage": {"image": "homepage"}}, "frugal:homepage.image: 'homepage'", "sha256"),
    ({"homepage": {"replicas": 1}}, "frugal:homepage.replicas", "cooldownSeconds"),
    ({"homepage": None}, "frugal:homepage: 'null'", "--path homepage.FIELD"),
    ({"homepage": ["none"]}, "frugal:homepage", "--path homepage.FIELD"),
    ({"homepage": "none"}, "frugal:homepage", "--path homepage.FIELD"),
    ({"translator": {"host": "AppService"}}, "frugal:translator.host", "appService, containerApp"),
    ({"registry": {"id": "common"}}, "frugal:registry.id: 'common'", "registries/<name>"),
    ({"registry": {"id": f"{REGISTRY}/x"}}, "frugal:registry.id", "registries/<name>"),
    ({"registry": {"name": "common"}}, "frugal:registry.name", "allowed: id"),
    ({"homepage": {"signIn": {"id": "x"}}}, "frugal:homepage.signIn.id", "clientId, authority"),
    ({"homepage": {"signIn": "x"}}, "frugal:homepage.signIn: 'x'", "--path homepage.signIn.FIELD"),
    ({"homepage": {"signIn": {"authority": "x"}}}, "homepage.signIn.authority: 'x'", "https://"),
    ({"homepage": {"signIn": {"clientId": "x"}}}, "signIn.clientId", "--secret --path"),
    ({"homepage": {"sheet": {"id": "x"}}}, "frugal:homepage.sheet: id and apiKey", "--secret"),
    ({"homepage": {"sheet": {"csv": {"talks": "https://a.example"}}}}, "sheet.csv", "all three"),
    ({"homepage": {"host": "staticSite", "cdn": "frontDoor"}}, "cdn 'frontDoor'", "none"),
    ({"homepage": {"host": "staticSite", "originLock": "on?"}}, "originLock: 'on?'", "true, false"),
    ({"translator": {"translation": {"sku": "S0"}}}, "translator.translation.sku: 'S0'", "F0, S1"),
    ({"translator": {"translation": {"key": 1}}}, "translation.key", "provider, sku"),
    ({"database": {"sku": "B1ms"}}, "frugal:database.sku: 'B1ms'", "Standard_B1ms"),
    ({"database": {"storageGb": 33}}, "frugal:database.storageGb: 33", "32, 64, 128"),
    ({"database": {"version": 15}}, "frugal:database.version: '15'", "16, 17, 18"),
    ({"database": {"highAvailability": "on"}}, "frugal:database.highAvailability", "sameZone"),
    ({"database": {"highAvailability": "sameZone"}}, "Standard_B1ms", "Standard_D2ds_v5"),
    ({"budget": {"monthlyAmount": -1}}, "frugal:budget.monthlyAmount: -1", "0 (no budget) to"),
    ({"budget": {"monthlyAmount": 1_000_001}}, "budget.monthlyAmount: 1000001", "to 1000000"),
    ({"budget": {"monthlyAmount": "nan"}}, "budget.monthlyAmount: 'nan'", "0 (no budget) to"),
    ({"budget": {"monthlyAmount": "much"}}, "budget.monthlyAmount: 'much'", "0 (no budget) to"),
    ({"budget": {"monthlyAmount": True}}, "frugal:budget.monthlyAmount: True", "0 (no budget) to"),
    ({"budget": {"contacts": ["me"]}}, "frugal:budget.contacts[0]: 'me'", "e-mail"),
    ({"budget": {"contacts": "me@example.com"}}, "frugal:budget.contacts", "contacts[0]"),
    ({"homepge": {}}, "frugal:homepge: unknown key", ", ".join(KEYS)),
    ({"homepage.cdn": "none"}, "frugal:homepage.cdn", "--path homepage.cdn"),
]


@pytest.mark.parametrize(("keys", "given", "allowed"), WRONG, ids=lambda value: str(value)[:40])
def test_wrong_values_are_one_line_each(keys: dict[str, Any], given: str, allowed: str) -> None:
    with pytest.raises(SettingsError) as error:
        read("dev", config(**keys))
    (line,) = str(error.value).splitlines()
    assert given in line
    assert allowed in line


def test_an_unknown_environment_says_which_there_are() -> None:
    with pytest.raises(SettingsError, match=r"stack 'staging' .*local, dev, prod"):
        read("staging", LOCATION)


@pytest.mark.parametrize("location", [None, "", "East US"])
def test_the_region_is_needed(location: str | None) -> None:
    given = {} if location is None else {"azure-native:location": location}
    with pytest.raises(SettingsError, match=r"azure-native:location: .*eastus"):
        read("dev", given)


def test_all_that_is_wrong_is_said_at_once() -> None:
    keys: dict[str, Any] = {"homepage": {"cdn": "x", "host": "y"}, "databse": {}}
    with pytest.raises(SettingsError) as error:
        read("dev", config(**keys))
    assert len(str(error.value).splitlines()) == 3


def test_a_secret_is_not_repeated() -> None:
    keys = config(homepage={"image": "canary-7f3a"}, canary={"key": "canary-7f3a"})
    with pytest.raises(SettingsError) as error:
        read("dev", keys, secret_keys={"frugal:homepage", "frugal:canary"})
    assert "canary-7f3a" not in str(error.value)
    assert "frugal:homepage.image: [secret]" in str(error.value)


@pytest.mark.parametrize("region", ["mars", "East US", "westeurop", ""])
def test_a_region_that_is_none_gets_no_further(region: str) -> None:
    with pytest.raises(SettingsError, match=r"azure-native:location: .* is not allowed"):
        read("local", {"azure-native:location": region})


def test_true_is_no_number() -> None:
    config = {"azure-native:location": "eastus", "frugal:homepage": '{"minReplicas": true}'}
    with pytest.raises(SettingsError, match=r"homepage.minReplicas: True is not allowed"):
        read("local", config)


KEY = "canary-" + "k" * 32


def test_sign_in_and_the_sheet_arrive() -> None:
    homepage = {
        "signIn": {"clientId": "c", "authority": "https://login.example/t/", "clientSecret": "s"},
        "sessionKey": KEY,
        "sheet": {"id": "sheet", "apiKey": "a"},
    }
    settings = read("dev", config(homepage=homepage), secret_keys={"frugal:homepage"}).homepage
    assert settings.sign_in.authority == "https://login.example/t"
    assert settings.session_key
    assert settings.session_key.get_secret_value() == KEY
    assert set(settings.secret_fields) == {"sessionKey", "signIn.clientSecret", "sheet.apiKey"}
    assert KEY not in repr(settings)


def test_a_secret_in_clear_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError) as error:
        read("dev", config(homepage={"sessionKey": KEY}))
    assert "pulumi config set --secret --path homepage.sessionKey" in str(error.value)
    assert KEY not in str(error.value)


@pytest.mark.parametrize("field", ["sessionKey", "clientSecret"])
def test_a_secret_in_clear_beside_another_is_refused(field: str) -> None:
    """The engine says of the whole object that there is a secret in it; the file says where."""
    secure = {"secure": "v1:…"}
    kept: dict[str, Any] = {
        "sessionKey": secure,
        "signIn": {"clientId": "c", "clientSecret": secure},
    }
    given = {"sessionKey": KEY, "signIn": {"clientId": "c", "clientSecret": "canary"}}
    keys = {"frugal:homepage"}
    assert read(
        "dev", config(homepage=given), secret_keys=keys, stored={"frugal:homepage": kept}
    ).homepage.session_key

    (kept if field == "sessionKey" else kept["signIn"])[field] = "in clear"
    with pytest.raises(SettingsError) as error:
        read("dev", config(homepage=given), secret_keys=keys, stored={"frugal:homepage": kept})
    assert f"{field}: is in clear in Pulumi.dev.yaml" in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert "canary" not in str(error.value)


def test_what_a_plan_has_in_the_place_of_secrets_is_taken() -> None:
    """A plan's own file holds no secret; the checkout's says that they are there."""
    secrets = {"sessionKey": NOT_READ, "sheet": {"id": "sheet", "apiKey": NOT_READ}}
    secure = {"secure": "v1:…"}
    kept = {"sessionKey": secure, "sheet": {"id": "sheet", "apiKey": secure}}
    assert read("dev", config(homepage=secrets), stored={"frugal:homepage": kept})


def test_what_lies_in_clear_beside_a_secret_is_shown() -> None:
    kept = {"sessionKey": {"secure": "v1:…"}, "signIn": {"authority": "ftp://x"}}
    given = {"sessionKey": KEY, "signIn": {"authority": "ftp://x"}}
    for stored, shown in (({"frugal:homepage": kept}, "'ftp://x'"), ({}, "[secret]")):
        with pytest.raises(SettingsError) as error:
            read("dev", config(homepage=given), secret_keys={"frugal:homepage"}, stored=stored)
        assert f"homepage.signIn.authority: {shown} is not allowed" in str(error.value)


@pytest.mark.parametrize(
    ("homepage", "allowed"),
    [
        ({"originLock": True}, "originLock false, or cdn frontDoor"),
        ({"host": "staticSite", "originLock": True}, "originLock false, or cdn frontDoor"),
        ({"originLock": "yes"}, "true, false"),
        ({"signIn": {"clientId": ""}}, "a text that is not empty"),
        ({"signIn": {"authority": "https://["}}, "begins with https://"),
        ({"signIn": {"authority": "https://login.example:port"}}, "begins with https://"),
        ({"signIn": {"authority": "https://login exa.mple"}}, "begins with https://"),
    ],
)
def test_what_would_have_no_effect_is_refused(homepage: dict[str, Any], allowed: str) -> None:
    with pytest.raises(SettingsError) as error:
        read("dev", config(homepage=homepage))
    assert allowed in str(error.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sessionKey": "canary"},
        {"sessionKey": {"canary": "x"}},
        {"sheet": {"apiKey": {"canary": 1}}},
        {"signIn": {"clientSecret": ["canary"]}},
        {"sessionKey": "canary" * 9, "signIn": {"clientId": "c"}, "sheet": {"id": "only"}},
        {"sheet": {"apiKey": "canary"}},
    ],
)
def test_no_error_shows_a_secret(wrong: dict[str, Any]) -> None:
    for secret_keys in ({"frugal:homepage"}, set[str]()):
        with pytest.raises(SettingsError) as error:
            read("dev", config(homepage=wrong), secret_keys=secret_keys)
        assert "canary" not in str(error.value)


def test_what_translates_where() -> None:
    chosen = {name: read(name, LOCATION).translator.translation for name in SIZES}
    assert {name: one.provider for name, one in chosen.items()} == {
        "local": "azure",
        "dev": "offline",
        "prod": "azure",
    }
    assert {one.sku for one in chosen.values()} == {"F0"}


def test_one_field_of_an_object_does_not_lose_the_others() -> None:
    given = read("local", config(translator={"translation": {"sku": "S1"}})).translator
    assert (given.translation.provider, given.translation.sku) == ("azure", "S1")
    assert given.cdn == "frontDoor"


def test_no_environment_is_locked_before_its_edge_answers() -> None:
    assert not [name for name in SIZES if read(name, LOCATION).homepage.origin_lock]


@pytest.mark.parametrize("environment", SIZES)
def test_a_static_site_is_one_setting(environment: str) -> None:
    settings = read(environment, config(homepage={"host": "staticSite"}))
    assert (settings.homepage.host, settings.homepage.cdn) == ("staticSite", "none")


def test_azure_is_waited_for_and_this_machine_is_not() -> None:
    for environment in ("dev", "prod"):
        waits = read(environment, committed_config(environment)).waits
        assert (waits.server, waits.role_age, waits.purge, waits.pull_limit) == (60, 150, 60, 60)
    waits = read("local", committed_config("local")).waits
    assert (waits.server, waits.role_age, waits.purge, waits.pull_limit) == (0, 0, 0, 0)
    deadlines = {read(one, committed_config(one)).waits.deadline for one in SIZES}
    assert deadlines == {900}


@pytest.mark.parametrize(
    ("waits", "said"),
    [
        ({"deadline": 100}, "frugal:waits: deadline 100 leaves no time for a wait of 150"),
        ({"server": -1}, "frugal:waits.server: -1 is not allowed"),
        ({"roleAge": 1.5}, "frugal:waits.roleAge: 1.5 is not allowed; allowed: a whole number"),
        ({"purge": True}, "frugal:waits.purge: True is not allowed; allowed: a number"),
        ({"pullLimit": 900}, "frugal:waits: deadline 900 leaves no time for a wait of 900"),
        ({"rolesAge": 1}, "unknown key; allowed: server, roleAge, purge, pullLimit, deadline"),
    ],
)
def test_waits_that_cannot_be(waits: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as error:
        read("dev", config(waits=waits))
    assert said in str(error.value)
