"""Fill the disk that the store, or the engine's state, lies on; make room; nothing may be lost.

    .venv/bin/python -m tests.faults.disk

As root on Linux alone, since it mounts: a small program in a clone of its own gets a tmpfs for
`.frugal/local/cloud` (store, logs, PostgreSQL's data) or `.frugal/local/state`. On the full one a
change must fail with a message; with room again `frugal up` must end well, the row be there. Prints
one line a disk; ends with 1 unless both hold, with 2 where it can't be tried.
"""

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.damage import Environment
from tests.faults.kills import small_or_whole

SIZE = "400m"


@contextlib.contextmanager
def small_disk(e: Environment, folder: Path) -> Iterator[None]:
    """A disk of its own for a folder, which goes back to where it was at the end."""
    e.stop()
    aside = folder.with_name(f"{folder.name}.aside")
    subprocess.run(["cp", "-a", folder, aside], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True)
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", folder], check=True)
        yield
    finally:
        e.stop()
        shutil.rmtree(aside)
        subprocess.run(["cp", "-a", folder, aside], check=True)
        subprocess.run(["umount", folder], check=True)
        shutil.rmtree(folder)
        aside.rename(folder)


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as out:
        for size in (2**20, 2**12):
            try:
                while out.write(bytes(size)) == size:
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def attempt(e: Environment, folder: Path) -> list[str]:
    """Fill, change, make room, go on."""
    with small_disk(e, folder):
        code, said = e.up()
        if code:
            return [f"on a disk of its own: {said[-400:]}"]
        filler, mark = folder / "filler", e.clone.root / "changed"
        fill(filler)
        (mark.unlink if mark.exists() else mark.touch)()
        code, said = e.up()
        filler.unlink()
        wrong = ["it ended with 0 on a full disk"] if code == 0 else []
        if "space" not in said.lower():
            wrong.append(f"no word of the space: {said[-500:]}")
        if "Traceback" in said:
            wrong.append(f"a traceback: {said[-500:]}")
        code, said = e.up()
        if code:
            return [*wrong, f"with room again: exit code {code}: {said[-500:]}"]
        return wrong + e.faults() + ([] if e.has_row() else ["the row is gone"])


def main() -> int:
    """Fill both; return the exit code."""
    if os.geteuid() != 0 or sys.platform != "linux":
        print("Not run: only root can mount a small disk, on Linux.")
        return 2
    failed = 0
    with small_or_whole(whole=False) as e:
        code, said = e.up()
        assert code == 0, said
        e.write_row()
        for folder in (e.cloud, e.place.state):
            began = time.monotonic()
            wrong = attempt(e, folder)
            failed += bool(wrong)
            took = time.monotonic() - began
            print(f"{folder.name:10}{took:5.0f} s  {'; '.join(wrong) or 'kept'}", flush=True)
    print(f"{2 - failed} of 2 full disks survived.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
