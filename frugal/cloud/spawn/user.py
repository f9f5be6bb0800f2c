"""Running a program as another user when the daemon is root."""

import asyncio
import os
import shutil
import stat
import sys
from asyncio.subprocess import DEVNULL
from dataclasses import dataclass
from pathlib import Path

# By bit (linux/capability.h), the smaller right first: reading files and passing through folders,
# whoever owns them; then writing as well. Docker gives a container's root only the second.
_RIGHTS = ((2, "dac_read_search"), (1, "dac_override"))


@dataclass(frozen=True, kw_only=True)
class RunAs:
    """How a program is started so that it runs as another user.

    `user`: numeric id for the child to change to by itself (None: it stays who it is).
    `prefix`: words to put before the program, empty unless a helper does the change.
    `note`: what could not be kept as declared, one sentence; None when nothing.
    """

    user: int | None = None
    prefix: tuple[str, ...] = ()
    note: str | None = None

    @property
    def changes_user(self) -> bool:
        """Whether the program runs as another user than we do."""
        return self.user is not None or bool(self.prefix)


async def run_as(user: int | None, *paths: Path) -> RunAs:
    """Find how to run a program as `user`, who must be able to read each of `paths`.

    A folder closed to others on the way there (root's home, where Python itself may live) is got
    over on Linux by one ambient capability, CAP_DAC_READ_SEARCH or, where we lack it ourselves,
    CAP_DAC_OVERRIDE, which `note` then says.
    """
    if user is None or user == os.geteuid():
        return RunAs()
    if os.geteuid() != 0:
        return RunAs(
            note=f"USER {user} is not honoured: only root can become another user, "
            f"so this runs as user {os.geteuid()}."
        )
    closed = await _first_unreadable(user, paths)
    if closed is None:
        return RunAs(user=user)
    barrier = _barrier(closed, user)
    setpriv = shutil.which("setpriv")
    right = _right()
    if right is None or setpriv is None:
        return RunAs(
            note=f"USER {user} is not honoured: {barrier} is closed to that user and this machine "
            "has no way (setpriv, CAP_DAC_READ_SEARCH) to get over it, so this runs as root. "
            f"Opening that folder (chmod o+x {barrier}) or another place for it mends that."
        )
    prefix = (
        setpriv,
        f"--reuid={user}",
        f"--regid={user}",
        "--clear-groups",
        # Else access() would not count the capability: initdb asks it about its own program.
        "--securebits=+no_setuid_fixup",
        f"--inh-caps=-all,+{right}",
        f"--ambient-caps=-all,+{right}",
        f"--bounding-set=-all,+{right}",
        "--no-new-privs",
        "--",
    )
    return RunAs(
        prefix=prefix,
        note=f"USER {user} is honoured with one right more (it gets past the modes of "
        f"files, by CAP_{right.upper()}), because {barrier} is closed to that user.",
    )


def _right() -> str | None:
    """The smallest right that gets past the modes of folders, of those that we have ourselves."""
    if sys.platform != "linux":
        return None
    lines = Path("/proc/self/status").read_text().splitlines()
    permitted = int(next(line.split()[1] for line in lines if line.startswith("CapPrm:")), 16)
    return next((name for bit, name in _RIGHTS if permitted >> bit & 1), None)


async def _first_unreadable(user: int, paths: tuple[Path, ...]) -> Path | None:
    # The kernel is asked, as that user: modes, owners and access lists are all its business.
    for path in (path for path in paths if path.exists()):
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            'test -r "$1"',
            "sh",
            str(path),
            cwd="/",
            stdin=DEVNULL,
            user=user,
            group=user,
            extra_groups=[],
        )
        if await process.wait() != 0:
            return path
    return None


def _barrier(path: Path, user: int) -> Path:
    """Return the outermost folder on the way to `path` (links followed) that shuts `user` out."""
    target = path.resolve()
    for folder in (*reversed(target.parents), target):
        status = folder.stat()
        needed = stat.S_IXUSR if status.st_uid == user else stat.S_IXOTH
        if not status.st_mode & needed:
            return folder
    return path
