"""A small origin behind a real edge, both over HTTP, for the tests of the edge."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from frugal.cloud.edge import CachePolicy, Endpoint, Origin, Route
from frugal.cloud.listen import Listener
from tests.plain_http import PLAIN

PAGE = ("cache-control", "public, s-maxage=3600")
ORIGIN = Origin(host="site.example", host_header="declared.example")
Stream = Callable[[Any, Any], Awaitable[None]]
# Seconds after which a wait has failed. Not what it should take: the machine may be busy.
PATIENCE = 60


class Clock:
    """The time of day: it stands still at a whole second, and is moved on at will."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        now = float(int(time.time()))
        monkeypatch.setattr(time, "time", lambda: now + self.ahead)


@dataclass
class Seen:
    """A request as the origin received it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """The origin's response; `stream`, given receive and send, replaces it."""

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = None
    stream: Stream | None = None


@dataclass
class OriginApp:
    """Answers each path as told, by default a page with the number of the request."""

    replies: dict[str, Reply | Callable[[Seen], Reply]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        reply = self.replies.get(scope["path"], Reply())
        if isinstance(reply, Reply) and reply.stream:
            await reply.stream(receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        query = scope["query_string"].decode()
        target = scope["raw_path"].decode() + (f"?{query}" if query else "")
        headers = {n.decode(): v.decode() for n, v in scope["headers"]}
        self.seen.append(Seen(scope["method"], target, headers, body))
        content = f"page {len(self.seen)}".encode()
        if self.gate:
            await self.gate.wait()
        if not isinstance(reply, Reply):
            reply = reply(self.seen[-1])
        content = content if reply.body is None else reply.body
        raw = [(n.encode(), v.encode()) for n, v in reply.headers]
        if reply.status not in {204, 304}:
            raw.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        no_body = scope["method"] == "HEAD" or reply.status in {204, 304}
        await send({"type": "http.response.body", "body": b"" if no_body else content})


@dataclass
class Switch:
    """An application that is another one for each test; `begun` counts its requests."""

    app: Any = None
    begun: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.begun += 1
        await self.app(scope, receive, send)


@dataclass
class Servers:
    """Two servers, kept for many tests, and a visitor of the edge's."""

    origin: Switch
    origin_port: int
    edge: Switch
    visitor: httpx.AsyncClient


@contextlib.asynccontextmanager
async def running_servers() -> AsyncGenerator[Servers]:
    """Listen on two free ports."""
    origin, edge = Switch(), Switch()
    listeners = Listener(origin, 0, grace=1), Listener(edge, 0, grace=1)
    for listener in listeners:
        await listener.start()
    base = f"http://127.0.0.1:{listeners[1].port}"
    async with httpx.AsyncClient(
        base_url=base, verify=PLAIN, timeout=PATIENCE, trust_env=False
    ) as visitor:
        # A visitor who says nothing that the test does not say.
        for name in ("accept", "accept-encoding", "user-agent"):
            del visitor.headers[name]
        try:
            yield Servers(origin, listeners[0].port, edge, visitor)
        finally:
            await asyncio.gather(*(listener.stop() for listener in listeners))


@dataclass
class Site:
    """The origin, the edge before it and a visitor."""

    origin: OriginApp
    endpoint: Endpoint
    visitor: httpx.AsyncClient
    servers: Servers
    log: Path

    def answers(self, path: str, *headers: tuple[str, str], status: int = 200, **more: Any) -> None:
        """Say what the origin answers for a path."""
        self.origin.replies[path] = Reply(status=status, headers=headers, **more)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """GET as a visitor who keeps no cookies; `if_none_match="…"` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.visitor.cookies.clear()
        return await self.visitor.get(path, headers=named)

    async def caches(self, path: str, **headers: str) -> list[str]:
        """The X-Cache of two requests, one after the other."""
        return [(await self.get(path, **headers)).headers["x-cache"] for _ in range(2)]


@dataclass
class Sites:
    """Makes sites for one test."""

    servers: Servers
    folder: Path

    @contextlib.asynccontextmanager
    async def site(
        self,
        *,
        routes: Sequence[Route] | None = None,
        policy: CachePolicy | None = None,
        response_timeout: float = PATIENCE,
    ) -> AsyncGenerator[Site]:
        """Run a site: all cached by `policy`, `/live/*` not cached, unless `routes` are given."""
        servers = self.servers
        servers.origin.app = app = OriginApp()
        servers.edge.app = endpoint = Endpoint(
            host="site-abc.z01.azurefd.net",
            front_door_id="11111111-2222-3333-4444-555555555555",
            routes=routes
            or [
                Route(patterns=("/*",), origins=(ORIGIN,), cache=policy or CachePolicy()),
                Route(patterns=("/live/*",), origins=(ORIGIN,)),
            ],
            connect={ORIGIN.host: f"http://127.0.0.1:{servers.origin_port}"}.get,
            log=self.folder / "edge.log",
            response_timeout=response_timeout,
        )
        servers.edge.begun = 0
        try:
            yield Site(app, endpoint, servers.visitor, servers, self.folder / "edge.log")
        finally:
            await endpoint.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what others do in the same loop."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what others do in the server cannot tell us
            await asyncio.sleep(0.005)
