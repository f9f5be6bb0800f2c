"""Helpers for tests of the game."""

import json
import ssl
import time
from collections.abc import Iterator
from typing import Any

import httpx

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients: no TLS is spoken to an app, and loading authorities takes longer than a request."""
PATIENCE = 120
"""Seconds that are waited for what must come: on a machine that does ten things at once too."""


def begin(client: httpx.Client, message: str = "hello", **more: Any) -> dict[str, Any]:
    """Post a round; the answer's JSON."""
    answer = client.post("/api/rounds", json={"message": message} | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def finished(client: httpx.Client, round_id: int) -> dict[str, Any]:
    """The round once it runs no more."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = client.get(f"/api/rounds/{round_id}")
        if answer.status_code == 200 and answer.json()["status"] != "running":
            return answer.json()
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)


def play(client: httpx.Client, message: str = "hello", **more: Any) -> dict[str, Any]:
    """Post a round, and return it when it has come to its end."""
    return finished(client, begin(client, message, **more)["id"])


def events(
    client: httpx.Client, round_id: int, *, last: int | None = None
) -> Iterator[tuple[str, str | None, Any]]:
    """Name, id and data of a round's events, until the stream ends."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    with client.stream("GET", f"/api/rounds/{round_id}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        found: dict[str, str] = {}
        for line in answer.iter_lines():
            if line.startswith(":"):
                continue  # a sign of life
            if line:
                name, _, value = line.partition(": ")
                found[name] = value
            elif found:
                yield found.get("event", ""), found.get("id"), json.loads(found["data"])
                found = {}
