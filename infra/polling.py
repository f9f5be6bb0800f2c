"""Looks at what is not finished yet, with growing pauses and a deadline."""

from collections.abc import Callable
from time import monotonic, sleep

_FIRST_PAUSE = 0.5  # seconds


def poll(
    look: Callable[[], str | None], *, deadline: float, settle: float = 0.0, longest: float = 5.0
) -> str | None:
    """Look until nothing is missing on any look of `settle` seconds; then None.

    `look` returns what is missing; so does this at the deadline. All in seconds: `deadline` from
    now, `longest` between two looks.
    """
    start, pause = monotonic(), _FIRST_PAUSE
    settled: float | None = None  # the first look of those that missed nothing
    while True:
        missing = look()
        moment = monotonic()
        settled = None if missing else moment if settled is None else settled
        if settled is not None and moment - settled >= settle:
            return None
        if missing and moment - start >= deadline:
            return missing
        sleep(pause if settled is None else min(pause, settled + settle - moment))
        pause = min(pause * 2, longest)
