"""Stop a process (SIGSTOP) for some seconds and let it go on: nothing fails for good, no row goes.

    .venv/bin/python -m tests.faults.stops [--whole CHECKOUT] [--seconds N]

The daemon and the engine in the middle of `frugal up`, and PostgreSQL, of a small program in a
clone of its own; with `--whole` an app of a checkout whose whole program is up. Prints one line a
process and ends with 1 unless all went on.
"""

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil

from frugal.local import daemon as daemons
from tests.engine.clone import PATIENCE, until
from tests.faults.damage import Environment
from tests.faults.kills import small_or_whole


@contextlib.contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """Processes that stand still inside."""
    found = [psutil.Process(pid) for pid in pids]
    assert found
    try:
        for process in found:
            process.send_signal(signal.SIGSTOP)
        yield
    finally:
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


def during_up(e: Environment, seconds: float, find: Callable[[], list[int]]) -> list[str]:
    """Change the program, stop what `find` returns while `frugal up` runs."""
    mark = e.clone.root / "changed"
    (mark.unlink if mark.exists() else mark.touch)()
    running = e.clone.begin("up")
    until(lambda: find() or running.poll() is not None)
    with stopped(find()):
        time.sleep(seconds)
        early = running.poll() is not None
    code = running.wait(PATIENCE)
    wrong = ["it did not wait"] if early else []
    if code:
        wrong.append(f"exit code {code}: {(e.clone.root / 'output').read_text()[-500:]}")
    return wrong


def daemon(e: Environment, seconds: float) -> list[str]:
    return during_up(e, seconds, lambda: daemons.find_unannounced(e.place))


def engine(e: Environment, seconds: float) -> list[str]:
    return during_up(e, seconds, e.clone.engine_pids)


def postgres(e: Environment, seconds: float) -> list[str]:
    server = psutil.Process(next(iter(e.clone.status()["postgres"].values()))["pid"])
    family = [server, *server.children(recursive=True)]
    with ThreadPoolExecutor(1) as pool:
        with stopped([process.pid for process in family]):
            asked = pool.submit(e.has_row)
            time.sleep(seconds)
            wrong = [] if e.clone.frugal("status").returncode == 0 else ["no status meanwhile"]
        return wrong + ([] if asked.result() else ["the query that waited failed"])


def app(e: Environment, seconds: float) -> list[str]:
    """Every replica of the translator; the homepage answers meanwhile."""
    status = e.clone.status()
    name = next(name for name in status["apps"] if name.startswith("translator"))
    pids = [r["pid"] for r in status["apps"][name]["replicas"] if r["pid"]]
    family = [p.pid for pid in pids for p in daemons.family(pid)]
    homepage = next(url for name, url in status["urls"].items() if name.startswith("homepage"))
    with ThreadPoolExecutor(1) as pool:
        with stopped(family):
            url = status["urls"][f"{name}_origin"] + "api/rounds"
            asked = pool.submit(httpx.get, url, timeout=PATIENCE)
            time.sleep(seconds)
            other = httpx.get(homepage, timeout=PATIENCE).status_code
        answer = asked.result().status_code
    wrong = [] if other == 200 else [f"the homepage gave {other} meanwhile"]
    return wrong + ([] if answer == 200 else [f"the request that waited got {answer}"])


def main() -> int:
    """Stop each in turn; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--whole", type=Path, metavar="CHECKOUT")
    parser.add_argument("--seconds", type=float, default=15)
    given = parser.parse_args()
    failed = 0
    with contextlib.ExitStack() as stack:
        if given.whole:
            e, parts = Environment(given.whole.resolve(), whole=True), [app]
        else:
            e = stack.enter_context(small_or_whole(whole=False))
            parts = [daemon, engine, postgres]
            code, said = e.up()
            assert code == 0, said
        e.write_row()
        for part in parts:
            began = time.monotonic()
            wrong = part(e, given.seconds) + e.faults()
            wrong += [] if e.has_row() else ["the row is gone"]
            failed += bool(wrong)
            took = time.monotonic() - began
            print(f"{part.__name__:10}{took:5.0f} s  {'; '.join(wrong) or 'goes on'}", flush=True)
    print(f"{len(parts) - failed} of {len(parts)} went on after {given.seconds:.0f} s.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
