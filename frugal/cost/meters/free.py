"""Resource types that cost nothing by themselves, each with the reason (tools/free_types.py)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parents[1] / "free.txt"


def _read() -> Iterator[tuple[str, str]]:
    for section in FILE.read_text(encoding="utf-8").split("\n\n"):
        reason, *lines = section.splitlines()
        for line in lines:
            module, _, names = line.partition(": ")
            yield from ((f"{module}:{name}", reason) for name in names.split())


FREE: Final = dict(_read())
"""Reason by type without the provider: `cdn:Route`."""
