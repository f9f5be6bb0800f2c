"""A Front Door endpoint on this machine: an ASGI application that routes, caches and forwards.

Routes match as in articles/frontdoor/front-door-route-matching.md of MicrosoftDocs/azure-docs
(06/01/2023): an exact pattern first, then the longest that ends in `*`, ignoring case. Without a
match the answer is 404, as in the newer text on learn.microsoft.com (400 in the older).

`X-Cache` (front-door-caching.md, 11/08/2023): TCP_HIT, TCP_MISS, PRIVATE_NOSTORE for a response
that is private or no-store, CONFIG_NOCACHE on a route without caching. TCP_REMOTE_HIT, a hit in
another data centre's cache, cannot happen here. A page that the origin has just confirmed by a 304
counts as a hit, a POST on a route with caching as a miss (both unconfirmed).

Plain HTTP on the loopback stands for HTTPS: there is no redirect to https.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpcore
from hishel import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from frugal.cloud.edge.cache import LARGEST_BODY, Cache, Key, Lookup, Stored
from frugal.cloud.edge.exchange import EdgeExchange
from frugal.cloud.edge.origin import Origin, Origins
from frugal.cloud.edge.policy import (
    DROPPED_REQUEST_HEADERS,
    CachePolicy,
    accepts_gzip,
    cache_url,
    is_no_cache,
    is_private,
)
from frugal.cloud.logfile import LogFile
from frugal.cloud.proxy import RawHeaders, Unavailable, end_to_end

_NOT_MODIFIED = 304
_CLIENT_GONE = 499
# A cacheable page is fetched whole; the edge evaluates conditions and ranges itself.
_NOT_FOR_A_COPY = DROPPED_REQUEST_HEADERS.union(
    (b"accept-encoding", b"if-none-match", b"if-modified-since", b"if-range", b"range")
)
# Requests for an error instead of a page: never answered from the cache.
_PRECONDITIONS = frozenset({b"if-match", b"if-unmodified-since"})


@dataclass(frozen=True, kw_only=True)
class Route:
    """Paths and the origins that they go to; the first origin that can be reached answers.

    `patterns` are exact paths or end in `/*`; `cache` is None where caching is off.
    """

    patterns: tuple[str, ...]
    origins: tuple[Origin, ...]
    cache: CachePolicy | None = None


class Endpoint:
    """The ASGI application of one endpoint.

    `host` is its declared name, `front_door_id` what origins get as `X-Azure-FDID`, `connect`
    gives the address on this machine of an origin's host name (None: it is not here), and
    `response_timeout` the seconds that an origin may stay silent. A line a request goes to `log`,
    without its query. What is cached is in memory and gone with the daemon.
    """

    def __init__(
        self,
        *,
        host: str,
        front_door_id: str,
        routes: Sequence[Route],
        connect: Callable[[str], str | None],
        log: Path,
        response_timeout: float = 60,
    ) -> None:
        self.host = host
        self._origins = Origins(
            connect=connect, front_door_id=front_door_id, response_timeout=response_timeout
        )
        self._log = LogFile(log)
        self._cache = Cache()
        self._fetching: dict[Key, asyncio.Event] = {}
        self.configure(routes)

    def configure(self, routes: Sequence[Route]) -> None:
        """Replace the routes from the next request on; the cache stays."""
        patterns = {p.casefold(): route for route in routes for p in route.patterns}
        self._exact = {p: route for p, route in patterns.items() if not p.endswith("*")}
        prefixes = [(p[:-1], route) for p, route in patterns.items() if p.endswith("*")]
        self._prefixes = sorted(prefixes, key=lambda item: -len(item[0]))

    async def purge(self, paths: Sequence[str]) -> int:
        """Drop pages: `/a/b`, `/a/*` or `/*`, with any query, in any case. Returns how many."""
        return self._cache.purge(paths)

    async def close(self) -> None:
        """Close the connections to the origins and the log."""
        await self._origins.close()
        self._log.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        began = time.monotonic()
        exchange = EdgeExchange(scope, receive, send)
        try:
            await self._answer(exchange)
        except Unavailable as unavailable:
            await exchange.refuse(unavailable.status, str(unavailable))
        except ClientDisconnect:
            pass
        finally:
            self._write_log(exchange, time.monotonic() - began)

    async def _answer(self, exchange: EdgeExchange) -> None:
        route = self._match(exchange.path)
        if route is None:
            await exchange.refuse(404, "No route of this endpoint matches the path.")
        elif route.cache is None:
            await self._forward(exchange, route)
        elif exchange.method not in {"GET", "HEAD"}:
            await self._forward(exchange, route)
            url = _url(exchange, route.cache)
            self._cache.invalidate(url, exchange.method, exchange.status or _CLIENT_GONE)
        elif any(name in _PRECONDITIONS for name, _ in exchange.headers):
            await self._forward(exchange, route)
        else:
            await self._serve(exchange, route, route.cache)

    def _match(self, path: str) -> Route | None:
        folded = path.casefold()
        if folded in self._exact:
            return self._exact[folded]
        return next((route for prefix, route in self._prefixes if folded.startswith(prefix)), None)

    async def _forward(self, exchange: EdgeExchange, route: Route) -> None:
        """Pass request and response on as they come, unbuffered in both directions."""

        async def forward() -> None:
            async with self._origins.ask(exchange, route.origins, without=without) as answer:
                exchange.x_cache = "TCP_MISS" if route.cache else "CONFIG_NOCACHE"
                headers = end_to_end(answer.headers)
                await exchange.stream(answer.status, headers, answer.aiter_stream())

        reads = exchange.method in {"GET", "HEAD"}
        without = DROPPED_REQUEST_HEADERS if route.cache and reads else frozenset[bytes]()
        await exchange.run(forward())

    async def _serve(self, exchange: EdgeExchange, route: Route, policy: CachePolicy) -> None:
        """Answer a GET or HEAD from the cache, else from the origin."""
        gzip = accepts_gzip(exchange.header("accept-encoding"))
        key = Key(url=_url(exchange, policy), gzip=gzip)
        authorized = bool(exchange.header("authorization"))
        lookup = self._cache.look_up(key, authorized=authorized)
        if lookup.hit is None and key in self._fetching:
            # Another request is fetching it: share the response if it is cacheable.
            await self._fetching[key].wait()
            lookup = self._cache.look_up(key, authorized=authorized)
        if lookup.hit is not None:
            await _answer_stored(exchange, lookup.hit, "TCP_HIT")
        elif exchange.method == "HEAD":
            await self._forward(exchange, route)
        else:
            self._fetching.setdefault(key, asyncio.Event())
            try:
                await self._fetch(exchange, route, policy, lookup)
            finally:
                self._let_go(key)

    def _let_go(self, key: Key) -> None:
        """Release the requests that wait for a fetch that has ended or can't be shared."""
        if key in self._fetching:
            self._fetching.pop(key).set()

    async def _fetch(
        self, exchange: EdgeExchange, route: Route, policy: CachePolicy, lookup: Lookup
    ) -> None:
        """Answer a GET from the origin, or from the cache if the origin confirms it."""
        extra = [(n.encode(), v.encode("latin-1")) for n, v in lookup.validators]
        if lookup.key.gzip:
            extra.append((b"accept-encoding", b"gzip"))
        if lookup.stale is None:
            # Of an uncacheable page the origin serves the range.
            extra += [h for h in exchange.headers if h[0] in {b"range", b"if-range"}]
        asking = self._origins.ask(exchange, route.origins, without=_NOT_FOR_A_COPY, extra=extra)
        async with asking as answer:
            if answer.status != _NOT_MODIFIED or not lookup.validators:
                await self._keep(exchange, policy, lookup, answer)
                return
            fresh = self._cache.revalidated(lookup, _grouped(end_to_end(answer.headers)))
        if fresh is not None:
            await _answer_stored(exchange, fresh, "TCP_HIT")
        else:
            again = self._cache.look_up(lookup.key, authorized=lookup.authorized)
            await self._fetch(exchange, route, policy, again)

    async def _keep(
        self, exchange: EdgeExchange, policy: CachePolicy, lookup: Lookup, answer: httpcore.Response
    ) -> None:
        """Answer from the origin's response; store it if allowed and not too large."""
        raw = end_to_end(answer.headers)
        headers = _grouped(raw)
        kept = self._cache.may_keep(lookup, answer.status, headers)
        private = is_private(headers)
        if kept is not None or (is_no_cache(headers) and not private):
            raw = [h for h in raw if h[0] != b"set-cookie"]
        body = b""
        chunks = answer.aiter_stream()
        if kept is not None:
            async for chunk in chunks:
                body += chunk
                if len(body) > LARGEST_BODY:
                    break
            else:
                stored = await self._cache.keep(
                    lookup, kept, body, path=exchange.path, policy=policy
                )
                self._let_go(lookup.key)
                await _answer_stored(exchange, stored, "TCP_MISS")
                return
        self._let_go(lookup.key)
        exchange.x_cache = "PRIVATE_NOSTORE" if private else "TCP_MISS"
        await exchange.run(exchange.stream(answer.status, raw, _joined(body, chunks)))

    def _write_log(self, exchange: EdgeExchange, seconds: float) -> None:
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        status = exchange.status or _CLIENT_GONE
        what = f"{exchange.method} {exchange.raw_path} {status} {exchange.x_cache}"
        line = f"{when} {what} {seconds * 1000:.0f}ms {self.host} {exchange.ref} {exchange.refusal}"
        self._log.write(line.rstrip())


def _url(exchange: EdgeExchange, policy: CachePolicy) -> str:
    return cache_url(exchange.header("host"), exchange.raw_path, exchange.query, policy)


async def _answer_stored(exchange: EdgeExchange, stored: Stored, x_cache: str) -> None:
    exchange.x_cache = x_cache
    await exchange.answer(*stored.message())


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for chunk in rest:
        yield chunk


def _grouped(headers: RawHeaders) -> Headers:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return Headers(grouped)
