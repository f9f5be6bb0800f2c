"""A built image: its files, its virtual environment and its command."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# What the python images set, as far as it means anything here.
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


def repository_of(reference: str) -> str:
    """An image's repository without registry and tag: an app's name here, in logs and status."""
    repository = reference.rsplit("/", 1)[-1]
    return repository.partition("@")[0].partition(":")[0]


@dataclass(frozen=True, kw_only=True)
class Image:
    """A built image.

    `folder` holds `root/` (what the image has under `/`) and `venv/`. `workdir`, `command` and the
    values of `environment` that name files of the image are paths on this machine. `environment`:
    PATH, LANG and the Dockerfile's ENV. `notes`: deviations of the build from a container's.
    """

    digest: str
    folder: Path
    workdir: Path
    environment: Mapping[str, str]
    command: tuple[str, ...]
    user: int | None
    notes: tuple[str, ...]

    @property
    def programs(self) -> Path:
        """The folder of its Python and of what its packages install as commands."""
        return self.folder / "venv" / "bin"

    @property
    def groups(self) -> tuple[int, ...]:
        """The groups that a process needs to read it: its own first, then that of all images."""
        return self.folder.stat().st_gid, self.folder.parent.stat().st_gid

    def locate(self, word: str) -> str:
        """Return the path on this machine for a path in the image; any other word as it is."""
        if not word.startswith("/") or word == "/":
            return word
        inside = self.folder / "root" / word.lstrip("/")
        if inside.exists():
            return str(inside)
        program = self.programs / Path(word).name
        if str(Path(word).parent) in SYSTEM_PATH.split(":") and program.exists():
            return str(program)
        return word
