"""Fixtures. The tests run in the app's own environment, whichever Python pytest is started by."""

import subprocess
import sys
from collections.abc import Callable, Generator
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.register_assert_rewrite("serving", "signing_in", "spreadsheet")

from serving import Process  # noqa: E402  # after the line above

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
    if find_spec("flask"):
        return None
    raise pytest.UsageError(
        f"the homepage's tests run in an environment of their own; make it by\n"
        f"  uv venv {ENVIRONMENT}\n"
        f"  uv pip sync --python {python} --require-hashes {APP / 'requirements-dev.lock'}"
    )


@pytest.fixture(autouse=True)
def _own_content(monkeypatch: pytest.MonkeyPatch) -> None:
    from content import CONTENT  # noqa: PLC0415  # with packages that only this environment has

    monkeypatch.setattr("homepage.sheet.load_bundled", lambda: CONTENT)


@pytest.fixture
def serve(tmp_path: Path) -> Generator[Callable[..., Process]]:
    """Start the homepage as its image does: `serve(PUBLIC_URL=…)` returns once it listens."""
    running: list[Process] = []

    def start(before: str = "", **environment: str) -> Process:
        process = Process(
            "homepage",
            folder=APP,
            environment=environment,
            log=tmp_path / f"{len(running)}.log",
            before=before,
        )
        running.append(process)
        process.wait_until_listening()
        return process

    yield start
    for process in running:
        process.kill()
