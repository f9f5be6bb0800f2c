"""A free Translator moves to another region: a subscription has one, deleted ones counted."""

from tests.engine.clone import Clone

PROGRAM = """\
import pulumi
import pulumi_azure_native as azure
from infra.components.placement import Placement
from infra.components.translation import Translation, TranslationArgs
from infra.naming import unique_name

location = pulumi.Config("azure-native").require("location")
group = azure.resources.ResourceGroup("platform", location=location)
identity = azure.managedidentity.UserAssignedIdentity("identity", resource_group_name=group.name)
Translation(
    "translation",
    TranslationArgs(
        group_id=group.id,
        placement=Placement(group=group.name, location=location, tags={}),
        sku="F0",
        subdomain=group.id.apply(lambda id_: unique_name("translator", id_)),
        principal_id=identity.principal_id,
        purge_listing=0,
        role_age=0,
        deadline=60,
    ),
)
"""


def test_the_account_is_purged_before_the_next_one_is_made(clone: Clone) -> None:
    (clone.root / "infra" / "__main__.py").write_text(PROGRAM)
    settings = clone.root / "Pulumi.local.yaml"
    before = settings.read_text()
    try:
        made = clone.frugal("up")
        assert made.returncode == 0, made.stdout + made.stderr
        (account,) = _accounts(clone)
        settings.write_text(before.replace("location: eastus", "location: westeurope"))
        moved = clone.frugal("up")
        assert moved.returncode == 0, moved.stdout + moved.stderr
        (another,) = _accounts(clone)
        assert another != account
    finally:
        settings.write_text(before)
        clone.frugal("down", "--yes")


def _accounts(clone: Clone) -> list[str]:
    """Ids of the Translator accounts that are there."""
    ids = [str(resource["id"]) for resource in clone.status()["resources"]]
    return [one for one in ids if one.rsplit("/", 2)[-2] == "accounts"]
