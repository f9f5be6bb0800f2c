"""`frugal logs`: the log of an app, the database or the edge."""

import contextlib
import json
import re
import sys
import time
from typing import Annotated, Any, cast

import typer

from frugal.cloud.logfile import Reader
from frugal.errors import FrugalError
from frugal.help import Command
from frugal.paths import own_checkout

_PAUSE = 0.2  # seconds between two polls of a followed log
_LEVEL = 8  # characters of the longest level and source: critical, platform

# Lines of an app (`|`: it printed this; `*`: the platform did this with it), PostgreSQL, the edge.
_TIME = r"(?P<time>\d{4}-\d\d-\d\d[T ][\d:.]+)(?:Z|\+00:00| UTC)"
_REQUEST = r"(?P<method>\S+) (?P<path>\S+) (?P<status>\d+) (?P<cache>\S+) (?P<milliseconds>\d+)ms"
_FORMATS = (
    re.compile(rf"{_TIME} (?P<source>\S+) (?P<kind>[|*]) (?P<message>.*)", re.DOTALL),
    re.compile(rf"{_TIME} \[(?P<source>[^]]+)\] (?:(?P<level>[A-Z]+): +)?(?P<message>.*)"),
    re.compile(rf"{_TIME} {_REQUEST} (?P<host>\S+) (?P<request_id>\S+) ?(?P<refusal>.*)"),
)
# Fields that are shown without their names, and those that only `--json` shows.
_BARE = ("message", "method", "path", "status", "cache")
_OMITTED = {"time", "level", "logger", "source", "request_id", "client", "exception"}
_NUMBERS = {"status", "milliseconds"}
# An app must not control the reader's terminal. Tab and newline stay.
_CONTROLS = {n: f"\\x{n:02x}" for n in (*range(9), *range(11, 32), *range(127, 160))}

app = typer.Typer(add_completion=False)


@app.command("logs", cls=Command)
def logs(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An app, postgres or edge.")],
    lines: Annotated[
        str | None, typer.Option("-n", "--lines", metavar="N", help="The last N lines alone.")
    ] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Follow the log.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Show each line as JSON, with all of its fields.")
    ] = False,
) -> None:
    """Show the log of an app, the database or the edge: time (UTC), level, message, fields.

    For example:

      frugal logs homepage -n 20
      frugal logs translator -f
      frugal logs edge --json | jq .status
    """
    if lines is not None and not re.fullmatch(r"[1-9]\d*", lines, re.ASCII):
        raise FrugalError(f"-n {lines!r} is not allowed; allowed: a number from 1 on", code=2)
    last = int(lines) if lines else 0
    place = own_checkout()
    apps = {file.parent.name for file in place.root.glob("apps/*/Dockerfile")}
    written = {file.stem for file in place.logs.glob("*.log")}
    allowed = ", ".join(sorted({*apps, *written, "postgres", "edge"}))
    if name not in allowed.split(", "):
        raise FrugalError(f"There is no log {name!r}; there are: {allowed}.", code=2)
    file = place.logs / f"{name}.log"
    if not file.exists():
        raise FrugalError(f"There is no log of {name}: it has not run yet. `make up` starts it.")
    log, pending, show = Reader(file), "", _json if as_json else _readable
    # The log was removed with its environment.
    with contextlib.suppress(FileNotFoundError):
        while True:
            *complete, pending = (pending + log.read()).split("\n")
            if pending and not follow:
                complete.append(pending)
            for line in complete[-last:]:
                sys.stdout.write(f"{show(line)}\n")
            sys.stdout.flush()
            if not follow:
                return
            last = 0
            time.sleep(_PAUSE)


def _fields(line: str) -> dict[str, Any]:
    """Fields of a line; `message` alone for one in no known format.

    An app's line in JSON, as the sites write them, has its own fields.
    """
    found = next(filter(None, (one.fullmatch(line) for one in _FORMATS)), None)
    if found is None:
        return {"message": line}
    groups = found.groupdict().items()
    fields: dict[str, Any] = {k: int(v) if k in _NUMBERS else v for k, v in groups if v}
    kind = fields.pop("kind", "")
    if kind == "*":
        fields["level"] = "platform"
    if kind == "|":
        # An app may print an empty line, or brackets that are too deep to read.
        with contextlib.suppress(ValueError, RecursionError):
            printed = json.loads(fields.setdefault("message", ""))
            if isinstance(printed, dict) and "message" in printed:
                fields |= cast("dict[str, Any]", printed)
    return fields


def _json(line: str) -> str:
    return json.dumps(_fields(line), ensure_ascii=False)


def _readable(line: str) -> str:
    """A line as people read it: `2026-11-01 09:00:00 info     request GET / 200`."""
    fields = _fields(line)
    if "time" not in fields:
        return line.translate(_CONTROLS)
    when = str(fields["time"])[:19].replace("T", " ")
    words = [fields[key] for key in _BARE if key in fields]
    words += [f"{k}={v}" for k, v in fields.items() if k not in _OMITTED and k not in _BARE]
    shown = f"{when} {str(fields.get('level', '')).lower():{_LEVEL}} {' '.join(map(str, words))}"
    lines = [shown.rstrip(), *str(fields.get("exception", "")).splitlines()]
    return "\n".join(line.translate(_CONTROLS) for line in lines)
