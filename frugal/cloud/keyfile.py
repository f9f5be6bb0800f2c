"""Secrets that the local cloud generates for itself and keeps on disk."""

from collections.abc import Callable
from pathlib import Path

from frugal.atomic import atomic_write


def load_or_create(file: Path, make: Callable[[], bytes]) -> bytes:
    """The content of `file`, readable for its owner alone; `make` gives it where it is missing.

    An empty file counts as missing.
    """
    if not file.exists() or not file.stat().st_size:
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(file, make())
    return file.read_bytes()
