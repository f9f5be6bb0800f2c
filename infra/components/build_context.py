"""An image's build context: the files that Docker would send, in a reproducible archive."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import PathSpec, Pattern
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from frugal.errors import FrugalError


class ContextError(FrugalError):
    """A folder cannot be built; the text says why."""


@dataclass(frozen=True, kw_only=True)
class BuildContext:
    """`tar`: what is packed; `digest`: hex SHA-256 of it (names, modes, contents)."""

    tar: bytes
    digest: str

    @property
    def archive(self) -> bytes:
        """The tar, compressed as the registry takes it; a preview needs the digest alone."""
        return gzip.compress(self.tar, mtime=0)


def pack(folder: Path, *, dockerfile: str = "Dockerfile") -> BuildContext:
    """Pack a folder for a build. Raises ContextError where it has no Dockerfile.

    `.dockerignore` is honoured; the Dockerfile is always packed. The same files give the same
    bytes: entries are sorted, have no times or owners, and of the mode only the executable bit.
    """
    if not (folder / dockerfile).is_file():
        message = (
            f"{folder.parent.name}/{folder.name} has no {dockerfile}, so no image can be built "
            "from it; docs/adding-a-site.md has an example"
        )
        raise ContextError(message)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(_files(folder, dockerfile)):
            entry, content = _entry(folder / path, path)
            tar.addfile(entry, io.BytesIO(content))
    packed = buffer.getvalue()
    return BuildContext(tar=packed, digest=hashlib.sha256(packed).hexdigest())


def _entry(file: Path, name: str) -> tuple[tarfile.TarInfo, bytes]:
    """Header and content of a file or a symbolic link."""
    entry = tarfile.TarInfo(name)  # no time, no owner
    if file.is_symlink():
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, str(file.readlink()), 0o777
        return entry, b""
    content = file.read_bytes()
    entry.size, entry.mode = len(content), 0o755 if file.stat().st_mode & 0o111 else 0o644
    return entry, content


def _files(folder: Path, dockerfile: str) -> Iterator[str]:
    """Files and links to pack, relative to the folder, with forward slashes."""
    ignored = _ignored(folder / ".dockerignore")
    for path in folder.rglob("*"):
        relative = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        if relative == dockerfile or not ignored.match_file(relative):
            yield relative


def _ignored(file: Path) -> PathSpec[Pattern]:
    """Patterns of a .dockerignore: as in a .gitignore, but each starts at the folder's root."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    patterns: list[str] = []
    for line in (line.strip() for line in lines):
        if line and not line.startswith("#"):
            negated = "!" if line.startswith("!") else ""
            patterns.append(
                f"{negated}/{line.removeprefix('!').strip().removeprefix('./').lstrip('/')}"
            )
    return PathSpec.from_lines(GitIgnoreSpecPattern, patterns)
