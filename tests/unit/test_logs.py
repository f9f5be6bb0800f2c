"""`frugal logs`: lines of apps, PostgreSQL and the edge, for people and as JSON."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from frugal import cli, paths
from frugal.paths import Checkout

APP = "2026-11-01T09:00:01.234+00:00 homepage--c1/1"
REQUEST = {
    "time": "2026-11-01T09:00:01.233+00:00",
    "level": "info",
    "logger": "homepage.request",
    "message": "request",
    "request_id": "c7c33f",
    "method": "GET",
    "path": "/talks",
    "status": 200,
    "milliseconds": 0.2,
}
FAILURE = {"level": "error", "message": "no answer", "exception": "Traceback:\n  Boom"}
LINES = {
    "an app's request": (
        f"{APP} | {json.dumps(REQUEST)}",
        "2026-11-01 09:00:01 info     request GET /talks 200 milliseconds=0.2",
        REQUEST | {"source": "homepage--c1/1"},
    ),
    "an app's traceback": (
        f"{APP} | {json.dumps(FAILURE)}",
        "2026-11-01 09:00:01 error    no answer\nTraceback:\n  Boom",
        FAILURE | {"source": "homepage--c1/1", "time": "2026-11-01T09:00:01.234"},
    ),
    "plain text of an app": (
        f"{APP} | [INFO] ready at {{}}",
        "2026-11-01 09:00:01          [INFO] ready at {}",
        {"time": "2026-11-01T09:00:01.234", "source": "homepage--c1/1"}
        | {"message": "[INFO] ready at {}"},
    ),
    "an empty line of an app": (
        f"{APP} | ",
        "2026-11-01 09:00:01",
        {"time": "2026-11-01T09:00:01.234", "source": "homepage--c1/1", "message": ""},
    ),
    "an app's line of brackets": (
        f"{APP} | {100_000 * '['}",
        f"2026-11-01 09:00:01          {100_000 * '['}",
        {"time": "2026-11-01T09:00:01.234", "source": "homepage--c1/1", "message": 100_000 * "["},
    ),
    "the platform": (
        f"{APP} * started (pid 7, port 9)",
        "2026-11-01 09:00:01 platform started (pid 7, port 9)",
        {"time": "2026-11-01T09:00:01.234", "source": "homepage--c1/1", "level": "platform"}
        | {"message": "started (pid 7, port 9)"},
    ),
    "PostgreSQL": (
        '2026-11-01 09:00:02.168 UTC [77] ERROR:  no such table "a"',
        '2026-11-01 09:00:02 error    no such table "a"',
        {"time": "2026-11-01 09:00:02.168", "source": "77", "level": "ERROR"}
        | {"message": 'no such table "a"'},
    ),
    "the edge": (
        "2026-11-01T09:00:03Z GET /a.css 200 TCP_HIT 8ms edge.azurefd.net 2026Z-1f",
        "2026-11-01 09:00:03          GET /a.css 200 TCP_HIT milliseconds=8 host=edge.azurefd.net",
        {"time": "2026-11-01T09:00:03", "method": "GET", "path": "/a.css", "status": 200}
        | {"cache": "TCP_HIT", "milliseconds": 8, "host": "edge.azurefd.net"}
        | {"request_id": "2026Z-1f"},
    ),
    "control characters of a terminal": (
        f"{APP} | \x1b[31mred\tcell",
        "2026-11-01 09:00:01          \\x1b[31mred\tcell",
        {"time": "2026-11-01T09:00:01.234", "source": "homepage--c1/1"}
        | {"message": "\x1b[31mred\tcell"},
    ),
    "a line of another form": ("\tat line 3", "\tat line 3", {"message": "\tat line 3"}),
}


@pytest.fixture
def shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run `frugal logs homepage` in a checkout whose homepage has logged a text."""
    place = Checkout(tmp_path)
    place.logs.mkdir(parents=True)
    monkeypatch.setattr(paths, "checkout", lambda: place)

    def run(content: str, *options: str) -> str:
        (place.logs / "homepage.log").write_text(content)
        monkeypatch.setattr(sys, "argv", ["frugal", "logs", "homepage", *options])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert not ended.value.code
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize(("line", "readable", "fields"), LINES.values(), ids=LINES)
def test_a_line_is_readable_and_has_all_fields_as_json(
    shown, line: str, readable: str, fields: dict[str, object]
) -> None:
    assert shown(f"{line}\n") == f"{readable}\n"
    assert json.loads(shown(f"{line}\n", "--json")) == fields


@pytest.mark.parametrize(
    ("content", "last"), [("a\nb\nc\n", "b\nc\n"), ("a\nb\nc", "b\nc\n"), ("a\n", "a\n"), ("", "")]
)
def test_the_last_lines_alone(shown, content: str, last: str) -> None:
    assert shown(content, "-n", "2") == last
