"""The log of one app: what its processes print and what the platform does with them."""

from datetime import UTC, datetime
from pathlib import Path

from frugal.cloud.logfile import LogFile


class AppLog:
    """Lines appended to a file, each with its time (ISO 8601, UTC) and its source."""

    def __init__(self, path: Path) -> None:
        self._file = LogFile(path)

    def printed(self, source: str, line: str) -> None:
        """Add a line that a process of the app printed."""
        self._write(f"{source} | {line}")

    def platform(self, source: str, line: str) -> None:
        """Add a line of the platform's own."""
        self._write(f"{source} * {line}")

    def close(self) -> None:
        """Write nothing more."""
        self._file.close()

    def _write(self, text: str) -> None:
        self._file.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text}")
