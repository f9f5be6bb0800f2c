"""Settings: what is allowed, and what an error says."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from frugal.errors import FrugalError
from frugal.stack_files import PLACEHOLDER, configuration
from infra import settings as reader
from infra.models import secrets_of
from infra.settings import KEYS, Settings, SettingsError
from infra.stacks import MODELS
from tests.unit.conftest import ENVIRONMENTS, ROOT, SAMPLES, committed_config

LOCATION = {"azure-native:location": "eastus"}
REGISTRY = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/shared"
    "/providers/Microsoft.ContainerRegistry/registries/common"
)


def read(environment: str, config: Mapping[str, str], **known: Any) -> Settings:
    return reader.read(environment, config, MODELS, **known)


def from_file(environment: str) -> Settings:
    return read(environment, configuration(ROOT, environment))


def config(**keys: Any) -> dict[str, str]:
    return {
        **LOCATION,
        **{f"frugal:{key}": json.dumps(fields) for key, fields in keys.items()},
    }


def test_every_environment_has_a_file() -> None:
    for environment in ENVIRONMENTS:
        assert from_file(environment).environment == environment


def test_local_shows_everything_and_has_a_contact() -> None:
    settings = read("local", committed_config("local"))
    assert {settings.sites[site.name].cdn for site in SAMPLES} == {"frontDoor"}
    assert (settings.sites["homepage"].host, settings.sites["translator"].host) == (
        "containerApp",
        "appService",
    )
    assert settings.budget.contacts


def test_local_can_never_be_azure() -> None:
    given = committed_config("local")
    assert given["azure-native:subscriptionId"] == "00000000-0000-0000-0000-000000000000"
    assert given["azure-native:metadataHost"].startswith("127.0.0.1:")


def test_dev_is_the_cheapest_form() -> None:
    settings = read("dev", LOCATION)
    assert {site.cdn for site in settings.sites.values()} == {"none"}
    assert (settings.sites["homepage"].min_replicas, settings.sites["translator"].host) == (
        0,
        "appService",
    )
    assert (settings.database.sku, settings.database.storage_gb) == ("Standard_B1ms", 32)
    assert (settings.database.version, settings.database.high_availability) == ("17", "disabled")
    assert not settings.is_protected


def test_prod_is_protected_and_has_the_edge() -> None:
    settings = read("prod", committed_config("prod"))
    assert settings.is_protected
    assert {settings.sites[site.name].cdn for site in SAMPLES} == {"frontDoor"}


@pytest.mark.parametrize(
    ("environment", "given", "is_protected"),
    [
        ("prod", None, True),
        ("prod", "false", False),
        ("prod", "true", True),
        ("production", None, False),
        ("production", "true", True),
        ("staging", "false", False),
    ],
)
def test_prod_is_protected_unless_false_is_written(
    environment: str, given: str | None, is_protected: bool
) -> None:
    keys = LOCATION if given is None else {**LOCATION, "frugal:protected": given}
    assert read(environment, keys).is_protected is is_protected


def test_any_stack_is_an_environment() -> None:
    settings = read("staging", LOCATION)
    assert (settings.environment, settings.budget.monthly_amount) == ("staging", 40)


def test_what_the_command_line_stores_is_understood() -> None:
    settings = read(
        "dev",
        config(
            database={"version": 17, "storageGb": "64"},
            homepage={"cdn": "frontDoor", "maxReplicas": "2", "originLock": "true"},
            budget={"monthlyAmount": "12.5"},
            waits={"server": "0"},
        ),
    )
    homepage = settings.sites["homepage"]
    assert (settings.database.version, settings.database.storage_gb) == ("17", 64)
    assert (homepage.max_replicas, homepage.origin_lock) == (2, True)
    assert (settings.budget.monthly_amount, settings.waits.server) == (12.5, 0)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        read("dev", LOCATION).sites["homepage"].cdn = "frontDoor"


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
    assert settings.sites["homepage"].image == "common.azurecr.io/homepage:1"
    assert settings.registry.id == REGISTRY
    assert settings.sites["translator"].host == "containerApp"
    assert settings.budget.monthly_amount == 12.5
    assert settings.budget.contacts == ("a@example.com", "b@example.com")


WRONG = [
    ({"homepage": {"host": "vm"}}, "frugal:homepage.host: 'vm'", "containerApp"),
    ({"translator": {"host": "staticSite"}}, "frugal:translator.host: 'staticSite'", "appService"),
    ({"homepage": {"cdn": "frontdoor"}}, "frugal:homepage.cdn: 'frontdoor'", "frontDoor, none"),
    ({"homepage": {"cdn": True}}, "frugal:homepage.cdn: True", "frontDoor, none"),
    ({"homepage": {"minReplicas": -1}}, "frugal:homepage.minReplicas: -1", "0 or more"),
    (
        {"homepage": {"minReplicas": 1.5}},
        "frugal:homepage.minReplicas: 1.5",
        "allowed: a whole number",
    ),
    ({"homepage": {"maxReplicas": 0}}, "frugal:homepage.maxReplicas: 0", "1 or more"),
    ({"homepage": {"maxReplicas": 31}}, "frugal:homepage.maxReplicas: 31", "30 or less"),
    (
        {"homepage": {"maxReplicas": "many"}},
        "frugal:homepage.maxReplicas: 'many'",
        "allowed: a whole number",
    ),
    ({"homepage": {"minReplicas": 2, "maxReplicas": 1}}, "minReplicas 2", "up to maxReplicas"),
    ({"homepage": {"cooldownSeconds": 0}}, "frugal:homepage.cooldownSeconds: 0", "1 or more"),
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
    ({"homepage": {"blogFeed": "http://a"}}, "homepage.blogFeed: 'http://a'", "https://"),
    ({"homepage": {"host": "staticSite", "cdn": "frontDoor"}}, "cdn 'frontDoor'", "none"),
    ({"homepage": {"host": "staticSite", "originLock": "on?"}}, "originLock: 'on?'", "true, false"),
    ({"translator": {"translation": {"sku": "S0"}}}, "translator.translation.sku: 'S0'", "F0, S1"),
    ({"translator": {"translation": {"key": 1}}}, "translation.key", "provider, sku"),
    ({"database": {"sku": "B1ms"}}, "frugal:database.sku: 'B1ms'", "Standard_B1ms"),
    ({"database": {"storageGb": 33}}, "frugal:database.storageGb: 33", "32, 64, 128"),
    ({"database": {"storageGb": "33"}}, "frugal:database.storageGb: 33", "32, 64, 128"),
    ({"database": {"storageGb": "32.0"}}, "frugal:database.storageGb: '32.0'", "32, 64, 128"),
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
    keys = config(homepage=homepage)
    settings = read("dev", keys, secret_keys={"frugal:homepage"}).sites["homepage"]
    assert settings.sign_in.authority == "https://login.example/t"
    assert settings.session_key
    assert settings.session_key.get_secret_value() == KEY
    assert {path for path, _ in secrets_of(settings)} == {
        "sessionKey",
        "signIn.clientSecret",
        "sheet.apiKey",
    }
    assert KEY not in repr(settings)


def test_a_secret_in_clear_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError) as error:
        read("dev", config(homepage={"sessionKey": KEY}))
    assert "pulumi config set --secret --path homepage.sessionKey" in str(error.value)
    assert KEY not in str(error.value)


@pytest.mark.parametrize("field", ["sessionKey", "clientSecret"])
def test_a_secret_in_clear_beside_another_is_refused(field: str) -> None:
    """The engine names the object that has a secret in it; the file says where in the object."""
    secure = {"secure": "v1:…"}
    file: dict[str, Any] = {
        "sessionKey": secure,
        "signIn": {"clientId": "c", "clientSecret": secure},
    }
    given = {"sessionKey": KEY, "signIn": {"clientId": "c", "clientSecret": "canary"}}
    known: dict[str, Any] = {
        "secret_keys": {"frugal:homepage"},
        "stored": {"frugal:homepage": file},
    }
    assert read("dev", config(homepage=given), **known).sites["homepage"].session_key

    if field == "sessionKey":
        file["sessionKey"] = KEY
    else:
        file["signIn"]["clientSecret"] = "canary"
    with pytest.raises(SettingsError) as error:
        read("dev", config(homepage=given), **known)
    assert f"{field}: is in plaintext in Pulumi.dev.yaml" in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert "canary" not in str(error.value)


def test_another_configuration_file_is_not_judged_by_the_stacks_own() -> None:
    """With `--config-file` the engine reads values that are not in the stack's file."""
    in_clear = {"frugal:homepage": {"sessionKey": "another-" + KEY}}
    secure = {"frugal:homepage": {"sessionKey": {"secure": "v1:…"}}}
    given = config(homepage={"sessionKey": KEY})
    assert read("dev", given, secret_keys={"frugal:homepage"}, stored=in_clear)
    with pytest.raises(SettingsError, match=r"sessionKey: is in plaintext in the configuration"):
        read("dev", given, stored=secure)


