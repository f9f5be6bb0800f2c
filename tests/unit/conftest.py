"""Tests of the Pulumi program without an engine: each with mocks and an event loop of its own."""

import asyncio
import json
import os
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi.runtime import settings as pulumi_settings

from infra.stacks import HOMEPAGE, TRANSLATOR
from infra.stacks.site import Site
from tests.unit.recording import Recorder

ROOT = Path(__file__).parents[2]
Declare = Callable[..., Recorder]

SAMPLES = (HOMEPAGE, TRANSLATOR)

EDGE: Mapping[str, Any] = {"cdn": "frontDoor"}
ENVIRONMENTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "local": {
        "homepage": {**EDGE, "maxReplicas": 3, "cooldownSeconds": 60},
        "translator": {**EDGE, "maxReplicas": 2, "cooldownSeconds": 60},
        "budget": {"monthlyAmount": 90},
    },
    "dev": {},
    "prod": {
        "homepage": {**EDGE, "maxReplicas": 5},
        "translator": {**EDGE, "maxReplicas": 3, "translation": {"provider": "azure"}},
        "budget": {"monthlyAmount": 90},
    },
}
"""The environments' files as committed; what a developer has in them must not count in a test."""


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
    # The SDK notes the stack of each resource, of which nothing is looked at here.
    monkeypatch.setattr(sys, "tracebacklimit", 1, raising=False)

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

    `sites`: those that it declares; the two samples unless others are given.
    The fields given, on those of the environment, beside a region and a contact. A key with an
    empty object has the environment's fields and no contact.
    """

    def run(
        environment: str,
        changes: Mapping[str, Any] | None = None,
        *,
        preview: bool = False,
        sites: Sequence[Site] = SAMPLES,
    ) -> Recorder:
        recorder = record(stack=environment, preview=preview)
        keys: dict[str, Any] = {"budget": {"contacts": ["owner@example.com"]}, **(changes or {})}
        base = ENVIRONMENTS.get(environment, {})
        config = {
            f"frugal:{key}": json.dumps(deep_merge(base.get(key, {}), keys.get(key, {})))
            for key in base.keys() | keys.keys()
        }
        monkeypatch.setenv(
            "PULUMI_CONFIG", json.dumps({"azure-native:location": "eastus", **config})
        )

        monkeypatch.setattr("infra.stacks.SITES", sites)
        monkeypatch.setattr("infra.stacks.MODELS", {site.name: site.settings for site in sites})
        # The mocks know neither transforms nor asynchronous programs: the bill needs the engine.
        monkeypatch.setattr("infra.bill.Bill", _NoBill)
        monkeypatch.setattr(pulumi, "run", lambda _program: None)

        @pulumi.runtime.test
        def declare() -> None:
            runpy.run_path(str(ROOT), run_name="__main__")

        declare()
        return recorder

    return run


@pytest.fixture
def recorded(program: Declare, runs: dict[object, Recorder]) -> Declare:
    """The same, but run once for all tests: for those that look at the recorder and at no output.

    Nothing of the process may be patched but the names of secret settings.
    """

    def once(
        environment: str, changes: Mapping[str, Any] | None = None, **options: Any
    ) -> Recorder:
        secret = os.environ.get("PULUMI_CONFIG_SECRET_KEYS")
        key = (environment, json.dumps(changes or {}, sort_keys=True), repr(options), secret)
        if key not in runs:
            runs[key] = program(environment, changes, **options)
        return runs[key]

    return once


@pytest.fixture(scope="session")
def runs() -> dict[object, Recorder]:
    """Recorders of the runs, by all that they were run with."""
    return {}


def deep_merge(base: Any, changes: Any) -> Any:
    """`base` with `changes` in it, object by object."""
    if not isinstance(base, Mapping) or not isinstance(changes, Mapping):
        return changes
    return {**base, **{key: deep_merge(base.get(key), value) for key, value in changes.items()}}


class _NoBill:
    def __init__(self, **_settings: object) -> None: ...


def committed_config(environment: str) -> dict[str, str]:
    """The environment's file as the engine hands it on: objects as JSON text."""
    text = (ROOT / f"Pulumi.{environment}.yaml").read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
    }
