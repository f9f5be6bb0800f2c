"""Load on the running environment `local` of a checkout; each part says whether its bound held.

    .venv/bin/python tests/faults/load.py [CHECKOUT] [--parts streams,writers,slow,bodies,soak]
                                          [--streams 400] [--seconds 60] [--soak 300]

Prints one JSON object a part and exits with 1 if a bound was missed. Rates are compared within one
part alone, minutes apart at most: what else the machine does changes too much for anything else.
`writers` and `streams` reach into the translator's database (as its superuser, by its Unix
socket), so run them as whoever runs the environment. Everything is asked at the loopback.
"""

# ruff: noqa: ASYNC110, S608 - what is waited for tells nobody; the tables are named here

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg

from frugal.local import daemon as daemons
from frugal.paths import Checkout

# Of the requests a second without streams, what must be left beside them.
LEAST_BESIDE_STREAMS = 0.8
# Memory that a process may have more after the soak than after its first fifth.
MOST_GROWTH = 0.1
MOST_GROWTH_BYTES = 20 * 1024**2
# Clients of a measured rate, each with one connection.
CLIENTS = 8
PATIENCE = 120
ROUNDS_END = 900
TRANSLATOR = "translator"
JSON = "Content-Type: application/json"


class Environment:
    """Properties of a running environment that the parts need."""

    def __init__(self, root: Path) -> None:
        daemon = daemons.find(Checkout(root.resolve()))
        if daemon is None:
            sys.exit(f"No environment runs in {root}: make up")
        self.daemon = daemon

    def status(self) -> dict[str, Any]:
        """The document of `frugal status --json`."""
        return self.daemon.status()

    def port(self, site: str) -> int:
        """Address of `homepage`, `translator`, or the `_origin` of either."""
        return urlsplit(self.status()["urls"][site]).port or 80

    def replicas(self, app: str) -> list[int]:
        """Process ids of an app's replicas."""
        return [r["pid"] for r in self.status()["apps"][app]["replicas"] if r["pid"]]

    def postmaster(self) -> psutil.Process:
        """The database server's first process."""
        for process in psutil.Process(self.daemon.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if Path(process.cmdline()[0]).name == "postgres" and "-D" in process.cmdline():
                    return process
        raise LookupError("no PostgreSQL runs")

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a statement in the translator's database."""
        line = self.postmaster().cmdline()
        folder = line[line.index("-D") + 1]
        with psycopg.connect(
            host=folder, port=5432, user="azuresu", dbname=TRANSLATOR, autocommit=True
        ) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def table(self, name: str) -> str:
        """The name with its schema."""
        ((schema,),) = self.ask(f"SELECT schemaname FROM pg_tables WHERE tablename = '{name}'")
        return f"{schema}.{name}"

    def memory(self) -> dict[str, int]:
        """Resident bytes of the daemon and of each app with its children, and open descriptors."""
        daemon = psutil.Process(self.daemon.pid)
        found = {"daemon": daemon.memory_info().rss, "daemon descriptors": daemon.num_fds()}
        for name in self.status()["apps"]:
            with contextlib.suppress(psutil.Error):
                family = [psutil.Process(pid) for pid in self.replicas(name)]
                family += [child for one in family for child in one.children(recursive=True)]
                found[name] = sum(process.memory_info().rss for process in family)
        return found


def request(method: str, path: str, port: int, *headers: str, body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{port}", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def once(
    port: int, method: str, path: str, *headers: str, body: bytes = b"", wait: float = PATIENCE
) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own."""
    async with asyncio.timeout(wait):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(request(method, path, port, *headers, "Connection: close", body=body))
            head = await reader.readuntil(b"\r\n\r\n")
            return int(head.split(b" ", 2)[1]), await reader.read()
        finally:
            writer.close()


class Rate:
    """Requests a second of some clients that ask for the same thing again and again."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.seconds: list[float] = []

    @property
    def failed(self) -> int:
        """Number of responses other than 200."""
        return sum(count for answer, count in self.answers.items() if answer != "200")

    async def measure(self, port: int, path: str, seconds: float, clients: int = CLIENTS) -> float:
        """Ask for `seconds`; return the requests a second that were answered by 200."""
        until, before = time.monotonic() + seconds, self.answers["200"]
        await asyncio.gather(*(self._ask(port, path, until) for _ in range(clients)))
        return (self.answers["200"] - before) / seconds

    async def _ask(self, port: int, path: str, until: float) -> None:
        asked = request("GET", path, port)
        reader = writer = None
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                async with asyncio.timeout(PATIENCE):
                    if reader is None or writer is None:
                        reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(asked)
                    head = (await reader.readuntil(b"\r\n\r\n")).lower()
                    if length := re.search(rb"\r\ncontent-length: *(\d+)", head):
                        await reader.readexactly(int(length[1]))
                    else:
                        await reader.readuntil(b"0\r\n\r\n")
                answer = head.split(b" ", 2)[1].decode()
            except (OSError, EOFError, TimeoutError) as error:
                answer = type(error).__name__
                if writer is not None:
                    writer.close()
                reader = writer = None
                await asyncio.sleep(0.05)
            self.answers[answer] += 1
            self.seconds.append(time.monotonic() - began)
        if writer is not None:
            writer.close()


async def begin(port: int, message: str, hops: int) -> int:
    """Begin a round; return its id."""
    body = json.dumps({"message": message, "hops": hops}).encode()
    code, rest = await once(port, "POST", "/api/rounds", JSON, body=body)
    if code != 201:
        sys.exit(f"A round could not be begun: {code} {rest[:200]!r}")
    return int(json.loads(rest)["id"])


@contextlib.asynccontextmanager
async def held_round(environment: Environment) -> AsyncGenerator[int]:
    """A round that goes on without an end, in the hands of a process that is not there."""
    port = environment.port("translator_origin")
    rounds, usage = environment.table("rounds"), environment.table("usage")
    environment.ask(f"DELETE FROM {usage}")
    number = await begin(port, "a round that waits", 3)
    async with asyncio.timeout(PATIENCE):
        while (await once(port, "GET", f"/api/rounds/{number}"))[1].find(b'"done"') < 0:
            await asyncio.sleep(0.2)
    environment.ask(
        f"UPDATE {rounds} SET status = 'running', lease = now() + interval '1 day',"
        f" runner = '00000000-0000-0000-0000-000000000001' WHERE id = {number}"
    )
    try:
        yield number
    finally:
        environment.ask(f"UPDATE {rounds} SET status = 'done', runner = NULL WHERE id = {number}")


async def streams(environment: Environment, given: argparse.Namespace) -> dict[str, Any]:
    """Hold event streams open by the edge; measure others without, with and without them again."""
    edge, origin = environment.port("translator"), environment.port("translator_origin")
    rates: dict[str, list[float]] = {"without": [], "beside": []}
    held: list[asyncio.StreamWriter] = []
    measured = Rate()
    before = environment.memory()
    during: dict[str, int] = {}
    opened = 0
    seconds = max(5.0, given.seconds / 6)
    async with held_round(environment) as number:
        await Rate().measure(origin, "/generate_name", 2)
        for _ in range(3):
            rates["without"].append(await measured.measure(origin, "/generate_name", seconds))
            follow = request("GET", f"/api/rounds/{number}/events", edge)

            async def open_one(follow: bytes = follow) -> bool:
                reader, writer = await asyncio.open_connection("127.0.0.1", edge)
                held.append(writer)
                writer.write(follow)
                try:
                    # Its first hop: it runs.
                    async with asyncio.timeout(PATIENCE):
                        await reader.readuntil(b"event: hop")
                except (OSError, EOFError, TimeoutError):
                    return False
                return True

            opened = sum(await asyncio.gather(*(open_one() for _ in range(given.streams))))
            during = environment.memory()
            rates["beside"].append(await measured.measure(origin, "/generate_name", seconds))
            for writer in held:
                writer.close()
            held.clear()
            async with asyncio.timeout(PATIENCE):
                while environment.status()["apps"][TRANSLATOR]["replicas"][0]["requests"] > 0:
                    await asyncio.sleep(0.2)
    kept = [b / w for w, b in zip(rates["without"], rates["beside"], strict=True)]
    middle = sorted(kept)[1]
    return {
        "streams": given.streams,
        "opened": opened,
        "requests a second": {k: [round(r) for r in v] for k, v in rates.items()},
        "left beside streams": [round(k, 2) for k in kept],
        "failed": measured.failed,
        "memory": {"before": before, "during": during, "after": environment.memory()},
        "good": opened == given.streams and middle >= LEAST_BESIDE_STREAMS and not measured.failed,
    }


async def writers(environment: Environment, given: argparse.Namespace) -> dict[str, Any]:
    """200 send rounds at once while replicas, then the database, are killed: all 201s are kept."""
    port = environment.port("translator_origin")
    rounds, usage = environment.table("rounds"), environment.table("usage")
    accepted: dict[int, str] = {}
    answers: Counter[str] = Counter()
    began = time.monotonic()
    until = began + given.seconds

    async def forget() -> None:
        # One address may send 300 an hour.
        while time.monotonic() < until:
            with contextlib.suppress(psycopg.Error, LookupError):
                await asyncio.to_thread(environment.ask, f"DELETE FROM {usage}")
            await asyncio.sleep(0.5)

    async def write(writer: int) -> None:
        count = 0
        while time.monotonic() < until:
            count += 1
            text = f"writer {writer} says {count}"
            body = json.dumps({"message": text, "hops": 3}).encode()
            try:
                code, rest = await once(port, "POST", "/api/rounds", JSON, body=body)
                answers[str(code)] += 1
                if code == 201:
                    accepted[int(json.loads(rest)["id"])] = text
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                answers[type(error).__name__] += 1
                await asyncio.sleep(0.2)

    async def strike() -> None:
        await asyncio.sleep(given.seconds / 3)
        for pid in environment.replicas(TRANSLATOR):
            os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(given.seconds / 3)
        environment.postmaster().kill()

    await asyncio.gather(forget(), strike(), *(write(number) for number in range(200)))
    took = time.monotonic() - began
    unfinished = -1
    deadline = time.monotonic() + ROUNDS_END
    while unfinished and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.Error, LookupError):
            ((unfinished,),) = environment.ask(
                f"SELECT count(*) FROM {rounds} WHERE status = 'running'"
            )
        await asyncio.sleep(1)
    kept = dict(environment.ask(f"SELECT id, message FROM {rounds}"))
    lost = [number for number, text in accepted.items() if kept.get(number) != text]
    return {
        "writers": 200,
        "seconds": round(took),
        "answers": dict(answers),
        "accepted": len(accepted),
        "lost": len(lost),
        "unfinished": unfinished,
        "good": bool(accepted) and not lost and not unfinished,
    }


