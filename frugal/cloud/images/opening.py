"""Permissions of an image for the app that runs it, where that has a user of its own."""

import os
import re
import shutil
from pathlib import Path

from frugal.atomic import atomic_write
from frugal.cloud.images.dockerfile import BuildError
from frugal.cloud.spawn.accounts import Accounts, is_open, readable

_CLOSED = 0o750


def open_for_apps(folder: Path, accounts: Accounts, repository: str) -> None:
    """Let the apps of `repository` read an image, and no one else: they are in its group.

    A Python that only root can reach (pyenv in root's home) is replaced by a copy that every user
    can run. Idempotent. Raises BuildError where it fails.
    """
    group = accounts.number(f"images of {repository}")
    if group is None:
        return
    python = folder / "venv" / "bin" / "python"
    status = folder.stat()
    if status.st_mode & 0o777 == _CLOSED and accounts.owns(status.st_gid) and is_open(python):
        return
    folder.chmod(0o700)
    if not is_open(python):
        _point(folder / "venv", _copied(python.resolve(), accounts))
    for here, _, files in os.walk(folder):
        Path(here).chmod(readable(Path(here).stat().st_mode & 0o777))
        for name in files:
            _make_readable(Path(here) / name)
    os.chown(folder, 0, group)
    folder.chmod(_CLOSED)


def _point(venv: Path, python: Path) -> None:
    """Point a virtual environment at this Python."""
    link = venv / "bin" / "python"
    link.unlink()
    link.symlink_to(python)
    settings = venv / "pyvenv.cfg"
    home = f"home = {python.parent}"
    settings.write_text(re.sub(r"(?m)^home = .*$", lambda _: home, settings.read_text()))


def _copied(python: Path, accounts: Accounts) -> Path:
    """Copy an interpreter and its standard library so that every user can run it."""
    base = python.parent.parent
    library = base / "lib" / python.name
    if not (library / "os.py").exists():
        raise BuildError(
            f"The Python {python} is in a folder that other users can't read, and can't be copied "
            f"(there is no {library}/os.py). The platform runs as root, and its apps as users of "
            "their own: install a Python that every user can run, or run the command as an "
            "ordinary user."
        )
    shared = [f"lib/{file.name}" for file in (base / "lib").glob(f"lib{python.name}*.so*")]
    parts = [f"bin/{python.name}", *shared, f"lib/{python.name}", f"lib64/{python.name}"]

    def adapt(copy: Path) -> None:
        if shared:
            _let_find_library(copy / "bin" / python.name, base / "lib")

    skip = ("site-packages", "test", "config-3*")
    return accounts.copy(base, parts, skip=skip, adapt=adapt) / "bin" / python.name


def _let_find_library(executable: Path, library: Path) -> None:
    """Name the folder of a program's shared library relative to the program, not absolute.

    Such a path is in the file as text that ends with a zero (ELF's string table).
    """
    named = os.fsencode(library) + b"\0"
    relative = b"$ORIGIN/../lib"
    content = executable.read_bytes()
    if named not in content or len(relative) >= len(named):
        return
    # A file of its own: the copy may be a second name of the original.
    fresh = content.replace(named, relative.ljust(len(named), b"\0"))
    atomic_write(executable, fresh, mode=0o755)


def _make_readable(file: Path) -> None:
    if file.is_symlink():
        return
    status = file.stat()
    mode = status.st_mode & 0o777
    if mode == readable(mode):
        return
    if status.st_nlink > 1:
        # The other name is in a cache of packages, whose modes are not ours.
        fresh = file.with_name(f"{file.name}.new")
        shutil.copy2(file, fresh)
        fresh.replace(file)
    file.chmod(readable(mode))
