"""The azure-native plugin of the local environment: gives the engine the daemon's port.

It uses the standard library alone and runs without site packages, to start in milliseconds.
"""

import json
import socket
import sys
from contextlib import suppress
from pathlib import Path

_NOT_RUNNING = """The local cloud is not running.
Run `make up`, or in this shell `eval "$(.venv/bin/frugal env)"`, which starts it."""


def port_of(folder: Path) -> int | None:
    """The gRPC port of the daemon of this folder; None if none answers."""
    with suppress(OSError, ValueError, KeyError):
        port = int(json.loads((folder / "daemon.json").read_text())["grpc"])
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return port
    return None


def main() -> None:
    """Print the daemon's port and wait until the engine closes standard input."""
    port = port_of(Path(sys.argv[1]))
    if port is None:
        sys.exit(_NOT_RUNNING)
    print(port, flush=True)
    with suppress(KeyboardInterrupt):
        sys.stdin.read()


if __name__ == "__main__":
    main()
