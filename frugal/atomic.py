"""Atomic replacement of files, safe against a killed writer."""

import os
from pathlib import Path


def atomic_write(file: Path, content: str | bytes, *, mode: int = 0o600) -> None:
    """Replace or create `file`; its content is on disk before the call returns.

    The content is written to `NAME.new` beside it, with mode `mode` whatever the umask, and
    renamed. Raises OSError and leaves the file unchanged.
    """
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            os.fchmod(descriptor, mode)
            out.write(content.encode() if isinstance(content, str) else content)
            out.flush()
            os.fsync(descriptor)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
