"""Limits of connections at the servers of the local cloud: time, two lengths, descriptors."""

import asyncio
import contextlib
import json
import resource
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from frugal.cloud import connections
from frugal.cloud.listen import Listener

# Seconds after which a wait has failed. Not what it should take: the machine may be busy.
PATIENCE = 60
LIMIT = 64


class Counted:
    """Answers each request with how many it has seen."""

    def __init__(self) -> None:
        self.seen = 0

    async def __call__(self, _scope, receive, send) -> None:
        self.seen += 1
        while (await receive()).get("more_body"):
            pass
        body = str(self.seen).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def app() -> Counted:
    return Counted()


@pytest.fixture
async def listener(app: Counted) -> AsyncIterator[Listener]:
    listener = Listener(app, 0)
    await listener.start()
    yield listener
    await listener.stop()


async def connect(listener: Listener) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", listener.port)


async def rest(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await reader.read()


async def test_a_head_that_comes_bit_by_bit_is_cut_and_gets_408(
    app: Counted, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    reader, writer = await connect(listener)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    # The first line alone: what is written after the end resets the connection.
    answer = asyncio.create_task(reader.readline())
    async with asyncio.timeout(PATIENCE):
        while not answer.done():
            writer.write(b"a")
            await asyncio.sleep(0.01)
    assert await answer == b"HTTP/1.1 408 Request Timeout\r\n"
    assert app.seen == 0
    writer.close()


async def test_a_connection_without_a_request_is_cut(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    reader, writer = await connect(listener)
    assert await rest(reader) == b""
    writer.close()


async def test_an_idle_connection_is_cut(app: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "KEEP_ALIVE_SECONDS", 0)
    listener = Listener(app, 0)
    await listener.start()
    reader, writer = await connect(listener)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await rest(reader)).endswith(b"\r\n\r\n1")
    writer.close()
    await listener.stop()


async def test_a_second_head_has_its_own_time_and_a_body_none(
    listener: Listener, app: Counted
) -> None:
    reader, writer = await connect(listener)
    for number in range(1, 3):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le")
        await met(lambda: waiting(listener) == [True])
        writer.write(b"ngth: 2\r\n\r\na")
        await met(lambda number=number: app.seen == number)
        assert waiting(listener) == [False]
        writer.write(b"b")
        async with asyncio.timeout(PATIENCE):
            await reader.readuntil(b"\r\n\r\n" + str(number).encode())
        assert waiting(listener) == [False]
    writer.close()


async def met(condition) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what happens in the server sets no event
            await asyncio.sleep(0.005)


def waiting(listener: Listener) -> list[bool]:
    """Of each connection, whether the time for a head runs."""
    assert listener._server is not None
    return [one._late is not None for one in listener._server.server_state.connections]  # type: ignore[union-attr]


@pytest.mark.parametrize("order", [1, -1])
async def test_two_lengths_are_400(order: int, listener: Listener, app: Counted) -> None:
    lengths = [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"][::order]
    reader, writer = await connect(listener)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + b"".join(lengths) + b"\r\n0\r\n\r\n")
    assert (await rest(reader)).startswith(b"HTTP/1.1 400 ")
    assert app.seen == 0
    writer.close()


async def test_a_server_stops_with_idle_connections_and_half_heads(app: Counted) -> None:
    listener = Listener(app, 0)
    await listener.start()
    idle, half = await connect(listener), await connect(listener)
    half[1].write(b"GET / HT")
    assert listener._server is not None
    serving = listener._server.server_state.connections
    # Read in part: what is not read when a connection is closed resets it.
    await met(lambda: sorted(one.conn.trailing_data[0] for one in serving) == [b"", b"GET / HT"])  # type: ignore[union-attr]
    async with asyncio.timeout(PATIENCE):
        await listener.stop()
    for reader, writer in (idle, half):
        assert await rest(reader) == b""
        writer.close()


# --- descriptors

SERVER = f"""
import asyncio, logging, resource, sys
sys.path.insert(0, ".")
from frugal.cloud.listen import Listener
from tests.cloud.test_connections import Counted

async def main():
    listener = Listener(Counted(), 0)
    await listener.start()
    print(listener.port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await listener.stop()

resource.setrlimit(resource.RLIMIT_NOFILE, ({LIMIT}, {LIMIT}))
asyncio.run(main())
"""


async def test_at_the_limit_of_descriptors_clients_wait_and_one_line_says_so() -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", SERVER),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert server.stdin
    assert server.stdout
    assert server.stderr
    port = int(await server.stdout.readline())

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        return await reader.readuntil(b"\r\n\r\n")

    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2 * LIMIT)]
    async with asyncio.timeout(PATIENCE):
        said = await server.stderr.readline()
        assert b"accepts no connections: too many descriptors are open" in said
        assert b" 200 " in await ask(*held[0])
        waiting = asyncio.create_task(ask(*held[-1]))
        # Those that were accepted go, those that wait come in.
        for _, writer in held[:-1]:
            writer.close()
        assert b" 200 " in await waiting
        server.stdin.close()
        after = await server.stderr.read()
        assert await server.wait() == 0
    assert b"Traceback" not in after
    assert len(after.splitlines()) < LIMIT


async def test_a_daemon_without_a_free_descriptor_goes_on(tmp_path: Path) -> None:
    daemon = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'ulimit -n {2 * LIMIT}; exec "$@" 2>&1', "sh"),
        *(sys.executable, "-P", "-m", "frugal.cloud", tmp_path),
        stdout=subprocess.PIPE,
    )
    assert daemon.stdout
    async with asyncio.timeout(PATIENCE):
        assert b"serving" in await daemon.stdout.readline()
        announced = json.loads((tmp_path / "daemon.json").read_text())
        taken = [
            await asyncio.open_connection("127.0.0.1", announced["grpc"]) for _ in range(2 * LIMIT)
        ]
        # It looks after its logs once a second.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(daemon.wait(), 3)
        for _, writer in taken:
            writer.close()
        assert daemon.returncode is None
        daemon.terminate()
        said = await daemon.stdout.read()
        assert await daemon.wait() == 0
    assert b"Traceback" not in said


@pytest.mark.parametrize(("share", "left"), [(0.9, True), (0.5, False)])
def test_a_share_of_the_descriptors_is_for_other_things(
    share: float, left: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as some:
        # The next descriptor is half way to the limit.
        with socket.socket() as following:
            limit = 2 * following.fileno()
        monkeypatch.setattr(resource, "getrlimit", lambda _kind: (limit, limit))
        assert connections._are_left(some, share) is left


def test_the_limit_of_descriptors_is_raised() -> None:
    code = (
        "import resource as r\n"
        "from frugal.cloud.connections import raise_limit\n"
        "r.setrlimit(r.RLIMIT_NOFILE, (128, 512))\n"
        "raise_limit()\n"
        "print(*r.getrlimit(r.RLIMIT_NOFILE))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["512", "512"]


@pytest.mark.parametrize(
    ("hard", "refused", "wanted"),
    [(resource.RLIM_INFINITY, 65_536, 10_240), (resource.RLIM_INFINITY, None, 65_536)],
)
def test_a_hard_limit_without_an_end(
    hard: int, refused: int | None, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def set_limit(_kind: int, limits: tuple[int, int]) -> None:
        if limits[0] == refused:
            raise ValueError("not allowed to raise maximum limit")
        asked.append(limits[0])

    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (256, hard))
    monkeypatch.setattr(resource, "setrlimit", set_limit)
    connections.raise_limit()
    assert asked == [wanted]
