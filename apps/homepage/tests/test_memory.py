"""Memory: a chart leaves nothing behind."""

import http.client
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from serving import PATIENCE, Process

WARM, ALL = 250, 350
ROOM = 4_000_000
"""Bytes: 40 kB a chart. All that a process needs to draw them is there after WARM."""


@pytest.mark.timeout(1200)  # many seconds of drawing, on a machine that may have other work
def test_a3_5_memory_is_steady(serve: Callable[..., Process], tmp_path: Path) -> None:
    """All of them kept, as pyplot does, are a hundred megabytes."""
    process = serve(MPLCONFIGDIR=str(tmp_path))

    def draw(number: int) -> None:
        # The cheapest chart, and always another.
        connection.request("GET", f"/charts/pie.png?values={number}&width=400")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.read().startswith(b"\x89PNG")

    def resident() -> int:
        first = psutil.Process(process.pid)
        return sum(one.memory_info().rss for one in (first, *first.children(recursive=True)))

    server = urlsplit(process.address).netloc
    with closing(http.client.HTTPConnection(server, timeout=PATIENCE)) as connection:
        for number in range(1, WARM + 1):
            draw(number)
        warm = resident()
        for number in range(WARM + 1, ALL + 1):
            draw(number)
        assert resident() <= warm + ROOM
