"""Reading the whole spreadsheet over HTTP, or failing in good time."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import httpx

from homepage.sheet.rows import Row, Sheet, sheet
from homepage.sheet.source import BadAnswerError, Source, rows

WHOLE: Final = 5.0
"""Seconds for everything: three worksheets with their retries."""
CONNECT: Final = 2.0
_WAITS: Final = (0.25, 0.75)
"""Seconds before the second and the third attempt at most; how long really is chance."""
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
_OK: Final = 200
_LARGEST: Final = 2_000_000
"""Bytes of a worksheet."""


def read(source: Source) -> Sheet:
    """The spreadsheet as it is now.

    Raises BadAnswerError, httpx.HTTPError or TimeoutError. Not inside an event loop.
    """
    return asyncio.run(_fetch(source))


async def _fetch(source: Source) -> Sheet:
    client = httpx.AsyncClient(
        headers=source.headers,
        timeout=httpx.Timeout(WHOLE, connect=CONNECT),
        # Published CSV is on another host than its address. The key goes to nobody but the API.
        follow_redirects=source.form == "csv",
    )
    async with asyncio.timeout(WHOLE), client:
        urls = source.urls.items()
        # All of them to their end, good or bad: none may outlive the client.
        answers = await asyncio.gather(
            *(_worksheet(client, source, name, url) for name, url in urls), return_exceptions=True
        )
    found = [_answer(answer) for answer in answers]
    return sheet(datetime.now(UTC), dict(zip(source.urls, found, strict=True)))


def _answer(answer: Sequence[Row] | BaseException) -> Sequence[Row]:
    if isinstance(answer, BaseException):
        raise answer
    return answer


async def _worksheet(
    client: httpx.AsyncClient, source: Source, name: str, url: str
) -> Sequence[Row]:
    for wait in (*_WAITS, None):
        try:
            status, body = await _get(client, url)
        except httpx.TransportError:
            if wait is None:
                raise
        else:
            if status == _OK:
                return rows(body, source.form)
            if wait is None or status not in _PASSING:
                raise BadAnswerError(f"{name}: status {status}")
        await asyncio.sleep(random.uniform(0, wait))  # noqa: S311  # jitter is no secret
    raise AssertionError("the last attempt returns or raises")


async def _get(client: httpx.AsyncClient, url: str) -> tuple[int, bytes]:
    async with client.stream("GET", url) as response:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _LARGEST:
                raise BadAnswerError(f"more than {_LARGEST} bytes")
        return response.status_code, bytes(body)
