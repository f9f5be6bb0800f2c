"""Start, reads, lists and rounds of the translator, against its bare parts.

The app runs as its image runs it, from its own virtualenv, on a real PostgreSQL behind TLS with
tokens; its translator is a local one that takes 20 ms an answer. Compared with a bare app of the
same libraries (FastAPI, SQLAlchemy, psycopg) that reaches the same PostgreSQL in the same way, with
a password: started until it has answered from the database, and its routes with the same queries.
A round is compared with the same translations asked for one after another.
"""

import json
import os
import socket
import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
from rich.console import Console

from benchmarks.timing import in_turns, show
from frugal.errors import FrugalError
from frugal.paths import checkout

_STARTS: Final = 5
_READS: Final = 200
_PLAYS: Final = 10
_LANGUAGES: Final = ("de", "fr", "es", "it", "pt", "nl", "sv", "da", "fi", "pl", "cs", "hu")

_BARE: Final = """\
import os
from typing import Any
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
WHOLE = '''
    SELECT rounds.*, visitors.name, (
        SELECT coalesce(json_agg(json_build_object('n', n, 'from', source, 'to', target,
            'text', text, 'provider', provider) ORDER BY n), '[]')
        FROM hops WHERE round_id = rounds.id) AS hops
    FROM rounds LEFT JOIN visitors ON visitors.id = rounds.visitor
'''
ROUND = text(WHOLE + "WHERE rounds.id = :id")
LIST = text(WHOLE + "WHERE listed ORDER BY rounds.id DESC LIMIT 31")
engine = create_async_engine("postgresql+psycopg://")
app = FastAPI()
@app.get("/readyz")
async def ready() -> dict[str, str]:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return {"status": "ready"}
@app.get("/api/rounds/{id}")
async def get_round(id: int) -> dict[str, Any]:
    async with engine.connect() as connection:
        found = await connection.execute(ROUND, {"id": id})
        return dict(found.mappings().one())
@app.get("/api/rounds")
async def list_rounds() -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        found = await connection.execute(LIST)
        return [dict(row) for row in found.mappings()]
uvicorn.run(app, port=int(os.environ["PORT"]), log_level="warning")
"""


def run(out: Console, progress: Console) -> None:
    """Measure and print three tables."""
    with _stage() as stage:
        _show_starts(stage, out, progress)
        with (
            _started(stage.app, stage.environment) as address,
            httpx.Client(base_url=address, timeout=60) as client,
        ):
            _show_reads(stage, client, out, progress)
            _show_rounds(stage, client, out, progress)


class _Stage:
    """The app's surroundings, and the commands of the app and of the bare server."""

    def __init__(self, python: Path, folder: Path, told: dict[str, Any]) -> None:
        self.environment: dict[str, str] = told["environment"]
        self.bare_environment: dict[str, str] = told["bare"]
        self.database: str = told["database"]
        self.translator: str = told["translator"]
        self.app = ([str(python), "-m", "translator"], folder)
        self._bare = tempfile.TemporaryDirectory(prefix="frugal-bench-")
        Path(self._bare.name, "bare.py").write_text(_BARE)
        self.bare = ([str(python), "bare.py"], Path(self._bare.name))

    def close(self) -> None:
        """Remove the bare server."""
        self._bare.cleanup()