async def ended(reader: asyncio.StreamReader) -> bool:
    """Return True if the server has closed a connection, or is doing so."""
    try:
        async with asyncio.timeout(1):
            await reader.read()
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


async def replica(environment: Environment, name: str) -> int:
    """The port of a replica of the app that a name begins with; it is asked first, so it runs."""
    app = name.partition(" ")[0]
    await once(environment.port(f"{app}_origin"), "GET", "/")
    return next(r["port"] for r in environment.status()["apps"][app]["replicas"] if r["port"])


async def slow(environment: Environment, given: argparse.Namespace) -> dict[str, Any]:
    """600 connections that send a head bit by bit, everywhere: others are served, they are cut."""
    found: dict[str, Any] = {}
    sites = list(environment.status()["urls"])
    # Not the homepage itself: its eight threads take slow heads one after the other.
    for name in (*sites, f"{TRANSLATOR} itself"):
        port = environment.port(name) if name in sites else await replica(environment, name)
        held: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        for _ in range(600):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-a: ")
            held.append((reader, writer))
        began, codes, slowest = time.monotonic(), Counter[str](), 0.0
        while time.monotonic() - began < given.seconds / 2:
            for _, writer in held:
                if not writer.is_closing():
                    writer.write(b"a")
            asked = time.monotonic()
            try:
                codes[str((await once(port, "GET", "/", wait=20))[0])] += 1
            except (OSError, EOFError, TimeoutError) as error:
                codes[type(error).__name__] += 1
            slowest = max(slowest, time.monotonic() - asked)
            await asyncio.sleep(0.5)
        # A 408, or nothing and the end.
        cut = sum([await ended(reader) for reader, _ in held])
        for _, writer in held:
            writer.close()
        found[name] = {"others": dict(codes), "slowest s": round(slowest, 2), "cut": cut}
    good = all(set(one["others"]) == {"200"} and one["cut"] == 600 for one in found.values())
    return {"at": found, "good": good}


