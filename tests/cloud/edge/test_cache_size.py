"""Size limit of the cache, which counts pages without a body too."""

from hishel import Headers

from frugal.cloud.edge.cache import Cache, Key, Lookup
from frugal.cloud.edge.policy import CachePolicy


async def keep(cache: Cache, url: str) -> None:
    """Let a cache keep a redirect, which has no body."""
    lookup = cache.look_up(Key(url=url, gzip=False), authorized=False)
    headers = Headers({"cache-control": "s-maxage=3600", "location": "/"})
    response = cache.may_keep(lookup, 301, headers)
    assert response is not None
    await cache.keep(lookup, response, b"", path="/", policy=CachePolicy())


def look_up(cache: Cache, url: str) -> Lookup:
    return cache.look_up(Key(url=url, gzip=False), authorized=False)


async def test_pages_without_a_body_take_room_too() -> None:
    cache = Cache(size=100_000)
    urls = [f"http://site/?q={number}" for number in range(1000)]
    for url in urls:
        await keep(cache, url)
    kept = [url for url in urls if look_up(cache, url).hit]
    assert 10 < len(kept) < 100
    assert kept == urls[-len(kept) :]
    cache.purge(["/*"])
    await keep(cache, urls[0])
    assert look_up(cache, urls[0]).hit
