"""Restoring the local environment's records, and refusals to."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from frugal.cloud import store
from frugal.cloud.store import Resource, Store
from frugal.errors import RowsAtStakeError
from frugal.local import recovery
from frugal.paths import Checkout
from tests.faults.damage import CASES

GROUP = "/subscriptions/0/resourceGroups/group"
OTHER = "/subscriptions/0/resourceGroups/other"
SERVER = f"{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/server"
TOKEN = "azure-native:resources:ResourceGroup"


class Place:
    """A checkout with a store and what surrounds it."""

    def __init__(self, root: Path) -> None:
        self.checkout = Checkout(root)
        self.said = io.StringIO()
        self.stack = self.checkout.state / ".pulumi" / "stacks" / "frugal" / "local.json"
        (root / "Pulumi.yaml").write_text("name: frugal\n")

    def put(self, *ids: str) -> None:
        opened = Store(self.checkout.cloud)
        for resource_id in ids:
            urn = f"urn:pulumi:local::frugal::{TOKEN}::group"
            opened.put(Resource(id=resource_id, token=TOKEN, inputs={}, urn=urn))

    def copy(self) -> None:
        store.copy(self.checkout.cloud, self.checkout.state / "store")

    def record(self, *ids: str, kind: str = TOKEN) -> None:
        self.stack.parent.mkdir(parents=True)
        resources = [{"id": i, "type": kind, "urn": "urn"} for i in ids]
        latest = {"checkpoint": {"latest": {"resources": resources}}}
        self.stack.write_text(json.dumps(latest))

    def give_rows(self) -> Path:
        data = self.checkout.cloud / "postgres" / "server" / "data"
        data.mkdir(parents=True)
        (data / "PG_VERSION").write_text("17\n")
        return data

    def restore(self) -> None:
        recovery.restore_store(self.checkout, Console(file=self.said))

    def ids(self) -> list[str]:
        return sorted(store.read_ids(self.checkout.cloud) or {})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_new_checkout_has_nothing_to_restore(place: Place) -> None:
    place.restore()
    assert place.said.getvalue() == ""
    assert not place.checkout.cloud.exists()


@pytest.mark.parametrize("name", [store.FILE, store.KEY])
@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_a_damaged_store_comes_back_from_its_copy(
    place: Place, name: str, content: bytes | None
) -> None:
    place.put(GROUP)
    place.copy()
    damaged = place.checkout.cloud / name
    damaged.unlink()
    if content is not None:
        damaged.write_bytes(content)
    place.restore()
    assert place.ids() == [GROUP]
    assert "was restored from its copy" in place.said.getvalue()
    assert [
        f.stat().st_mode & 0o777
        for f in (place.checkout.cloud / n for n in ("resources", "resources.key"))
    ] == [0o600, 0o600]


def test_what_was_deleted_since_the_copy_stays_deleted(place: Place) -> None:
    place.put(GROUP, OTHER)
    place.copy()
    place.record(GROUP)
    (place.checkout.cloud / store.FILE).unlink()
    place.restore()
    assert place.ids() == [GROUP]


def test_after_a_destroy_nothing_is_wanted_back(place: Place) -> None:
    place.put(GROUP)
    place.copy()
    place.record()
    (place.checkout.cloud / store.FILE).write_bytes(b"garbage")
    place.restore()
    assert place.ids() == []


def test_without_a_copy_rows_are_not_given_up(place: Place) -> None:
    place.put(SERVER)
    data = place.give_rows()
    place.record(SERVER, kind="azure-native:dbforpostgresql:Server")
    (place.checkout.cloud / store.FILE).write_bytes(b"garbage")
    with pytest.raises(RowsAtStakeError, match=f"still in {data}"):
        place.restore()
    assert (place.checkout.cloud / store.FILE).read_bytes() == b"garbage"


def test_without_a_copy_and_without_rows_all_is_made_again(place: Place) -> None:
    place.put(GROUP)
    (place.checkout.cloud / store.FILE).write_bytes(b"garbage")
    place.restore()
    assert "is damaged. Everything is created again" in place.said.getvalue().replace("\n", " ")
    assert list(Store(place.checkout.cloud)) == []


def test_a_server_that_the_cloud_lost_is_no_difference_to_mend() -> None:
    recovery.refuse_lost_databases({GROUP: TOKEN})
    with pytest.raises(RowsAtStakeError, match="its rows are lost") as caught:
        recovery.refuse_lost_databases({SERVER: "azure-native:dbforpostgresql:Server"})
    assert "frugal up --accept-data-loss" in str(caught.value)


def test_the_document_lists_every_damage_with_its_outcome() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    listed = {row[0]: row[2] for row in rows if len(row) == 4 and row[0] in CASES}
    assert listed == {name: case.outcome for name, case in CASES.items()}
