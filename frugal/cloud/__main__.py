"""The daemon: `python -m frugal.cloud FOLDER` serves one environment until SIGTERM.

`FOLDER/daemon.json` (readable by its owner alone) has its addresses for the tool and the engine's
plugin; it exists exactly while the daemon serves.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import secrets
import signal
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from frugal.atomic import atomic_write
from frugal.cloud.arm import ResourceManagerApi
from frugal.cloud.cloud import Cloud
from frugal.cloud.connections import raise_limit
from frugal.cloud.errors import CloudError
from frugal.cloud.listen import Listener
from frugal.cloud.logfile import rotate
from frugal.cloud.provider import Provider, serve
from frugal.cloud.types import TYPES
from frugal.fingerprint import fingerprint

LOCK = "daemon.lock"
ROWS_AT_STAKE = 3
"""Exit code where a database's data is gone or damaged; the message says which."""
# Seconds between two checks that the daemon's folder exists and its logs are short.
FOLDER_CHECK = 1
# Seconds that calls in progress have when the daemon is stopped.
GRACE = 10


async def run(folder: Path) -> None:
    """Serve until SIGTERM. Raises CloudError for what prevents the start."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    code = fingerprint()
    cloud = Cloud(folder, TYPES)
    admin_token = secrets.token_urlsafe(32)
    api = ResourceManagerApi(cloud, admin_token=admin_token)
    listener = Listener(api.app, cloud.ports.get("resource-manager"))
    await listener.start()
    cloud.http_port = listener.port
    server = None
    try:
        await cloud.start()
        server, port = await serve(Provider(cloud))
        announced = {
            "pid": os.getpid(),
            "grpc": port,
            "http": listener.port,
            "admin_token": admin_token,
            "identity_header": cloud.identities.deployer_header,
            "code": code,
        }
        atomic_write(folder / "daemon.json", json.dumps(announced))
        print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} serving", flush=True)
        await _until_stopped_or_orphaned(stopped, folder)
    finally:
        (folder / "daemon.json").unlink(missing_ok=True)
        if server is not None:
            await server.stop(GRACE)
        await cloud.stop()
        await listener.stop()


async def _until_stopped_or_orphaned(stopped: asyncio.Event, folder: Path) -> None:
    """Wait for a signal to stop, or until the folder was deleted or moved away."""
    lock = (folder / LOCK).stat().st_ino
    while not stopped.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), FOLDER_CHECK)
        try:
            there = (folder / LOCK).stat().st_ino == lock
        except OSError:
            there = False
        if not there:
            print(f"{folder} was deleted or moved: stopping", flush=True)
            return
        # Without a free descriptor the folder can't be listed; the next look may find one.
        with contextlib.suppress(OSError):
            for log in (folder / "daemon.log", *(folder / "logs").glob("*.log")):
                rotate(log)


def main() -> None:
    """Start, holding the folder's lock; print one line if it can't."""
    if len(sys.argv) != 2:  # noqa: PLR2004
        sys.exit("usage: python -m frugal.cloud FOLDER")
    # Files are private by default; those for other users get their mode explicitly.
    os.umask(0o077)
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / LOCK).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(f"A daemon already serves {folder}.")
    raise_limit()
    try:
        asyncio.run(run(folder))
    except CloudError as error:
        print(error.message, file=sys.stderr)
        sys.exit(ROWS_AT_STAKE if error.code in {"DataLost", "DataDamaged"} else 1)
    except OSError as error:
        traceback.print_exc()
        sys.exit(f"The local cloud failed: {error}")


main()
