"""Names that must be known ahead, against Azure's rules."""

import re

import pytest

from infra.naming import REGISTRY_ID, container_app_name, tags, unique_name

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/frugal-dev1a2b3c4d"


@pytest.mark.parametrize("name", ["ab", "homepage", "a-b-1", "a" * 32])
def test_container_app_names(name: str) -> None:
    assert container_app_name(name) == name


@pytest.mark.parametrize("name", ["", "a", "1a", "-a", "a-", "a--b", "Homepage", "a_b", "a" * 33])
def test_container_app_names_that_azure_refuses(name: str) -> None:
    with pytest.raises(ValueError, match="lower-case letters"):
        container_app_name(name)


def test_a_unique_name_is_the_groups_own() -> None:
    name = unique_name("translator", GROUP)
    assert re.fullmatch(r"translator-[0-9a-f]{8}", name)
    assert name == unique_name("translator", GROUP.upper())
    assert name != unique_name("translator", f"{GROUP}5")
    assert len(unique_name("a" * 32, GROUP)) <= 60


@pytest.mark.parametrize(
    ("resource_id", "is_valid"),
    [
        (f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/common", True),
        (f"{GROUP}/providers/microsoft.containerregistry/Registries/Common9", True),
        (f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/no-hyphen", False),
        (f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/four", False),
        (f"{GROUP}/providers/Microsoft.Storage/storageAccounts/common", False),
        (f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/common\n", False),
        ("common", False),
    ],
)
def test_registry_ids(resource_id: str, *, is_valid: bool) -> None:
    assert bool(REGISTRY_ID.search(resource_id)) is is_valid


def test_tags_name_the_environment() -> None:
    assert tags("dev") == {"project": "frugal", "environment": "dev", "managedBy": "pulumi"}
