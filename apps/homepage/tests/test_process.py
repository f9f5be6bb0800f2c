"""The app as a process: how it starts, logs and stops."""

import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import psutil
import pytest
from homepage.pages import OWNER
from markupsafe import escape
from serving import PATIENCE, Process

Serve = Callable[..., Process]


def get(url: str, **headers: str) -> httpx.Response:
    return httpx.get(url, headers=headers, timeout=PATIENCE)


def test_it_serves_over_a_real_socket(serve: Serve) -> None:
    process = serve(PUBLIC_URL="https://www.example.org")
    page = get(f"{process.address}/")
    health = get(f"{process.address}/healthz")
    assert page.status_code == 200
    assert str(escape(OWNER)) in page.text
    assert health.json() == {"status": "ok"}


FIRST_IMPORT = """
import json, os, psutil, socket, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "homepage.server":
            (listening,) = psutil.Process().net_connections()
            with socket.socket(fileno=os.dup(listening.fd)) as listener:
                at_once = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            seen = {"status": listening.status, "at once": bool(at_once)}
            print(json.dumps({**seen, "flask": "flask" in sys.modules}), flush=True)
sys.meta_path.insert(0, Finder())
"""


def test_it_listens_before_it_imports_the_framework(serve: Serve) -> None:
    process = serve(f"exec({FIRST_IMPORT!r})")
    assert {"status": "LISTEN", "at once": True, "flask": False} in process.lines()
    assert get(f"{process.address}/healthz").status_code == 200


def test_a_port_that_is_taken_is_said_in_one_line(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AssertionError) as failure:
            serve(PORT=str(port))
    assert f"HOST='127.0.0.1', PORT={port}: Address already in use" in str(failure.value)
    assert "Traceback" not in str(failure.value)


def test_every_log_line_is_json_and_a_request_is_one_of_them(serve: Serve) -> None:
    process = serve()
    headers = {"X-Request-ID": "made-up-by-a-visitor", "X-Forwarded-For": "10.0.0.1, 192.0.2.7"}
    get(f"{process.address}/", **headers)
    get(f"{process.address}/nowhere?x=1", **{"X-Request-ID": "bad id\tno"})
    get(f"{process.address}/healthz")
    requests = [line for line in process.lines() if line["message"] == "request"]
    assert [line["path"] for line in requests] == ["/", "/nowhere"]
    assert requests[0]["client"] == "192.0.2.7"
    assert requests[0]["status"] == 200
    ids = {line["request_id"] for line in requests}
    assert sorted(map(len, ids)) == [32, 32]


def test_a_request_under_way_is_finished_before_it_stops(serve: Serve) -> None:
    process = serve()
    address = urlsplit(process.address)
    with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        get(f"{process.address}/healthz")  # the worker is up, and has our half request
        process.terminate()
        process.wait_for_line("Handling signal: term")
        connection.sendall(b"Connection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.rstrip().endswith(b"</html>")
    assert process.wait() == 0


def test_heads_that_come_bit_by_bit_hold_no_thread_for_long(serve: Serve) -> None:
    process = serve("import homepage.worker; homepage.worker.HEAD_SECONDS = 0.5")
    address = urlsplit(process.address)
    place = (address.hostname or "", address.port or 0)
    slow = [socket.create_connection(place, PATIENCE) for _ in range(20)]
    for connection in slow:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    # There are eight threads.
    assert get(f"{process.address}/healthz").status_code == 200
    for connection in slow:
        assert connection.recv(1) == b""
        connection.close()
    assert "Traceback" not in process.text()


def test_connections_that_say_nothing_hold_no_thread(serve: Serve) -> None:
    # Whoever took a thread to wait for them would have it for a minute.
    process = serve(
        f"from gunicorn.workers import gthread as g; "
        f"g.DEFAULT_WORKER_DATA_TIMEOUT = {10 * PATIENCE}"
    )
    address = urlsplit(process.address)
    place = (address.hostname or "", address.port or 0)
    silent = [socket.create_connection(place, PATIENCE) for _ in range(20)]
    assert get(f"{process.address}/healthz").status_code == 200
    # One that speaks at last is served.
    silent[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert silent[0].recv(65536).startswith(b"HTTP/1.1 200 ")
    for connection in silent:
        connection.close()


def test_b4_2_one_worker_serves_whatever_the_machine_has(serve: Serve) -> None:
    process = serve()
    get(f"{process.address}/healthz")
    assert len(psutil.Process(process.pid).children()) == 1


def test_an_idle_connection_does_not_keep_it_from_stopping(serve: Serve) -> None:
    process = serve()
    with httpx.Client(timeout=PATIENCE) as client:
        client.get(f"{process.address}/")  # leaves an idle connection behind
        process.terminate()
        assert process.wait() == 0
    assert signal.SIGTERM.name not in process.text()


def test_a_chart_with_many_words_of_another_alphabet_has_a_long_address(
    serve: Serve, tmp_path: Path
) -> None:
    process = serve(MPLCONFIGDIR=str(tmp_path))
    words = quote(",".join(["Первый понедельник"] * 50))
    address = f"/charts/bar.png?xvalues={words}&yvalues={'1,' * 49}1"
    assert 4094 < len(address) < 8000
    assert get(process.address + address).status_code == 200


def test_many_at_once(serve: Serve) -> None:
    process = serve()
    with httpx.Client(timeout=PATIENCE) as client, ThreadPoolExecutor(32) as pool:
        responses = pool.map(client.get, [f"{process.address}/"] * 300)
        assert [response.status_code for response in responses] == [200] * 300


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("HOST", ""),
        ("PUBLIC_URL", "www.example.org"),
        ("PUBLIC_URL", "https://www.example.org/path"),
        ("PUBLIC_URL", "ftp://www.example.org"),
        ("PUBLIC_URL", "http://localhost:abc"),
        ("PUBLIC_URL", "https://exa mple.org"),
    ],
)
def test_a_wrong_setting_is_named_and_ends_it(name: str, value: str, serve: Serve) -> None:
    with pytest.raises(AssertionError) as failure:
        serve(**{name: value})
    message = str(failure.value)
    assert f"{name}={value!r}: " in message
    assert "Traceback" not in message


def test_a_short_key_is_told_of_in_characters_and_not_shown(serve: Serve) -> None:
    with pytest.raises(AssertionError) as failure:
        serve(SESSION_KEY="canary")
    assert "SESSION_KEY: must have at least 32 characters" in str(failure.value)
    assert "canary" not in str(failure.value)
