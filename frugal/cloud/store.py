"""The resources of the local cloud by their ids, stored on disk across restarts.

The file is encrypted as a whole, because a resource's body may hold secrets (a container app's
`configuration.secrets`, an app setting): no reader of the disk or of a backup finds one in clear.
The key lies beside it, readable for its owner alone. `copy` leaves both in another folder, from
where `restore` brings them back.
"""

import contextlib
import json
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from frugal.atomic import atomic_write
from frugal.cloud.bodies import Body
from frugal.cloud.errors import CloudError
from frugal.cloud.ids import key_of, name_of
from frugal.cloud.keyfile import load_or_create

FILE, KEY = "resources", "resources.key"

# How long Azure keeps the name of a deleted server or account: days (azure-docs issue 115432, read
# in November 2026). Seven here; `frugal down` drops the reservations with the folder.
RESERVED_SECONDS = 7 * 24 * 3600


@dataclass(kw_only=True)
class Resource:
    """One stored resource.

    `inputs` is its body as the Pulumi SDK sends it (`properties` flattened, path parameters
    beside); `computed` are the properties that only the cloud sets; `data` is internal and not part
    of any API (a registry's images, say).
    """

    id: str
    token: str
    inputs: Body
    computed: Body = field(default_factory=dict[str, Any])
    data: Body = field(default_factory=dict[str, Any])
    urn: str = ""
    created: float = field(default_factory=time.time)


class Store:
    """Resources by id. Every change is on disk before the call returns.

    A change that can't be written (no space) raises CloudError `StateUnwritable`.
    """

    def __init__(self, folder: Path) -> None:
        """Open the store in `folder`. Raises CloudError `StateUnreadable` if it is damaged."""
        self._resources: dict[str, Resource] = {}
        self._reserved: dict[str, float] = {}
        self._deleted: dict[str, Resource] = {}
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / FILE
        self._key = folder / KEY
        if self._file.exists():
            content = _read(folder)
            self._resources = {key_of(r["id"]): Resource(**r) for r in content["resources"]}
            self._reserved = content["reserved"]
            self._deleted = {key_of(r["id"]): Resource(**r) for r in content.get("deleted", ())}
        # A damaged key was refused with what it encrypts, or nothing is encrypted with it.
        self._cipher = load_or_create(self._key, Fernet.generate_key, Fernet)
        self._secret = self._key.read_bytes()

    def save(self) -> None:
        """Write everything atomically; the key too, if it is missing."""
        content = {
            "resources": [asdict(r) for r in self._resources.values()],
            "reserved": self._reserved,
            "deleted": [asdict(r) for r in self._deleted.values()],
        }
        try:
            load_or_create(self._key, lambda: self._secret, bytes)
            atomic_write(self._file, self._cipher.encrypt(json.dumps(content).encode()))
        except OSError as error:
            raise CloudError(
                "StateUnwritable", f"{self._file} can't be written: {error.strerror}."
            ) from error

    @contextlib.contextmanager
    def _change(self) -> Generator[None]:
        """Save the changes made inside; roll them back if that fails."""
        before = dict(self._resources), dict(self._reserved), dict(self._deleted)
        try:
            yield
            self.save()
        except CloudError:
            self._resources, self._reserved, self._deleted = before
            raise

    def get(self, resource_id: str) -> Resource | None:
        """The resource with this id, or None."""
        return self._resources.get(key_of(resource_id))

    def need(self, resource_id: str) -> Resource:
        """The resource with this id; raises CloudError `ResourceNotFound`."""
        found = self.get(resource_id)
        if found is None:
            raise CloudError("ResourceNotFound", f"The Resource '{resource_id}' was not found.")
        return found

    def put(self, resource: Resource) -> None:
        """Add or replace a resource."""
        with self._change():
            self._resources[key_of(resource.id)] = resource

    def remove(
        self, resource: Resource, *, reserve: bool = False, until_purged: bool = False
    ) -> None:
        """Forget a resource; with `reserve` its name stays taken for a while.

        With `until_purged` it is among `deleted` until `purge`.
        """
        key = key_of(resource.id)
        with self._change():
            self._resources.pop(key, None)
            if until_purged:
                resource.data["deleted"] = time.time()
                self._deleted[key] = resource
            if reserve:
                name = _name_key(resource.token, resource.id)
                self._reserved[name] = time.time() + RESERVED_SECONDS

    def deleted(self, token: str) -> list[Resource]:
        """Every deleted resource of one type that was not purged."""
        return [r for r in self._deleted.values() if r.token == token]

    def purge(self, resource: Resource) -> None:
        """Forget a deleted resource for good."""
        with self._change():
            self._deleted.pop(key_of(resource.id), None)

    def is_reserved(self, token: str, resource_id: str) -> bool:
        """True if a deleted resource of this type still holds this name."""
        return self._reserved.get(_name_key(token, resource_id), 0) > time.time()

    def of(self, token: str) -> list[Resource]:
        """Every resource of one type."""
        return [r for r in self if r.token == token]

    def within(self, resource_id: str, token: str = "") -> list[Resource]:
        """The resources inside one, innermost first: its children and what is scoped to it.

        Of one type alone where `token` is given.
        """
        prefix = key_of(resource_id) + "/"
        inside = [r for key, r in self._resources.items() if key.startswith(prefix)]
        inside.sort(key=lambda r: (-r.id.count("/"), -r.created))
        return [r for r in inside if token in {"", r.token}]

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._resources.values()))


def read_ids(folder: Path) -> dict[str, str] | None:
    """The ids in the store of `folder` with their URNs; None where it is missing or damaged."""
    try:
        return {r["id"]: r["urn"] for r in _read(folder)["resources"]}
    except CloudError:
        return None


def copy(folder: Path, to: Path) -> None:
    """Copy store and key from one folder into another, readable for their owner alone."""
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (KEY, FILE):
        atomic_write(to / name, (folder / name).read_bytes())


def restore(folder: Path, copied: Path, *, wanted: Callable[[str, str], bool]) -> None:
    """Restore the store of `folder` from a copy, with the resources that are `wanted`.

    `wanted` gets each resource's id and URN. Raises CloudError `StateUnreadable`.
    """
    if read_ids(copied) is None:
        raise _unreadable(copied)
    copy(copied, folder)
    store = Store(folder)
    for resource in store:
        if not wanted(resource.id, resource.urn):
            store.remove(resource)


def _read(folder: Path) -> Body:
    """The content of the store in `folder`. Raises CloudError `StateUnreadable`."""
    try:
        cipher = Fernet((folder / KEY).read_bytes())
        content: Body = json.loads(cipher.decrypt((folder / FILE).read_bytes()))
    except (InvalidToken, ValueError, FileNotFoundError) as error:
        raise _unreadable(folder) from error
    return content


def _unreadable(folder: Path) -> CloudError:
    return CloudError(
        "StateUnreadable", f"{folder / FILE} can't be decrypted with the key beside it."
    )


def _name_key(token: str, resource_id: str) -> str:
    return f"{token}/{name_of(resource_id).lower()}"
