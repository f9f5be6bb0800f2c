"""User ids for the platform's processes, and folders that they can reach.

Only where the platform is root: an ordinary user can't become another, and keeps all of an
environment to itself by the mode of one folder.
"""

import contextlib
import grp
import hashlib
import json
import os
import pwd
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from frugal.atomic import atomic_write
from frugal.cloud.errors import CloudError
from frugal.paths import is_passable

ROOM = Path("/var/lib/frugal")
"""Has a folder for each environment, named by the first of its numbers."""

# Numbers that no system assigns: systemd, docs/UIDS-GIDS.md ("Unused"), read in November 2026. They
# are below 65536, so that they exist in a container with a user namespace too.
FIRST, LAST = 60578, 61183
# Numbers an environment: the first is the group of all, the others go to apps and servers.
SIZE = 32

# Seconds after which an unfinished claim or removal counts as left by a killed process.
_UNFINISHED_SECONDS = 60.0
_OTHERS_READ, _OTHERS_PASS = 0o004, 0o001


class Accounts:
    """Numbers by name, and places by name, for the environment in `folder`.

    Numbers are user and group ids alike; they stay the same over restarts. A place is a folder
    `folder`/NAME. If other users can't get to `folder` (root's home is closed), the place lies in
    the environment's part of `ROOM` and `folder`/NAME is a link.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._numbers: dict[str, int] = {}
        self._outside: Path | None = None
        # Builds of two images, each in a thread, may want a number or a copy at once.
        self._lock = threading.RLock()

    def number(self, name: str) -> int | None:
        """The user id of `name`, the same at every call; None where the platform isn't root.

        Raises CloudError when all of the environment's are in use.
        """
        if os.geteuid() != 0:
            return None
        with self._lock:
            first = int(self._claimed().name)
            if name not in self._numbers:
                taken = {first, *self._numbers.values()}
                free = next((n for n in range(first, first + SIZE) if n not in taken), None)
                if free is None:
                    raise CloudError(
                        "QuotaExceeded",
                        f"An environment has at most {SIZE - 1} apps, jobs, servers and "
                        "repositories where the platform runs as root: each has a user id of its "
                        "own, repositories of deleted sites too. `make down` frees them all, and "
                        "deletes the database's rows.",
                    )
                self._numbers[name] = free
                self._save()
            return self._numbers[name]

    def release(self, name: str) -> None:
        """Release the number of `name`; no process or file may use it any more."""
        with self._lock:
            if self._numbers.pop(name, None) is not None:
                self._save()

    def owns(self, number: int) -> bool:
        """Return True for a number that is this environment's."""
        return self.group <= number < self.group + SIZE

    @property
    def group(self) -> int:
        """The group that everything of this environment is in (platforms of root alone)."""
        return int(self._claimed().name)

    def place(self, name: str) -> Path:
        """A folder for other users than the platform; the modes of its children decide which.

        Of root's platform: of the environment's group, which passes through and lists nothing.
        """
        there = self._folder / name
        if os.geteuid() != 0:
            there.mkdir(mode=0o700, parents=True, exist_ok=True)
            return there
        self._folder.mkdir(parents=True, exist_ok=True)
        place = there if is_passable(self._folder / "place") else self._claimed() / name
        if there.is_symlink():
            # An existing place outside stays there, even if the folder can be reached by now.
            kept = there.resolve()
            if kept.parent == self._claimed() and kept.is_dir():
                place = kept
            else:
                there.unlink()
        elif place != there and there.is_dir():
            shutil.rmtree(place, ignore_errors=True)
            shutil.move(there, place)
        place.mkdir(exist_ok=True)
        os.chown(place, 0, self.group)
        place.chmod(0o710)
        if place != there and not there.is_symlink():
            there.symlink_to(place)
        return place

    def copy(
        self,
        tree: Path,
        parts: Iterable[str],
        *,
        skip: Iterable[str] = (),
        adapt: Callable[[Path], None] | None = None,
    ) -> Path:
        """Copy these parts of a folder so that every user can read them, once.

        Hard links where the file system has them. `skip`: patterns of names to leave out; `adapt`:
        called with the copy before anybody gets it.
        """
        found = [part for part in parts if (tree / part).exists()]
        marks = [f"{part} {(tree / part).stat().st_mtime_ns}" for part in found]
        mark = hashlib.sha256("\n".join([str(tree), *marks]).encode()).hexdigest()[:12]
        copies = self._claimed() / "copies"
        copies.mkdir(exist_ok=True)
        copies.chmod(0o755)
        copy = copies / f"{tree.name}-{mark}"
        with self._lock:
            if copy.exists():
                return copy
            fresh = copy.with_name(f"{copy.name}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            for part in found:
                target = fresh / part
                target.parent.mkdir(parents=True, exist_ok=True)
                if (tree / part).is_dir():
                    shutil.copytree(
                        tree / part,
                        target,
                        symlinks=True,
                        ignore=shutil.ignore_patterns(*skip),
                        copy_function=_link,
                    )
                else:
                    _link(str((tree / part).resolve()), str(target))
            for folder, _, _ in os.walk(fresh):
                Path(folder).chmod(0o755)
            if adapt is not None:
                adapt(fresh)
            fresh.rename(copy)
        return copy

    def _save(self) -> None:
        atomic_write(self._claimed() / "numbers.json", json.dumps(self._numbers, indent=1))

    def _claimed(self) -> Path:
        """The environment's part of `ROOM`, claimed at the first need."""
        with self._lock:
            if self._outside is None:
                self._outside = self._kept() or self._claim()
                with contextlib.suppress(OSError, ValueError):
                    self._numbers = json.loads((self._outside / "numbers.json").read_text())
            return self._outside

    def _kept(self) -> Path | None:
        # A link that was lost is made again: what lies outside may hold rows. What a killed claim
        # left is no place yet.
        whole = [place for place in _places() if not place.name.startswith(".")]
        own = [place for place in whole if _is_of(place, self._folder)]
        place = next(iter(own), _linked(self._folder))
        if place is None or not place.is_dir():
            return None
        if _linked(self._folder) != place:
            self._lead_to(place)
        owner = _owner(place)
        if owner != self._folder:
            if owner is not None and _linked(owner) == place:
                # This folder is a copy of that one.
                return None
            _sign(place, self._folder)
        return place

    def _claim(self) -> Path:
        try:
            if not ROOM.exists():
                ROOM.mkdir(parents=True, exist_ok=True)
                ROOM.chmod(0o711)
            place = self._find()
            if place is None:
                sweep()
                place = self._find()
            if place is not None:
                return place
        except OSError as error:
            raise CloudError(
                "FolderNotReachable",
                f"The platform runs as root and stores its apps' files in {ROOM}, which can't be "
                f"written: {error.strerror}. Fix that, or run the command as an ordinary user.",
            ) from error
        raise CloudError(
            "QuotaExceeded",
            f"{(LAST + 1 - FIRST) // SIZE} environments of root exist on this machine, the most "
            f"possible: see {ROOM}/*/environment, and run `make down` in unused checkouts.",
        )

    def _find(self) -> Path | None:
        for first in range(FIRST, LAST + 2 - SIZE, SIZE):
            place = ROOM / str(first)
            if not place.exists() and not _is_named(first) and self._take(place):
                return place
        return None

    def _take(self, place: Path) -> bool:
        """Claim a place atomically; False if another environment has it."""
        fresh = Path(tempfile.mkdtemp(dir=ROOM, prefix="."))
        _sign(fresh, self._folder)
        fresh.chmod(0o711)
        # The link first: a place that no link leads to counts as left behind.
        self._lead_to(place)
        try:
            fresh.rename(place)
        except OSError:
            shutil.rmtree(fresh)
            return False
        return True

    def _lead_to(self, place: Path) -> None:
        link = self._folder / "outside"
        link.unlink(missing_ok=True)
        link.symlink_to(place)


def is_open(path: Path) -> bool:
    """True if every user of this machine can read this file, or pass through this folder."""
    real = path.resolve()
    wanted = _OTHERS_PASS if real.is_dir() else _OTHERS_READ
    return real.exists() and bool(real.stat().st_mode & wanted) and is_passable(real)


def remove(folder: Path) -> list[Path]:
    """Remove everything of the environment in `folder` from `ROOM`; return what was removed."""
    folder = folder.resolve()
    linked = _linked(folder)
    gone: list[Path] = []
    for place in _places():
        owner = _owner(place)
        moved = place == linked and (owner is None or _linked(owner) != place)
        if _is_of(place, folder) or moved:
            _delete(place)
            gone.append(place)
    return gone


def sweep() -> list[Path]:
    """Remove leftovers of deleted environments from `ROOM`; return what stays.

    What stays has rows of a missing, perhaps moved checkout, whose path is the first line of its
    file `environment`.
    """
    stays: list[Path] = []
    for place in _places():
        owner = _owner(place)
        there = owner is not None and _is_of(place, owner)
        if owner and (_linked(owner) == place or (there and (owner.parent / "state").exists())):
            # In use; or the engine knows of it, and the next `up` there finds it again.
            continue
        if place.name.startswith("."):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - place.stat().st_mtime > _UNFINISHED_SECONDS:
                    shutil.rmtree(place)
        elif owner and not there and any(place.glob("postgres/*/data")):
            stays.append(place)
        else:
            with contextlib.suppress(OSError):
                _delete(place)
    return stays


def _delete(place: Path) -> None:
    """Remove a part of `ROOM`.

    It is renamed first, which only one of several removals can do; another environment's `sweep`
    leaves the new name alone.
    """
    with contextlib.suppress(FileNotFoundError):
        os.utime(place)
        aside = place.rename(place.with_name(f".{place.name}-{os.getpid()}"))
        shutil.rmtree(aside)


def _sign(place: Path, folder: Path) -> None:
    """Record the owner of a part of `ROOM`."""
    file = place / "environment"
    file.write_text(_signature(folder))
    file.chmod(0o600)


def _signature(folder: Path) -> str:
    """An environment's folder and the inode of its checkout, 0 where that is gone."""
    checkout = folder.parent.parent.parent
    return f"{folder}\n{checkout.stat().st_ino if checkout.exists() else 0}\n"


def _signed(place: Path) -> str:
    try:
        return (place / "environment").read_text()
    except OSError:
        return ""


def _is_of(place: Path, folder: Path) -> bool:
    """True if it belongs to this environment, not to an earlier checkout at the same path."""
    return _signed(place) == _signature(folder)


def _places() -> list[Path]:
    return sorted(ROOM.iterdir()) if os.geteuid() == 0 and ROOM.is_dir() else []


def _linked(folder: Path) -> Path | None:
    """The part of `ROOM` that an environment's folder leads to."""
    try:
        place = (folder / "outside").readlink()
    except OSError:
        return None
    return place if place.parent == ROOM else None


def _owner(place: Path) -> Path | None:
    folder = _signed(place).partition("\n")[0]
    return Path(folder) if folder else None


def _is_named(first: int) -> bool:
    """True if this machine gave a name to one of the numbers that begin here."""
    for number in range(first, first + SIZE):
        for find in (pwd.getpwuid, grp.getgrgid):
            with contextlib.suppress(KeyError):
                find(number)
                return True
    return False


def _link(source: str, target: str) -> None:
    """Hard-link a file, or copy it where that fails or not every user may read it."""
    mode = Path(source).stat().st_mode & 0o777
    if mode & _OTHERS_READ:
        with contextlib.suppress(OSError):
            Path(target).hardlink_to(source)
            return
    shutil.copyfile(source, target)
    Path(target).chmod(readable(mode))


def readable(mode: int) -> int:
    """A file's mode with its owner's read and execute bits granted to every user."""
    return mode | (mode & 0o500) >> 3 | (mode & 0o500) >> 6


def give(folder: Path, user: int) -> None:
    """Make a user, and the group of that number, the owner of a folder and all that is in it."""
    os.chown(folder, user, user)
    for here, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(here) / name, user, user, follow_symlinks=False)
