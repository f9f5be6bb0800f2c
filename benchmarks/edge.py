"""Latency of the local edge: hits and forwarded requests against the bare app.

The kinds alternate in every order, each over a keep-alive connection. The app is as cheap as
possible (a constant page of 10 KB), so a real one gains more from a hit. App and edge share one
process and loop, as the apps' ingress and the edge do in the daemon; the client has its own.
"""

import asyncio
import itertools
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from starlette.types import Receive, Scope, Send

from benchmarks.timing import show
from frugal.cloud.edge import CachePolicy, Endpoint, Origin, Route
from frugal.cloud.listen import Listener

_ROUNDS = 1000
PAGE = b"<p>hello</p>\n" * 800
KINDS = ("bare app", "edge, hit", "edge, hit as 304", "edge, not cached")


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer any request with the page."""
    del scope, receive
    headers = [
        (b"content-type", b"text/html"),
        (b"content-length", str(len(PAGE)).encode()),
        (b"cache-control", b"public, max-age=0, s-maxage=3600"),
        (b"etag", b'"page"'),
    ]
    await send(
        {"type": "http.response.start", "status": 200, "headers": headers, "trailers": False}
    )
    await send({"type": "http.response.body", "body": PAGE, "more_body": False})


async def serve() -> None:
    """Listen with app and edge, print both ports, and stay until the standard input closes."""
    bare = Listener(app, 0)
    await bare.start()
    origins = (Origin(host="app", host_header="app.example"),)
    with tempfile.TemporaryDirectory() as scratch:
        endpoint = Endpoint(
            host="edge.example",
            front_door_id="benchmark",
            routes=[
                Route(patterns=("/*",), origins=origins, cache=CachePolicy()),
                Route(patterns=("/private/*",), origins=origins),
            ],
            connect=lambda _host: f"http://127.0.0.1:{bare.port}",
            log=Path(scratch, "edge.log"),
        )
        edge = Listener(endpoint, 0)
        await edge.start()
        print(bare.port, edge.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        await edge.stop()
        await endpoint.close()
    await bare.stop()


class Client:
    """A keep-alive connection that requests the same path repeatedly."""

    def __init__(self, port: int, path: str, header: str = "") -> None:
        self._port = port
        self._request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n".encode()

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def ask(self) -> float:
        """Seconds from the request's first byte to the answer's last."""
        began = time.perf_counter()
        self._writer.write(self._request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if b" 304 " not in head.split(b"\r\n")[0]:
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            await self._reader.readexactly(length)
        return time.perf_counter() - began

    def close(self) -> None:
        """Disconnect."""
        self._writer.close()


async def measure(requests: int) -> dict[str, list[float]]:
    """The seconds of every request, by kind."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.edge"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if server.stdin is None or server.stdout is None:
        raise RuntimeError("The server has no pipes.")
    bare, edge = (int(port) for port in (await server.stdout.readline()).split())
    clients = (
        Client(bare, "/"),
        Client(edge, "/"),
        Client(edge, "/", 'If-None-Match: "page"\r\n'),
        Client(edge, "/private/"),
    )
    seconds: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for client in clients:
        await client.open()
        await client.ask()
    # Every order in turn, since a slow kind affects the processor caches of the next one.
    orders = itertools.cycle(itertools.permutations(zip(KINDS, clients, strict=True)))
    for order in itertools.islice(orders, requests):
        for kind, client in order:
            seconds[kind].append(await client.ask())
    for client in clients:
        client.close()
    server.stdin.close()
    await server.wait()
    return seconds


def run(out: Console, progress: Console) -> None:
    """Measure and print the table."""
    progress.print(f"edge: {_ROUNDS} requests of each kind")
    seconds = asyncio.run(measure(_ROUNDS))
    show(out, "Edge, one request", seconds, base=KINDS[0])


if __name__ == "__main__":
    asyncio.run(serve())
