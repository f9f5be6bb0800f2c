"""Secrets that the local cloud generates for itself and keeps on disk."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from frugal.atomic import atomic_write

T = TypeVar("T")


def load_or_create(file: Path, make: Callable[[], bytes], parse: Callable[[bytes], T]) -> T:
    """Return the parsed content of `file`, readable by its owner alone.

    `make` creates the content of a missing, empty or damaged one: `parse` raises ValueError.
    """
    with suppress(FileNotFoundError, ValueError):
        if content := file.read_bytes():
            return parse(content)
    file.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(file, make())
    return parse(file.read_bytes())
