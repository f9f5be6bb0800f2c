"""Running a probe against a process."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import httpcore

from frugal.cloud.processes.revision import Probe

_SUCCESS = range(200, 400)
_REFUSED = "nothing listens"


async def verdicts(probe: Probe, port: int, *, started: float) -> AsyncGenerator[str | None]:
    """Probe 127.0.0.1:`port` for ever, from `initial_delay` after `started` (loop time).

    An attempt that takes longer than a period delays the next one. Gives a verdict each time that
    a threshold is reached (again): None for a success, for a failure the last reason.
    """
    loop = asyncio.get_running_loop()
    due = started + probe.initial_delay
    passed = failed = 0
    while True:
        due = max(due, loop.time())
        await asyncio.sleep(due - loop.time())
        reason = await _ask(probe, port)
        if reason is None:
            passed, failed = passed + 1, 0
            if passed >= probe.success_threshold:
                yield None
        else:
            passed, failed = 0, failed + 1
            if failed >= probe.failure_threshold:
                yield reason
        due += probe.period


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def _ask(probe: Probe, port: int) -> str | None:
    """Return why the probe failed; None when it passed."""
    try:
        async with asyncio.timeout(probe.timeout):
            if not probe.path:
                return None if await _accepts(port) else _REFUSED
            async with httpcore.AsyncConnectionPool() as pool:
                path = "/" + probe.path.removeprefix("/")
                response = await pool.request("GET", f"http://127.0.0.1:{port}{path}")
    except TimeoutError:
        return f"no answer in {probe.timeout:g} s"
    except httpcore.ConnectError:
        return _REFUSED
    except (OSError, httpcore.NetworkError, httpcore.ProtocolError) as error:
        return f"no connection ({type(error).__name__})"
    if response.status in _SUCCESS:
        return None
    return f"GET {probe.path} answered {response.status}"
