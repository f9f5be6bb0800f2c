"""The content that pages show: live, else the last good copy, else the bundled one."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from homepage.sheet.bundled import bundled
from homepage.sheet.rows import Sheet

_log: Final = logging.getLogger("homepage.sheet")

_FRESH: Final = 300
"""Seconds that a loaded copy counts as live."""
LOADING: Final = "spreadsheet"
"""Name of the thread that loads."""
PAUSE: Final = 30
"""Seconds between a failed load and the next attempt, give or take a half."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A copy of the content, and where it comes from."""

    sheet: Sheet
    origin: Literal["live", "kept", "bundled"]

    @property
    def live(self) -> bool:
        """True for content that was read from the spreadsheet within `_FRESH`."""
        return self.origin == "live"


class Store:
    """Loads on request when due, one load at a time; meanwhile requests get the old copy.

    Only the first load is waited for, with a time-out.
    """

    def __init__(
        self, fetch: Callable[[], Sheet] | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`fetch` may raise anything; None never loads. `clock` counts seconds.

        Raises SystemExit if there is a mistake in the bundled content.
        """
        self._bundled = bundled()
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: Sheet | None = None
        self._fresh_until = self._due = clock()
        self._loading = False
        self._first_load = threading.Event()
        self.problem: str | None = None
        """Reason that the last load failed; None before any failure."""

    def get(self) -> Shown:
        """Return the best copy available; wait for the first load."""
        shown = self.peek()
        if self._fetch and not self._first_load.is_set():
            from homepage.sheet import fetch as fetching  # noqa: PLC0415  # with the HTTP client

            self._first_load.wait(fetching.WHOLE)
            return self.peek()
        return shown

    def peek(self) -> Shown:
        """Return the best copy available now; start a load if one is due."""
        with self._lock:
            if self._fetch and not self._loading and self._clock() >= self._due:
                self._loading = True
                threading.Thread(
                    target=self._load, args=[self._fetch], name=LOADING, daemon=True
                ).start()
            if self._kept is None:
                return Shown(sheet=self._bundled, origin="bundled")
            live = self._clock() < self._fresh_until
            return Shown(sheet=self._kept, origin="live" if live else "kept")

    def _load(self, fetch: Callable[[], Sheet]) -> None:
        try:
            loaded = fetch()
        except Exception as error:  # whatever it is, the old copy is shown
            reason = f"{type(error).__name__}: {error}"
            _log.warning("the spreadsheet could not be read", extra={"fields": {"reason": reason}})
            loaded, self.problem = None, reason
        with self._lock:
            self._loading = False
            if loaded:
                self._kept = loaded
                self._fresh_until = self._due = self._clock() + _FRESH
            else:
                self._due = self._clock() + PAUSE * random.uniform(0.5, 1.5)  # noqa: S311  # no secret
        self._first_load.set()