@contextmanager
def _stage() -> Generator[_Stage]:
    here = checkout()
    folder = here.root / "apps" / "translator"
    python = here.tool / "venvs" / "translator" / "bin" / "python"
    if not python.exists():
        raise FrugalError("The translator's virtualenv is not there. Run `make test` once.")
    stage = subprocess.Popen(
        [python, "tests/stage.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}:{folder / 'tests'}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert stage.stdin is not None  # noqa: S101  # both are pipes
    assert stage.stdout is not None  # noqa: S101
    try:
        line = stage.stdout.readline()
        if not line:
            raise FrugalError("The translator's environment did not start; the reason is above.")
        made = _Stage(python, folder, json.loads(line))
        try:
            yield made
        finally:
            made.close()
    finally:
        stage.stdin.close()
        stage.wait()


@contextmanager
def _started(command: tuple[list[str], Path], environment: dict[str, str]) -> Generator[str]:
    """Start a server; return its address after a response from the database."""
    words, folder = command
    port = _free_port()
    server = subprocess.Popen(
        words,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": str(port), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=0)) as client:
            while not _is_ready(client, address):
                if server.poll() is not None:
                    raise FrugalError(f"{words[1:]} ended with {server.returncode}.")
        yield address
    finally:
        server.terminate()
        server.wait()


def _is_ready(client: httpx.Client, address: str) -> bool:
    try:
        return client.get(f"{address}/readyz").status_code == HTTPStatus.OK
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _show_starts(stage: _Stage, out: Console, progress: Console) -> None:
    def starts(command: tuple[list[str], Path], environment: dict[str, str]) -> Callable[[], None]:
        def start() -> None:
            with _started(command, environment):
                pass

        return start

    kinds = {
        "bare FastAPI with SQLAlchemy and psycopg": starts(stage.bare, stage.bare_environment),
        "translator": starts(stage.app, stage.environment),
    }
    measured = in_turns(kinds, _STARTS, lambda line: progress.print(f"translator: start, {line}"))
    show(out, "Start, to the first answer from the database", measured, base=next(iter(kinds)))


def _show_reads(stage: _Stage, client: httpx.Client, out: Console, progress: Console) -> None:
    with psycopg.connect(stage.database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO rounds (message, status, languages, ending, drift)"
            " SELECT 'm' || n, 'done', '{de}', 'e', 50 FROM generate_series(1, 1000) n"
        )
        connection.execute(
            "INSERT INTO hops SELECT r.id, n, 'en', 'de', 'text', 'offline'"
            " FROM rounds r, generate_series(1, 13) n"
        )
        connection.execute("ANALYZE rounds, hops")
    with (
        _started(stage.bare, stage.bare_environment) as address,
        httpx.Client(base_url=address, timeout=60) as bare,
    ):
        kinds: dict[str, Callable[[], object]] = {
            "bare route with the query of a round": lambda: _read(bare, "/api/rounds/500"),
            "GET /api/rounds/ID": lambda: _read(client, "/api/rounds/500"),
            "bare route with the query of a list of 30": lambda: _read(bare, "/api/rounds"),
            "GET /api/rounds": lambda: _read(client, "/api/rounds"),
        }
        progress.print("translator: reads and lists")
        measured = in_turns(kinds, _READS, lambda _: None)
    one, read, many, listed = kinds
    show(out, "A read and a list", measured, base={one: one, read: one, many: many, listed: many})


def _read(client: httpx.Client, path: str) -> None:
    if client.get(path).status_code != HTTPStatus.OK:
        raise FrugalError(f"{path} could not be read.")


def _show_rounds(stage: _Stage, client: httpx.Client, out: Console, progress: Console) -> None:
    with httpx.Client(base_url=stage.translator) as translator:
        number = 0

        def ask() -> None:
            for source, target in zip(("en", *_LANGUAGES), (*_LANGUAGES, "en"), strict=True):
                translator.post(
                    "/translator/text/v3.0/translate",
                    params={"api-version": "3.0", "from": source, "to": target},
                    headers={"Authorization": "Bearer x"},
                    json=[{"Text": "hello"}],
                )

        def play() -> None:
            nonlocal number
            number += 1  # a phrase that is not remembered
            wish = {"message": f"hello {number}", "hops": 12, "languages": list(_LANGUAGES)}
            begun = client.post("/api/rounds", json=wish).raise_for_status()
            where = f"{begun.headers['Location']}/events"
            with client.stream("GET", where) as events:
                last = [line for line in events.iter_lines() if line.startswith("event")][-1]
            if last != "event: done":
                raise FrugalError(f"A round ended with {last}.")

        kinds = {"13 translations alone": ask, "a round of 12 languages": play}
        measured = in_turns(kinds, _PLAYS, lambda line: progress.print(f"translator: {line}"))
        show(out, "A round and its provider", measured, base=next(iter(kinds)))
