"""Waits after an update: until every app is healthy, and until every site answers."""

import http.client
import time
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from rich.console import Console

from frugal.errors import FrugalError
from frugal.local.daemon import Daemon
from frugal.paths import Checkout

# Seconds. All apps start at the same time: on a slow or busy machine that takes minutes.
_HEALTH = 600.0
_POLL = 0.2
# Seconds until a healthy site answers, and for one response: a request to an app that was scaled to
# zero starts it.
_ANSWERING = 60.0
_ANSWER = 300.0
_LOG_LINES = 12


def wait_until_healthy(checkout: Checkout, daemon: Daemon, console: Console) -> None:
    """Wait until every start has ended. Raises FrugalError with the last log lines of a failure."""
    deadline = time.monotonic() + _HEALTH
    with console.status("Waiting until all apps are healthy"):
        while True:
            health: dict[str, str] = daemon.status()["health"]
            waiting = [name for name, state in health.items() if state == "starting"]
            if not waiting or time.monotonic() > deadline:
                break
            time.sleep(_POLL)
    failed = [name for name, state in health.items() if state == "failed"] + waiting
    if failed:
        words = "\n".join(f"{name}: {_tail(checkout.logs / f'{name}.log')}" for name in failed)
        raise FrugalError(
            f"Not healthy: {', '.join(failed)}. The last lines of each log "
            f"(`frugal logs APP` shows all):\n{words}"
        )


def wait_until_answering(daemon: Daemon) -> None:
    """Request every site at its address, as a visitor does. Raises FrugalError if one fails."""
    status = daemon.status()
    for message in status["waiting"].values():
        raise FrugalError(f"An app is not running: {message}")
    urls = cast("dict[str, str]", status["urls"])
    for name, url in urls.items():
        deadline = time.monotonic() + _ANSWERING
        if name.removesuffix("_origin") != name and name.removesuffix("_origin") in urls:
            continue
        while (failure := _ask(url)) != "" and time.monotonic() < deadline:
            time.sleep(_POLL)
        if failure:
            raise FrugalError(
                f"{name} is healthy and does not answer: {url} gives {failure}. "
                f"`frugal logs {name}` may say why; `make up` tries again."
            )


def _ask(url: str) -> str:
    """Failure of a site to answer; empty for any answer below status 500."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_ANSWER)
    try:
        connection.request("GET", urlsplit(url).path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return str(status) if status >= http.client.INTERNAL_SERVER_ERROR else ""


def _tail(log: Path) -> str:
    text = log.read_text(errors="replace") if log.exists() else "(no log)"
    return "\n".join(text.splitlines()[-_LOG_LINES:])
