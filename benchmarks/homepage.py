"""Start, page and chart of the homepage, against a bare app.

All run under gunicorn with one worker of eight threads, from the environment of the homepage's
tests. The start is compared with a bare APIFlask app, the library that the homepage is made with,
and with bare Flask. The bare page is a constant of the same size; the bare chart is the same
figure, drawn with matplotlib's default settings, ignoring the parameters.
"""

import contextlib
import http.client
import itertools
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

from rich.console import Console

from benchmarks.timing import in_turns, show, timed
from frugal.errors import FrugalError

_ROOT = Path(__file__).resolve().parents[1]
_PYTHON = _ROOT / ".frugal/venvs/homepage/bin/python"
_STARTS = 7
_PAGES = 400
_CHARTS = 40
_PATIENCE = 60.0

_BARE = """\
import io
from flask import Flask, Response
{library}

@app.get("/")
def page():
    return "x" * {size}

@app.get("/chart")
def chart():
    from matplotlib.figure import Figure
    figure = Figure(figsize=(8, 4.5), dpi=100, layout="tight")
    axes = figure.subplots()
    axes.bar(["a", "b", "c"], [1, 2, 3])
    axes.set_title("A chart")
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return Response(png.getvalue(), mimetype="image/png")
"""
_FLASK = "app = Flask(__name__)"
_APIFLASK = "from apiflask import APIFlask; app = APIFlask(__name__)"
_CHART = "/charts/bar.png?xvalues=a,b,c&yvalues=1,2,3&title=A%20chart"
_FLASK_START, _BARE_START, _START = "bare Flask", "bare APIFlask", "homepage"
_BARE_PAGE, _PAGE, _UNCHANGED = "bare page", "page", "page, 304"
_BARE_CHART, _CHART_KIND = "bare chart", "chart"


def run(out: Console, progress: Console) -> None:
    """Measure and print. Raises FrugalError where the environment is not there."""
    if not _PYTHON.exists():
        raise FrugalError(f"{_PYTHON} is missing; `make .frugal/venvs/homepage/stamp` creates it.")
    with tempfile.TemporaryDirectory() as folder, _served(_homepage, folder) as homepage:
        answer = _ask(homepage, "/")
        for name, library in (("flasks", _FLASK), ("apiflasks", _APIFLASK)):
            module = _BARE.format(library=library, size=len(answer.body))
            Path(folder, f"{name}.py").write_text(module)
        starts = {
            _FLASK_START: lambda: _start(_bare, folder),
            _BARE_START: lambda: _start(_bare_apiflask, folder),
            _START: lambda: _start(_homepage, folder),
        }
        measured = in_turns(starts, _STARTS, progress.print)
        show(out, "Start of the homepage, to the first answer", measured, base=_BARE_START)
        with _served(_bare, folder) as bare:
            _warm_up(bare, homepage)
            pages = {
                _BARE_PAGE: lambda: _ask(bare, "/"),
                _PAGE: lambda: _ask(homepage, "/"),
                _UNCHANGED: lambda: _ask(homepage, "/", answer.tag),
            }
            show(out, "A page", _measure(pages, _PAGES), base=_BARE_PAGE)
            charts = {
                _BARE_CHART: lambda: _ask(bare, "/chart"),
                _CHART_KIND: lambda: _ask(homepage, _CHART),
            }
            show(out, "A chart", _measure(charts, _CHARTS), base=_BARE_CHART)


def _warm_up(bare: http.client.HTTPConnection, homepage: http.client.HTTPConnection) -> None:
    """Make both load matplotlib in each of their threads."""
    for _ in range(8):
        _ask(bare, "/chart")
        _ask(homepage, _CHART)


def _measure(kinds: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    orders = itertools.cycle(itertools.permutations(kinds.items()))
    for order in itertools.islice(orders, rounds):
        for kind, action in order:
            seconds[kind].append(timed(action))
    return seconds


class _Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.body = response.read()
        self.status = response.status
        self.tag = response.getheader("ETag") or ""


def _ask(connection: http.client.HTTPConnection, path: str, tag: str = "") -> _Answer:
    connection.request("GET", path, headers={"If-None-Match": tag} if tag else {})
    answer = _Answer(connection.getresponse())
    if answer.status != (http.client.NOT_MODIFIED if tag else http.client.OK):
        raise FrugalError(f"{path} was answered with {answer.status}.")
    return answer


def _homepage(port: int, folder: str) -> subprocess.Popen[bytes]:
    return _process(["-m", "homepage"], _ROOT / "apps/homepage", port, folder)


def _bare(port: int, folder: str, module: str = "flasks") -> subprocess.Popen[bytes]:
    words = ["-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "8", "--preload"]
    return _process([*words, f"{module}:app"], Path(folder), port, folder)


def _bare_apiflask(port: int, folder: str) -> subprocess.Popen[bytes]:
    return _bare(port, folder, "apiflasks")


def _process(words: list[str], place: Path, port: int, home: str) -> subprocess.Popen[bytes]:
    environment = {"PATH": "/usr/bin:/bin", "HOME": home, "HOST": "127.0.0.1", "PORT": str(port)}
    return subprocess.Popen(
        [_PYTHON, *words],
        cwd=place,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@contextlib.contextmanager
def _served(
    start: Callable[[int, str], subprocess.Popen[bytes]], folder: str
) -> Generator[http.client.HTTPConnection]:
    """A connection to a server that has answered once."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    process = start(port, folder)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                _ask(connection, "/")
                break
            except OSError:
                connection.close()
                if process.poll() is not None or time.monotonic() > deadline:
                    raise FrugalError(f"{process.args} does not answer.") from None
                time.sleep(0.002)
        yield connection
    finally:
        connection.close()
        process.terminate()
        process.wait()


def _start(start: Callable[[int, str], subprocess.Popen[bytes]], folder: str) -> None:
    with _served(start, folder):
        pass
