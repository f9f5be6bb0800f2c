"""A clone of the project with a small program, for the tests of `frugal` and `make`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.clone import HOLD, PROGRAM, Clone, until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A copy of this checkout in another place, with what is installed but the packages."""
    root = tmp_path_factory.mktemp("clone") / "a place"
    root.mkdir()
    for name in ("frugal", "infra", "tools", "requirements", ".venv", ".frugal"):
        shutil.copytree(ROOT / name, root / name, symlinks=True, ignore=_left_out)
    for name in (
        "Makefile",
        "pyproject.toml",
        "LICENSE",
        "README.md",
        "LICENSE",
        "Pulumi.yaml",
        "Pulumi.local.yaml",
        "__main__.py",
    ):
        shutil.copy(ROOT / name, root / name)
    return Clone(root)


def _left_out(folder: str, names: list[str]) -> set[str]:
    """Names that are not copied: what is large, and what runs there."""
    left = {"__pycache__", "site-packages"}
    if Path(folder) == ROOT / ".frugal":
        left |= {"go", "local", "plan", "venvs"}
    return left & set(names)


@pytest.fixture(scope="session")
def said_by_setup(checkout: Clone) -> str:
    """What `make setup` says in the copied checkout."""
    done = checkout.run("make", "setup")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def prepared(checkout: Clone, said_by_setup: str) -> Iterator[Clone]:
    """A clone after `make setup`."""
    # The packages are the same, and compiling them anew takes five seconds of CPU.
    for compiled in (ROOT / ".venv" / "lib").rglob("__pycache__"):
        shutil.copytree(compiled, checkout.root / compiled.relative_to(ROOT), dirs_exist_ok=True)
    yield checkout
    checkout.frugal("down", "--yes")


@pytest.fixture
def clone(prepared: Clone) -> Iterator[Clone]:
    """The clone with its small program, nothing held and no engine at work.

    What runs stays from test to test, since bringing it up and down takes seconds: a test that
    wants nothing there says `clone.frugal("down", "--yes")`.
    """
    (prepared.root / "infra" / "__main__.py").write_text(PROGRAM)
    (prepared.root / "infra" / "hold.py").write_text(HOLD)
    prepared.forget()
    yield prepared
    prepared.release()
    until(lambda: not prepared.engine_pids())
