"""Time of bringing the environment up, against `pulumi up` of an empty program.

`make setup` in a fresh clone: the packages of the tool, the CLI from the user's cache. Then `frugal
up` from nothing (the apps' packages, both images, the database: all real) and again with nothing
to do. With `empty_caches` the caches of pip, uv, Go and the tool are empty: the CLI is built.
"""

from rich.console import Console

from benchmarks.projects import Clone, fresh_clone, plain_engine, program
from benchmarks.timing import in_turns, show, timed
from frugal.local.engine import Engine

_COLD = 2
_WARM = 5
_COMPARED = {
    "frugal up, from nothing": "empty program, first up",
    "frugal up, again": "empty program, again",
}


def run(out: Console, progress: Console, *, empty_caches: bool = False) -> None:
    """Measure and print the table."""
    with fresh_clone(empty_caches=empty_caches) as clone, program("dev") as empty:
        progress.print("up: make setup in a fresh clone")
        seconds = {"make setup, fresh clone": [timed(clone.set_up)]}
        engine = plain_engine(empty, progress)
        cold = {
            "empty program, first up": lambda: _first_up(engine),
            "frugal up, from nothing": clone.up,
        }
        for turn in range(_COLD):
            progress.print(f"up: from nothing, {turn + 1} of {_COLD}")
            _forget(engine)
            clone.down()
            for kind, action in cold.items():
                seconds.setdefault(kind, []).append(timed(action))
        seconds |= _again(engine, clone, progress)
        caches = "caches empty, CLI built" if empty_caches else "user's caches"
        show(out, f"Up ({caches})", seconds, base=_COMPARED)


def _again(engine: Engine, clone: Clone, progress: Console) -> dict[str, list[float]]:
    kinds = {"empty program, again": lambda: _up(engine), "frugal up, again": clone.up}
    return in_turns(kinds, _WARM, lambda line: progress.print(f"up: {line}"))


def _up(engine: Engine) -> None:
    engine.run("up", "--yes", "-s", "dev")


def _first_up(engine: Engine) -> None:
    engine.run("stack", "init", "dev")
    _up(engine)


def _forget(engine: Engine) -> None:
    engine.attempt("stack", "rm", "dev", "--yes", "--force", "--preserve-config")
