"""Tests of the Pulumi program without an engine: each with mocks and an event loop of its own."""

import asyncio
import json
import runpy
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import settings as pulumi_settings

from tests.unit.recording import Recorder

ROOT = Path(__file__).parents[2]
Declare = Callable[..., Recorder]


@pytest.fixture
def event_loop_of_its_own() -> Iterator[None]:
    loop = asyncio.new_event_loop()
    # A program that stops leaves futures that nobody looks at; the error itself has been raised.
    loop.set_exception_handler(lambda _loop, _context: None)
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def record(
    event_loop_of_its_own: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Recorder]]:
    """Start recording: `record(stack="dev", preview=False)`. The mocks are gone after the test."""
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)

    def start(*, stack: str = "dev", preview: bool = False) -> Recorder:
        recorder = Recorder(preview=preview)
        pulumi.runtime.set_mocks(
            recorder.mocks, project="frugal", stack=stack, preview=preview, monitor=recorder
        )
        return recorder

    yield start
    pulumi_settings.reset_options()


@pytest.fixture
def program(record: Callable[..., Recorder], monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Run the whole program: `program("dev", {"homepage": {"cdn": "frontDoor"}}, preview=False)`.

    The configuration is the environment's own file with the given keys on top.
    """

    def run(
        environment: str, changes: Mapping[str, Any] | None = None, *, preview: bool = False
    ) -> Recorder:
        recorder = record(stack=environment, preview=preview)
        config = stack_config(environment)
        for key, fields in (changes or {}).items():
            before = json.loads(config.get(f"frugal:{key}", "{}"))
            config[f"frugal:{key}"] = json.dumps({**before, **fields})
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(config))

        @pulumi.runtime.test
        def declare() -> None:
            runpy.run_path(str(ROOT / "infra"), run_name="__main__")

        declare()
        return recorder

    return run


def stack_config(environment: str) -> dict[str, str]:
    """The environment's configuration as the engine hands it on: objects as JSON text."""
    text = (ROOT / f"Pulumi.{environment}.yaml").read_text(encoding="utf-8")
    config = {"frugal:budget": {"contacts": ["owner@example.com"]}}
    config |= yaml.safe_load(text)["config"]
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
    }
