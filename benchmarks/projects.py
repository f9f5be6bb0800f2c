"""Projects to measure: a fresh clone of this checkout, and a program of one file.

Both are in temporary folders and leave nothing. The environment `local` of this checkout is not
touched.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import yaml
from rich.console import Console

from frugal.errors import FrugalError
from frugal.local import daemon as daemons
from frugal.local.engine import Engine, install_cli
from frugal.local.toolchain import minimum_version
from frugal.paths import Checkout, checkout

_FOREIGN = ("PULUMI_", "PYTHON", "VIRTUAL_ENV")


@contextmanager
def program(stack: str, text: str = "") -> Generator[Checkout]:
    """A project of one file, empty by default, with this checkout's virtualenv and stack's file.

    It has the files that `frugal.local.engine.preview_from_nothing` needs.
    """
    here = checkout()
    with tempfile.TemporaryDirectory(prefix="frugal-bench-") as folder:
        place = Checkout(Path(folder).resolve())
        project = {
            "name": "program",
            "runtime": {"name": "python", "options": {"virtualenv": ".venv"}},
            "requiredPulumiVersion": f">={minimum_version(here)}",
        }
        (place.root / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        shutil.copy(here.root / f"Pulumi.{stack}.yaml", place.root)
        (place.root / "__main__.py").write_text(text)
        (place.root / ".venv").symlink_to(here.root / ".venv")
        shutil.copytree(here.root / "tools" / "pulumi", place.root / "tools" / "pulumi")
        yield place


def plain_engine(place: Checkout, console: Console) -> Engine:
    """The plain CLI on a project that needs no provider."""
    home, backend = place.tool / "plain" / "pulumi", place.tool / "plain" / "state"
    backend.mkdir(parents=True)
    return Engine(
        pulumi=install_cli(place, console),
        project=place.root,
        home=home,
        backend=backend,
    )


class Clone:
    """A fresh clone: the checkout's files as git sees them, uncommitted changes included.

    `caches`: a folder to use instead of the user's caches, so that the Pulumi CLI is built and
    every package downloaded; None uses the user's. `distribution`: a folder with an official CLI,
    first on PATH.
    """

    def __init__(
        self, root: Path, caches: Path | None = None, distribution: Path | None = None
    ) -> None:
        self.place = Checkout(root)
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        if caches is not None:
            self._environment |= {"XDG_CACHE_HOME": str(caches), "GOPATH": str(caches / "go")}
        if distribution is not None:
            self._environment["PATH"] = f"{distribution}{os.pathsep}{self._environment['PATH']}"

    def fill(self) -> None:
        """Copy the files."""
        source = checkout().root
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listing, cwd=source, capture_output=True, text=True, check=True)
        for name in filter(None, names.stdout.split("\0")):
            if (source / name).is_file():
                (self.place.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / name, self.place.root / name)

    def run(self, *command: str) -> None:
        """Run a command in it. Raises FrugalError with its last words."""
        done = subprocess.run(
            command,
            cwd=self.place.root,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
            raise FrugalError(f"`{' '.join(command)}` failed in {self.place.root}:\n{words}")

    def set_up(self) -> None:
        """`make setup`."""
        self.run("make", "setup")

    def frugal(self, *arguments: str) -> None:
        """`frugal …` of the clone."""
        self.run(str(self.place.root / ".venv" / "bin" / "frugal"), *arguments)

    def up(self) -> None:
        """`frugal up`."""
        self.frugal("up")

    def down(self) -> None:
        """`frugal down --yes`; does nothing where nothing is."""
        if (self.place.root / ".venv" / "bin" / "frugal").exists():
            self.frugal("down", "--yes")

    def daemon(self) -> daemons.Daemon:
        """Its daemon. Raises FrugalError where none runs."""
        found = daemons.find(self.place)
        if found is None:
            raise FrugalError(f"No daemon runs for {self.place.root}.")
        return found


@contextmanager
def fresh_clone(
    *, empty_caches: bool = False, distribution: Path | None = None
) -> Generator[Clone]:
    """A clone that is taken down and removed at the end, also after an error."""
    with tempfile.TemporaryDirectory(prefix="frugal-bench-") as folder:
        root = Path(folder).resolve() / "clone"
        root.mkdir()
        caches = Path(folder).resolve() / "caches" if empty_caches else None
        clone = Clone(root, caches, distribution)
        clone.fill()
        try:
            yield clone
        finally:
            clone.down()
