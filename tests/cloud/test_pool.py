"""Kept connections, to a real server."""

import asyncio
from collections.abc import AsyncIterator

import httpcore
import pytest

from frugal.cloud import connections
from frugal.cloud.listen import Listener
from frugal.cloud.pool import Pool

PATIENCE = 60


class Server:
    """Says which connection a request came by; `/hold` waits for `released` within its answer."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.listener = Listener(self, 0)

    async def __call__(self, scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        port = str(scope["client"][1]).encode()
        await send({"type": "http.response.body", "body": port, "more_body": True})
        if scope["path"] == "/hold":
            await self.released.wait()
        await send({"type": "http.response.body", "body": b""})

    def request(self, path: str = "/") -> httpcore.Request:
        url = f"http://127.0.0.1:{self.listener.port}{path}"
        return httpcore.Request("GET", url, headers={"Host": "x"})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    await server.listener.start()
    yield server
    server.released.set()
    await server.listener.stop()


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(keep_idle=PATIENCE)
    yield pool
    await pool.aclose()


async def ask(pool: Pool, server: Server) -> bytes:
    response = await pool.handle_async_request(server.request())
    try:
        return await response.aread()
    finally:
        await response.aclose()


async def expired(connection: httpcore.AsyncHTTPConnection) -> None:
    async with asyncio.timeout(PATIENCE):
        while not connection.has_expired():  # noqa: ASYNC110 - the kernel sets no event
            await asyncio.sleep(0.005)


async def test_a_connection_serves_one_request_after_the_other(pool: Pool, server: Server) -> None:
    assert len({await ask(pool, server) for _ in range(5)}) == 1


async def test_requests_at_once_have_connections_of_their_own(pool: Pool, server: Server) -> None:
    held = [await pool.handle_async_request(server.request("/hold")) for _ in range(3)]
    other = await ask(pool, server)
    server.released.set()
    ports = {await response.aread() for response in held}
    assert len({*ports, other}) == 4
    for response in held:
        await response.aclose()
    assert await ask(pool, server) in ports


async def test_a_response_that_is_not_read_closes_its_connection(
    pool: Pool, server: Server
) -> None:
    held = await pool.handle_async_request(server.request("/hold"))
    await held.aclose()
    assert not pool._busy
    assert not any(pool._idle.values())
    assert await ask(pool, server)


async def test_one_that_the_server_closed_is_not_used_again(
    pool: Pool, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "KEEP_ALIVE_SECONDS", 0)
    server.listener = Listener(server, 0)
    await server.listener.start()
    first = await ask(pool, server)
    (kept,) = pool._idle[str(server.request().url.origin)]
    await expired(kept)
    assert await ask(pool, server) != first
    await server.listener.stop()


async def test_nor_if_an_older_one_is_still_open(pool: Pool, server: Server) -> None:
    held = [await pool.handle_async_request(server.request("/hold")) for _ in range(2)]
    server.released.set()
    ports = [await response.aread() for response in held]
    for response in held:
        await response.aclose()
    assert server.listener._server is not None
    for one in server.listener._server.server_state.connections:
        if one.client is not None and str(one.client[1]).encode() == ports[1]:
            one.transport.close()
    await expired(pool._idle[str(server.request().url.origin)][1])
    assert await ask(pool, server) == ports[0]


async def test_idle_ones_are_closed_after_their_time(server: Server) -> None:
    pool = Pool(keep_idle=0)
    first = await ask(pool, server)
    (kept,) = pool._idle[str(server.request().url.origin)]
    await expired(kept)
    assert await ask(pool, server) != first
    assert kept.is_closed()
    await pool.aclose()


async def test_a_server_that_is_not_there(pool: Pool) -> None:
    request = httpcore.Request("GET", "http://127.0.0.1:9/", headers={"Host": "x"})
    with pytest.raises(httpcore.ConnectError):
        await pool.handle_async_request(request)
    assert not pool._busy


async def test_closing_ends_what_is_under_way(pool: Pool, server: Server) -> None:
    held = await pool.handle_async_request(server.request("/hold"))
    await pool.aclose()
    with pytest.raises((httpcore.ReadError, httpcore.RemoteProtocolError)):
        await held.aread()