async def bodies(environment: Environment, _given: argparse.Namespace) -> dict[str, Any]:
    """Bodies, headers and paths that are too large: each gets an answer of its kind."""
    before, found = environment.memory(), dict[str, Any]()
    requests: dict[str, tuple[str, str, Sequence[str], int]] = {
        "1 MB body": ("POST", "/api/rounds", (JSON,), 10**6),
        "64 MB body": ("POST", "/api/rounds", (JSON,), 64 * 10**6),
        "1000 headers": ("GET", "/", [f"X-{n}: {'a' * 20}" for n in range(1000)], 0),
        "60 kB header": ("GET", "/", ("X-a: " + "a" * 60_000,), 0),
        "1 MB header": ("GET", "/", ("X-a: " + "a" * 10**6,), 0),
        "60 kB path": ("GET", "/" + "a" * 60_000, (), 0),
        "two lengths": ("POST", "/api/rounds", (JSON, "Transfer-Encoding: chunked"), 5),
    }
    for name in environment.status()["urls"]:
        port, codes = environment.port(name), dict[str, str]()
        for label, (method, path, headers, size) in requests.items():
            try:
                code, _ = await once(port, method, path, *headers, body=b"a" * size, wait=60)
                codes[label] = str(code)
            except (OSError, EOFError, TimeoutError) as error:
                # The answer came, and the connection was cut before all was sent.
                codes[label] = type(error).__name__
        found[name] = codes
    # The homepage reads no bodies: it may hang up on one, which the ingress says as 503.
    translator = [codes for name, codes in found.items() if name.startswith(TRANSLATOR)]
    good = all(not code.startswith("5") for codes in translator for code in codes.values())
    good = good and all(codes["two lengths"] == "400" for codes in found.values())
    return {"at": found, "memory": [before, environment.memory()], "good": good}


