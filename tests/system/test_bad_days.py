"""The whole program on Azure's bad days, in an environment of its own."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from frugal.local import daemon as daemons
from frugal.local.daemon import Daemon
from frugal.paths import Checkout
from tests.cloud.bad_days import PASSING, WAITS
from tests.engine.clone import Clone, plugins, until
from tests.environment import SETTINGS, Environment, set_up, settings


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """The project in a clone, with nothing running."""
    with set_up(tmp_path_factory.mktemp("days") / "clone") as environment:
        yield environment


def test_all_passing_bad_days_at_once(environment: Environment) -> None:
    """From nothing, through a change of host and a destroy, and up again: each in one run."""
    clone = environment.clone
    assert clone.frugal("env").returncode == 0
    _daemon(clone).days(PASSING)
    environment.configure({f"waits.{name}": str(seconds) for name, seconds in WAITS.items()})
    _assert_short(environment, environment.up())
    location = environment.write_round("outlasts the bad days")
    environment.configure({"translator.host": "containerApp"})
    environment.up()
    assert environment.read_round(location) == "outlasts the bad days"
    assert environment.recorded_ids() == environment.resource_ids()

    destroyed = clone.pulumi("destroy", "--yes", "-s", "local")
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    assert environment.resource_ids() == []
    (clone.root / SETTINGS).write_text(settings())
    environment.configure({f"waits.{name}": str(seconds) for name, seconds in WAITS.items()})
    environment.up()
    until(lambda: not plugins(clone))

    _daemon(clone).days({})
    (clone.root / SETTINGS).write_text(settings())
    environment.assert_unchanged()


def _daemon(clone: Clone) -> Daemon:
    running = daemons.find(Checkout(clone.root))
    assert running is not None, "no daemon runs"
    return running


def _assert_short(environment: Environment, up: CompletedProcess[str]) -> None:
    """Check that `up` prints little, addresses last, and names the file that has the build."""
    lines = (up.stderr + up.stdout).splitlines()
    assert len(lines) <= 80
    assert all(
        any(url in line for line in lines[-10:]) for url in environment.status()["urls"].values()
    )
    assert "flask==" not in up.stderr + up.stdout
    (output,) = (Path(line.partition(": ")[2]) for line in lines if "engine's output" in line)
    assert " flask==" in output.read_text()
