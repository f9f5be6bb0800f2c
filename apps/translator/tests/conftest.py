"""Fixtures. The tests run in the app's own environment, whichever Python pytest is started by."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
from identity import Identity
from postgres import ROLE, Postgres
from serving import Process

APP = Path(__file__).resolve().parents[1]
ENVIRONMENT = APP.parents[1] / ".frugal" / "venvs" / APP.name


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Hand the run over to the environment that is made from the app's lock."""
    python = ENVIRONMENT / "bin" / "python"
    if python.exists():
        if Path(sys.prefix) == ENVIRONMENT:
            return None
        arguments = [str(python), "-m", "pytest", *config.invocation_params.args]
        return subprocess.run(arguments, check=False).returncode
    if find_spec("psycopg_pool"):
        return None
    raise pytest.UsageError(
        f"the translator's tests run in an environment of their own; make it by\n"
        f"  uv venv {ENVIRONMENT}\n"
        f"  uv pip sync --python {python} --require-hashes {APP / 'requirements-dev.lock'}"
    )


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    """A running server; a test that stops it starts it again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    # Not pytest's folder: another user has to reach it, and a socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="translator-", dir="/tmp") as folder:  # noqa: S108
        server = Postgres(Path(folder), port)
        yield server
        server.stop()


@pytest.fixture
def identity(postgres: Postgres) -> Generator[Identity]:
    """An identity endpoint whose newest token, and no other, is the password of the app's role."""

    def accept(token: str) -> None:
        postgres.administer(f"ALTER ROLE \"{ROLE}\" PASSWORD '{token}'")

    endpoint = Identity(accept)
    yield endpoint
    endpoint.close()


@pytest.fixture
def serve(
    postgres: Postgres, identity: Identity, tmp_path: Path
) -> Generator[Callable[..., Process]]:
    """Start the translator as its image does: `serve(NAME="value")` returns once it listens."""
    running: list[Process] = []

    def start(**environment: str | None) -> Process:
        whole = postgres.environment() | identity.environment() | environment
        process = Process(
            "translator",
            folder=APP,
            environment={name: value for name, value in whole.items() if value is not None},
            log=tmp_path / f"{len(running)}.log",
        )
        running.append(process)
        process.wait_until_listening()
        return process

    yield start
    for process in running:
        process.kill()


@pytest.fixture
def process(serve: Callable[..., Process]) -> Process:
    """A running translator with everything it needs."""
    return serve()


@pytest.fixture
def client(process: Process) -> Generator[httpx.Client]:
    """A client of it that follows no redirect and waits no longer than a caller would."""
    with httpx.Client(base_url=process.address, timeout=15) as client:
        yield client