async def soak(environment: Environment, given: argparse.Namespace) -> dict[str, Any]:
    """Ask every site for `--soak` seconds: no request fails, and no process keeps growing."""
    rates: dict[str, Rate] = {}
    done = asyncio.Event()
    samples: list[dict[str, int]] = []
    every = given.soak / 10

    async def sample() -> None:
        while not done.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), every)
            samples.append(await asyncio.to_thread(environment.memory))

    async def load() -> None:
        work: list[Coroutine[Any, Any, float]] = []
        for name, path in (
            *(("homepage", "/"), ("homepage_origin", "/projects"), ("translator", "/recent")),
            *(("translator_origin", "/generate_name"), ("translator_origin", "/api/rounds?num=5")),
        ):
            rate = rates[f"{name} {path}"] = Rate()
            work.append(rate.measure(environment.port(name), path, given.soak, clients=2))
        await asyncio.gather(*work)
        done.set()

    await asyncio.gather(sample(), load())
    # The first fifth fills caches and pools.
    early, late = samples[len(samples) // 5], samples[-1]
    grown = {
        name: late[name] - early[name]
        for name in early
        if name in late and name != "daemon descriptors"
    }
    flat = all(
        more <= max(MOST_GROWTH_BYTES, MOST_GROWTH * early[name]) for name, more in grown.items()
    )
    failed = sum(rate.failed for rate in rates.values())
    return {
        "seconds": given.soak,
        "answers": {name: dict(rate.answers) for name, rate in rates.items()},
        "slowest s": {name: round(max(rate.seconds), 2) for name, rate in rates.items()},
        "memory": samples,
        "grown": grown,
        "failed": failed,
        "good": flat and not failed,
    }


PARTS = {part.__name__: part for part in (streams, writers, slow, bodies, soak)}


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkout", nargs="?", default=".", type=Path)
    parser.add_argument("--parts", default=",".join(PARTS), help="of: " + ", ".join(PARTS))
    parser.add_argument("--streams", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=60, help="of load in a part")
    parser.add_argument("--soak", type=float, default=300, help="seconds")
    given = parser.parse_args()
    environment = Environment(given.checkout)
    missed: list[str] = []
    for name in given.parts.split(","):
        if name not in PARTS:
            parser.error(f"There is no part {name!r}. Allowed: {', '.join(PARTS)}.")
        found = asyncio.run(PARTS[name](environment, given))
        load = round(os.getloadavg()[0], 1)
        sys.stdout.write(json.dumps({"part": name, "load average": load} | found) + "\n")
        sys.stdout.flush()
        if not found["good"]:
            missed.append(name)
    if missed:
        sys.exit(f"Missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
