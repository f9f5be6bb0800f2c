"""Reading of the blog's feed over HTTP."""

import asyncio

import httpx

from homepage import fetch
from homepage.blog.feed import Blog, parse


def read(url: str) -> Blog:
    """The blog as its feed at `url` has it now.

    Raises BadAnswerError, httpx.HTTPError or TimeoutError. Not inside an event loop.
    """
    return asyncio.run(_fetch(httpx.URL(url)))


async def _fetch(url: httpx.URL) -> Blog:
    async def refuse_others(request: httpx.Request) -> None:
        if not is_beside(request.url, url):
            raise fetch.BadAnswerError(
                f"it redirects to {request.url}, which is not on {url.host}; if that is where the"
                " feed is now, set BLOG_FEED to it"
            )

    client = httpx.AsyncClient(
        timeout=fetch.timeout(),
        follow_redirects=True,
        event_hooks={"request": [refuse_others]},
    )
    async with asyncio.timeout(fetch.WHOLE), client:
        return parse(await fetch.body(client, str(url)), str(url))


def is_beside(target: httpx.URL, url: httpx.URL) -> bool:
    """True on the same server, or on its host by HTTPS.

    Else a redirect could make this server ask services that only it can reach.
    """
    same_server = (target.scheme, target.host, target.port) == (url.scheme, url.host, url.port)
    return same_server or (target.scheme, target.host, target.port) == ("https", url.host, None)
