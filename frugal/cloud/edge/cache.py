"""Cache of an edge: whole responses in memory, under hishel's RFC 9111 state machine."""

import asyncio
import gzip
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hishel import (
    AnyState,
    CacheMiss,
    CacheOptions,
    Entry,
    FromCache,
    Headers,
    IdleClient,
    InvalidateEntries,
    NeedRevalidation,
    NeedToBeUpdated,
    Request,
    Response,
    StoreAndUse,
)

from frugal.cloud.edge.policy import (
    CachePolicy,
    for_engine,
    from_engine,
    is_no_cache,
    is_private,
    purge_matches,
    should_compress,
)

LARGEST_BODY = 8 * 1024 * 1024
"""Bytes of the largest cacheable response; larger ones are only passed on."""

# Approximate bytes of a cached response beside its body: headers, key and objects.
_BESIDE_THE_BODY = 2048

_OPTIONS = CacheOptions(shared=True, supported_methods=["GET"], allow_stale=False)
_NOT_MODIFIED = 304
_SERVER_ERROR = 500


@dataclass(frozen=True, kw_only=True)
class Key:
    """One variant of a page: its `cache_url` and whether it is for visitors who accept gzip."""

    url: str
    gzip: bool


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A cached response. `path` is decoded; `compressed` if the edge gzipped the body."""

    entry: Entry
    body: bytes
    path: str
    compressed: bool = False

    def message(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Status, headers and body for a visitor."""
        kept = [h for h in from_engine(self.entry.response.headers) if h[0] != "content-length"]
        if self.compressed:
            # Other bytes than the origin's, so its strong ETag does not name them.
            kept = [(n, f"W/{v}") if n == "etag" and v.startswith('"') else (n, v) for n, v in kept]
            kept += [("content-encoding", "gzip"), ("vary", "Accept-Encoding")]
        headers = [*kept, ("content-length", str(len(self.body)))]
        return self.entry.response.status_code, headers, self.body


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """Result of a lookup: a `hit` to answer with, or else the request for the origin.

    `stale` is a cached response that is no longer fresh.
    """

    key: Key
    state: AnyState
    hit: Stored | None
    stale: Stored | None
    authorized: bool
    generation: int

    @property
    def validators(self) -> list[tuple[str, str]]:
        """The headers that let the origin confirm a stale response by a 304."""
        if not isinstance(self.state, NeedRevalidation):
            return []
        given = self.state.request.headers
        return [(n, given[n]) for n in ("if-none-match", "if-modified-since") if n in given]


class Cache:
    """The responses of one endpoint, the least recently used dropped above about `size` bytes."""

    def __init__(self, *, size: int = 128 * 1024 * 1024) -> None:
        self._size = size
        self._used = 0
        self._stored: dict[Key, Stored] = {}
        # Counts purges: a response fetched before one must not be stored after it.
        self._generation = 0

    def look_up(self, key: Key, *, authorized: bool) -> Lookup:
        """Look up a GET; `authorized` if it carries an Authorization header."""
        # No other header of a visitor's request affects a response for all.
        headers = Headers({"authorization": "given"} if authorized else {})
        stored = self._stored.get(key)
        entries = [stored.entry] if stored else []
        state = IdleClient(options=_OPTIONS).next(Request("GET", key.url, headers), entries)
        hit = None
        if stored and isinstance(state, FromCache):
            self._stored[key] = self._stored.pop(key)
            hit = replace(stored, entry=state.entry)
        return Lookup(
            key=key,
            state=state,
            hit=hit,
            stale=None if hit else stored,
            authorized=authorized,
            generation=self._generation,
        )

    def revalidated(self, lookup: Lookup, headers: Headers) -> Stored | None:
        """Refresh a stale response by a 304; None if it does not match, and a fetch is needed."""
        if not isinstance(lookup.state, NeedRevalidation) or lookup.stale is None:
            return None
        answer = for_engine(_NOT_MODIFIED, headers, authorized=False, now=time.time())
        state = _settle(lookup.state.next(answer))
        self._discard(lookup.key)
        if not isinstance(state, NeedToBeUpdated):
            return None
        fresh = replace(lookup.stale, entry=state.updating_entries[-1])
        fresh_headers = fresh.entry.response.headers
        if "age" in fresh_headers and "age" not in headers:
            # It was the age of the answer that has just been renewed.
            del fresh_headers["age"]
        if not is_private(fresh_headers) and not is_no_cache(fresh_headers):
            self._keep(lookup, fresh)
        return fresh

    def may_keep(self, lookup: Lookup, status: int, headers: Headers) -> Response | None:
        """The response as it would be stored, or None if it must not be."""
        if status >= _SERVER_ERROR or is_no_cache(headers):
            return None
        media_type = headers.get("content-type", "")
        if media_type.startswith("text/event-stream"):
            # An event stream has no end to wait for.
            return None
        answer = for_engine(status, headers, authorized=lookup.authorized, now=time.time())
        state = lookup.state
        if not isinstance(state, CacheMiss | NeedRevalidation):
            return None
        settled = _settle(state.next(answer))
        return settled.response if isinstance(settled, StoreAndUse) else None

    async def keep(
        self, lookup: Lookup, response: Response, body: bytes, *, path: str, policy: CachePolicy
    ) -> Stored:
        """Store a whole response (from `may_keep`), compressed if the policy says so."""
        compressed = lookup.key.gzip and should_compress(policy, response.headers, len(body))
        if compressed:
            body = await asyncio.to_thread(gzip.compress, body, 6, mtime=0)
        request = Request("GET", lookup.key.url, Headers({}))
        entry = Entry(id=uuid.uuid4(), request=request, response=response)
        stored = Stored(entry=entry, body=body, path=path, compressed=compressed)
        self._keep(lookup, stored)
        return stored

    def invalidate(self, url: str, method: str, status: int) -> None:
        """Drop the pages that an unsafe request invalidates (RFC 9111 section 4.4)."""
        keys = [Key(url=url, gzip=gzipped) for gzipped in (False, True)]
        entries = {key: self._stored[key].entry for key in keys if key in self._stored}
        state = IdleClient(options=_OPTIONS).next(
            Request(method, url, Headers({})), list(entries.values())
        )
        if isinstance(state, CacheMiss):
            after = state.next(Response(status_code=status, headers=Headers({})))
            gone = after.entry_ids if isinstance(after, InvalidateEntries) else []
            for key in [k for k, entry in entries.items() if entry.id in gone]:
                self._discard(key)

    def purge(self, patterns: Sequence[str]) -> int:
        """Drop every variant of the pages under `patterns`; returns their number."""
        self._generation += 1
        gone = [k for k, s in self._stored.items() if purge_matches(s.path, patterns)]
        for key in gone:
            self._discard(key)
        return len(gone)

    def _keep(self, lookup: Lookup, stored: Stored) -> None:
        if lookup.generation != self._generation:
            return
        self._discard(lookup.key)
        self._stored[lookup.key] = stored
        self._used += len(stored.body) + _BESIDE_THE_BODY
        while self._used > self._size:
            self._discard(next(iter(self._stored)))

    def _discard(self, key: Key) -> None:
        stored = self._stored.pop(key, None)
        if stored is not None:
            self._used -= len(stored.body) + _BESIDE_THE_BODY


def _settle(state: AnyState) -> AnyState:
    # One variant has one entry: storing a new one drops the old, whatever the engine lists.
    return _settle(state.next_state) if isinstance(state, InvalidateEntries) else state
