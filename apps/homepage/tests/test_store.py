"""Choice of the content shown: live, else the last good copy; one load at a time."""

import threading

import pytest
from homepage import store
from homepage.store import Store

pytestmark = pytest.mark.unit

NAME = "thing"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def settled() -> None:
    """Wait for the load under way."""
    for thread in threading.enumerate():
        if thread.name == NAME:
            thread.join()


def test_the_last_good_copy_is_kept_while_loads_fail() -> None:
    clock, good_copy, fails = Clock(), "a copy", False

    def load() -> str:
        if fails:
            raise OSError("down")
        return good_copy

    held = Store(NAME, load, "bundled", clock)
    assert held.get().origin == "live"
    fails = True
    clock.now += 301
    shown = held.get()  # begins a load, and does not wait for it
    assert (shown.content, shown.origin) == (good_copy, "kept")
    settled()
    clock.now += 10_000
    assert held.get().content is good_copy
    settled()
    fails = False
    clock.now += 60
    held.get()
    settled()
    assert held.get().origin == "live"


def test_one_load_at_a_time_and_the_old_copy_meanwhile() -> None:
    clock, go, loads = Clock(), threading.Event(), list[int]()

    def load() -> str:
        loads.append(1)
        if len(loads) > 1:
            go.wait()
        return "a" * len(loads)

    held = Store(NAME, load, "bundled", clock)
    first = held.get().content
    clock.now += 301
    assert all(held.get().content is first for _ in range(50))
    assert len(loads) <= 2
    go.set()
    settled()
    assert len(loads) == 2
    assert held.get().content is not first


def test_failed_loads_are_not_repeated_at_once() -> None:
    clock, loads = Clock(), list[int]()

    def load() -> str:
        loads.append(1)
        raise OSError("down")

    held = Store(NAME, load, "bundled", clock)
    for _ in range(20):
        held.get()
    assert len(loads) == 1
    clock.now += store.PAUSE * 1.5 + 1
    held.get()
    settled()
    assert len(loads) == 2
