"""Reading of a file from another server, or failing in good time."""

import asyncio
import random
from typing import Final

import httpx

from homepage.failures import BadAnswerError

WHOLE: Final = 5.0
"""Seconds for everything that a load reads, with its retries."""
CONNECT: Final = 2.0
_WAITS: Final = (0.25, 0.75)
"""Seconds before the second and the third attempt at most; how long really is chance."""
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
_OK: Final = 200
_LARGEST: Final = 2_000_000
"""Bytes of a file."""


def timeout() -> httpx.Timeout:
    """Limits of each step of a request; `WHOLE` is that of all of them."""
    return httpx.Timeout(WHOLE, connect=CONNECT)


async def body(client: httpx.AsyncClient, url: str) -> bytes:
    """The file at `url`; tries again after an error that may pass.

    Raises BadAnswerError or httpx.HTTPError.
    """
    for wait in (*_WAITS, None):
        try:
            status, found = await _get(client, url)
        except httpx.TransportError:
            if wait is None:
                raise
        else:
            if status == _OK:
                return found
            if wait is None or status not in _PASSING:
                raise BadAnswerError(f"status {status}")
        await asyncio.sleep(random.uniform(0, wait))  # noqa: S311  # jitter is no secret
    raise AssertionError("the last attempt returns or raises")


async def _get(client: httpx.AsyncClient, url: str) -> tuple[int, bytes]:
    async with client.stream("GET", url) as response:
        found = bytearray()
        async for chunk in response.aiter_bytes():
            found += chunk
            if len(found) > _LARGEST:
                raise BadAnswerError(f"more than {_LARGEST} bytes")
        return response.status_code, bytes(found)
