"""Paths in the checkout, and the user's cache folder that checkouts share."""

import os
import pwd
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import platformdirs

from frugal.errors import FrugalError


@dataclass(frozen=True)
class Checkout:
    """A clone of the project. Generated files are under `.venv` and `.frugal` in it."""

    root: Path

    @property
    def tool(self) -> Path:
        """The tool's own folder."""
        return self.root / ".frugal"

    @property
    def python(self) -> Path:
        """The interpreter of the checkout's virtualenv."""
        return self.root / ".venv" / "bin" / "python"

    @property
    def uv(self) -> str:
        """The uv to call: the one that the set-up installed, else the one on PATH."""
        own = self.tool / "uv" / "bin" / "uv"
        return str(own) if own.exists() else shutil.which("uv") or str(own)

    @property
    def bin(self) -> Path:
        """The Pulumi CLI and the executables that it starts."""
        return self.tool / "bin"

    @property
    def pulumi(self) -> Path:
        """The Pulumi CLI of this checkout."""
        return self.bin / "pulumi"

    @property
    def lock(self) -> Path:
        """Locked while an update or a teardown of the local environment runs."""
        return self.tool / "local.lock"

    @property
    def local(self) -> Path:
        """Everything of the environment `local`."""
        return self.tool / "local"

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

    @property
    def home(self) -> Path:
        """PULUMI_HOME of the local environment: its azure-native plugin is the local cloud."""
        return self.local / "pulumi"

    @property
    def state(self) -> Path:
        """The engine's state of the local environment, a file backend."""
        return self.local / "state"

    @property
    def cloud(self) -> Path:
        """The folder of the local cloud's daemon."""
        return self.local / "cloud"

    @property
    def logs(self) -> Path:
        """One log file a service: homepage, translator, postgres, edge."""
        return self.cloud / "logs"

    @property
    def previews(self) -> Path:
        """Previews kept by `frugal compare`."""
        return self.tool / "plan" / "previews"

    @property
    def plan_home(self) -> Path:
        """PULUMI_HOME for planning without a login: its azure-native plugin only validates."""
        return self.tool / "plan" / "pulumi"


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
