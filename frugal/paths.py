"""Paths in the checkout, and the user's cache folder that checkouts share."""

import os
import pwd
import shutil
from functools import cache
from pathlib import Path

import platformdirs

from frugal.errors import FrugalError


class Checkout:
    """A clone of the project. Generated files are under `.venv` and `.frugal` in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.python = root / ".venv" / "bin" / "python"
        self.tool = root / ".frugal"
        # The Pulumi CLI and the executables that it starts.
        self.bin = self.tool / "bin"
        self.pulumi = self.bin / "pulumi"
        # Locked while an update or a teardown of the local environment runs.
        self.lock = self.tool / "local.lock"
        # All that the engine wrote in the last update or teardown of it, builds of images too.
        self.engine_output = self.tool / "engine.log"
        # Everything of the environment `local`: PULUMI_HOME, in which the azure-native plugin is
        # the local cloud; the engine's state, a file backend; the folder of the daemon, with one
        # log file a service (homepage, translator, postgres, edge).
        self.local = self.tool / "local"
        self.home = self.local / "pulumi"
        self.state = self.local / "state"
        self.cloud = self.local / "cloud"
        self.logs = self.cloud / "logs"
        # Files of static web apps, one folder each.
        self.static_sites = self.cloud / "static"
        # Copies of the engine's state and of the daemon's store, each in the other's folder.
        self.state_copy = self.cloud / "state.json"
        self.store_copy = self.state / "store"
        # For planning without a login: the cache of `frugal compare`, and a PULUMI_HOME whose
        # azure-native plugin only validates.
        self.previews = self.tool / "plan" / "previews"
        self.plan_home = self.tool / "plan" / "pulumi"

    @property
    def uv(self) -> str:
        """The uv to call: the one that the set-up installed, else the one on PATH."""
        own = self.tool / "uv" / "bin" / "uv"
        return str(own) if own.exists() else shutil.which("uv") or str(own)

    def make_local(self) -> None:
        """Create the folders of the environment `local`, closed to the machine's other users.

        If the platform runs as root and other users can reach the checkout, its apps and servers
        may traverse the folders to reach their own.
        """
        passing = os.geteuid() == 0 and is_passable(self.local)
        for folder, mode in (
            (self.local, 0o711 if passing else 0o700),
            (self.home, 0o700),
            (self.state, 0o700),
        ):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)


def is_passable(path: Path) -> bool:
    """True if the modes of all parent folders let every user of this machine reach `path`."""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


@cache
def checkout() -> Checkout:
    """The clone that this module is in."""
    return Checkout(Path(__file__).resolve().parent.parent)


def own_checkout() -> Checkout:
    """The checkout. Raises FrugalError if its environment belongs to another user."""
    place = checkout()
    try:
        owned = place.local if place.local.exists() else place.tool
    except PermissionError:
        owned = place.tool
    owner = owned.stat().st_uid if owned.exists() else os.geteuid()
    if os.geteuid() in (0, owner):
        return place
    try:
        name = pwd.getpwuid(owner).pw_name
    except KeyError:
        name = str(owner)
    raise FrugalError(
        f"The environment in {place.root} is the user {name}'s, and closed to all other users. "
        "Clone the project into a folder of your own to have one."
    )


def user_cache() -> Path:
    """The user's cache folder of this tool; clones share the built Pulumi CLI in it.

    Raises FrugalError if it cannot be created.
    """
    folder = platformdirs.user_cache_path("frugal")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FrugalError(
            f"{folder}, where built tools are kept for all your clones, can't be made "
            f"({error.strerror}). Set HOME, or XDG_CACHE_HOME, to a folder of your own and run the "
            "command again."
        ) from None
    return folder
