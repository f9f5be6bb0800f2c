"""Fixtures. The tests run in the app's own environment, whichever Python pytest is started by."""

import contextlib
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from content import CONTENT, NAMES
from identity import Identity
from playing import PATIENCE
from postgres import DATABASE, ROLE, SHARED_ROLE, Postgres
from serving import APP, Process

ENVIRONMENT = APP.parents[1] / ".frugal" / "venvs" / APP.name

GENUINE: Mapping[str, object] = {}
"""Time limits as they are, where they are what is tried."""
PATIENT: Mapping[str, object] = {
    "translator.database.CHECK_SECONDS": PATIENCE,
    "translator.database.CONNECT_SECONDS": PATIENCE,
    "translator.database.STATEMENT_SECONDS": PATIENCE,
    "translator.database.WAIT_SECONDS": PATIENCE,
    "translator.rounds.LEASE": timedelta(seconds=PATIENCE),
    "translator.tokens.CONNECT_SECONDS": PATIENCE,
    "translator.tokens.READ_SECONDS": PATIENCE,
    "translator.translation.azure.ANSWER_SECONDS": PATIENCE,
    "translator.translation.azure.CONNECT_SECONDS": PATIENCE,
}
"""Everywhere else a machine may be so slow that they would be reached, and nobody is sent away."""
_LIMITS = {"VISITOR_WRITES_PER_HOUR": "100000", "ADDRESS_WRITES_PER_HOUR": "100000"}
Serve = Callable[..., Process]


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Hand the run over to the environment that is made from the app's lock."""
    python = ENVIRONMENT / "bin" / "python"
    if python.exists():
        if Path(sys.prefix) == ENVIRONMENT:
            return None
        arguments = [str(python), "-m", "pytest", *config.invocation_params.args]
        return subprocess.run(arguments, check=False).returncode
    if find_spec("sqlalchemy"):
        return None
    raise pytest.UsageError(
        f"the translator's tests run in an environment of their own; make it by\n"
        f"  uv venv {ENVIRONMENT}\n"
        f"  uv pip sync --python {python} --require-hashes {APP / 'requirements-dev.lock'}"
    )


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True)
def _own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translator.names.NAMES", NAMES)


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    """A running server; a test that stops it starts it again."""
    # Not pytest's folder: another user has to reach it, and a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="translator-", dir="/tmp") as folder:
        server = Postgres(Path(folder), free_port())
        yield server
        server.close()


@contextlib.contextmanager
def new_identity(postgres: Postgres, *, role: str = ROLE) -> Generator[Identity]:
    """An identity endpoint whose newest token, and no other, is the password of the role."""

    def accept(token: str) -> None:
        postgres.administer(f"ALTER ROLE \"{role}\" PASSWORD '{token}'")

    endpoint = Identity(accept)
    try:
        yield endpoint
    finally:
        endpoint.close()


@contextlib.contextmanager
def starter(postgres: Postgres, identity: Identity, logs: Path) -> Generator[Serve]:
    """A factory of translators, which are stopped at the end."""
    running: list[Process] = []

    def start(changed: Mapping[str, object] = PATIENT, **environment: str | None) -> Process:
        whole = postgres.environment() | identity.environment() | _LIMITS | environment
        process = Process(
            "translator",
            environment={name: value for name, value in whole.items() if value is not None},
            log=logs / f"{len(running)}.log",
            changed={**CONTENT, **changed},
        )
        running.append(process)
        return process.listening()

    try:
        yield start
    finally:
        for process in running:
            process.kill()


@pytest.fixture
def identity(postgres: Postgres) -> Generator[Identity]:
    """The identity endpoint of this test's translators."""
    with new_identity(postgres) as endpoint:
        yield endpoint


@pytest.fixture
def serve(postgres: Postgres, identity: Identity, tmp_path: Path) -> Generator[Serve]:
    """Start a translator: `serve(NAME="value")` returns once it listens."""
    # It would take over the rounds that the killed translators of other tests have left.
    postgres.administer(
        "UPDATE rounds SET status = 'failed', runner = NULL WHERE status = 'running'",
        database=DATABASE,
    )
    with starter(postgres, identity, tmp_path) as start:
        yield start


@pytest.fixture
def process(serve: Serve) -> Process:
    """A translator of this test's own, with genuine time limits."""
    return serve(GENUINE)


@pytest.fixture(scope="module")
def client(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Generator[httpx.Client]:
    """A client of a translator that the tests of a module share. It follows no redirect."""
    with (
        new_identity(postgres, role=SHARED_ROLE) as identity,
        starter(postgres, identity, tmp_path_factory.mktemp("logs")) as start,
    ):
        yield start(PGUSER=SHARED_ROLE).client
