"""Files that are replaced whole or not at all, whenever the writer is killed."""

import os
from pathlib import Path


def atomic_write(file: Path, content: str | bytes, *, mode: int = 0o600) -> None:
    """Replace the content of `file`, made if need be; it is on disk before the call returns.

    Written beside it as `NAME.new`, with the rights `mode` whatever the umask, and renamed. Raises
    OSError; the file is as before then.
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
