"""Content that is loaded from elsewhere: live, else the last good copy, else a given one."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

_log: Final = logging.getLogger("homepage.store")

_FRESH: Final = 300
"""Seconds that a loaded copy counts as live."""
_SLACK: Final = 0.5
"""Seconds that a load which runs into its own time-out needs to say so."""
PAUSE: Final = 30
"""Seconds between a failed load and the next attempt, give or take a half."""

Content = TypeVar("Content")


@dataclass(frozen=True, kw_only=True)
class Shown(Generic[Content]):
    """A copy of the content, and where it comes from."""

    content: Content
    origin: Literal["live", "kept", "bundled"]

    @property
    def live(self) -> bool:
        """True for content that was loaded within `_FRESH`."""
        return self.origin == "live"


class Store(Generic[Content]):
    """Loads on request when due, one load at a time; meanwhile requests get the old copy.

    Only the first load is waited for, with a time-out.
    """

    def __init__(
        self,
        name: str,
        fetch: Callable[[], Content] | None,
        bundled: Content,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name`: for the log and the thread that loads.

        `fetch` may raise anything; None never loads. `bundled` is shown until a load succeeds.
        `clock` counts seconds.
        """
        self._name = name
        self._bundled = bundled
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: Content | None = None
        self._fresh_until = self._due = clock()
        self._loading = False
        self._first_load = threading.Event()
        self.problem: str | None = None
        """Reason that the last load failed; None before any failure."""

    def get(self) -> Shown[Content]:
        """Return the best copy available; wait for the first load."""
        shown = self.peek()
        if self._fetch and not self._first_load.is_set():
            from homepage import fetch as fetching  # noqa: PLC0415  # with the HTTP client

            self._first_load.wait(fetching.WHOLE + _SLACK)
            return self.peek()
        return shown

    def peek(self) -> Shown[Content]:
        """Return the best copy available now; start a load if one is due."""
        with self._lock:
            if self._fetch and not self._loading and self._clock() >= self._due:
                self._loading = True
                threading.Thread(
                    target=self._load, args=[self._fetch], name=self._name, daemon=True
                ).start()
            if self._kept is None:
                return Shown(content=self._bundled, origin="bundled")
            live = self._clock() < self._fresh_until
            return Shown(content=self._kept, origin="live" if live else "kept")

    def _load(self, fetch: Callable[[], Content]) -> None:
        loaded = None
        try:
            loaded = fetch()
        except Exception as error:  # whatever it is, the old copy is shown
            self.problem = f"{type(error).__name__}: {error}"
            fields = {"reason": self.problem}
            _log.warning("the %s could not be read", self._name, extra={"fields": fields})
        with self._lock:
            self._loading = False
            if loaded is not None:
                self._kept = loaded
                self._fresh_until = self._due = self._clock() + _FRESH
            else:
                self._due = self._clock() + PAUSE * random.uniform(0.5, 1.5)  # noqa: S311  # no secret
        self._first_load.set()
