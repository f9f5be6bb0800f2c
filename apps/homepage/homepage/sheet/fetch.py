"""Reading of the whole spreadsheet over HTTP."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx

from homepage import fetch
from homepage.sheet.rows import Row, Sheet, sheet
from homepage.sheet.source import Source, rows


def read(source: Source) -> Sheet:
    """The spreadsheet as it is now.

    Raises BadAnswerError, httpx.HTTPError or TimeoutError. Not inside an event loop.
    """
    return asyncio.run(_fetch(source))


async def _fetch(source: Source) -> Sheet:
    client = httpx.AsyncClient(
        headers=source.headers,
        timeout=fetch.timeout(),
        # Published CSV is on another host than its address. The key goes to nobody but the API.
        follow_redirects=source.form == "csv",
    )
    async with asyncio.timeout(fetch.WHOLE), client:
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
    try:
        return rows(await fetch.body(client, url), source.form)
    except fetch.BadAnswerError as error:
        raise fetch.BadAnswerError(f"{name}: {error}") from None
