"""A file of lines, readable for its owner alone, whose disk may be full."""

import contextlib
import os
from pathlib import Path


class LogFile:
    """Appends lines to the file at `path`, which is made if need be.

    A line that can't be written, since the disk is full, is dropped: no log is worth an outage.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, line: str) -> None:
        """Add a line; after `close`, do nothing."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.write(self._file, f"{line}\n".encode())

    def close(self) -> None:
        """Write nothing more."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1
