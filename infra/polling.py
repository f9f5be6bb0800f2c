"""Polling with growing pauses and a deadline."""

from collections.abc import Callable
from time import monotonic, sleep

_FIRST_PAUSE = 0.5  # seconds


def poll(
    look: Callable[[], str | None],
    *,
    deadline: float,
    settle: float = 0.0,
    longest: float = 5.0,
    growth: float = 1.1,
) -> str | None:
    """Poll until nothing is missing at any poll for `settle` seconds; then return None.

    `look` returns a description of what is missing, and so does this function at the deadline. In
    seconds: `deadline` from now, `longest` between two polls. Each pause is `growth` times the
    last: with 1.1, the end of nine seconds' work is seen after ten.
    """
    start, pause = monotonic(), _FIRST_PAUSE
    settled: float | None = None  # start of the current series of polls with nothing missing
    while True:
        missing = look()
        moment = monotonic()
        settled = None if missing else moment if settled is None else settled
        if settled is not None and moment - settled >= settle:
            return None
        if missing and moment - start >= deadline:
            return missing
        sleep(pause if settled is None else min(pause, settled + settle - moment))
        pause = min(pause * growth, longest)
