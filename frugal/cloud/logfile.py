"""Files of lines, readable for their owner alone, of a bounded size, whose disk may be full."""

import codecs
import contextlib
import os
from pathlib import Path

from frugal.atomic import atomic_write

MOST_BYTES = 8 * 1024**2
"""Size at which a log is rotated to `NAME.log.1`."""


class LogFile:
    """Appends lines to the file at `path`, which is made if need be.

    A line that can't be written, since the disk is full, is dropped: no log is worth an outage.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, line: str) -> None:
        """Append a line; do nothing after `close`."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.write(self._file, f"{line}\n".encode())

    def close(self) -> None:
        """Write nothing more."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1


def former(log: Path) -> Path:
    """The file with the lines that were in a log before its last rotation."""
    return log.with_name(log.name + ".1")


def rotate(log: Path, *, most: int = MOST_BYTES) -> None:
    """Rotate a log of more than `most` bytes: move its end (at most twice as many) to `former`.

    The file itself stays and is emptied: PostgreSQL and the daemon hold theirs open, and append.
    When the disk is full, the lines are dropped.
    """
    with contextlib.suppress(OSError), log.open("r+b") as content:
        size = content.seek(0, os.SEEK_END)
        if size <= most:
            return
        content.seek(max(0, size - 2 * most))
        with contextlib.suppress(OSError):
            atomic_write(former(log), content.read())
        content.truncate(0)


class Reader:
    """Reads a log, its former lines first, and goes on over rotations."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._position = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = False

    def read(self) -> str:
        """Return the text since the last call. Raises FileNotFoundError when the log is gone."""
        content = b""
        if self._log.stat().st_size < self._position or not self._begun:
            with contextlib.suppress(FileNotFoundError):
                content = _read(former(self._log), self._position)
            self._position, self._begun = 0, True
        new = _read(self._log, self._position)
        self._position += len(new)
        return self._decoder.decode(content + new)


def _read(file: Path, position: int) -> bytes:
    with file.open("rb") as content:
        content.seek(position)
        return content.read()
