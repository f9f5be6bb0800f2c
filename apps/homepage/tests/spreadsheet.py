"""A local server in the place of others: the Sheets API, published CSV, a blog with a feed."""

import json
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from homepage import fetch
from homepage.settings import Settings
from pydantic import SecretStr

KEY = "the-key-that-is-secret"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response: the parts of `body` one by one; `length` (default: the real one) as header."""

    status: int = 200
    body: Iterable[bytes] = ()
    length: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Sheets(ThreadingHTTPServer):
    """Answers with what `answer` makes of a worksheet's name, and notes who asked in `asked`.

    `over` is set when the test is: whoever waits for it has nothing more to say.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.answer: Callable[[str], Answer] = good
        self.over = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}"

    def api(self) -> Settings:
        """Of a site that asks the API with a key."""
        return Settings(
            sheet_id="id with/odd", sheets_api_key=SecretStr(KEY), sheets_base_url=self.address
        )

    def csv(self) -> Settings:
        """Of a site that asks for published CSV."""
        return Settings(
            sheet_csv_talks=f"{self.address}/talks",
            sheet_csv_projects=f"{self.address}/projects",
            sheet_csv_interviews=f"{self.address}/interviews",
        )

    def blog(self) -> Settings:
        """Of a site with a blog, whose feed is here, and the bundled content."""
        return Settings(blog_feed=f"{self.address}/feed")


class _Handler(BaseHTTPRequestHandler):
    server: Sheets  # pyright: ignore[reportIncompatibleVariableOverride]  # the only one

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["X-Goog-Api-Key"]))
        answer = self.server.answer(self.path.rpartition("/")[2])
        parts = answer.body if answer.length is not None else [b"".join(answer.body)]
        length = answer.length if answer.length is not None else sum(map(len, parts))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        try:
            for part in parts:
                self.wfile.write(part)
        except ConnectionError:
            """Whoever asked has gone."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class
        """Nothing: tests print what they want to."""


def values(*rows: list[object]) -> bytes:
    """Rows as the API sends them."""
    return json.dumps({"range": "x!A1:Z9", "majorDimension": "ROWS", "values": rows}).encode()


def good(worksheet: str) -> Answer:
    """A good day of the API."""
    rows = values(
        ["Title", "date", "unknown", "include"],
        [f"Live {worksheet}", "2026-10-01"],
        ["Hidden", "2026-10-02", "", "no"],
    )
    return Answer(body=[rows])


def good_csv(worksheet: str) -> Answer:
    """A good day of published CSV, which begins with a byte order mark."""
    head = "\ufefftitle,date,description\r\n"
    rows = f'"Live, {worksheet}",2026-10-01,"two\nlines"\r\nShort\r\n'
    return Answer(body=[head.encode(), rows.encode()])


@pytest.fixture
def sheets(monkeypatch: pytest.MonkeyPatch) -> Generator[Sheets]:
    # Only tests of the limits run into them, however busy the machine is.
    monkeypatch.setattr(fetch, "WHOLE", 60.0)
    monkeypatch.setattr(fetch, "CONNECT", 60.0)
    monkeypatch.setattr(fetch, "_WAITS", (0.01, 0.01))
    with running() as server:
        yield server


@contextmanager
def running() -> Generator[Sheets]:
    """A server that runs until the end of the block."""
    server = Sheets()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
