"""Python's collector of cyclic garbage, kept away from plans and estimates."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def kept_away() -> Generator[None]:
    """Keep the collector from what is made meanwhile; it is never looked through, only freed.

    A plan and its estimate are trees: reference counts free them, and the collector finds nothing
    in them. With a large plan its looking takes longer than all the work.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
