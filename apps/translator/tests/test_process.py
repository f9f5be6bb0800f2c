"""The app as a process: how it starts, logs and stops."""

import gzip
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx
import pytest
from serving import Process

Serve = Callable[..., Process]


def test_every_log_line_is_json_and_a_request_is_one_of_them(process: Process) -> None:
    headers = {"X-Request-ID": "from-the-edge-1", "X-Forwarded-For": "192.0.2.7"}
    httpx.get(f"{process.address}/", headers=headers)
    httpx.get(f"{process.address}/nowhere?x=1", headers={"X-Request-ID": "no"})
    httpx.get(f"{process.address}/healthz")
    requests = [line for line in process.lines() if line["message"] == "request"]
    assert [(line["path"], line["status"]) for line in requests] == [("/", 200), ("/nowhere", 404)]
    assert requests[0]["request_id"] == "from-the-edge-1"
    assert requests[0]["client"] == "192.0.2.7"
    assert len(requests[1]["request_id"]) == 32


def test_a_request_under_way_is_finished_before_it_stops(process: Process) -> None:
    address = urlsplit(process.address)
    body = b'{"message": "the last words"}'
    head = (
        f"POST /api/rounds HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
        connection.sendall(head.encode())
        httpx.get(f"{process.address}/readyz")  # it has our half request by now
        process.terminate()
        process.wait_for_line("Shutting down")
        connection.sendall(body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 201 Created")
    assert b"the last words" in answer
    assert process.wait() in {0, -15}


def test_it_stops_at_once_when_nothing_is_under_way(process: Process) -> None:
    with httpx.Client() as client:
        client.get(f"{process.address}/")  # leaves an idle connection behind
        process.terminate()
        assert process.wait() in {0, -15}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "eighty", "PORT='eighty': "),
        ("PUBLIC_URL", "www.example.org", "PUBLIC_URL='www.example.org': "),
        ("PGHOST", None, "PGHOST is not set"),
        ("PGDATABASE", None, "PGDATABASE is not set"),
        ("PGUSER", None, "PGUSER is not set"),
        ("PGSSLMODE", "sometimes", "PGSSLMODE='sometimes': "),
        ("PGSSLMODE", "prefer", "PGSSLMODE: a token is the password, so it must be one of "),
    ],
)
def test_a_wrong_setting_is_named_and_ends_it(
    name: str, value: str | None, message: str, serve: Serve
) -> None:
    with pytest.raises(AssertionError) as failure:
        serve(**{name: value})
    assert message in str(failure.value)
    assert "Traceback" not in str(failure.value)


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
    thread = threading.Thread(target=collector.serve_forever)
    thread.start()
    try:
        where = f"http://127.0.0.1:{collector.server_port}"
        process = serve(OTEL_EXPORTER_OTLP_ENDPOINT=where, OTEL_BSP_SCHEDULE_DELAY="100")
        httpx.get(f"{process.address}/generate_name")
        assert arrived.wait(15)
        assert b"translator" in spans[-1]
    finally:
        collector.shutdown()
        collector.server_close()
        thread.join()
