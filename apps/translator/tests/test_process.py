"""The app as a process: how it starts, logs and stops."""

import contextlib
import gzip
import json
import os
import re
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx
import pytest
from conftest import PATIENT, Serve
from playing import PATIENCE, PLAIN
from postgres import Postgres
from serving import APP, Process
from translator.__main__ import listen
from translator.settings import Settings, load

_COMMAND = [sys.executable, "-m", "translator"]


def test_every_log_line_is_json_and_a_request_is_one_of_them(process: Process) -> None:
    headers = {"X-Request-ID": "made-up-by-a-visitor", "X-Forwarded-For": "192.0.2.7"}
    process.client.get("/", headers=headers)
    process.client.get("/nowhere?x=1", headers={"X-Request-ID": "no"})
    process.client.get("/healthz")
    requests = [line for line in process.lines() if line["message"] == "request"]
    assert [(line["path"], line["status"]) for line in requests] == [("/", 200), ("/nowhere", 404)]
    assert requests[0]["client"] == "192.0.2.7"
    ids = {line["request_id"] for line in requests}
    assert sorted(map(len, ids)) == [32, 32]


def test_a_request_under_way_is_finished_before_it_stops(process: Process) -> None:
    address = urlsplit(process.address)
    body = b'{"message": "the last words"}'
    head = (
        f"POST /api/rounds HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
        connection.sendall(head.encode())
        process.client.get("/readyz")  # it has our half request by now
        process.terminate()
        process.wait_for_line("Shutting down")
        connection.sendall(body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 201 Created")
    assert b"the last words" in answer
    assert process.wait() in {0, -15}


def test_it_stops_at_once_when_nothing_is_under_way(process: Process) -> None:
    process.client.get("/")  # leaves an idle connection behind
    process.terminate()
    assert process.wait() in {0, -15}


def _connect(process: Process) -> socket.socket:
    address = urlsplit(process.address)
    return socket.create_connection((address.hostname or "", address.port or 0), PATIENCE)


def test_a_head_that_comes_bit_by_bit_is_cut_and_others_are_served(serve: Serve) -> None:
    process = serve({**PATIENT, "translator.connections.HEAD_SECONDS": 0.2})
    with _connect(process) as slow, _connect(process) as silent:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        answer = b""
        slow.settimeout(0.01)
        while not answer:
            with contextlib.suppress(TimeoutError):
                slow.sendall(b"a")
                answer = slow.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408 Request Timeout")
        assert silent.recv(1) == b""
    assert process.client.get("/healthz").status_code == 200


def test_two_lengths_are_400(process: Process) -> None:
    with _connect(process) as connection:
        connection.sendall(
            b"POST /api/rounds HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_connection_that_would_take_the_last_descriptors_is_closed(serve: Serve) -> None:
    process = serve({**PATIENT, "translator.connections.SPARE_DESCRIPTORS": 10**9})
    with _connect(process) as connection, contextlib.suppress(ConnectionResetError):
        assert connection.recv(1) == b""
    assert "Traceback" not in process.text()


def test_it_starts_by_the_command_of_its_image_and_stops_when_told(postgres: Postgres) -> None:
    program = subprocess.Popen(
        _COMMAND,
        cwd=APP,
        env={"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": "0"} | postgres.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    said = (json.loads(line) for line in program.stdout)
    address = next(line["address"] for line in said if "address" in line)
    with httpx.Client(verify=PLAIN, base_url=address, timeout=PATIENCE) as client:
        assert client.get("/healthz").status_code == 200
    program.terminate()
    assert program.wait(PATIENCE) in {0, -15}
    program.stdout.close()


_FIRST_IMPORT = """
import psutil, runpy, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "translator.server":
            states = [one.status for one in psutil.Process().net_connections()]
            sys.exit(f"{states}, {'fastapi' in sys.modules}")
sys.meta_path.insert(0, Finder())
runpy.run_module("translator", run_name="__main__", alter_sys=True)
"""


def _ended(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    whole = {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PGHOST": "x", "PGDATABASE": "x"}
    return subprocess.run(
        [sys.executable, *words],
        cwd=APP,
        env={**whole, "PGUSER": "x", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_listens_before_it_imports_the_framework() -> None:
    assert _ended("-c", _FIRST_IMPORT, PORT="0").stderr == "['LISTEN'], False\n"


def test_a_response_of_two_packets_does_not_wait_for_a_receipt() -> None:
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = _ended("-m", "translator", PORT=str(port))
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"HOST='127.0.0.1', PORT={port}: Address already in use")
    assert line.endswith(". Change one of them.")


def test_a_wrong_setting_ends_it_with_one_line() -> None:
    ended = _ended("-m", "translator", PGUSER="")
    assert ended.returncode == 1
    assert ended.stderr == "PGUSER='': must not be empty\n"
    assert not ended.stdout


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "eighty", "PORT='eighty': "),
        ("PUBLIC_URL", "www.example.org", "PUBLIC_URL='www.example.org': "),
        ("PGHOST", None, "PGHOST is not set"),
        ("PGDATABASE", None, "PGDATABASE is not set"),
        ("PGUSER", None, "PGUSER is not set"),
        ("PGSSLMODE", "sometimes", "PGSSLMODE='sometimes': "),
        ("PGSSLMODE", "prefer", "PGSSLMODE must be one of require, verify-ca, verify-full"),
        ("TRANSLATOR_PROVIDER", "azure", "TRANSLATOR_ENDPOINT is required"),
        ("TRANSLATOR_ENDPOINT", "http://x.example", "must begin with https://, as access tokens"),
        ("VISITOR_WRITES_PER_HOUR", "0", "VISITOR_WRITES_PER_HOUR='0': "),
    ],
)
def test_a_wrong_setting_is_named(
    name: str, value: str | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = {"PGHOST": "x", "PGDATABASE": "x", "PGUSER": "x", "IDENTITY_ENDPOINT": "http://x"}
    for one, given in (right | {name: value}).items():
        if given is None:
            monkeypatch.delenv(one, raising=False)
        else:
            monkeypatch.setenv(one, given)
    with pytest.raises(SystemExit, match=re.escape(message)):
        load(Settings)


def test_spans_go_to_the_collector_that_is_configured(serve: Serve) -> None:
    spans: list[bytes] = []
    arrived = threading.Event()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            spans.append(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
            self.send_response(200)
            self.end_headers()
            if b"/generate_name" in spans[-1]:
                arrived.set()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    collector = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=collector.serve_forever, args=(0.02,))
    thread.start()
    try:
        where = f"http://127.0.0.1:{collector.server_port}"
        process = serve(OTEL_EXPORTER_OTLP_ENDPOINT=where, OTEL_BSP_SCHEDULE_DELAY="100")
        process.client.get("/generate_name")
        assert arrived.wait(PATIENCE)
        assert b"translator" in spans[-1]
    finally:
        collector.shutdown()
        collector.server_close()
        thread.join()