def test_the_placeholders_of_a_plan_are_no_secrets_in_clear() -> None:
    secrets = {"sessionKey": PLACEHOLDER, "sheet": {"id": "sheet", "apiKey": PLACEHOLDER}}
    assert read("dev", config(homepage=secrets))


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
    chosen = {name: from_file(name).sites["translator"].translation for name in ENVIRONMENTS}
    assert {name: one.provider for name, one in chosen.items()} == {
        "local": "offline",
        "dev": "offline",
        "prod": "azure",
    }
    assert {one.sku for one in chosen.values()} == {"F0"}


def test_no_environment_is_locked_before_its_edge_answers() -> None:
    homepages = [from_file(name).sites["homepage"] for name in ENVIRONMENTS]
    assert not [homepage for homepage in homepages if homepage.origin_lock]


def test_a_static_site_says_how_the_edge_is_left_out() -> None:
    with pytest.raises(SettingsError, match=r"pulumi config set --path homepage.cdn none"):
        read("prod", config(homepage={**ENVIRONMENTS["prod"]["homepage"], "host": "staticSite"}))
    homepage = {**ENVIRONMENTS["prod"]["homepage"], "host": "staticSite", "cdn": "none"}
    assert read("prod", config(homepage=homepage)).sites["homepage"].host == "staticSite"


