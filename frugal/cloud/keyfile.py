"""Secrets that the local cloud generates for itself and keeps on disk."""

from collections.abc import Callable
from pathlib import Path

from frugal.atomic import atomic_write


def load_or_create(file: Path, make: Callable[[], bytes]) -> bytes:
    """Return the content of `file`, readable by its owner alone; `make` creates a missing one.

    An empty file counts as missing.
    """
    if not file.exists() or not file.stat().st_size:
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(file, make())
    return file.read_bytes()
