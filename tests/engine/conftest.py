"""A clone of the project with a small program, for the tests of `frugal` and `make`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.clone import HOLD, PROGRAM, Clone, until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    """A clone after `make setup`."""
    root = tmp_path_factory.mktemp("clone") / "a place"
    root.mkdir()
    for name in ("frugal", "infra", "tools", "requirements"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
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
    clone = Clone(root)
    done = clone.run("make", "setup")
    assert done.returncode == 0, done.stderr
    yield clone
    clone.frugal("down", "--yes")


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