def test_azure_is_waited_for_and_this_machine_is_not() -> None:
    for environment in ("dev", "prod"):
        waits = read(environment, committed_config(environment)).waits
        assert (waits.server, waits.role_age, waits.purge, waits.pull_limit) == (60, 150, 60, 60)
    waits = read("local", committed_config("local")).waits
    assert (waits.server, waits.role_age, waits.purge, waits.pull_limit) == (0, 0, 0, 0)
    deadlines = {read(one, committed_config(one)).waits.deadline for one in ENVIRONMENTS}
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


@pytest.mark.parametrize("name", ["Blog", "b", "my-blog", "registry", "protected"])
def test_a_site_name_that_cannot_be(name: str) -> None:
    with pytest.raises(SettingsError) as error:
        reader.read("dev", config(), {**MODELS, name: MODELS["translator"]})
    assert f"site '{name}' (SITES in infra/stacks/__init__.py)" in str(error.value)
    assert "allowed: 2 to 32 lower-case letters and digits" in str(error.value)


def test_an_app_that_is_not_in_the_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "apps" / "blog").mkdir(parents=True)
    monkeypatch.setattr("infra.settings._CHECKOUT", tmp_path)
    with pytest.raises(SettingsError) as error:
        read("dev", config(blog={"cdn": "frontDoor"}))
    expected = "frugal:blog: unknown site; add it to SITES in infra/stacks/__init__.py"
    assert str(error.value) == expected


def test_keys_outside_of_config_are_refused(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: frugal\n")
    text = "config:\n  azure-native:location: eastus\nfrugal:translator:\n  cdn: frontDoor\n"
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    with pytest.raises(FrugalError) as error:
        configuration(tmp_path, "dev")
    expected = (
        "Pulumi.dev.yaml: frugal:translator must be below `config:`; indent it by two spaces."
    )
    assert str(error.value) == expected
