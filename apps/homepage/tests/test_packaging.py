"""Rules for the image and the locks."""

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

APP = Path(__file__).resolve().parents[1]
DOCKERFILE = [
    line
    for line in (APP / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]


def only(instruction: str) -> str:
    found = [line for line in DOCKERFILE if line.startswith(f"{instruction} ")]
    assert len(found) == 1, found
    return found[0].removeprefix(f"{instruction} ")


def position(start: str) -> int:
    return next(number for number, line in enumerate(DOCKERFILE) if line.startswith(start))


def test_dependencies_are_a_layer_before_the_source() -> None:
    lock, install, source = (
        position("COPY requirements.lock"),
        position("RUN pip install"),
        position("COPY homepage"),
    )
    assert lock < install < source
    assert "--require-hashes -r requirements.lock" in DOCKERFILE[install]


def test_b4_4_nothing_is_compiled_in_it() -> None:
    assert not [line for line in DOCKERFILE if re.search(r"\b(apt|apt-get|gcc|curl)\b", line)]


def test_it_runs_as_a_numeric_user_that_is_not_root() -> None:
    user = only("USER")
    assert user.isdecimal()
    assert int(user) > 0
    assert position("USER") > position("RUN pip install")


def test_b2_8_b4_5_the_command_is_the_app_without_shell_or_options() -> None:
    """It gets signals itself, and what the server is told stands in one place: the app."""
    assert json.loads(only("CMD")) == ["python", "-m", "homepage"]


def test_the_base_image_is_the_official_slim_python_at_one_digest() -> None:
    assert re.fullmatch(r"BASE=python:3\.\d+-slim@sha256:[0-9a-f]{64}", only("ARG"))
    assert only("FROM") == "${BASE}"
    assert position("ARG") < position("FROM")


def test_the_image_holds_nothing_for_development() -> None:
    ignored = (APP / ".dockerignore").read_text().splitlines()
    assert {"tests", "requirements-dev.*", "**/__pycache__", ".*"} <= set(ignored)
    copied = [line.split()[1] for line in DOCKERFILE if line.startswith("COPY ")]
    assert copied == ["requirements.lock", "homepage"]


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (APP / lock).read_text(), re.MULTILINE))


def test_the_tests_run_with_the_versions_that_the_image_has() -> None:
    run = pins("requirements.lock")
    assert len(run) > 5
    assert run.items() <= pins("requirements-dev.lock").items()


def test_every_pin_has_its_hashes_and_no_address() -> None:
    text = (APP / "requirements.lock").read_text()
    # A package may stand there twice, for two versions of Python.
    assert set(
        re.findall(r"^(\S+)==\S+(?: ; [^\\]+)? \\\n    --hash=sha256:", text, re.MULTILINE)
    ) == set(pins("requirements.lock"))
    assert "://" not in text


def test_the_app_is_compiled_before_its_user_may_not_write() -> None:
    compiled = position("RUN python -m compileall -q homepage")
    assert position("COPY homepage") < compiled < position("USER")
