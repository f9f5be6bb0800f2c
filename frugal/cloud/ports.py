"""Loopback ports by name, the same ones at every start."""

import json
import random
import socket
from pathlib import Path
from typing import cast

from frugal.atomic import atomic_write

# Below the range that Linux and macOS lend to outgoing connections, so that a stored port is not
# taken by chance while the daemon is down.
LOWEST, HIGHEST = 20000, 32000


class Ports:
    """Gives each name a free port of 127.0.0.1 and keeps it: addresses survive a restart."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ports = _read(file)

    def get(self, name: str) -> int:
        """The port of `name`: the one it had, else a free one."""
        key = name.lower()
        if key not in self._ports:
            self._ports[key] = self._free()
            atomic_write(self._file, json.dumps(self._ports, indent=1))
        return self._ports[key]

    def all(self) -> dict[str, int]:
        """Every port given so far, by name."""
        return dict(self._ports)

    def _free(self) -> int:
        taken = set(self._ports.values())
        candidates = [port for port in range(LOWEST, HIGHEST) if port not in taken]
        random.shuffle(candidates)
        return next(port for port in candidates if _is_free(port))


def _read(file: Path) -> dict[str, int]:
    """Read the ports in `file`; none from a damaged one, so that new ones are given."""
    try:
        kept = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    pairs = cast("dict[str, object]", kept).items() if isinstance(kept, dict) else ()
    return {name: port for name, port in pairs if isinstance(port, int)}


def listens(port: int) -> bool:
    """True if a program listens on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
