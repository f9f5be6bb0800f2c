"""The spreadsheet on good days and bad ones: live, else the last good copy, else the bundled."""

import json
import threading
import time
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from homepage import create_app
from homepage.settings import Settings
from homepage.sheet import fetch, store
from homepage.sheet.bundled import bundled
from homepage.sheet.rows import Sheet
from homepage.sheet.store import Store
from pydantic import SecretStr

KEY = "the-key-that-is-secret"
Answer = tuple[int, bytes]


class Sheets(ThreadingHTTPServer):
    """A local stand-in for the Sheets API; `answers` says what comes, by worksheet and attempt."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.answer: Callable[[str], Answer] = good
        self.slow = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}"

    def settings(self) -> Settings:
        return Settings(
            sheet_id="id with/odd", sheets_api_key=SecretStr(KEY), sheets_base_url=self.address
        )


class _Handler(BaseHTTPRequestHandler):
    server: Sheets  # pyright: ignore[reportIncompatibleVariableOverride]  # the only one

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["X-Goog-Api-Key"]))
        status, body = self.server.answer(self.path.rpartition("/")[2])
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class
        """Nothing: tests print what they want to."""


def values(*rows: list[object]) -> bytes:
    return json.dumps({"range": "x!A1:Z9", "majorDimension": "ROWS", "values": rows}).encode()


def good(worksheet: str) -> Answer:
    return 200, values(
        ["Title", "date", "unknown", "include"],
        [f"Live {worksheet}", "2026-10-01"],
        ["Hidden", "2026-10-02", "", "no"],
    )


@pytest.fixture
def sheets() -> Generator[Sheets]:
    server = Sheets()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.slow.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_live_data_are_on_the_pages(sheets: Sheets) -> None:
    client = create_app(sheets.settings()).test_client()
    for name in ("talks", "projects", "interviews"):
        page = client.get(f"/{name}")
        assert f"Live {name}" in page.text
        assert "Hidden" not in page.text
        assert page.headers["Cache-Control"] == "public, max-age=0, s-maxage=3600"
    assert client.get("/readyz").json == {"status": "ok", "content": "live"}
    # Once for all pages, with the key in a header and never in the address.
    prefix = "/v4/spreadsheets/id%20with%2Fodd/values/"
    assert sorted(sheets.asked) == [
        (f"{prefix}{name}", KEY) for name in ("interviews", "projects", "talks")
    ]


BAD = {
    "quota": (403, b'{"error": {"code": 403, "status": "PERMISSION_DENIED"}}'),
    "too many requests": (429, b"{}"),
    "broken": (500, b"oops"),
    "no JSON": (200, b"<html>sign in</html>"),
    "truncated": (200, values(["title"], ["x"])[:-9]),
    "empty": (200, b""),
    "no rows": (200, b'{"range": "x"}'),
    "no title": (200, values(["name"], ["x"])),
    "wrong types": (200, b'{"values": {"title": 1}}'),
    "rows that are none": (200, b'{"values": [1, null, "x"]}'),
    "nested": (200, b"[" * 100_000),
    "huge": (200, b'{"values": [["' + b"x" * 2_000_001 + b'"]]}'),
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
def test_on_a_bad_day_the_bundled_copy_is_shown_briefly(
    answer: Answer,
    sheets: Sheets,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetch, "_WAITS", (0.01, 0.01))
    sheets.answer = lambda _name: answer
    page = create_app(sheets.settings()).test_client().get("/talks")
    assert page.status_code == 200
    assert bundled().talks[0].title in page.text
    assert page.headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
    assert [record.message for record in caplog.records if record.name == "homepage.sheet"] == [
        "the spreadsheet could not be read"
    ]
    told = "".join(str(vars(record)) for record in caplog.records)
    assert KEY not in told


def test_ragged_rows_are_taken(sheets: Sheets) -> None:
    sheets.answer = lambda _name: (
        200,
        values(["title", "date", "tags", "slides"], [], ["A"], ["B", 7, None], [True, {}, []]),
    )
    page = create_app(sheets.settings()).test_client().get("/talks")
    assert "s-maxage=3600" in page.headers["Cache-Control"]
    assert all(f">{title}</h3>" in page.text for title in ("A", "B", "True"))


def test_what_passes_is_tried_again(sheets: Sheets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_WAITS", (0.01, 0.01))
    first = {"talks": 503, "projects": 429}
    sheets.answer = lambda name: (first.pop(name), b"") if name in first else good(name)
    assert "Live talks" in create_app(sheets.settings()).test_client().get("/talks").text
    assert len(sheets.asked) == 5


def test_a_refusal_is_not_tried_again(sheets: Sheets) -> None:
    sheets.answer = lambda _name: (403, b"")
    create_app(sheets.settings()).test_client().get("/talks")
    assert len(sheets.asked) <= 3


def test_a_server_that_does_not_answer_is_left_in_time(
    sheets: Sheets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Served within a second of the time-out, which is shorter here."""
    monkeypatch.setattr(fetch, "WHOLE", 0.3)

    def wait(name: str) -> Answer:
        sheets.slow.wait()
        return good(name)

    sheets.answer = wait
    client = create_app(sheets.settings()).test_client()
    began = time.monotonic()
    page = client.get("/")
    assert time.monotonic() - began < 0.3 + 1
    assert bundled().talks[0].title in page.text
    assert "s-maxage=60" in page.headers["Cache-Control"]


