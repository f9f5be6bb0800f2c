"""File locks between processes."""

import fcntl
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def take(file: IO[str], *, wait: bool) -> bool:
    """Lock an open file. Return False if another process holds the lock and `wait` is False."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


@contextmanager
def locked(path: Path, on_busy: Callable[[], None] | None = None) -> Generator[None]:
    """Hold the lock of the file at `path`. `on_busy`: called before waiting for its holder."""
    with path.open("a") as file:
        if not take(file, wait=False):
            if on_busy is not None:
                on_busy()
            take(file, wait=True)
        yield
