"""The log of one app: what its processes print and what the platform does with them."""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path


class AppLog:
    """Lines appended to a file, each with its time (ISO 8601, UTC) and its source."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def printed(self, source: str, line: str) -> None:
        """Add a line that a process of the app printed."""
        self._write(f"{source} | {line}")

    def platform(self, source: str, line: str) -> None:
        """Add a line of the platform's own."""
        self._write(f"{source} * {line}")

    def close(self) -> None:
        """Write nothing more."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _write(self, text: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        # A full disk must not end the app.
        with contextlib.suppress(OSError):
            os.write(self._file, f"{now} {text}\n".encode())