def test_the_time_outs_are_as_documented() -> None:
    assert (fetch.WHOLE, fetch.CONNECT) == (5.0, 2.0)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def copy(name: str) -> Sheet:
    return Sheet(
        as_of=bundled().as_of, talks=bundled().talks[: len(name)], projects=(), interviews=()
    )


def settled() -> None:
    """Wait for the load under way."""
    for thread in threading.enumerate():
        if thread.name == store.LOADING:
            thread.join()


def test_the_last_good_copy_is_kept_while_loads_fail() -> None:
    clock, good_copy, fails = Clock(), copy("a"), False

    def load() -> Sheet:
        if fails:
            raise OSError("down")
        return good_copy

    held = Store(load, clock)
    assert held.get().origin == "live"
    fails = True
    clock.now += 301
    shown = held.get()  # begins a load, and does not wait for it
    assert (shown.sheet, shown.origin) == (good_copy, "kept")
    settled()
    clock.now += 10_000
    assert held.get().sheet is good_copy
    settled()
    fails = False
    clock.now += 60
    held.get()
    settled()
    assert held.get().origin == "live"


def test_one_load_at_a_time_and_the_old_copy_meanwhile() -> None:
    clock, go, loads = Clock(), threading.Event(), list[int]()

    def load() -> Sheet:
        loads.append(1)
        if len(loads) > 1:
            go.wait()
        return copy("a" * len(loads))

    held = Store(load, clock)
    first = held.get().sheet
    clock.now += 301
    assert all(held.get().sheet is first for _ in range(50))
    assert len(loads) <= 2
    go.set()
    settled()
    assert len(loads) == 2
    assert held.get().sheet is not first


def test_failed_loads_are_not_repeated_at_once() -> None:
    clock, loads = Clock(), list[int]()

    def load() -> Sheet:
        loads.append(1)
        raise OSError("down")

    held = Store(load, clock)
    for _ in range(20):
        held.get()
    assert len(loads) == 1
    clock.now += store.PAUSE * 1.5 + 1
    held.get()
    settled()
    assert len(loads) == 2


def test_published_csv_needs_no_key(sheets: Sheets) -> None:
    sheets.answer = lambda name: (
        200,
        "\ufefftitle,date,description\r\n".encode()
        + f'"Live, {name}",2026-10-01,"two\nlines"\r\nShort\r\n'.encode(),
    )
    settings = Settings(
        sheet_csv_talks=f"{sheets.address}/talks",
        sheet_csv_projects=f"{sheets.address}/projects",
        sheet_csv_interviews=f"{sheets.address}/interviews",
    )
    page = create_app(settings).test_client().get("/talks")
    assert "Live, talks" in page.text
    assert "Short" in page.text
    assert sorted(sheets.asked) == [("/interviews", None), ("/projects", None), ("/talks", None)]
