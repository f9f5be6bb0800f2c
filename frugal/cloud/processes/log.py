"""The log of one app: what its processes print and what the platform does with them."""

from datetime import UTC, datetime

from frugal.cloud.logfile import LogFile


class AppLog(LogFile):
    """Lines appended to a file, each with its time (ISO 8601, UTC) and its source."""

    def printed(self, source: str, line: str) -> None:
        """Add a line that a process of the app printed."""
        self._stamp(f"{source} | {line}")

    def platform(self, source: str, line: str) -> None:
        """Add a line of the platform's own."""
        self._stamp(f"{source} * {line}")

    def _stamp(self, text: str) -> None:
        self.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text}")
