"""The guard: a process that outlives a killed daemon just long enough to end its children.

Run as a plain script, standard library alone. It reads `+PID` and `-PID` lines (process group ids)
from standard input; when that closes, because the daemon ended in whatever way, it kills every
group still on the list and ends.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    """Keep the list until standard input closes, then kill what is on it."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        sign, group = line[:1], int(line[1:])
        if sign == b"+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
