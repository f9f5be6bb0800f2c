"""A build context: the content of a tar.gz, its digest, and copying parts to a folder.

Nothing is ever written outside the folder given: members that would be are refused by name. (The
standard library's filter for this is missing from the Python 3.11.2 that Debian 12 has.)
"""

import fnmatch
import hashlib
import io
import posixpath
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from frugal.cloud.images.dockerfile import BuildError, Copy

_EXECUTABLE = 0o111


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file (`content`), a link (`link`), or a folder (neither)."""

    content: bytes | None = None
    link: str | None = None
    executable: bool = False


class Context:
    """The entries of a context by path, relative and without `.` or `..`."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = dict(sorted(entries.items()))

    @classmethod
    def read(cls, content: bytes) -> "Context":
        """Read a tar.gz. Raises BuildError if it is invalid or has members that reach outside."""
        entries: dict[str, Entry] = {}
        try:
            with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
                for member in archive:
                    path = _inside(member.name, member.name)
                    if path != ".":
                        entries[path] = _entry(archive, member, path)
        except (tarfile.TarError, EOFError, OSError) as error:
            message = f"The build context is not a whole tar.gz archive: {error}"
            raise BuildError(message) from error
        for path in entries:
            for parent in map(str, PurePosixPath(path).parents):
                if entries.get(parent, Entry()).link is not None:
                    raise BuildError(f"The build context has {path} below the link {parent}.")
        return cls(entries)

    def digest(self, dockerfile: str) -> str:
        """Return sha256:… over names, contents and executable bits; not over times and owners."""
        whole = hashlib.sha256(f"frugal image 1\n{dockerfile}\n".encode())
        whole.update(_listing(self.entries).encode())
        return f"sha256:{whole.hexdigest()}"

    def listing(self, step: Copy) -> str:
        """Return names, digests and executable bits of what COPY would copy."""
        found = [match for source in step.sources for match in self._matches(source)]
        return "".join(_listing({m: self.entries.get(m, Entry()), **self._below(m)}) for m in found)

    def text(self, path: str) -> str:
        """Return a file's text. Raises BuildError when it is not there or not UTF-8."""
        entry = self.entries.get(posixpath.normpath(path))
        if entry is None or entry.content is None:
            there = (
                ", ".join(sorted({name.partition("/")[0] for name in self.entries})) or "nothing"
            )
            raise BuildError(f"The build context has no file {path}; at its top there is: {there}.")
        try:
            return entry.content.decode()
        except UnicodeDecodeError as error:
            raise BuildError(f"{path} is not UTF-8 text.") from error

    def copy(self, step: Copy, root: Path) -> None:
        """Carry out a COPY into the folder that stands for `/` of the image.

        Raises BuildError for a source that is not in the context.
        """
        found: list[str] = []
        for source in step.sources:
            matches = self._matches(source)
            if not matches:
                raise BuildError(
                    f"COPY {source}: no such file in the build context "
                    "(a .dockerignore may exclude it)."
                )
            found += matches
        for match in found:
            self._copy(match, step.target, root, into=len(found) > 1)

    def _matches(self, source: str) -> list[str]:
        path = posixpath.normpath(source.lstrip("/") or ".")
        if path == "." or path in self.entries or self._below(path):
            return [path]
        depth = path.count("/")
        return [
            name
            for name in self.entries
            if name.count("/") == depth
            and all(map(fnmatch.fnmatchcase, name.split("/"), path.split("/")))
        ]

    def _below(self, folder: str) -> dict[str, Entry]:
        """The entries of a folder by their paths in it."""
        prefix = "" if folder == "." else f"{folder}/"
        inside = {name: entry for name, entry in self.entries.items() if name.startswith(prefix)}
        return {name.removeprefix(prefix): entry for name, entry in inside.items()}

    def _copy(self, path: str, target: str, root: Path, *, into: bool) -> None:
        entry = self.entries.get(path, Entry())
        place = root / target.strip("/")
        if entry.content is None and entry.link is None:
            # A folder: what is in it, not the folder itself, as docker does.
            place.mkdir(parents=True, exist_ok=True)
            for name, inside in self._below(path).items():
                _write(place / name, inside, root)
            return
        if into or target.endswith("/") or place.is_dir():
            place /= posixpath.basename(path)
        _write(place, entry, root)


def _listing(entries: Mapping[str, Entry]) -> str:
    lines: list[str] = []
    for path, entry in entries.items():
        content = entry.link.encode() if entry.link is not None else entry.content
        kind = "link" if entry.link is not None else "folder" if content is None else "file"
        part = hashlib.sha256(content or b"").hexdigest()
        lines.append(f"{path}\0{kind}\0{entry.executable}\0{part}\n")
    return "".join(lines)


def _write(place: Path, entry: Entry, root: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.parent.resolve().is_relative_to(root.resolve()):
        raise BuildError(f"COPY would write through a link out of the image: {place.name}.")
    if entry.link is None and entry.content is None:
        place.mkdir(exist_ok=True)
        return
    if place.is_symlink() or place.is_file():
        place.unlink()
    if entry.link is not None:
        place.symlink_to(entry.link)
    elif entry.content is not None:
        place.write_bytes(entry.content)
        place.chmod(0o755 if entry.executable else 0o644)


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> Entry:
    if member.isdir():
        return Entry()
    if member.issym():
        _inside(posixpath.join(posixpath.dirname(path), member.linkname), f"{path} (a link)")
        return Entry(link=member.linkname)
    if member.isfile() or member.islnk():
        try:
            stream = archive.extractfile(member)
        except KeyError:
            stream = None
        if stream is not None:
            executable = bool(member.mode & _EXECUTABLE)
            return Entry(content=stream.read(), executable=executable)
    raise BuildError(f"The build context has {path}, which is not a file, folder or link.")


def _inside(path: str, shown: str) -> str:
    normal = posixpath.normpath(path)
    if normal.startswith(("/", "../")) or normal == "..":
        raise BuildError(f"The build context has a path outside itself: {shown}.")
    return normal
